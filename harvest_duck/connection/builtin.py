"""Connections that need no file to have a name: `DSN=sandbox`, which starts a stand-in for Harvest in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date


def _sandbox(today: date | None) -> str:
    # Imported here, because it takes longer to load than DuckDB and few connections use it.
    from harvest_duck import sandbox  # noqa: PLC0415

    return (sandbox.shared() if today is None else sandbox.shared(today)).connection_string()


#: The functions that return the connection string of each name, for a connection string with a `Today` or without one.
BUILTIN: Mapping[str, Callable[[date | None], str]] = {"sandbox": _sandbox}
