"""The log of a server: a line for each statement, each session and each sign-in that was refused.

::

    2026-11-30T08:15:02.417Z session=7 user=ann database=acme kind=connected address=127.0.0.1
    2026-11-30T08:15:02.981Z session=7 user=ann database=acme kind=SELECT rows=312 ms=563.8 requests=2
    2026-11-30T08:15:04.120Z session=7 user=ann database=acme kind=SELECT rows=0 ms=3.1 requests=0 sqlstate=42P01
    2026-11-30T08:15:09.002Z session=7 user=ann database=acme kind=disconnected

No line holds SQL, a parameter, a password or a token: only names, numbers and codes are given to it.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from harvest_duck.errors import QueryError
from harvest_duck.text import escaped, one_line, shortened, terminal_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["StatementLog", "logged"]

#: What stands without quotes; anything else is a text of JSON.
_PLAIN = re.compile(r"[\w.@:+%-]+")
#: The most characters of a name that a client gave: as many bytes as PostgreSQL's names have.
_LONGEST = 63
_PRIVATE = 0o600


class StatementLog:
    """A log on a stream, for any thread; the stream that cannot be written is warned about, and stops nobody."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._stream, self._clock = stream, clock
        self._lock = threading.Lock()
        #: The names of each session that is open.
        self._names: dict[int, tuple[tuple[str, str], ...]] = {}

    def opened(self, session: int, user: str, database: str, address: str) -> None:
        """Log that somebody has signed in."""
        self._names[session] = (("user", user), ("database", database))
        self._write(session, kind="connected", address=address)

    def refused(self, user: str, database: str, address: str, sqlstate: str) -> None:
        """Log a sign-in that was refused."""
        self._write(None, user=user, database=database, kind="refused", address=address, sqlstate=sqlstate)

    def ended(
        self, session: int, kind: str, *, rows: int, milliseconds: float, requests: int, sqlstate: str | None = None
    ) -> None:
        """Log a statement that has ended, by the word that it begins with; `sqlstate` is that of its error."""
        self._write(
            session, kind=kind, rows=f"{rows}", ms=f"{milliseconds:.1f}", requests=f"{requests}", sqlstate=sqlstate
        )

    def closed(self, session: int, sqlstate: str | None = None) -> None:
        """Log that a session has ended; `sqlstate` is that of the error that ended it."""
        self._write(session, kind="disconnected", sqlstate=sqlstate)
        self._names.pop(session, None)

    def _write(self, session: int | None, **values: str | None) -> None:
        moment = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        known = () if session is None else (("session", f"{session}"), *self._names.get(session, ()))
        pairs = (*known, *values.items())
        line = " ".join([moment, *(f"{name}={_shown(value)}" for name, value in pairs if value is not None)])
        try:
            with self._lock:
                self._stream.write(f"{line}\n")
                self._stream.flush()
        except (OSError, ValueError) as error:
            # A ValueError is that of a stream that was closed.
            reason = error.strerror if isinstance(error, OSError) else error
            warnings.warn(f"the log of statements cannot be written: {reason}", stacklevel=2)


@contextmanager
def logged(file: str) -> Iterator[StatementLog]:
    """A context with the log in a file, to which it appends, or on standard error where that is `-`.

    A new file is for its owner alone. Raises `QueryError` for a file that cannot be written.
    """
    if file == "-":
        yield StatementLog(sys.stderr)
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE)
    except OSError as error:
        raise QueryError(f"the log {escaped(file)} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
        yield StatementLog(stream)


def _shown(value: str) -> str:
    """Return a value on one line and in a few characters, in quotes where blanks or signs would part it."""
    safe = shortened(one_line(terminal_safe(value)), _LONGEST)
    return safe if _PLAIN.fullmatch(safe) else json.dumps(safe, ensure_ascii=False)
