"""Text that came from elsewhere, made fit to be shown to people.

A name, a value or an answer may hold line breaks, controls that a terminal obeys, or more than anybody reads. This
module imports nothing of the package.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    from pathlib import Path

_UNPRINTABLE = "\ufffd"
#: Categories of Unicode that nobody sees: controls, formats such as those that turn a text around or have no width,
#: halves of characters, separators of lines.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
#: Characters of other categories without width or ink, by which one name can look like another: what is
#: Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt, but for variation selectors, which emoji have.
_FILLERS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]")
_JOINERS = {"\u200c", "\u200d"}
#: What joiners stand between in Persian, Indic scripts and emoji: letters without case, marks, symbols.
_JOINED = {"Lo", "Mn", "Mc", "So", "Sk", "Cn"}


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
    """Return the text without what moves the cursor, sets a colour or title, turns the text or hides in it.

    Each such character is replaced by one: a control of ASCII by its picture, any other by U+FFFD. Lines stay lines,
    tabs tabs, and joiners stay within words and emoji that need them.
    """
    if text.isprintable() and (text.isascii() or not _FILLERS.search(text)):
        return text
    around = f" {text} "
    return "".join(map(_seen, around, text, around[2:]))


def terminal_safe_json(text: str) -> str:
    """Return JSON with an escape for each character that `terminal_safe` replaces: its values stay as they are."""
    safe = terminal_safe(text)
    if safe == text:
        return text
    return "".join(old if old == new else _json_escape(old) for old, new in zip(text, safe, strict=True))


def _json_escape(character: str) -> str:
    """Return the escapes of JSON for a character: two beyond the first 65,536, https://www.rfc-editor.org/rfc/rfc8259."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _seen(before: str, character: str, after: str) -> str:
    """Return what is shown for a character between two others."""
    if character in "\n\t":
        return character
    if character < " ":
        return chr(0x2400 + ord(character))
    if character in _JOINERS:
        return character if {category(before), category(after)} <= _JOINED else _UNPRINTABLE
    hidden = category(character) in _UNSEEN or _FILLERS.match(character)
    return _UNPRINTABLE if hidden else character
