"""Bytes that are written out: PostgreSQL's text of a bytea is not that of DuckDB's BLOB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.parameters.parameters import literal
from harvest_duck.servers.postgres.sql.tokens import Kind
from harvest_duck.servers.postgres.values.types import BYTEA

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.dialect.edited_tokens import EditedTokens

__all__ = ["edit"]


def edit(edited: EditedTokens, at: int) -> None:
    r"""Write '\x00ff'::bytea and its kin as the bytes that they are; DuckDB reads only \x00\xff so.

    Raises Failure 22P02 for a text that is no bytea.
    """
    if edited.tokens[at].kind is not Kind.STRING:
        return
    after = at + 4 if edited.word(at + 2) == "pg_catalog" else at + 2
    if edited.word(after) == "bytea" and (
        edited.text(at + 1) == "::" or (edited.word(at + 1) == "as" and edited.word(at - 2) in {"cast", "try_cast"})
    ):
        edited.put(at, at + 1, _bytes(edited, at))
    elif edited.word(at - 1) == "bytea" and edited.text(at - 2) not in {"::", "."} and edited.word(at - 2) != "as":
        edited.put(at - 1, at + 1, _bytes(edited, at))


def _bytes(edited: EditedTokens, at: int) -> str:
    token = edited.tokens[at]
    try:
        return literal(BYTEA, 0, (token.value or "").encode())
    except Failure as failure:
        raise Failure(failure.sqlstate, failure.message, position=token.start + 1) from None
