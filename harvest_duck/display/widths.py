"""The columns of a table that fit a screen, and their widths; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Between two columns.
_GAP = 3
#: The least width of a column whose texts are longer, and of one whose words are.
_TEXT, _WORD = 16, 36


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be shown: the widths of its longest text and of its longest word, and whether all rows are alike."""

    text: int
    word: int
    constant: bool = False

    @property
    def least(self) -> int:
        """The width below which the column is not worth showing."""
        return min(self.text, max(_TEXT, min(self.word, _WORD)))


def fitted(columns: Sequence[Column], width: int) -> dict[int, int]:
    """Return the width of each column that fits, by its position.

    Where not all fit, columns further left come first, and columns with the same value in all rows last.
    """
    spare = width + _GAP
    chosen: list[int] = []
    for position in sorted(range(len(columns)), key=lambda position: columns[position].constant):
        needed = columns[position].least + _GAP
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
