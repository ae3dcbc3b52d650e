"""A result of two columns as a picture of text: bars, or a line over time; pure.

plotext would draw it too, at 0.3 s of CPU for its import and without the digits of a Decimal (6.1.0). Rich has bars
alone, of binary numbers (15.0.0).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from harvest_duck.display.bar_chart import bar_lines
from harvest_duck.display.cells import numeric
from harvest_duck.display.layout import Look, footer, label
from harvest_duck.display.line_chart import is_over_time, line_lines
from harvest_duck.errors import QueryError
from harvest_duck.text import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["chart"]

#: So many rows are read, of which so many are bars.
_READ, _BARS = 10_000, 100
#: The width of what is no terminal, and the least of one.
_USUAL, _NARROWEST = 80, 30
_COLUMNS = 2
#: An error repeats so much of the names of columns.
_LONGEST = 100


def chart(names: Sequence[str], rows: Iterable[Sequence[Any]], width: int | None, *, styled: bool) -> str:
    """Return rows of a label and a number as bars, or of days or moments and a number as a line, at most `width` wide.

    Raises `QueryError` for other columns. Every bar has its label and its value in full; the last line says how many
    rows there are, and which are not drawn.
    """
    if len(names) != _COLUMNS:
        raise _misshapen(f"this result has {len(names):,}: {', '.join(map(label, names))}")
    taken = list(_taken(names[1], rows))
    read = taken[:_READ]
    width, look = max(width or _USUAL, _NARROWEST), Look(styled=styled)
    if is_over_time(read):
        lines = line_lines(names, read, width, look)
        words = _words(len(taken), len(read), sum(value is None for moment, value in read if moment is not None))
        words += _without_time(sum(moment is None for moment, _ in read))
    else:
        lines = bar_lines(names, read[:_BARS], width, look)
        words = _words(len(taken), min(len(read), _BARS), 0)
    return "\n".join([*lines, *footer(words, width, look)])


def _taken(name: str, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the rows that are read, and one more; raise `QueryError` at the first whose value is no number."""
    for row in islice(rows, _READ + 1):
        if row[1] is not None and not numeric(row[1:]):
            raise _misshapen(f"{label(name)} has no numbers")
        yield row


def _words(taken: int, drawn: int, nulls: int) -> list[str]:
    """Return what is said of the number of rows."""
    if taken > _READ:
        words = [f"the first {drawn:,} of more than {_READ:,} rows"]
    elif taken > drawn:
        words = [f"the first {drawn:,} of {taken:,} rows"]
    else:
        words = [f"{taken:,} {'row' if taken == 1 else 'rows'}"]
    return [*words, f"{nulls:,} NULL"] if nulls else words


def _without_time(count: int) -> list[str]:
    return [f"not drawn: {count:,} without a time"] if count else []


def _misshapen(what: str) -> QueryError:
    return QueryError(f"a chart takes two columns, a label or a time and then a number; {shortened(what, _LONGEST)}")
