"""Tokens of a statement that are written otherwise, each at the place of what the client wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql.brackets import CLOSING, OPENING
from harvest_duck.servers.postgres.sql.tokens import Kind, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Call", "EditedTokens"]


class Call:
    """A call of a function: where its name, its parentheses and its arguments are, as places of significant tokens."""

    def __init__(self, start: int, opening: int, closing: int, arguments: list[tuple[int, int]]) -> None:
        self.start = start
        self.opening = opening
        self.closing = closing
        #: The first place of each argument, and the place behind its last.
        self.arguments = arguments


class EditedTokens:
    """The significant tokens of a statement, with texts put in their place, before them and behind them."""

    def __init__(self, written: Sequence[Token]) -> None:
        self._all = tuple(written)
        self._places = [
            place
            for place, each in enumerate(self._all)
            if each.kind is not Kind.SPACE and each.kind is not Kind.COMMENT
        ]
        self.tokens = tuple(self._all[place] for place in self._places)
        self._match, self.depth = _matches(self.tokens)
        self._instead: dict[int, str] = {}
        self._before: dict[int, str] = {}
        self._behind: dict[int, str] = {}

    def word(self, at: int) -> str | None:
        """The keyword at a place, None where there is none."""
        return self.tokens[at].word if 0 <= at < len(self.tokens) else None

    def text(self, at: int) -> str:
        """The text at a place, empty where there is none."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def string(self, first: int, end: int) -> str | None:
        """What the one string between two places means, also with a cast to text behind it; None for anything else."""
        if end - first not in {1, 3} or self.tokens[first].value is None:
            return None
        if end - first == 1 or (self.text(first + 1) == "::" and self.word(first + 2) in {"text", "varchar"}):
            return self.tokens[first].value
        return None

    def sql(self, first: int, end: int) -> str:
        """The edited text of the tokens from one place to before another."""
        return " ".join(self._text(at) for at in range(first, end))

    def call(self, at: int) -> Call | None:
        """The call whose name is at a place, None where none is; one of another schema than pg_catalog is none."""
        closing = self._match.get(at + 1) if self.text(at + 1) == "(" else None
        if closing is None or self.word(at) is None:
            return None
        start = at
        if self.text(at - 1) == ".":
            if self.word(at - 2) != "pg_catalog":
                return None
            start = at - 2
        return Call(start, at + 1, closing, self.parts(at + 1, closing))

    def closing(self, at: int) -> int | None:
        """The place of what closes the bracket at a place."""
        return self._match.get(at)

    def parts(self, opening: int, closing: int) -> list[tuple[int, int]]:
        """What is between two brackets, parted at commas: the first place of each part, and that behind its last."""
        found, first, at = [], opening + 1, opening + 1
        while at < closing:
            if self.text(at) == ",":
                found.append((first, at))
                first = at + 1
            at = self._match.get(at, at) + 1
        return [*found, (first, closing)] if closing > opening + 1 else []

    def put(self, first: int, end: int, text: str) -> None:
        """Put a text in the place of the tokens from one place to before another, and of what is around them."""
        for at in range(first, end):
            self._instead[at] = ""
            self._before.pop(at, None)
            self._behind.pop(at, None)
        self._instead[first] = text

    def before(self, at: int, text: str) -> None:
        """Put a text before a token, and before what is there already."""
        self._before[at] = text + self._before.get(at, "")

    def behind(self, at: int, text: str) -> None:
        """Put a text behind a token, and behind what is there already."""
        self._behind[at] = self._behind.get(at, "") + text

    def name(self, call: Call, name: str) -> None:
        """Give a call another name."""
        self.put(call.start, call.opening, name)

    def _text(self, at: int) -> str:
        return self._before.get(at, "") + self._instead.get(at, self.tokens[at].text) + self._behind.get(at, "")

    def written(self) -> tuple[Token, ...]:
        """Return the tokens as they are to be read; what was put has the place of the token that it stands for."""
        if not (self._instead or self._before or self._behind):
            return self._all
        return tuple(self._written())

    def _written(self) -> Iterator[Token]:
        places = {place: at for at, place in enumerate(self._places)}
        for place, token in enumerate(self._all):
            at = places.get(place)
            text = token.text if at is None else self._text(at)
            if text is token.text or text == token.text:
                yield token
                continue
            for each in tokens(f" {text} " if text else " "):
                yield Token(each.kind, each.text, token.start)


def _matches(found: Sequence[Token]) -> tuple[dict[int, int], int]:
    """The place of what closes each bracket, and how many are open at most."""
    matches: dict[int, int] = {}
    depth = 0
    stack: list[int] = []
    for at, token in enumerate(found):
        if token.kind is Kind.PUNCTUATION:
            if token.text in OPENING:
                stack.append(at)
                depth = max(depth, len(stack))
            elif token.text in CLOSING and stack:
                matches[stack.pop()] = at
    return matches, depth
