"""A text as lines of a width; pure.

Widths are those of `rich.cells`: a wide character takes two cells, a combining one none, and emoji that are joined are
one picture.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

ELLIPSIS = "…"
_WORD = re.compile(r"[^ ]+ ?| ")
#: A path, a name or JSON is best broken behind these, but not behind those of "://".
_PART = re.compile(r"(?:[^/?&,;_]|(?<=:)/|(?<=:/)/)+[/?&,;_]?|[/?&,;_]")


def folded(text: str, width: int | None) -> Iterator[str]:
    """Yield the lines of a text; those wider than `width`, which is at least 2, are broken at blanks if they can be."""
    for line in text.split("\n"):
        if width is None or cell_len(line) <= width:
            yield line
        else:
            yield from _broken(line, width)


def first_lines(text: str, width: int | None, most: int | None) -> tuple[list[str], bool]:
    """Return the first `most` lines of a text, and whether that is less than all, which an ellipsis at the end says."""
    if most is None:
        return list(folded(text, width)), False
    lines = list(islice(folded(text, width), most + 1))
    if len(lines) <= most:
        return lines, False
    last = lines[most - 1]
    if width is not None and cell_len(last) >= width:
        last = chop_cells(last, width - 1)[0]
    return [*lines[: most - 1], last + ELLIPSIS], True


def _broken(line: str, width: int) -> Iterator[str]:
    taken, room = "", width
    for part in _parts(line, width):
        wide = cell_len(part)
        if wide > room + part.endswith(" "):
            yield taken.rstrip(" ")
            taken, room = "", width
        taken += part
        room -= wide
    yield taken.rstrip(" ")


def _parts(line: str, width: int) -> Iterator[str]:
    """Yield the words of a line with a blank behind them; those that are too wide for a line as parts that are not."""
    for word in _WORD.findall(line):
        if cell_len(word.rstrip(" ")) <= width:
            yield word
        else:
            for part in _PART.findall(word):
                yield from chop_cells(part, width)
