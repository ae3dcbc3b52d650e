"""What stands inside quotes: names of tables and reports, and connection strings; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import PROPERTIES, Support
from harvest_duck.introspection.sql_names import Completion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.introspection.sql_call import Call

__all__ = ["connection_string", "table_names", "within_quotes"]

_OF_TABLES = {"harvest_scan", "harvest_raw", "harvest_as_of", "harvest_columns"}
#: The functions with an account, and the position of that argument.
_ACCOUNTS = {
    "harvest_access": 0,
    "harvest_scan": 1,
    "harvest_raw": 1,
    "harvest_get": 1,
    "harvest_as_of": 2,
    "harvest_report": 4,
}
_REPORT = "report_"
_DSN = "dsn="


def within_quotes(typed: str, call: Call | None, connections: Sequence[str]) -> list[Completion]:
    """Return what may go on a text in single quotes that has begun, as an argument of a call or elsewhere."""
    if typed.lower().startswith(_DSN):
        return connection_string(typed, connections)
    if call is None:
        return []
    position = None if call.current else call.positional
    current = (call.current or "").lower()
    if call.name in _OF_TABLES and (position == 0 or current == "tbl"):
        return table_names(typed, end="'")
    if call.name == "harvest_report" and (position == 0 or current == "report"):
        return table_names(typed, end="'", prefix=_REPORT)
    if call.name in _ACCOUNTS and (position == _ACCOUNTS[call.name] or current == "conn"):
        return connection_string(typed, connections)
    return []


def table_names(typed: str, *, end: str = "", prefix: str = "") -> list[Completion]:
    """Return the tables whose names begin with `prefix` and what is typed, without the prefix and with an end."""
    return [
        Completion(name.removeprefix(prefix) + end, len(typed), name.removeprefix(prefix), table.description)
        for name, table in TABLES.items()
        if name.startswith(prefix) and name.removeprefix(prefix).startswith(typed.lower())
    ]


def connection_string(typed: str, connections: Sequence[str]) -> list[Completion]:
    """Return what may go on a connection string: `DSN=` with each connection, and names of properties."""
    part = typed.rpartition(";")[2].lstrip()
    return [
        Completion(text, len(part), text, meaning)
        for text, meaning in _pairs(connections, first=";" not in typed)
        if text.lower().startswith(part.lower())
    ]


def _pairs(connections: Sequence[str], *, first: bool) -> Iterator[tuple[str, str]]:
    if first:
        yield from ((f"DSN={name}", "named connection") for name in connections)
    for name, entry in PROPERTIES.items():
        if entry.support is Support.HONOURED and name.lower() != "dsn":
            yield f"{name}=", entry.about
