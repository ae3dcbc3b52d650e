"""A line of text: numbers over time, by the dots of Braille; pure.

A cell of Braille has two dots side by side and four above each other (Unicode 16, U+2800).
"""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len

from harvest_duck.display.bar_chart import size
from harvest_duck.display.cells import result_cell
from harvest_duck.display.layout import Look, Style, label
from harvest_duck.display.lines import first_lines, folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["is_over_time", "line_lines"]

#: The bit of each dot of a cell, by column and row.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_EMPTY = 0x2800
_COLUMNS, _ROWS = 2, 4
#: The height in cells, and the least width.
_HEIGHT, _LEAST = 12, 10
_TICK, _AXIS, _CORNER, _FLOOR = "┤", "│", "└", "─"

_Dot = tuple[int, int]


class _Scale(NamedTuple):
    """From what is at the left and the bottom to what is at the right and the top, on so many dots."""

    first: float
    last: float
    dots: int

    def at(self, number: float) -> int:
        """Return the dot of a number; halves, since a difference may be too large for a binary number."""
        span = self.last / 2 - self.first / 2
        return round((number / 2 - self.first / 2) / span * (self.dots - 1)) if span else 0


def is_over_time(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether the labels are three days or moments at least, and no other labels beside them."""
    moments = {each for each, _ in rows if each is not None}
    return len(moments) > 2 and all(isinstance(each, date) for each in moments)  # noqa: PLR2004 - two make no course


def line_lines(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int, look: Look) -> list[str]:
    """Return a head, the line of the rows in the order of time, and the first and last time below it.

    NULL parts the line. The scale begins at zero, or below it.
    """
    ordered = sorted((row for row in rows if row[0] is not None), key=lambda row: _position(row[0]))
    values = [value for _, value in ordered if size(value) is not None]
    top, bottom = max([0, *values], key=float), min([0, *values], key=float)
    up = _Scale(float(bottom), float(top), _HEIGHT * _ROWS)
    # The highest and the lowest last, in case they are as high as zero.
    ticks = {_line_of(up.at(float(number))): result_cell(number) for number in (0, bottom, top)}
    margin = max(map(cell_len, ticks.values()))
    cells = max(_LEAST, width - margin - 2)
    across = _Scale(_position(ordered[0][0]), _position(ordered[-1][0]), cells * _COLUMNS)
    drawn = _drawn(_dots(ordered, across, up), cells)
    title = first_lines(f"{label(names[1])} by {label(names[0])}", width, 1)[0][0]
    lines = [look.painted(title, Style.BOLD)]
    for height, line in enumerate(drawn):
        tick = ticks.get(height, "")
        lines.append(f"{' ' * (margin - cell_len(tick))}{tick} {_TICK if tick else _AXIS}{line}".rstrip())
    first, last = (result_cell(ordered[at][0]) for at in (0, -1))
    return [*lines, f"{' ' * margin} {_CORNER}{_FLOOR * cells}", *_below(first, last, margin + 2, cells)]


def _below(first: str, last: str, margin: int, cells: int) -> Iterator[str]:
    """Yield the lines of the ends of the time: each at its end, where there is room."""
    room = cells - cell_len(first) - cell_len(last)
    if room > 0:
        yield f"{' ' * margin}{first}{' ' * room}{last}"
    else:
        yield from folded(f"{first} to {last}", margin + cells)


def _line_of(up: int) -> int:
    """Return the line of a dot, counted from the highest."""
    return (_HEIGHT * _ROWS - 1 - up) // _ROWS


def _position(moment: date) -> float:
    """Return a number that grows with time; the moments of a column all have a time zone, or none."""
    if not isinstance(moment, datetime):
        return float(moment.toordinal())
    # In their own zone, as they are shown.
    return moment.toordinal() + (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86400


def _dots(rows: Sequence[Sequence[Any]], across: _Scale, up: _Scale) -> Iterator[_Dot]:
    """Yield the dots of every point, and of the line between two that follow each other."""
    points = [
        None if (number := size(value)) is None else (across.at(_position(moment)), up.at(number))
        for moment, value in rows
    ]
    yield from (point for point in points if point is not None)
    for one, other in pairwise(points):
        if one is not None and other is not None:
            yield from _between(one, other)


def _between(one: _Dot, other: _Dot) -> Iterator[_Dot]:
    steps = max(abs(other[0] - one[0]), abs(other[1] - one[1]))
    for step in range(1, steps):
        yield (
            one[0] + round((other[0] - one[0]) * step / steps),
            one[1] + round((other[1] - one[1]) * step / steps),
        )


def _drawn(dots: Iterator[_Dot], cells: int) -> list[str]:
    """Return the lines of a drawing, the highest first; a cell without dots is a blank."""
    drawing = [[_EMPTY] * cells for _ in range(_HEIGHT)]
    for across, up in dots:
        down = _HEIGHT * _ROWS - 1 - up
        drawing[down // _ROWS][across // _COLUMNS] |= _DOTS[across % _COLUMNS][down % _ROWS]
    return ["".join(chr(cell) if cell != _EMPTY else " " for cell in line) for line in drawing]
