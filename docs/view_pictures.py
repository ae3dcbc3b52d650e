"""Draw a picture of each ready view for its page: SVG that is light or dark as the screen, from the sandbox.

python docs/view_pictures.py

The marks are those of the report's page. What a picture shows is one query, which stands in `view_pictures.toml`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import harvest_duck
from harvest_duck import report_page
from harvest_duck.report_page.marks import Item, apart, bar, columns
from harvest_duck.report_page.numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

DIRECTORY = Path(__file__).parent / "pictures" / "views"
_NUMBERS = Numbers(",", ".")
_WIDTH, _LEFT, _RIGHT, _MARGIN = 720, 210, 90, 20
_ROW, _PLOT, _CHARACTER = 26, 190, 7
#: The colours of the report's page, light and dark, and what the marks make of them.
_COLOURS = re.compile(
    r"^(?::root \{.*?^\}|@media screen and \(prefers-color-scheme: dark\) \{.*?^\})", re.DOTALL | re.MULTILINE
)
_RULES = """
.page { fill: var(--card); stroke: var(--line); }
text { fill: var(--ink); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.title { font-size: 15px; font-weight: 600; }
.soft { fill: var(--soft); font-size: 12px; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.grid { stroke: var(--line); }
.whole { stroke: var(--ink); stroke-width: 1.5; fill: none; }
.track { fill: var(--track); }
.green, .gain { fill: var(--green); }
.red, .age5, .loss { fill: var(--red); }
.pale, .age1 { fill: var(--pale); stroke: var(--pale-edge); }
.sand, .age3 { fill: var(--sand); stroke: var(--sand-edge); }
.age2 { fill: var(--straw); stroke: var(--straw-edge); }
.age4 { fill: var(--orange); stroke: var(--orange-edge); }
""".strip()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its title, what its colours mean, and the query of its rows.

    A row is a label, then a value for each colour. The value of a line comes after them in columns, and in bars the
    text to the right of each.
    """

    kind: Literal["columns", "beside", "bars", "apart", "grid"]
    title: str
    colours: list[list[str]]
    sql: str
    line: str | None = None


def pictures() -> dict[str, Picture]:
    """Return the picture of each view, by the name of the view."""
    told = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {name: Picture(**fields) for name, fields in told.items()}


def main() -> None:
    """Write every picture."""
    con = harvest_duck.connect("DSN=sandbox;CacheLocation=:memory:")
    for name, picture in pictures().items():
        (DIRECTORY / f"{name}.svg").write_text(drawn(picture, con), "utf-8")


def drawn(picture: Picture, con: duckdb.DuckDBPyConnection) -> str:
    """Return a picture as SVG, of the rows that its query has."""
    rows = con.execute(picture.sql).fetchall()
    body, height = _DRAWERS[picture.kind](picture, rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">',
        f"<title>{escape(picture.title)}</title>",
        f"<style>\n{_style()}\n</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="10"/>',
        _text(_MARGIN, 30, picture.title, "title"),
        *_legend(picture),
        *body,
        "</svg>\n",
    ]
    return "\n".join(parts)


def _style() -> str:
    page = (resources.files(report_page) / "style.css").read_text("utf-8")
    return "\n".join([*_COLOURS.findall(page), _RULES])


def _legend(picture: Picture) -> Iterator[str]:
    x = _MARGIN
    for kind, words in picture.colours:
        yield _rect(kind, x, 44, 11, 11)
        yield _text(x + 17, 54, words, "soft")
        x += 17 + _CHARACTER * len(words) + 14
    if picture.line not in {None, "1"}:
        yield f'<path class="whole" d="M{x} 50h14"/>'
        yield _text(x + 20, 54, f"{picture.line}", "soft")


def _columns(picture: Picture, rows: Sequence[tuple[object, ...]]) -> tuple[list[str], int]:
    """Return the marks of columns over an axis, and the height of the picture."""
    count = len(picture.colours)
    kinds = [kind for kind, _ in picture.colours]
    items = [Item(f"{row[0]}", (), tuple(zip(kinds, map(_decimal, row[1:]), strict=False))) for row in rows]
    line = [_decimal(row[1 + count]) for row in rows] if picture.line else []
    chart = columns(items, beside=picture.kind == "beside", line=line)
    left, top, width = _MARGIN + 44, 76, _WIDTH - 2 * _MARGIN - 44

    def across(x: float) -> float:
        return left + x / 100 * width

    def down(y: float) -> float:
        return top + y / 100 * _PLOT

    parts = []
    for y, value in chart.ticks:
        parts.append(f'<path class="grid" d="M{left} {down(y):.1f}h{width}"/>')
        if value == int(value):
            parts.append(_text(left - 8, down(y) + 4, _NUMBERS.short(value), "soft end"))
    for column in chart.columns:
        for part in column.parts:
            size = part.width / 100 * width, part.height / 100 * _PLOT
            parts.append(_rect(part.kind, across(part.x), down(part.y), *size))
        parts.append(_text(across(column.label_x), top + _PLOT + 20, column.label, "soft middle"))
    if chart.line:
        points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in chart.line)
        parts.append(f'<polyline class="whole" points="{points}"/>')
    return parts, top + _PLOT + 36


def _bars(picture: Picture, rows: Sequence[tuple[object, ...]]) -> tuple[list[str], int]:
    """Return the marks of bars with their labels, one below the other, and the height of the picture."""
    count = len(picture.colours)
    kinds = [kind for kind, _ in picture.colours]
    if picture.kind == "apart":
        values = [[("", _decimal(row[1]))] for row in rows]
        top = max(abs(value) for ((_, value),) in values)
    else:
        values = [list(zip(kinds, map(_decimal, row[1 : 1 + count]), strict=True)) for row in rows]
        top = max([sum(value for _, value in row) for row in values] + [Decimal(picture.line or 0)])
    right = max(_CHARACTER * max(len(f"{row[-1]}") for row in rows) + 10, _RIGHT)
    width = _WIDTH - _LEFT - right - _MARGIN
    parts = []
    for n, (row, found) in enumerate(zip(rows, values, strict=True)):
        y = 72 + n * _ROW
        parts.append(_text(_LEFT - 12, y + 14, f"{row[0]}", "end"))
        parts.append(_text(_LEFT + width + 10, y + 14, f"{row[-1]}", "soft"))
        marks = [apart(found[0][1], top)] if picture.kind == "apart" else bar(found, top)
        parts += [_rect(m.kind, _LEFT + m.x / 100 * width, y + 3, m.width / 100 * width, 14) for m in marks]
    height = 72 + len(rows) * _ROW
    if picture.line or picture.kind == "apart":
        x = _LEFT + width * (0.5 if picture.kind == "apart" else float(Decimal(picture.line or 0) / top))
        parts.append(f'<path class="whole" d="M{x:.1f} 70V{height}"/>')
    return parts, height + 14


def _grid(_: Picture, rows: Sequence[tuple[object, ...]]) -> tuple[list[str], int]:
    """Return a cell for each label and day, filled where a row is, and the height of the picture."""
    labels, days = sorted({f"{row[0]}" for row in rows}), list(dict.fromkeys(f"{row[1]}" for row in rows))
    filled = {(row[0], row[1]): f"{row[2]}" for row in rows}
    width = (_WIDTH - _LEFT - _MARGIN) / len(days)
    parts = [_text(_LEFT + (n + 0.5) * width, 82, day, "soft middle") for n, day in enumerate(days)]
    for n, label in enumerate(labels):
        y = 92 + n * _ROW
        parts.append(_text(_LEFT - 12, y + 15, label, "end"))
        for m, day in enumerate(days):
            parts.append(_rect(filled.get((label, day), "track"), _LEFT + m * width + 2, y + 2, width - 4, 18))
    return parts, 92 + len(labels) * _ROW + 14


_DRAWERS = {"columns": _columns, "beside": _columns, "bars": _bars, "apart": _bars, "grid": _grid}


def _decimal(value: object) -> Decimal:
    return Decimal(f"{value or 0}")


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"/>'


if __name__ == "__main__":
    main()
