"""The columns of a table that fit a screen, and their widths; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Between two columns.
GAP = 3
#: The least width of a column whose texts are longer, and of one whose words are.
_TEXT, _WORD = 16, 36
#: What people know a thing by, the day it is of, and what leads to one that is mostly named beside it, in the words of
#: Harvest.
_NAME = re.compile(r"(?:^|(?<!table)_)(?:name|number)$", re.IGNORECASE)
_DAY = re.compile(r"(?:^|_)date$", re.IGNORECASE)
_REFERENCE = re.compile(r"_(?:id|url)$", re.IGNORECASE)


class Rank(IntEnum):
    """Which columns are shown where not all fit: the key first, columns with the same value in all rows last."""

    KEY = 0
    NAME = 1
    OTHER = 2
    REFERENCE = 3
    CONSTANT = 4


def rank(name: str, *, first: bool, constant: bool) -> Rank:
    """Return the rank of a column by its name; the first column of a table is its key, unless it is constant.

    A day is never constant: that all rows are of one day is worth knowing.
    """
    if name.lower() == "id":
        return Rank.KEY
    if _DAY.search(name):
        return Rank.NAME
    if constant:
        return Rank.CONSTANT
    if first:
        return Rank.KEY
    if _NAME.search(name):
        return Rank.NAME
    return Rank.REFERENCE if _REFERENCE.search(name) else Rank.OTHER


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be shown: the widths of its longest text and of what is best on one line, and its rank."""

    text: int
    word: int
    rank: Rank = Rank.OTHER

    def least(self, width: int) -> int:
        """Return the width below which the column is not worth showing on a screen of this width."""
        return min(self.text, width, max(min(_TEXT, width // 2 - GAP), min(self.word, _WORD)))


def fitted(columns: Sequence[Column], width: int | None) -> dict[int, int]:
    """Return the width of each column that fits, by its position; where it is None, all are as wide as they are.

    Where not all fit, columns of a lower rank come first, and of one rank those further left. References and constants
    take only what is left when no other column has to be folded.
    """
    if width is None:
        return {position: column.text for position, column in enumerate(columns)}
    ranked = sorted(range(len(columns)), key=lambda position: columns[position].rank)
    widths: dict[int, int] = {}
    spare = width + GAP
    for last in (False, True):
        for position in ranked:
            least = columns[position].least(width)
            if (columns[position].rank >= Rank.REFERENCE) is last and least + GAP <= spare:
                widths[position] = least
                spare -= least + GAP
        spare = _widened(columns, widths, spare)
    return dict(sorted(widths.items()))


def _widened(columns: Sequence[Column], widths: dict[int, int], spare: int) -> int:
    """Give what is spare to the columns that are folded, and return what is still left."""
    while spare > 0 and widths:
        # The column with the most lines gets the next place.
        tallest = max(widths, key=lambda position: columns[position].text / widths[position])
        if columns[tallest].text <= widths[tallest]:
            break
        widths[tallest] += 1
        spare -= 1
    return spare
