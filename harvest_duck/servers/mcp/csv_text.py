"""Rows as CSV for an agent, within a number of rows and of characters; the first line says whether rows were left out.

RFC 4180, as PostgreSQL writes it: NULL is nothing between two commas, an empty text is `""`. Agents read CSV with a
third to a half of the tokens of JSON.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["csv_line", "csv_text", "written"]

_QUOTED = frozenset('",\n\r')


def csv_text(
    names: Sequence[str], rows: Iterable[Sequence[Any]], *, max_rows: int, max_characters: int, note: str = ""
) -> str:
    """Return the rows as CSV below their first line, with `note` behind what that says.

    `rows` are asked for one row more than `max_rows`, which tells whether there are more. A row is shown whole or not
    at all.
    """
    lines, left, more = [csv_line(names)], max_characters, False
    for row in rows:
        line = csv_line(row)
        left -= len(line) + 1
        if len(lines) > max_rows or left < 0:
            more = True
            break
        lines.append(line)
    shown = len(lines) - 1
    said = f"first {shown} of more: rows were left out" if more else f"complete: {shown} row{'s' * (shown != 1)}"
    if more and shown < max_rows:
        note += f"; all the rows have more than {max_characters} characters: select fewer columns, or aggregate"
    return "\n".join([said + note, *lines]) + "\n"


def csv_line(values: Sequence[Any]) -> str:
    """Return a line of CSV, without its end."""
    return ",".join("" if value is None else _field(written(value)) for value in values)


def written(value: Any) -> str:  # noqa: ANN401 - a value of any type of DuckDB
    """Return a value as text: exact decimals, days and moments by ISO 8601, lists and structs as JSON."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case list() | dict() | tuple():
            return json.dumps(_named(value), ensure_ascii=False, default=written)
    return str(value)


def _named(value: Any) -> Any:  # noqa: ANN401 - as above
    """The value with texts for the keys of its maps, such as the days of `histogram(spent_date)`."""
    match value:
        case dict():
            return {written(key): _named(item) for key, item in value.items()}
        case list() | tuple():
            return [_named(item) for item in value]
    return value


def _field(text: str) -> str:
    if text and not _QUOTED & set(text) and text == text.strip():
        return text
    return '"' + text.replace('"', '""') + '"'
