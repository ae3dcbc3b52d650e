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
#: What people know a thing by, and what leads to one that is mostly named beside it, in the words of Harvest.
_NAME = re.compile(r"(?:^|_)(?:name|number)$", re.IGNORECASE)
_REFERENCE = re.compile(r"_(?:id|url)$", re.IGNORECASE)


class Rank(IntEnum):
    """Which columns are shown where not all fit: the key first, columns with the same value in all rows last."""

    KEY = 0
    NAME = 1
    OTHER = 2
    REFERENCE = 3
    CONSTANT = 4


def rank(name: str, *, first: bool, constant: bool) -> Rank:
    """Return the rank of a column by its name; the first column of a table is its key, unless it is constant."""
    if name.lower() == "id":
        return Rank.KEY
    if constant:
        return Rank.CONSTANT
    if first:
        return Rank.KEY
    if _NAME.search(name):
        return Rank.NAME
    return Rank.REFERENCE if _REFERENCE.search(name) else Rank.OTHER


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be shown: the widths of its longest text and of its longest word, and its rank."""

    text: int
    word: int
    rank: Rank = Rank.OTHER

    @property
    def least(self) -> int:
        """The width below which the column is not worth showing."""
        return min(self.text, max(_TEXT, min(self.word, _WORD)))


def fitted(columns: Sequence[Column], width: int | None) -> dict[int, int]:
    """Return the width of each column that fits, by its position; all of them are as wide as they are where it is None.

    Where not all fit, columns of a lower rank come first, and of one rank those further left.
    """
    if width is None:
        return {position: column.text for position, column in enumerate(columns)}
    spare = width + GAP
    chosen: list[int] = []
    for position in sorted(range(len(columns)), key=lambda position: columns[position].rank):
        needed = columns[position].least + GAP
        if needed <= spare or not chosen:
            chosen.append(position)
            spare -= needed
    widths = {position: min(columns[position].least, width) for position in sorted(chosen)}
    for _ in range(spare if widths else 0):
        # The column with the most lines gets the next place.
        tallest = max(widths, key=lambda position: columns[position].text / widths[position])
        if columns[tallest].text <= widths[tallest]:
            break
        widths[tallest] += 1
    return widths
