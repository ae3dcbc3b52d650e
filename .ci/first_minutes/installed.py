"""The installed package as its user meets it: its command, its Python, and a terminal of any width.

`FIRST_MINUTES_ENVIRONMENT` is the environment with the wheel. Nothing of the repository is on its path.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata
from pathlib import Path
from typing import Any

__all__ = ["CLEAN", "COMMAND", "PATIENCE_S", "PYTHON", "cells", "on_terminal", "run"]

#: How long a command may take; none needs a tenth of it.
PATIENCE_S = 120
_BIN = Path(os.environ["FIRST_MINUTES_ENVIRONMENT"]) / "bin"
COMMAND, PYTHON = str(_BIN / "harvest-duck"), str(_BIN / "python")
#: What makes a text bold or coloured.
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
#: The environment of a person who has not set anything up.
CLEAN = {name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TMPDIR") if name in os.environ}


def run(
    *arguments: str, cwd: Path, stdin: str | bytes | None = None, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `harvest-duck` to its end, with no terminal, and with these variables besides those that everybody has."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    how: dict[str, Any] = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=cwd,
        env=CLEAN | variables,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
        **how,
    )


def on_terminal(*arguments: str, cwd: Path, width: int, answer: str = "", **variables: str) -> tuple[int, list[str]]:
    """Run `harvest-duck` on a terminal of that width; return its exit status and the lines that it shows.

    An answer is typed when the command asks, since what is typed before a question for a secret is thrown away.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = CLEAN | {"TERM": "xterm-256color", "NO_COLOR": "1"} | variables
    with subprocess.Popen(
        [COMMAND, *arguments], cwd=cwd, env=environment, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        written = bytearray()
        try:
            while part := os.read(master, 65536):
                written += part
                if answer and b": " in written:
                    os.write(master, f"{answer}\n".encode())
                    answer = ""
        except OSError:
            pass  # What Linux says when the last writer has closed it.
        status = process.wait(PATIENCE_S)
    os.close(master)
    return status, _STYLE.sub("", written.decode()).replace("\r\n", "\n").splitlines()


def cells(text: str) -> int:
    """Return how many cells of a terminal a text without emoji takes."""
    return sum(0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text)
