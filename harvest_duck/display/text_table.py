"""A table of plain text, as wide as the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from harvest_duck.display.cells import cell, numeric, short_cell
from harvest_duck.display.widths import Column, fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Row = Sequence[Any]


def grid(names: Sequence[str], rows: Sequence[Row], show: Callable[[Any], str] = cell) -> Grid:
    """Return a table to print; numbers are aligned to the right, and what is too wide is folded."""
    found = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for position, name in enumerate(names):
        justify = "right" if numeric(row[position] for row in rows) else "left"
        found.add_column(Text(cell(name)), justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        found.add_row(*(Text(show(value)) for value in row))
    return found


def text_table(names: Sequence[str], rows: Sequence[Row], count: str, width: int) -> str:
    """Return the lines of a table with the columns that fit `width`; the last line has `count` and names the others."""
    columns = [_column(name, [row[position] for row in rows]) for position, name in enumerate(names)]
    widths = fitted(columns, width)
    shown = grid([names[each] for each in widths], [[row[each] for each in widths] for row in rows], short_cell)
    for column, wide in zip(shown.columns, widths.values(), strict=True):
        column.width = wide
    left_out = ", ".join(name for position, name in enumerate(names) if position not in widths)
    console = Console(width=width, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(shown)
        console.print(Text(f"({count}; not shown: {left_out})" if left_out else f"({count})"))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _column(name: str, values: Row) -> Column:
    texts = [cell(name), *map(short_cell, values)]
    constant = len(values) > 1 and len(set(texts[1:])) == 1
    return Column(_widest(texts), _widest(word for text in texts for word in text.split()), constant)


def _widest(texts: Iterable[str]) -> int:
    return max([1, *(cell_len(line) for text in texts for line in text.splitlines())])
