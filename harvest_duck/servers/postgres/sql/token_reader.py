"""A place in the tokens of one statement, from which a parser reads on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.brackets import CLOSING, OPENING
from harvest_duck.servers.postgres.sql.tokens import Kind, Token, significant

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TokenReader"]

_LARGEST = (1 << 31) - 1


class TokenReader:
    """The tokens of a statement without space and comments; `at` is the place of the next one."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.all = tuple(tokens)
        self.tokens = significant(self.all)
        self.at = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """The next token, or one after it; None at the end."""
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def word(self, ahead: int = 0) -> str | None:
        """The next token as keyword, None if it cannot be one."""
        token = self.peek(ahead)
        return token.word if token is not None else None

    def text(self, ahead: int = 0) -> str:
        """The next token's text, empty at the end."""
        token = self.peek(ahead)
        return token.text if token is not None else ""

    def next(self) -> Token:
        """Take the next token; raise Failure at the end."""
        token = self.peek()
        if token is None:
            raise self.refusal()
        self.at += 1
        return token

    def take(self, *words: str) -> bool:
        """Take these keywords if they come next, and tell whether they did."""
        if all(self.word(ahead) == word for ahead, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def one_of(self, *words: str) -> str | None:
        """Take one of these keywords if it comes next, and return it."""
        word = self.word()
        if word in words:
            self.at += 1
            return word
        return None

    def mark(self, text: str) -> bool:
        """Take this operator or punctuation if it comes next, and tell whether it did."""
        token = self.peek()
        if token is not None and token.text == text and token.kind in {Kind.OPERATOR, Kind.PUNCTUATION}:
            self.at += 1
            return True
        return False

    def need(self, *words: str) -> None:
        """Take these keywords; raise Failure if others come."""
        if not self.take(*words):
            raise self.refusal()

    def need_mark(self, text: str) -> None:
        """Take this punctuation; raise Failure if another comes."""
        if not self.mark(text):
            raise self.refusal()

    def name(self) -> str:
        """Take a name."""
        token = self.peek()
        found = token.name if token is not None else None
        if found is None:
            raise self.refusal()
        self.at += 1
        return found

    def string(self) -> str:
        """Take a string, and return what it means."""
        token = self.peek()
        found = token.value if token is not None else None
        if found is None:
            raise self.refusal()
        self.at += 1
        return found

    def integer(self) -> int:
        """Take a number without fraction and perhaps with a sign."""
        negative = self.mark("-")
        if not negative:
            self.mark("+")
        token = self.peek()
        if token is None or token.kind is not Kind.NUMBER or not token.text.isdigit():
            raise self.refusal()
        # To PostgreSQL's grammar a larger number is no integer. Python does not read one of thousands of digits at all.
        if len(token.text.lstrip("0")) > len(str(_LARGEST)) or int(token.text.lstrip("0") or "0") > _LARGEST:
            raise self.refusal()
        self.at += 1
        return -int(token.text) if negative else int(token.text)

    def rest(self) -> tuple[Token, ...]:
        """Take all that is left, with its space and comments."""
        start = self.at
        self.at = len(self.tokens)
        return self.between(start, self.at)

    def between(self, start: int, end: int) -> tuple[Token, ...]:
        """Return the tokens from one place to before another, with the space and comments between them."""
        if start >= end:
            return ()
        first, last = self.tokens[start], self.tokens[end - 1]
        return self.all[self.all.index(first) : self.all.index(last) + 1]

    def inside(self) -> tuple[tuple[Token, ...], ...]:
        """Take what stands in parentheses, parted at its commas."""
        self.need_mark("(")
        items: list[list[Token]] = [[]]
        depth = 0
        while True:
            token = self.next()
            sign = token.text if token.kind is Kind.PUNCTUATION else ""
            if sign in CLOSING:
                if not depth:
                    break
                depth -= 1
            depth += sign in OPENING
            if sign == "," and not depth:
                items.append([])
            else:
                items[-1].append(token)
        if any(not item for item in items) and items != [[]]:
            self.at -= 1
            raise self.refusal()
        return tuple(tuple(item) for item in items if item)

    def finish(self) -> None:
        """Raise Failure if anything is left."""
        if self.at < len(self.tokens):
            raise self.refusal()

    def refusal(self) -> Failure:
        """The failure 42601 at the next token."""
        token = self.peek()
        if token is None:
            end = self.tokens[-1].end if self.tokens else 0
            return Failure("42601", "syntax error at end of input", position=end + 1)
        return Failure("42601", f'syntax error at or near "{token.text}"', position=token.start + 1)
