"""PREPARE, EXECUTE and DEALLOCATE as SQL has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.cursor_statements import query_or_write
from harvest_duck.servers.postgres.sql.statement_kinds import Deallocate, ExecutePrepared, Prepare, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harvest_duck.servers.postgres.sql.statement_kinds import Statement
    from harvest_duck.servers.postgres.sql.token_reader import TokenReader
    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["PARSERS", "execute"]


def _prepare(reader: TokenReader) -> Prepare | Refused:
    start = reader.tokens[0].start
    if reader.take("transaction"):
        reader.string()
        failure = Failure("0A000", "PREPARE TRANSACTION is not supported: no transaction here writes anything")
        return Refused("PREPARE TRANSACTION", failure, start=start)
    name = reader.name()
    types = tuple("".join(token.text + " " for token in item).strip() for item in _list(reader))
    reader.need("as")
    body = query_or_write(reader)
    return body if isinstance(body, Refused) else Prepare(name, types, body, start=start)


def _list(reader: TokenReader) -> tuple[tuple[Token, ...], ...]:
    return reader.inside() if reader.text() == "(" else ()


def execute(reader: TokenReader) -> ExecutePrepared:
    """Take what follows EXECUTE."""
    start = reader.tokens[0].start
    name = reader.name()
    return ExecutePrepared(name, tuple(_as_written(reader, item) for item in _list(reader)), start=start)


def _as_written(reader: TokenReader, item: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens of an item with the space and comments between them."""
    return reader.all[reader.all.index(item[0]) : reader.all.index(item[-1]) + 1]


def _deallocate(reader: TokenReader) -> Deallocate:
    start = reader.tokens[0].start
    if reader.peek(1) is not None:
        reader.take("prepare")
    return Deallocate(None if reader.take("all") else reader.name(), start=start)


PARSERS: Mapping[str, Callable[[TokenReader], Statement]] = {
    "prepare": _prepare,
    "execute": execute,
    "deallocate": _deallocate,
}
