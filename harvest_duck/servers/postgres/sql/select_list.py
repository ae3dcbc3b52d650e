"""The select list that gives a query the names of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql.brackets import OPENING, closing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["select_items", "select_list"]

#: The words behind a select list.
_BEHIND = {
    "from", "where", "group", "having", "window", "qualify", "union", "intersect", "except", "order", "limit", "offset",
    "fetch", "for", "into", "using",
}  # fmt: skip


def select_list(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """Return the items of a query's first select list, given as tokens without space; none if it has no SELECT."""
    return [tokens[first:behind] for first, behind in select_items(tokens)]


def select_items(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Return where those items are: the first place of each, and the place behind its last."""
    at = 0
    while at < len(tokens) and tokens[at].text == "(":
        at += 1
    if at < len(tokens) and tokens[at].word == "with":
        at = _behind_with(tokens, at + 1)
        while at < len(tokens) and tokens[at].text == "(":
            at += 1
    if at >= len(tokens) or tokens[at].word != "select":
        return []
    return _items(tokens, _behind_distinct(tokens, at + 1))


def _behind_with(tokens: Sequence[Token], at: int) -> int:
    """The place behind the common table expressions."""
    while at < len(tokens):
        text, word = tokens[at].text, tokens[at].word
        if text == "(":
            at = closing(tokens, at) + 1
            # The expression's own parentheses end it, unless a comma, or AS after its columns, goes on.
            if at < len(tokens) and (
                tokens[at].text == "(" or tokens[at].word in {"select", "values", "table", "from"}
            ):
                return at
        elif word in {"select", "values", "table"}:
            return at
        else:
            at += 1
    return at


def _behind_distinct(tokens: Sequence[Token], at: int) -> int:
    if at < len(tokens) and tokens[at].word == "all":
        return at + 1
    if at < len(tokens) and tokens[at].word == "distinct":
        at += 1
        if at + 1 < len(tokens) and tokens[at].word == "on" and tokens[at + 1].text == "(":
            at = closing(tokens, at + 1) + 1
    return at


def _items(tokens: Sequence[Token], start: int) -> list[tuple[int, int]]:
    items: list[tuple[int, int]] = []
    at = begin = start
    while at < len(tokens):
        token = tokens[at]
        if token.text in OPENING:
            at = closing(tokens, at)
        elif token.text in {",", ")", ";"} or (token.word in _BEHIND and not _goes_on(tokens, at)):
            items.append((begin, at))
            if token.text != ",":
                return [item for item in items if item[0] < item[1]]
            begin = at + 1
        at += 1
    return [item for item in [*items, (begin, len(tokens))] if item[0] < item[1]]


def _goes_on(tokens: Sequence[Token], at: int) -> bool:
    """Whether it is that of IS [NOT] DISTINCT FROM or WITHIN GROUP, or a name behind a dot or AS."""
    before = tokens[at - 1]
    return before.text == "." or before.word in {"as", "distinct", "within"}
