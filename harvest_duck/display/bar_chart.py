"""Bars of text: one row of a result a line, with its value in full; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len

from harvest_duck.display.cells import result_cell
from harvest_duck.display.layout import Look, Style, label
from harvest_duck.display.lines import first_lines
from harvest_duck.display.widths import GAP

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bar_lines", "size"]

#: A bar ends within a cell to an eighth of it, and begins within one to the half or the eighth (Unicode 16, U+2580).
_ENDS = " ▏▎▍▌▋▊▉"
_BEGINS = " ▕▐"
_FULL = "█"
_AXIS = "│"
_EIGHTHS = 8
#: The fewest cells of the longest bar.
_LEAST = 8


class _Room(NamedTuple):
    """The cells on each side of zero, and what a cell stands for."""

    left: int
    right: int
    unit: float

    @property
    def axis(self) -> str:
        """What parts the sides, where there are two."""
        return _AXIS if self.left and self.right else ""

    @property
    def cells(self) -> int:
        """The width of both sides."""
        return self.left + len(self.axis) + self.right


def bar_lines(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int, look: Look) -> list[str]:
    """Return a head and a bar for each row of a label and a number, none wider than `width` where that has room."""
    texts = [result_cell(value) for _, value in rows]
    wide = max([1, *map(cell_len, texts)])
    named = _fitted(label(names[1]), max(wide, width // 4))
    wide = max(wide, cell_len(named))
    labels = [label(result_cell(each)) for each, _ in rows]
    most = max(1, width - wide - 2 * GAP - _LEAST)
    shown = [_fitted(each, most) for each in [label(names[0]), *labels]]
    widest = max(map(cell_len, shown))
    room = _room([value for _, value in rows], width - widest - wide - 2 * GAP)
    head = _line(_left(shown[0], widest, look, Style.BOLD), _right(named, wide, look, Style.BOLD), "")
    lines = [head, "─" * (widest + wide + 2 * GAP + room.cells)]
    for each, text, (_, value) in zip(shown[1:], texts, rows, strict=True):
        number = _right(text, wide, look, Style.FAINT if value is None else None)
        lines.append(_line(_left(each, widest, look), number, _bar(size(value), room)))
    return lines


def size(value: Any) -> float | None:  # noqa: ANN401 - a value of any column
    """Return how far a value is drawn; None for NULL, and for what is not finite or too large for a binary number."""
    try:
        number = None if value is None else float(value)
    except OverflowError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _room(values: Sequence[Any], cells: int) -> _Room:
    sizes = [found for value in values if (found := size(value)) is not None]
    low, high = min([0.0, *sizes]), max([0.0, *sizes])
    cells = max(_LEAST, cells)
    if low == high:
        return _Room(0, cells, 1.0)
    if not low:
        return _Room(0, cells, high / cells)
    if not high:
        return _Room(cells, 0, -low / cells)
    # The axis takes a cell, and each side has one at least. The sum of both may be too large for a binary number.
    left = min(max(1, round((cells - 1) / (1 + high / -low))), cells - 2)
    right = cells - 1 - left
    return _Room(left, right, max(-low / left, high / right))


def _bar(number: float | None, room: _Room) -> str:
    """Return a bar with the blanks before it, and the axis where there are bars on both sides of it."""
    if not number:
        return " " * room.left + room.axis
    # Whatever is not zero is seen.
    eighths = max(1, round(abs(number) / room.unit * _EIGHTHS))
    cells, rest = divmod(eighths, _EIGHTHS)
    if number > 0:
        return " " * room.left + room.axis + _FULL * cells + _ENDS[rest].strip()
    begin = _BEGINS[min(2, (rest + 2) // 3)].strip()
    return (begin + _FULL * cells).rjust(room.left) + room.axis


def _fitted(text: str, width: int) -> str:
    return first_lines(text, max(width, 2), 1)[0][0]


def _line(name: str, value: str, bar: str) -> str:
    return f"{name}{' ' * GAP}{value}{' ' * GAP}{bar}".rstrip()


def _left(text: str, width: int, look: Look, style: Style | None = None) -> str:
    return look.painted(text, style) + " " * (width - cell_len(text))


def _right(text: str, width: int, look: Look, style: Style | None) -> str:
    return " " * (width - cell_len(text)) + look.painted(text, style)
