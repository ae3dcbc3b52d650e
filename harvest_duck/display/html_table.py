"""A table of HTML for the output of a notebook: no script, no style sheet, every text escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from harvest_duck.display.cells import cell, numeric, short_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Row = Sequence[Any]

_LONG = 40


def html_table(names: Sequence[str], rows: Sequence[Row], count: str, text: Callable[[Any], str] = short_cell) -> str:
    """Return a table whose caption is `count`; `text` is how values read, and numbers are aligned to the right."""
    styles = [_style([row[position] for row in rows], text) for position in range(len(names))]
    head = _row('th scope="col"', map(cell, names), styles)
    body = "\n".join(_row("td", map(text, row), styles) for row in rows)
    return (
        f"<table>\n<caption>{escape(count)}</caption>\n<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    )


def _style(values: Row, text: Callable[[Any], str]) -> str:
    """Return the style of a column; notebooks align every cell to the right, squeeze long texts and join lines."""
    if numeric(values):
        return "text-align:right"
    texts = [*map(text, values)]
    longest = max(map(len, texts), default=0)
    style = "text-align:left;min-width:16em" if longest > _LONG else "text-align:left"
    return f"{style};white-space:pre-wrap" if any("\n" in each for each in texts) else style


def _row(tag: str, texts: Iterable[str], styles: Sequence[str]) -> str:
    end = tag.partition(" ")[0]
    cells = (f'<{tag} style="{style}">{escape(text)}</{end}>' for text, style in zip(texts, styles, strict=True))
    return f"<tr>{''.join(cells)}</tr>"
