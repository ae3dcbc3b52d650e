"""Rows as lines of text: each row is the value of an expression that DuckDB evaluates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.pushdown.sql import text
from harvest_duck.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FRACTIONS", "NUMBERS", "UNQUOTED", "Lines", "between", "concat"]

_INTEGERS = {f"{sign}{size}int" for sign in ("", "u") for size in ("tiny", "small", "big", "huge")}
#: The types, by the `id` of DuckDB's client, whose text is a number in all its digits.
NUMBERS = _INTEGERS | {"integer", "uinteger", "decimal", "bignum"}
#: The types with NaN and infinities.
FRACTIONS = {"float", "double"}
#: The types whose text has none of the characters that a format would have to quote.
UNQUOTED = (
    NUMBERS
    | FRACTIONS
    | {"boolean", "date", "interval", "time", "time with time zone", "uuid"}
    | {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
)


@dataclass(frozen=True, slots=True)
class Lines:
    """How rows become text: what comes before them, each one as an expression of SQL, and what comes after them.

    `first` takes the place of the first character of the first row. `empty` is the whole text where there is no row.
    `on_terminal` makes the text harmless on a terminal.
    """

    header: str
    row: str
    footer: str = ""
    first: str = ""
    empty: str | None = None
    on_terminal: Callable[[str], str] = terminal_safe


def between(cells: Sequence[str], separator: str) -> list[str]:
    """Return the expressions with that of a separator between each two."""
    return [part for cell in cells for part in (cell, text(separator))][:-1]


def concat(parts: Sequence[str]) -> str:
    """Return the expression of the parts one after the other; NULL is as nothing."""
    return f"concat({', '.join(parts)})"
