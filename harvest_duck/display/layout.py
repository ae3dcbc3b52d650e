"""What the forms of a table share: how values read, and what was shown of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from harvest_duck.display.cells import cell, result_cell, short_cell
from harvest_duck.display.lines import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Style(StrEnum):
    """A style of a terminal, as the sequence that begins it (ECMA-48, 8.3.117)."""

    BOLD = "\x1b[1m"
    FAINT = "\x1b[2m"


@dataclass(frozen=True, slots=True)
class Look:
    """How values read: the text of each, how many lines of it are shown, whether there are styles."""

    text: Callable[[Any], str] = result_cell
    most_lines: int | None = None
    styled: bool = False

    def painted(self, text: str, style: Style | None) -> str:
        """Return the text in a style, which takes no cell."""
        return f"{style}{text}\x1b[0m" if self.styled and style and text else text


#: The values of listings are sentences and lists of names, and None is what does not apply.
LISTING = Look(text=short_cell)


@dataclass(frozen=True, slots=True)
class Shown:
    """The lines of some rows, the names of the columns that are not in them, and of those with shortened texts."""

    lines: list[str]
    left_out: list[str] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)


def label(name: str) -> str:
    """Return the name of a column on one line, harmless on a terminal."""
    return cell(name).replace("\n", " ")


def footer(words: Sequence[str], width: int | None, look: Look) -> list[str]:
    """Return the lines of a note in parentheses."""
    return [look.painted(line, Style.FAINT) for line in folded(f"({'; '.join(words)})", width)]
