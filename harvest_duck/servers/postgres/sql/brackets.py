"""Brackets among the tokens of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["CLOSING", "OPENING", "closing", "depth"]

OPENING = frozenset({"(", "[", "{"})
CLOSING = frozenset({")", "]", "}"})


def closing(tokens: Sequence[Token], at: int) -> int:
    """Return the place of what closes the bracket at a place; the last place if nothing does."""
    depth = 0
    for place in range(at, len(tokens)):
        text = tokens[place].text
        depth += (text in OPENING) - (text in CLOSING)
        if not depth:
            return place
    return len(tokens) - 1


def depth(tokens: Sequence[Token]) -> int:
    """Return how many brackets are open at most."""
    now = most = 0
    for token in tokens:
        now += (token.text in OPENING) - (token.text in CLOSING)
        most = max(most, now)
    return most
