"""Commands on a pseudo-terminal of a given width, as a person runs them."""

from __future__ import annotations

import os
import struct
import subprocess
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from support.clocks import PATIENCE_S
from support.command import COMMAND, Ended, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["opened", "run"]

#: What a terminal of the developer says of itself.
_OWN = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")


@contextmanager
def opened(columns: int) -> Iterator[tuple[int, IO[str]]]:
    """A context with a new terminal: the descriptor that reads what it shows, and the stream that writes to it."""
    # Not on every system.
    import fcntl  # noqa: PLC0415
    import pty  # noqa: PLC0415
    import termios  # noqa: PLC0415

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(ours, "rb", buffering=0) as reading, os.fdopen(theirs, "w", encoding="utf-8") as writing:
        yield reading.fileno(), writing


def run(*arguments: str, columns: int, connection: str, command: Sequence[str] = COMMAND, **variables: str) -> Ended:
    """Run `harvest-duck`, or another command, with a terminal as all its streams; lines end as in a file."""
    shown = b""
    env = {name: text for name, text in environment(connection).items() if name not in _OWN}
    with opened(columns) as (ours, theirs):
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=env | {"TERM": "xterm-256color"} | variables,
            start_new_session=True,
        )
        theirs.close()
        with suppress(OSError):  # the end of a pseudo-terminal is an error
            while more := os.read(ours, 65536):
                shown += more
    return Ended(process.wait(PATIENCE_S), shown.decode().replace("\r\n", "\n"), "")
