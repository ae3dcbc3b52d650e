"""Standard input, which one thing of a command is read from: the SQL, a connection string, or a secret."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["first_line", "is_terminal", "lines", "take", "whole_text"]

_TAKEN_BY = "harvest_duck.standard_input"


def is_terminal() -> bool:
    """Whether a person types what is read; where there is no standard input, nobody does."""
    return sys.stdin is not None and sys.stdin.isatty()


def first_line(what: str) -> str:
    """Return the first line, without the white space around it, empty at the end of the input; see `whole_line`."""
    return whole_line(what).strip()


def whole_line(what: str) -> str:
    """Return the first line without its end, empty at the end of the input.

    Raises `click.UsageError` if something else is read from standard input. Bytes that are no UTF-8 become characters
    that no secret has, without showing them.
    """
    take(what)
    line = sys.stdin.buffer.readline() if sys.stdin else b""
    return line.decode(errors="surrogateescape").removeprefix("\ufeff").rstrip("\r\n")


def whole_text(what: str) -> bytes:
    """Return all of it; raises `click.UsageError` if something else is read from standard input."""
    take(what)
    return sys.stdin.buffer.read() if sys.stdin else b""


def lines(what: str) -> Iterable[bytes]:
    """Return its lines, each as soon as it is there; raises `click.UsageError` if something else is read from it."""
    take(what)
    return sys.stdin.buffer if sys.stdin else ()


def take(what: str) -> None:
    """Keep standard input for one thing; raise `click.UsageError` if something else is read from it."""
    taken = click.get_current_context().meta
    other = taken.setdefault(_TAKEN_BY, what)
    if other != what:
        raise click.UsageError(f"Standard input cannot be both {other} and {what}: read one of them from a file.")
