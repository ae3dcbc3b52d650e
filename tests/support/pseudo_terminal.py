"""Commands on a pseudo-terminal of a given width, as a person runs them."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from contextlib import contextmanager, suppress
from select import select
from typing import IO, TYPE_CHECKING

from support.clocks import PATIENCE_S
from support.command import COMMAND, Ended, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Typist", "opened", "run", "typing"]

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


class Typist:
    """A person at a terminal: types, reads until something is there, and remembers all that was shown."""

    #: What sets colours and moves the cursor.
    _CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")

    def __init__(self, terminal: int, other_end: IO[str], process: subprocess.Popen[bytes]) -> None:
        self._terminal = terminal
        self._other_end = other_end
        self.process = process
        self._shown = b""
        self._read = 0

    @property
    def shown(self) -> str:
        """All that was shown, without what only a terminal obeys."""
        return self._CONTROL.sub("", self._shown.decode(errors="replace"))

    def types(self, keys: str) -> None:
        """Type some keys."""
        os.write(self._terminal, keys.encode())

    def until(self, text: str) -> str:
        """Wait for a text behind what was waited for before; return what was shown up to its end."""
        while (at := self.shown.find(text, self._read)) < 0:
            if not select([self._terminal], [], [], PATIENCE_S)[0]:
                raise AssertionError(f"{text!r} is not shown, but {self.shown[self._read :]!r}")
            self._shown += self._more(text)
        passed, self._read = self.shown[self._read : at + len(text)], at + len(text)
        return passed

    def ends(self) -> int:
        """Wait for the end of the command; return its exit status."""
        with suppress(AssertionError):
            self.until("\0 nobody shows this")
        return self.process.wait(PATIENCE_S)

    def _more(self, wanted: str) -> bytes:
        with suppress(OSError):  # the end of a pseudo-terminal is an error
            if more := os.read(self._terminal, 65536):
                # The command has opened it by now, and alone keeps it open.
                self._other_end.close()
                return more
        raise AssertionError(f"the command ended without {wanted!r}: {self.shown[self._read :]!r}")


@contextmanager
def typing(
    *arguments: str, columns: int, connection: str, command: Sequence[str] = COMMAND, **variables: str
) -> Iterator[Typist]:
    """A context with a command on a terminal of its own, which gets Ctrl-C as a signal; it is killed at the end."""
    env = {name: text for name, text in environment(connection).items() if name not in _OWN}
    # Nobody answers where the cursor is.
    env |= {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"} | variables
    # The first terminal that the leader of a session opens is the one whose Ctrl-C it gets.
    opening = ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1']
    with opened(columns) as (ours, theirs):
        process = subprocess.Popen(
            [*opening, os.ttyname(theirs.fileno()), *command, *arguments], env=env, start_new_session=True
        )
        try:
            yield Typist(ours, theirs, process)
        finally:
            process.kill()
            process.wait(PATIENCE_S)
