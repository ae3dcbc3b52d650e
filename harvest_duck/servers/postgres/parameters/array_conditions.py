"""`= ANY` of an array whose elements are known becomes IN, and `<> ALL` becomes NOT IN, which mean the same.

DuckDB makes a join of the one and a filter of the other, and filters alone travel to Harvest (1.4 to 2.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql.brackets import CLOSING, OPENING
from harvest_duck.servers.postgres.sql.tokens import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["with_lists"]

_CONDITIONS = {("=", "any"): "IN", ("=", "some"): "IN", ("<>", "all"): "NOT IN", ("!=", "all"): "NOT IN"}


def with_lists(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Return the tokens of a statement, with values for its parameters, in which such conditions are lists."""
    if not any(token.word in ("any", "some", "all") for token in tokens):
        return tuple(tokens)
    return tuple(_Conditions(tokens).written())


class _Conditions:
    """The tokens of a statement, and which of them mean something."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._places = [at for at, each in enumerate(tokens) if each.kind not in (Kind.SPACE, Kind.COMMENT)]

    def written(self) -> Iterator[Token]:
        """Yield the tokens, with the lists in the place of arrays."""
        done, at = 0, 0
        while at < len(self._places):
            listed = self._condition(at)
            if listed is None:
                at += 1
                continue
            made, end = listed
            yield from self._tokens[done : self._places[at]]
            yield from made
            at, done = end + 1, self._places[end] + 1
        yield from self._tokens[done:]

    def _text(self, at: int) -> str:
        return self._tokens[self._places[at]].text if at < len(self._places) else ""

    def _word(self, at: int) -> str:
        return (self._tokens[self._places[at]].word or "") if at < len(self._places) else ""

    def _condition(self, at: int) -> tuple[list[Token], int] | None:
        """Return the list that a condition is which begins with the operator at `at`, and where it ends."""
        condition = _CONDITIONS.get((self._text(at), self._word(at + 1)))
        if condition is None or self._text(at + 2) != "(":
            return None
        closing = self._closing(at + 2)
        array = self._array(at + 3)
        if array is None or closing is None:
            return None
        elements, after = array
        cast = self._cast(after, closing)
        if cast is None or not elements:
            return None
        return [*self._list(condition, elements, cast)], closing

    def _array(self, at: int) -> tuple[list[tuple[int, int]], int] | None:
        """Return where the elements of an array begin and end, as in `ARRAY[1, 2]` or `CAST([1, 2] AS BIGINT[])`."""
        is_cast = self._word(at) == "cast" and self._text(at + 1) == "(" and self._text(at + 2) == "["
        if not is_cast and not (self._word(at) == "array" and self._text(at + 1) == "["):
            return None
        opening = at + 2 if is_cast else at + 1
        closing = self._closing(opening)
        whole = closing if not is_cast else self._closing(at + 1)
        if closing is None or whole is None or self._text(opening + 1) == "[":
            return None
        return self._elements(opening, closing), whole + 1

    def _elements(self, opening: int, closing: int) -> list[tuple[int, int]]:
        parts, first, depth = [], opening + 1, 0
        for at in range(opening + 1, closing):
            depth += (self._text(at) in OPENING) - (self._text(at) in CLOSING)
            if depth == 0 and self._text(at) == ",":
                parts.append((first, at - 1))
                first = at + 1
        return [*parts, (first, closing - 1)] if first < closing else parts

    def _cast(self, at: int, closing: int) -> tuple[int, int] | None:
        """Return where the cast of each element stands if the array is cast up to `closing`, None for anything else."""
        if at == closing:
            return at, at
        if self._text(at) == "::" and self._text(closing - 2) == "[" and self._text(closing - 1) == "]":
            return at, closing - 2
        return None

    def _closing(self, opening: int) -> int | None:
        depth = 0
        for at in range(opening, len(self._places)):
            depth += (self._text(at) in OPENING) - (self._text(at) in CLOSING)
            if depth == 0:
                return at
        return None

    def _list(self, condition: str, elements: list[tuple[int, int]], cast: tuple[int, int]) -> Iterator[Token]:
        start = self._tokens[self._places[elements[0][0]]].start
        yield Token(Kind.SPACE, " ", start)
        for word in condition.split():
            yield Token(Kind.NAME, word, start)
            yield Token(Kind.SPACE, " ", start)
        for number, (first, last) in enumerate(elements):
            yield Token(Kind.PUNCTUATION, "," if number else "(", start)
            written = self._tokens[self._places[first] : self._places[last] + 1]
            if cast[0] == cast[1]:
                yield from written
                continue
            yield from (Token(Kind.PUNCTUATION, "(", start), *written, Token(Kind.PUNCTUATION, ")", start))
            yield from (self._tokens[place] for place in self._places[slice(*cast)])
        yield Token(Kind.PUNCTUATION, ")", start)
