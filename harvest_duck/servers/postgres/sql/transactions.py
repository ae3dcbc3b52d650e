"""BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE and their modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.statement_kinds import (
    Begin,
    Commit,
    Isolation,
    Modes,
    Refused,
    Release,
    Rollback,
    Savepoint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harvest_duck.servers.postgres.sql.statement_kinds import Statement
    from harvest_duck.servers.postgres.sql.token_reader import TokenReader

__all__ = ["PARSERS", "modes"]


def _begin(reader: TokenReader) -> Begin:
    reader.one_of("work", "transaction")
    return Begin(modes(reader), start=reader.tokens[0].start)


def _start(reader: TokenReader) -> Begin:
    reader.need("transaction")
    return Begin(modes(reader), "START TRANSACTION", start=reader.tokens[0].start)


def _commit(reader: TokenReader) -> Commit | Refused:
    if reader.take("prepared"):
        return _two_phases(reader, "COMMIT PREPARED")
    reader.one_of("work", "transaction")
    return Commit(_chain(reader), start=reader.tokens[0].start)


def _rollback(reader: TokenReader) -> Rollback | Refused:
    start = reader.tokens[0].start
    if reader.take("prepared"):
        return _two_phases(reader, "ROLLBACK PREPARED")
    reader.one_of("work", "transaction")
    if reader.take("to"):
        if reader.word(1) is not None or reader.peek(1) is not None:
            reader.take("savepoint")
        return Rollback(reader.name(), start=start)
    return Rollback(None, _chain(reader), start=start)


def _two_phases(reader: TokenReader, command: str) -> Refused:
    reader.string()
    failure = Failure("0A000", f"{command} is not supported: no transaction here writes anything")
    return Refused(command, failure, start=reader.tokens[0].start)


def _chain(reader: TokenReader) -> bool:
    if not reader.take("and"):
        return False
    no = reader.take("no")
    reader.need("chain")
    return not no


def _savepoint(reader: TokenReader) -> Savepoint:
    return Savepoint(reader.name(), start=reader.tokens[0].start)


def _release(reader: TokenReader) -> Release:
    if reader.peek(1) is not None:
        reader.take("savepoint")
    return Release(reader.name(), start=reader.tokens[0].start)


def modes(reader: TokenReader) -> Modes:
    """Take the modes of a transaction, with or without commas between them."""
    isolation: Isolation | None = None
    read_only = deferrable = None
    while True:
        if reader.take("isolation", "level"):
            isolation = _isolation(reader)
        elif reader.take("read", "only"):
            read_only = True
        elif reader.take("read", "write"):
            read_only = False
        elif reader.take("deferrable"):
            deferrable = True
        elif reader.take("not", "deferrable"):
            deferrable = False
        else:
            return Modes(isolation, read_only, deferrable)
        if reader.mark(",") and reader.word() not in {"isolation", "read", "deferrable", "not"}:
            raise reader.refusal()


def _isolation(reader: TokenReader) -> Isolation:
    levels: tuple[Isolation, ...] = ("serializable", "repeatable read", "read committed", "read uncommitted")
    for level in levels:
        if reader.take(*level.split()):
            return level
    raise reader.refusal()


PARSERS: Mapping[str, Callable[[TokenReader], Statement]] = {
    "begin": _begin,
    "start": _start,
    "commit": _commit,
    "end": _commit,
    "rollback": _rollback,
    "abort": _rollback,
    "savepoint": _savepoint,
    "release": _release,
}
