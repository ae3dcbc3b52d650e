"""Rows one below the other, a line for each column: for rows that are wider than the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from harvest_duck.display.layout import Look, Shown, Style, label
from harvest_duck.display.lines import first_lines, folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Row = Sequence[Any]

#: Between a name and its value; before a value below its name.
_GAP, _INDENT = 3, 2
#: Above each row, where there is room.
_RULE = 80


def record_lines(names: Sequence[str], rows: Sequence[Row], width: int | None, look: Look) -> Shown:
    """Return the rows with every column; values that are wider than what `width` leaves are folded."""
    labels = [label(name) for name in names]
    widest = max(map(cell_len, labels), default=0)
    # Names beside their values leave at least half of the screen to these.
    beside = width is None or 2 * (widest + _GAP) <= width
    indent = widest + _GAP if beside else _INDENT
    lines: list[str] = []
    shortened: set[str] = set()
    for number, row in enumerate(rows, 1):
        title = f"── row {number:,} ──"
        lines.append(look.painted(title.ljust(_RULE, "─")[:width], Style.FAINT))
        for name, value in zip(labels, row, strict=True):
            texts, less = first_lines(look.text(value), width and width - indent, look.most_lines if width else None)
            if less:
                shortened.add(name)
            style = Style.FAINT if value is None else None
            painted = [look.painted(text, style) for text in texts]
            lines += _beside(name, painted, indent, look) if beside else _below(name, painted, width, look)
    return Shown(lines, shortened=[name for name in labels if name in shortened])


def _beside(name: str, texts: Sequence[str], indent: int, look: Look) -> Iterator[str]:
    first, *others = texts
    yield f"{look.painted(name, Style.BOLD)}{' ' * (indent - cell_len(name))}{first}".rstrip()
    yield from (f"{' ' * indent}{text}".rstrip() for text in others)


def _below(name: str, texts: Sequence[str], width: int | None, look: Look) -> Iterator[str]:
    yield from (look.painted(line, Style.BOLD) for line in folded(name, width))
    yield from (f"{' ' * _INDENT}{text}".rstrip() for text in texts)
