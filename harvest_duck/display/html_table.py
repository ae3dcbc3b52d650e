"""A table of HTML for the output of a notebook: no script, no style sheet, every text escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from harvest_duck.display.cells import cell, numeric, short_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Row = Sequence[Any]

_LONG = 40


def html_table(names: Sequence[str], rows: Sequence[Row], count: str) -> str:
    """Return a table whose caption is `count`; numbers are aligned to the right."""
    styles = [_style([row[position] for row in rows]) for position in range(len(names))]
    head = _row('th scope="col"', map(cell, names), styles)
    body = "\n".join(_row("td", map(short_cell, row), styles) for row in rows)
    return (
        f"<table>\n<caption>{escape(count)}</caption>\n<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    )


def _style(values: Row) -> str:
    """Return the style of a column; notebooks align every cell to the right, and squeeze long texts."""
    if numeric(values):
        return "text-align:right"
    longest = max(map(len, map(short_cell, values)), default=0)
    return "text-align:left;min-width:16em" if longest > _LONG else "text-align:left"


def _row(tag: str, texts: Iterable[str], styles: Sequence[str]) -> str:
    end = tag.partition(" ")[0]
    cells = (f'<{tag} style="{style}">{escape(text)}</{end}>' for text, style in zip(texts, styles, strict=True))
    return f"<tr>{''.join(cells)}</tr>"
