"""Connection strings as pairs of names and values, and back: `name=value` parted by semicolons.

::

    string = [prefix] [pair *( ";" pair )] [";"]         empty pairs are allowed
    prefix = "jdbc:api:" / "jdbc:cdata:api:" / "cdata:api:"
    name   = letters, digits, "_" and blanks             compared in lower case with the blanks removed
    value  = 'single quotes' / "double quotes" / {braces} / bare

A quote or closing brace within its own kind is doubled, a backslash is a backslash, and a bare value runs to the next
semicolon: it may hold "=", and the blanks around it do not count.

`sources` parses every string with it. It knows no property, and no error repeats any part of a value, because any value
may be a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BLANKS = " \t\r\n"
_PREFIX = re.compile(r"[ \t\r\n]*(?:jdbc:(?:cdata:)?api:|cdata:api:)", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9_ \t]{1,64}")
_CLOSING = {"'": "'", '"': '"', "{": "}"}
_CALLED = {"'": "single quote", '"': "double quote", "}": "brace"}


def fold(name: str) -> str:
    """Return the form of `name` in which two names are compared: lower case, without blanks."""
    return "".join(name.split()).lower()


def parse(text: str, *, where: str = "connection string") -> dict[str, str]:
    """Return the pairs of `text` in their order, each name as first written but without blanks.

    Raises `ConnectionStringError` with `where` and the character, counted from 1, at which the text goes wrong: an
    unclosed quote, text after a closing quote, a missing "=", an empty or impossible name, a name given two values.
    """
    pairs: dict[str, str] = {}
    written: dict[str, str] = {}
    for at, name, value in _Text(text, where).pairs():
        first = written.setdefault(fold(name), name)
        if pairs.setdefault(first, value) != value:
            raise ConnectionStringError(f"{where}: {first} is given again with another value at character {at + 1}")
    return pairs


def render(pairs: Mapping[str, str]) -> str:
    """Return the connection string that `parse` reads as `pairs`, with quotes where a value needs them.

    Raises `ConnectionStringError` if `parse` could not read a name back, or would read two names as one.
    """
    if not all(_NAME.fullmatch(name) and fold(name) == name.lower() for name in pairs):
        raise ConnectionStringError("a property name is made of letters, digits and underscores")
    if len({fold(name) for name in pairs}) < len(pairs):
        raise ConnectionStringError("a property name is given twice")
    return ";".join(f"{name}={_quoted(value)}" for name, value in pairs.items())


def _quoted(value: str) -> str:
    if value == value.strip(_BLANKS) and ";" not in value and value[:1] not in _CLOSING:
        return value
    # Not every reader of connection strings undoubles quotes, so the other kind comes first.
    mark = '"' if "'" in value and '"' not in value else "'"
    return f"{mark}{value.replace(mark, mark * 2)}{mark}"


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    where: str

    def pairs(self) -> Iterator[tuple[int, str, str]]:
        """Yield the start of each pair, its name and its value."""
        prefix = _PREFIX.match(self.text)
        at = self._skip(prefix.end() if prefix else 0, _BLANKS + ";")
        while at < len(self.text):
            name, after_name = self._name(at)
            value, after_value = self._value(after_name)
            yield at, name, value
            at = self._skip(after_value, _BLANKS + ";")

    def _name(self, at: int) -> tuple[str, int]:
        """Return the name that starts at `at`, and where its value may start."""
        end = self._end(at)
        equals = self.text.find("=", at, end)
        if equals < 0:
            raise self._fault(f"'=' is missing in the part at character {at + 1}; a value that holds ';' needs quotes")
        name = self.text[at:equals].strip(_BLANKS)
        if not name:
            raise self._fault(f"a name is missing before '=' at character {equals + 1}")
        if not _NAME.fullmatch(name):
            raise self._fault(f"a name is made of letters, digits and underscores, unlike that at character {at + 1}")
        return "".join(name.split()), self._skip(equals + 1, _BLANKS)

    def _value(self, at: int) -> tuple[str, int]:
        """Return the value that starts at `at`, and where it ends."""
        mark = _CLOSING.get(self.text[at : at + 1])
        if mark is None:
            end = self._end(at)
            return self.text[at:end].rstrip(_BLANKS), end
        closing = self._closing(at, mark)
        after = self._skip(closing + 1, _BLANKS)
        if self._end(after) != after:
            raise self._fault(f"there is text after the closing {_CALLED[mark]} at character {after + 1}")
        return self.text[at + 1 : closing].replace(mark * 2, mark), after

    def _closing(self, opening: int, mark: str) -> int:
        """Return where the value opened at `opening` closes; a doubled mark does not close it."""
        at = self.text.find(mark, opening + 1)
        while at >= 0 and self.text.startswith(mark, at + 1):
            at = self.text.find(mark, at + 2)
        if at < 0:
            raise self._fault(f"the {_CALLED[mark]} opened at character {opening + 1} is never closed")
        return at

    def _end(self, at: int) -> int:
        semicolon = self.text.find(";", at)
        return len(self.text) if semicolon < 0 else semicolon

    def _skip(self, at: int, characters: str) -> int:
        while at < len(self.text) and self.text[at] in characters:
            at += 1
        return at

    def _fault(self, what: str) -> ConnectionStringError:
        return ConnectionStringError(f"{self.where}: {what}")
