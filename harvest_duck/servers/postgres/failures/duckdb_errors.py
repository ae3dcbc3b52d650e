"""What an exception of DuckDB says: its message, the names in it, and where in the SQL it is.

With the setting `errors_as_json` DuckDB tells them as JSON; without it as text with a caret below the line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.servers.gate.parse_tree import offset_of

if TYPE_CHECKING:
    import duckdb

__all__ = ["Told", "told"]

#: `exception_message` of an error as text, and the place below it.
_TEXT = re.compile(
    r"(?:[A-Z][\w-]*(?: [A-Za-z]+){0,3} Error: )?(?P<message>.*?)"
    r"(?:\n+LINE (?P<line>\d+): (?P<shown>.*)\n(?P<caret> *)\^+\s*)?\Z",
    re.DOTALL,
)
_NEAREST = re.compile(r'Did you mean "([^"]+)"|Candidate (?:bindings|tables): (.+)')


@dataclass(frozen=True, slots=True)
class Told:
    """An error of DuckDB. `offset` counts characters of its SQL from 0; `near` are names that may have been meant."""

    message: str
    name: str | None = None
    kind: str | None = None
    subtype: str | None = None
    offset: int | None = None
    near: tuple[str, ...] = ()


def told(error: duckdb.Error, sql: str) -> Told:
    """Return what an exception of DuckDB says of its `sql`."""
    text = str(error)
    brace = text.find("{")
    if brace >= 0 and '"exception_message"' in text[brace : brace + 200]:
        try:
            found = json.loads(text[brace:])
        except ValueError:
            pass
        else:
            return _from_json(found, sql)
    return _from_text(text, sql)


def _from_json(found: dict[str, str], sql: str) -> Told:
    message = found["exception_message"]
    return Told(
        message=message,
        name=found.get("name"),
        kind=found.get("type"),
        subtype=found.get("error_subtype"),
        offset=offset_of(found, sql),
        near=_near(message),
    )


def _from_text(text: str, sql: str) -> Told:
    found = _TEXT.match(text)
    if found is None:  # pragma: no cover - every text matches
        raise AssertionError(text)
    message = found["message"]
    offset = None
    if found["line"] and sql:
        offset = _caret(sql, int(found["line"]), found["shown"], len(found["caret"]) - len(f"LINE {found['line']}: "))
    return Told(message=message, offset=offset, near=_near(message))


def _caret(sql: str, line: int, shown: str, column: int) -> int | None:
    """The place of a caret below a line that is shown, of which long ones lose their beginning and their end."""
    lines = sql.split("\n")
    if not 1 <= line <= len(lines) or column < 0:
        return None
    before = sum(len(each) + 1 for each in lines[: line - 1])
    if not shown.startswith("..."):
        return before + column
    place = lines[line - 1].find(shown[3:].removesuffix("..."))
    return None if place < 0 else before + place + column - 3


def _near(message: str) -> tuple[str, ...]:
    """The names that DuckDB thinks were meant."""
    found = _NEAREST.search(message)
    if found is None:
        return ()
    if found[1]:
        return (found[1],)
    return tuple(name.strip().strip('"') for name in found[2].split(","))
