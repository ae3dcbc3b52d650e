"""LIKE, whose escape is the backslash in PostgreSQL and nothing in DuckDB, and SIMILAR TO."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.tokens import Kind

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.dialect.edited_tokens import EditedTokens

__all__ = ["edit", "regular_expression"]

_LIKES = {"like", "ilike"}
_OPERATORS = {"~~", "!~~", "~~*", "!~~*"}


def edit(edited: EditedTokens, at: int) -> None:
    """Say the escape of a LIKE whose pattern has a backslash; write a SIMILAR TO as a regular expression."""
    word = edited.word(at)
    if word in _LIKES or edited.text(at) in _OPERATORS:
        _escape(edited, at)
    elif word == "similar" and edited.word(at + 1) == "to":
        _similar(edited, at)


def _escape(edited: EditedTokens, at: int) -> None:
    end = _end_of_pattern(edited, at + 1)
    if end is None or edited.word(end) == "escape":
        return
    found = [edited.tokens[place] for place in range(at + 1, end)]
    if any("\\" in (token.value or "") for token in found if token.kind is Kind.STRING):
        if edited.text(at) in _OPERATORS:
            negated, small = edited.text(at).startswith("!"), edited.text(at).endswith("*")
            edited.put(at, at + 1, ("NOT " if negated else "") + ("ILIKE" if small else "LIKE"))
        edited.behind(end - 1, r" ESCAPE '\'")


def _end_of_pattern(edited: EditedTokens, at: int) -> int | None:
    """The place behind a pattern: strings, columns and calls with || between them; None where it is anything else."""
    while True:
        token = edited.tokens[at] if at < len(edited.tokens) else None
        if token is None:
            return None
        if token.text == "(":
            at = (edited.closing(at) or at) + 1
        elif token.kind in {Kind.STRING, Kind.NUMBER}:
            at += 1
        elif token.name is not None:
            at += 1
            while edited.text(at) == ".":
                at += 2
            if edited.text(at) == "(":
                at = (edited.closing(at) or at) + 1
        else:
            return None
        while edited.text(at) == "::":
            at += 2
        if edited.text(at) != "||":
            return at
        at += 1


def _similar(edited: EditedTokens, at: int) -> None:
    pattern = edited.string(at + 2, at + 3) if at + 2 < len(edited.tokens) else None
    if pattern is None or edited.text(at + 3) == "||":
        raise Failure(
            "0A000",
            "SIMILAR TO takes a pattern that is written out here",
            position=edited.tokens[at].start + 1,
            hint="Write a regular expression with ~ instead.",
        )
    end, escape = at + 3, "\\"
    if edited.word(end) == "escape":
        escape = edited.string(end + 1, end + 2) or ""
        end += 2
    text = regular_expression(pattern, escape).replace("'", "''")
    edited.put(at + 2, end, f"'{text}'")


def regular_expression(pattern: str, escape: str) -> str:
    """Return the regular expression that matches a whole text as SIMILAR TO does."""
    found, brackets, at = [], False, 0
    while at < len(pattern):
        sign = pattern[at]
        at += 1
        if escape and sign == escape and at < len(pattern):
            found.append(re.escape(pattern[at]))
            at += 1
        elif brackets:
            brackets = sign != "]"
            found.append("\\\\" if sign == "\\" else sign)
        elif sign == "%":
            found.append(".*")
        elif sign == "_":
            found.append(".")
        else:
            brackets = sign == "["
            found.append("\\" + sign if sign in ".^$\\" else "(?:" if sign == "(" else sign)
    return f"(?s)(?:{''.join(found)})"
