"""The options of a cell, and the SQL after them; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from keyword import iskeyword
from typing import TYPE_CHECKING

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Options", "connection_string", "read"]

#: An option, not the beginning of a comment of SQL.
_OPTION = re.compile(r"\s*(?P<name>--?[A-Za-z][\w-]*)(?P<equals>=)?")
_VALUE = re.compile(r"""\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^\s'"]\S*))(?=\s|$)""")
#: A variable of the notebook in the place of a connection string.
_VARIABLE = re.compile(r"\$(?P<dollar>\w+)|\{(?P<braces>\w+)\}")
_LONG = {"-c": "--connection", "-o": "--output"}
_USAGE = "%%harvest [-c CONNECTION] [-o NAME] [--explain [--no-probe]]"


@dataclass(frozen=True, slots=True)
class Options:
    """What a cell asks for: None is no connection string, and no variable for the result."""

    sql: str = ""
    connection: str | None = None
    name: str | None = None
    explain: bool = False
    probe: bool = True


def read(line: str, cell: str = "") -> Options:
    """Return the options that a line begins with; its rest and the cell are the SQL.

    Raises `QueryError` for an option that there is not, a value that is missing, or a name that is none of Python's.
    """
    found, at = Options(), 0
    while option := _OPTION.match(line, at):
        name = _LONG.get(option["name"], option["name"])
        if name == "--explain":
            found, at = replace(found, explain=True), option.end()
        elif name == "--no-probe":
            found, at = replace(found, probe=False), option.end()
        elif name == "--connection":
            text, at = _value(line, option)
            found = replace(found, connection=text)
        elif name == "--output":
            text, at = _value(line, option)
            found = replace(found, name=text)
        else:
            raise QueryError(f"%%harvest has no option {name}: write {_USAGE}")
    if found.name is not None and (iskeyword(found.name) or not found.name.isidentifier()):
        raise QueryError(f"-o {shown(found.name)}: it is no name of a variable")
    if not found.probe and not found.explain:
        raise QueryError("--no-probe goes with --explain")
    return replace(found, sql=f"{line[at:].strip()}\n{cell}".strip())


def _value(line: str, option: re.Match[str]) -> tuple[str, int]:
    """Return the value of an option and where it ends."""
    value = _VALUE.match(line, option.end())
    if value is None or (value["bare"] or "").startswith("-"):
        raise QueryError(f"{option['name']}: its value is missing: write {_USAGE}")
    return value["single"] or value["double"] or value["bare"] or "", value.end()


def connection_string(given: str, namespace: Mapping[str, object]) -> object:
    """Return what `-c` gives: a connection string, which the name of a DSN may begin, or what a variable holds.

    Raises `QueryError` where there is no such variable.
    """
    if variable := _VARIABLE.fullmatch(given):
        name = variable["dollar"] or variable["braces"]
        if name not in namespace:
            raise QueryError(f"-c {given}: the notebook has no variable {name}")
        return namespace[name]
    begins = given.partition(";")[0]
    return f"DSN={given}" if begins and "=" not in begins else given
