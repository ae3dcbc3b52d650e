"""What is typed or read, in the pieces that run as one: a dot command, or SQL up to the end of a statement.

DuckDB's own tokens decide where a statement ends, so a semicolon in quotes, in `$$` or in a comment ends none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Piece", "ended", "is_command", "is_whole", "pieces"]

#: A dot command, or what a person who knows other shells types in its place.
_COMMAND = re.compile(r"\s*(\.[A-Za-z]|\\[A-Za-z?]|(help|exit|quit|\?)[\s;]*\Z)", re.IGNORECASE)
_END = b";"


@dataclass(frozen=True, slots=True)
class Piece:
    """A dot command or SQL, with the number of the line that it begins in."""

    text: str
    line: int


def is_command(text: str) -> bool:
    """Whether a text begins as a dot command does, or is what other shells have for one: no SQL begins so."""
    return _COMMAND.match(text) is not None


def ended(sql: str) -> bool:
    """Whether the last statement of some SQL has its semicolon, with nothing but comments behind it."""
    content = _encoded(sql)
    starts = _starts(content)
    return len(starts) > 1 and starts[-1] == len(content) + 1 and content[starts[-2] :][:1] == _END


def is_whole(text: str) -> bool:
    """Whether a text at the prompt runs as it stands: its last piece, if any, has ended or is a dot command."""
    last = [*pieces(text.splitlines(keepends=True))][-1:]
    return all(is_command(piece.text) or ended(piece.text) for piece in last)


def pieces(lines: Iterable[str]) -> Iterator[Piece]:
    """Yield the pieces of a script as soon as their last line is there; the last one needs no semicolon."""
    held: list[str] = []
    first = 1
    for number, line in enumerate(lines, 1):
        if is_command(line) and ended("".join(held)):
            # A comment behind the semicolon has gone on to another line.
            yield Piece("".join(held), first)
            held.clear()
        if is_command(line) and _says_nothing("".join(held)):
            held.clear()
            yield Piece(line.strip(), number)
            continue
        if not held:
            first = number
        if held or line.strip():
            held.append(line)
        if ";" in line and ended("".join(held)):
            yield Piece("".join(held), first)
            held.clear()
    if held:
        yield Piece("".join(held), first)


def _says_nothing(sql: str) -> bool:
    """Whether there are only comments and white space, none of them open."""
    content = _encoded(sql)
    return _starts(content) == [len(content) + 1]


def _starts(content: bytes) -> list[int]:
    """Return where each token of SQL and of a semicolon on a line below it starts, in bytes; comments are none.

    The added semicolon is its own token unless a quote or comment is open, for which DuckDB 2 has one token and
    DuckDB 1 has none.
    """
    tokens = duckdb.tokenize(f"{content.decode()}\n;")
    return [position for position, kind in tokens if kind != duckdb.token_type.comment]


def _encoded(sql: str) -> bytes:
    # A half of a character, as a broken paste has, is no text for DuckDB.
    return sql.encode(errors="replace")
