"""Keeps connection strings in SQL from choosing files to write.

SQL may come from somebody else: a dashboard, a notebook, a program that puts queries together. Its author must not
create files with the rights of the user who runs it. `Logfile` creates a log, and `CacheLocation` a copy, which is also
read. `OAuthSettingsLocation` creates folders and a file, in which stand tokens that a server of the author's may have
sent. Every other property of today at most reads a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.connection.parsing import Given, Place, in_memory
from harvest_duck.connection.properties import PROPERTIES, Kind, Support
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRITTEN = [
    name
    for name, entry in PROPERTIES.items()
    if entry.kind in {Kind.PATH, Kind.LOCATION, Kind.DATABASE} and entry.support is Support.HONOURED
]


def refuse_written_files(given: Mapping[str, Given]) -> None:
    """Raise `ConnectionStringError` if the connection string itself, rather than its DSN, names a file to write."""
    for name in _WRITTEN:
        entry = given.get(name)
        if entry is not None and entry.place is Place.STRING and entry.text and not in_memory(entry.text):
            raise ConnectionStringError(
                f"{entry.where}: {name} names a file to write, which SQL must not choose: "
                "give it in a named connection (DSN), in HARVEST_DUCK_CONNECTION, or to harvest_duck.attach in Python"
            )
