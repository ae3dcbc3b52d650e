"""What is wrong with the value of a parameter, in PostgreSQL's words."""

from __future__ import annotations

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.text import one_line, shortened

__all__ = ["out_of_range", "unreadable", "wrong_bytes"]

_SHOWN = 80


def unreadable(name: str, text: str, sqlstate: str = "22P02") -> Failure:
    """Return that a text is no value of the type."""
    return Failure(sqlstate, f'invalid input syntax for type {name}: "{_shown(text)}"')


def out_of_range(name: str, text: str, sqlstate: str = "22003") -> Failure:
    """Return that a type does not reach as far as a value."""
    return Failure(sqlstate, f'value "{_shown(text)}" is out of range for type {name}')


def wrong_bytes(name: str) -> Failure:
    """Return that bytes are no value of the type."""
    return Failure("22P03", f"incorrect binary data format for a parameter of type {name}")


def _shown(text: str) -> str:
    return shortened(one_line(text[: 2 * _SHOWN]), _SHOWN)
