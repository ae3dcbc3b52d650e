"""Text that came from elsewhere, made fit to be shown to people.

A name, a value or an answer may hold line breaks, controls that a terminal obeys, or more than anybody reads. This
module imports nothing of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_UNPRINTABLE = "\ufffd"
#: What a terminal obeys rather than shows: controls, as their pictures, and the marks that turn a text around.
_CONTROLS = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"}
_CONTROLS |= dict.fromkeys(
    [*range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], _UNPRINTABLE
)


def printable(text: str, instead: str = _UNPRINTABLE) -> str:
    """Return the text with `instead` for each character that cannot be printed, line breaks among them."""
    return text if text.isprintable() else "".join(each if each.isprintable() else instead for each in text)


def one_line(text: str) -> str:
    """Return the text on one line: a space for each run of white space and of characters that cannot be printed."""
    return " ".join(printable(text, " ").split())


def shortened(text: str, longest: int) -> str:
    """Return the text, or its first `longest` characters and an ellipsis."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def escaped(name: str | Path) -> str:
    """Return the name as it is where all of it can be printed, else as a Python literal, which loses nothing."""
    text = str(name)
    return text if text.isprintable() else ascii(text)


def terminal_safe(text: str) -> str:
    """Return the text without what moves the cursor, sets a colour or title, or turns the text; lines stay lines."""
    return text.translate(_CONTROLS)
