"""Operators: OPERATOR(pg_catalog.~), COLLATE, and regular expressions, which match anywhere in a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql.tokens import Kind

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.pg_catalog.pieces import Pieces

__all__ = ["rewrite"]

#: DuckDB 1.4 takes `~` for a match of the whole text and has no `~*`; 2.0 reads both as PostgreSQL does.
_MATCHES = {
    "~": ("~", "_anywhere"),
    "!~": ("!~", "_anywhere"),
    "~*": ("~", "_anywhere_in_any_case"),
    "!~*": ("!~", "_anywhere_in_any_case"),
}


def rewrite(pieces: Pieces) -> None:
    """Write the operators of a statement as DuckDB has them, and leave collations out: all text is in order of code."""
    for at, piece in enumerate(pieces.all):
        if piece.word == "operator" and pieces.text(at + 1) == "(":
            _plain(pieces, at)
        elif piece.word == "collate":
            _uncollated(pieces, at)
    for at, piece in enumerate(pieces.all):
        if piece.kind is Kind.OPERATOR and piece.text in _MATCHES and pieces.text(at - 1) not in {"", "(", ","}:
            piece.text, wrapper = _MATCHES[piece.text]
            first = next((n for n in range(at + 1, len(pieces)) if pieces.text(n)), at + 1)
            if first < len(pieces):
                pieces.wrap(first, pieces.end_of(first), f"postgres.catalog.{wrapper}(", ")")


def _plain(pieces: Pieces, at: int) -> None:
    end = pieces.match.get(at + 1)
    if end is None:
        return
    operator = "".join(pieces[n].text for n in range(at + 2, end) if pieces[n].kind is Kind.OPERATOR)
    pieces.drop(at, end)
    pieces[at].kind, pieces[at].text, pieces[at].word, pieces[at].name = Kind.OPERATOR, operator, None, None


def _uncollated(pieces: Pieces, at: int) -> None:
    """Leave a collation out that orders by code, as DuckDB does without one."""
    last = at + 3 if pieces.text(at + 2) == "." else at + 1
    if pieces.name(last) in {"default", "C", "POSIX", "ucs_basic", "C.UTF-8", "C.utf8"}:
        pieces.drop(at, last)
