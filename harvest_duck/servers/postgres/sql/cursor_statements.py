"""DECLARE, FETCH, MOVE, CLOSE of cursors, LISTEN and UNLISTEN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from harvest_duck.servers.postgres.sql.refused_statements import locking, refused
from harvest_duck.servers.postgres.sql.statement_kinds import (
    CloseCursor,
    Declare,
    Fetch,
    Listen,
    Move,
    Refused,
    Select,
)
from harvest_duck.servers.postgres.sql.token_reader import TokenReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harvest_duck.servers.postgres.sql.statement_kinds import Statement

__all__ = ["PARSERS", "QUERIES", "query", "query_or_write"]

#: The words that a query begins with.
QUERIES = frozenset({"select", "values", "table", "with", "from"})
#: Those of what changes rows, and may return some.
_WRITES = frozenset({"insert", "update", "delete", "merge"})

Direction = Literal["forward", "backward", "absolute", "relative"]


def query(reader: TokenReader) -> Select | Refused:
    """Take the rest as what returns rows; raise Failure 42601 if it begins like nothing that does."""
    rest = reader.rest()
    inner = TokenReader(rest)
    if inner.word() not in QUERIES and inner.text() != "(":
        raise inner.refusal()
    return locking(inner) or Select(rest, start=rest[0].start)


def query_or_write(reader: TokenReader) -> Select | Refused:
    """Take the rest as what PostgreSQL allows where rows may be changed too, which is refused."""
    return refused(TokenReader(reader.rest())) if reader.word() in _WRITES else query(reader)


def _declare(reader: TokenReader) -> Declare | Refused:
    start = reader.tokens[0].start
    name = reader.name()
    binary, scroll, hold = False, None, False
    while not reader.take("cursor"):
        if reader.take("binary"):
            binary = True
        elif reader.take("no", "scroll"):
            scroll = False
        elif reader.take("scroll"):
            scroll = True
        elif reader.one_of("insensitive", "asensitive") is None:
            raise reader.refusal()
    if reader.take("with", "hold"):
        hold = True
    else:
        reader.take("without", "hold")
    reader.need("for")
    body = query(reader)
    if isinstance(body, Refused):
        return body
    return Declare(name, body, hold, binary, scroll, start=start)


#: The directions that are a word alone.
_ALONE: dict[str, tuple[Direction, int | None]] = {
    "next": ("forward", 1),
    "prior": ("backward", 1),
    "first": ("absolute", 1),
    "last": ("absolute", -1),
    "all": ("forward", None),
}
_COUNTED: dict[str, Direction] = {"absolute": "absolute", "relative": "relative"}
_AROUND: dict[str, Direction] = {"forward": "forward", "backward": "backward"}


def _direction(reader: TokenReader) -> tuple[Direction, int | None]:
    """Take which rows a FETCH means: a word that is the cursor's name says none."""
    if reader.peek(1) is None:
        return "forward", 1
    if (word := reader.one_of(*_ALONE)) is not None:
        return _ALONE[word]
    if (word := reader.one_of(*_COUNTED)) is not None:
        return _COUNTED[word], reader.integer()
    if (word := reader.one_of(*_AROUND)) is not None:
        if reader.take("all"):
            return _AROUND[word], None
        return _turned(_AROUND[word], reader.integer() if _number_next(reader) else 1)
    if _number_next(reader):
        return _turned("forward", reader.integer())
    return "forward", 1


def _number_next(reader: TokenReader) -> bool:
    return reader.text() in {"-", "+"} or reader.text().isdigit()


def _turned(direction: Direction, count: int) -> tuple[Direction, int]:
    """A count below 0 goes the other way."""
    if count >= 0:
        return direction, count
    return ("backward" if direction == "forward" else "forward"), -count


def _fetch(reader: TokenReader) -> Fetch:
    direction, count = _direction(reader)
    reader.one_of("from", "in")
    return Fetch(reader.name(), direction, count, start=reader.tokens[0].start)


def _move(reader: TokenReader) -> Move:
    direction, count = _direction(reader)
    reader.one_of("from", "in")
    return Move(reader.name(), direction, count, start=reader.tokens[0].start)


def _close(reader: TokenReader) -> CloseCursor:
    start = reader.tokens[0].start
    return CloseCursor(None if reader.take("all") else reader.name(), start=start)


def _listen(reader: TokenReader) -> Listen:
    return Listen(reader.name(), start=reader.tokens[0].start)


def _unlisten(reader: TokenReader) -> Listen:
    channel = "*" if reader.mark("*") else reader.name()
    return Listen(channel, "UNLISTEN", start=reader.tokens[0].start)


PARSERS: Mapping[str, Callable[[TokenReader], Statement]] = {
    "declare": _declare,
    "fetch": _fetch,
    "move": _move,
    "close": _close,
    "listen": _listen,
    "unlisten": _unlisten,
}
