"""A table of plain text, as wide as the screen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from harvest_duck.display.cells import numeric
from harvest_duck.display.layout import Look, Shown, Style, label
from harvest_duck.display.lines import BREAKS, first_lines, folded
from harvest_duck.display.widths import GAP, Column, fitted, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Row = Sequence[Any]
    #: The lines of a cell, each as wide as its column.
    Cell = list[str]


#: So many times the room a folded text takes, because its words and the parts of its paths end before the lines do.
_LOST = 1.4


@dataclass(frozen=True, slots=True)
class _Texts:
    """A column as it reads: its name, and of each row the text, and whether that stands for NULL."""

    name: str
    right: bool
    texts: list[str]
    nulls: list[bool]
    measured: Column


def text_table(names: Sequence[str], rows: Sequence[Row], width: int | None, look: Look) -> Shown:
    """Return a table with the columns that fit `width`, or where that is None with all of them, and nothing folded."""
    columns = [_read(position, name, [row[position] for row in rows], look) for position, name in enumerate(names)]
    widths = fitted([column.measured for column in columns], width)
    drawn: list[list[Cell]] = []
    shortened = []
    for position, wide in widths.items():
        cells, less = _drawn(columns[position], wide, look, fold=width is not None)
        drawn.append(cells)
        if less:
            shortened.append(columns[position].name)
    blanks = [" " * wide for wide in widths.values()]
    head, *body = [list(_side_by_side(cells, blanks)) for cells in zip(*drawn, strict=True)] or [[]]
    rule = "─" * (sum(widths.values()) + GAP * (len(widths) - 1))
    left_out = [column.name for position, column in enumerate(columns) if position not in widths]
    return Shown([*head, rule, *(line for row in body for line in row)], left_out, shortened)


def _read(position: int, name: str, values: Row, look: Look) -> _Texts:
    texts = [look.text(value) for value in values]
    every = [label(name), *texts]
    widest = _widest(line for text in every for line in text.split("\n"))
    shortest_line = round(_LOST * widest / look.most_lines) if look.most_lines else 0
    column = Column(
        text=widest,
        word=max(shortest_line, _widest(word for text in every for word in BREAKS.split(text))),
        rank=rank(name, first=position == 0, constant=len(texts) > 1 and len(set(texts)) == 1),
    )
    return _Texts(label(name), numeric(values), texts, [value is None for value in values], column)


def _widest(texts: Iterable[str]) -> int:
    return max([1, *map(cell_len, texts)])


def _drawn(column: _Texts, wide: int, look: Look, *, fold: bool) -> tuple[list[Cell], bool]:
    """Return the cells of a column, the first of them its head, and whether any text was shortened."""
    cells = [_aligned(folded(column.name, wide), wide, column, look, Style.BOLD)]
    any_less = False
    for text, null in zip(column.texts, column.nulls, strict=True):
        lines, less = first_lines(text, wide, look.most_lines) if fold else (text.split("\n"), False)
        any_less |= less
        cells.append(_aligned(lines, wide, column, look, Style.FAINT if null else None))
    return cells, any_less


def _aligned(lines: Iterable[str], wide: int, column: _Texts, look: Look, style: Style | None) -> Cell:
    cell = []
    for line in lines:
        blanks = " " * (wide - cell_len(line))
        text = look.painted(line, style)
        cell.append(blanks + text if column.right else text + blanks)
    return cell


def _side_by_side(cells: Iterable[Cell], blanks: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a row."""
    for parts in zip_longest(*cells):
        texts = [blank if part is None else part for part, blank in zip(parts, blanks, strict=True)]
        yield (" " * GAP).join(texts).rstrip()
