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
    from collections.abc import Iterator, Sequence

ELLIPSIS = "…"
#: Where a text is broken without harm; not behind the slashes of "://".
BREAKS = re.compile(r"[\s?&,;]|(?<![:/])/")
#: Words, parts of paths and of JSON, parts of names, each with what ends it: a text is broken into the first that fit.
_PARTS = tuple(map(re.compile, (r"[^ ]+ ?| ", r"(?:[^/?&,; ]|(?<=:)/|(?<=:/)/)+[/?&,; ]?|[/?&,; ]", r"[^_]+_?|_")))


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
    for part in _parts(line, width, _PARTS):
        # A blank at the end takes no room.
        wide = cell_len(part)
        if wide > room + part.endswith(" "):
            yield taken.rstrip(" ")
            taken, room = "", width
        taken += part
        room -= wide
    yield taken.rstrip(" ")


def _parts(text: str, width: int, kinds: Sequence[re.Pattern[str]]) -> Iterator[str]:
    """Yield the parts of a text that are not wider, but for a blank at the end."""
    if cell_len(text.rstrip(" ")) <= width:
        yield text
    elif kinds:
        for part in kinds[0].findall(text):
            yield from _parts(part, width, kinds[1:])
    else:
        yield from chop_cells(text, width)
