"""The statements of a client's text: parted at `;`, each read as far as a session has to know it.

The grammar is that of PostgreSQL 15's "SQL Commands". What returns rows is left to DuckDB's parser. What writes is
refused as PostgreSQL does in a transaction that reads only, when it runs and not when it is read, so that what stands
before it in the same text is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql import cursor_statements, prepared_statements, setting_statements, transactions
from harvest_duck.servers.postgres.sql.copy_statement import copy
from harvest_duck.servers.postgres.sql.explain_statement import explain
from harvest_duck.servers.postgres.sql.refused_statements import locking, refused
from harvest_duck.servers.postgres.sql.statement_kinds import Empty, Select, Statement
from harvest_duck.servers.postgres.sql.token_reader import TokenReader
from harvest_duck.servers.postgres.sql.tokens import Kind, Token, significant, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["statement", "statements"]

#: The words that begin what returns rows; FROM, PIVOT, UNPIVOT, SUMMARIZE and DESCRIBE are DuckDB's.
_ROWS = {"select", "values", "table", "with", "from", "pivot", "unpivot", "summarize", "describe"}
_PARSERS: dict[str, Callable[[TokenReader], Statement]] = {
    **transactions.PARSERS,
    **setting_statements.PARSERS,
    **cursor_statements.PARSERS,
    **prepared_statements.PARSERS,
    "copy": copy,
    "explain": explain,
}


def statements(sql: str) -> tuple[Statement, ...]:
    """Return the statements of a client's text: one Empty if there is none. Raise Failure 42601 for what is no SQL."""
    found = tuple(statement(part) for part in _parts(tokens(sql)))
    return found or (Empty(),)


def _parts(found: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """The tokens between the semicolons, without parts that are empty."""
    part: list[Token] = []
    for token in found:
        if token.kind is Kind.PUNCTUATION and token.text == ";":
            yield from _filled(part)
            part = []
        else:
            part.append(token)
    yield from _filled(part)


def _filled(part: list[Token]) -> Iterator[tuple[Token, ...]]:
    if significant(tuple(part)):
        yield tuple(part)


def statement(part: tuple[Token, ...]) -> Statement:
    """Return the statement that these tokens make; raise Failure 42601 if they make none."""
    reader = TokenReader(part)
    first = reader.peek()
    if first is None:
        return Empty()
    word = first.word or ""
    if first.text == "(" or word in _ROWS:
        return locking(reader) or Select(part, start=first.start)
    if (parser := _PARSERS.get(word)) is not None:
        reader.at = 1
        found = parser(reader)
        reader.finish()
        return found
    return refused(reader)
