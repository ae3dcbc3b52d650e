"""The examples on a page: blocks of Python or commands, each with what it prints below it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

from support import pseudo_terminal
from support.clocks import PATIENCE_S

from harvest_duck import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["COMMAND", "EXAMPLE", "PSQL", "UPDATE", "check_commands", "check_examples", "check_psql"]

#: The blocks that run and are compared: code, and what it prints below it.
EXAMPLE = re.compile(r"(?P<code>```python\n(?P<source>[^`]*)```)\n\n```text\n[^`]*```")
COMMAND = re.compile(r"(?P<code>```sh\nharvest-duck (?P<source>[^\n`]*)\n```)\n\n```text\n[^`]*```")
PSQL = re.compile(r"(?P<code>```sh\npsql (?P<source>[^\n`]*)\n```)\n\n```text\n[^`]*```")
#: The age of rows, which differs from run to run.
_AGE = re.compile(r"\| +\d+\.\d \|")
#: The port on the pages about the server.
_PORT = "5432"
#: Whether the pages are written anew rather than checked.
UPDATE = bool(os.environ.get("UPDATE_README"))


def check_examples(page: Path, *, least: int, port: int | None = None) -> None:
    """Run the Python of a page, at least so many blocks one after the other, and compare what they print.

    They connect to the server on `port`, where there is one.
    """
    names: dict[str, object] = {}

    def printed(code: str) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(code if port is None else code.replace(_PORT, f"{port}"), names)  # noqa: S102 - the page's own code
        return output.getvalue()

    _check(page, EXAMPLE, printed, least)


def check_commands(page: Path, *, least: int) -> None:
    """Run the commands of a page, at least so many, on a terminal of 80 columns, and compare what they print.

    They read what DSN=sandbox means in this process: each process makes an agency up anew, which takes a second.
    """
    connection = sandbox.shared().connection_string()

    def printed(arguments: str) -> str:
        words = shlex.split(arguments)
        return pseudo_terminal.run(*words, columns=80, connection=connection, TERM="dumb").stdout

    _check(page, COMMAND, printed, least)


def check_psql(page: Path, program: str, *, least: int, port: int) -> None:
    """Run the psql of a page, at least so many commands, against the server on `port`, and compare what they print."""

    def printed(arguments: str) -> str:
        words = shlex.split(arguments.replace(_PORT, f"{port}"))
        given = os.environ | {"PGUSER": "ann", "PGTZ": "UTC"}
        ended = subprocess.run(
            [program, "--no-psqlrc", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            env=given,
            encoding="utf-8",
        )
        return _AGE.sub("|   0.1 |", ended.stdout + ended.stderr)

    _check(page, PSQL, printed, least)


def _check(page: Path, kind: re.Pattern[str], printed: Callable[[str], str], least: int) -> None:
    text = page.read_text(encoding="utf-8")

    def ran(block: re.Match[str]) -> str:
        output = "\n".join(line.rstrip() for line in printed(block["source"]).strip("\n").splitlines())
        return f"{block['code']}\n\n```text\n{output}\n```"

    wanted, count = kind.subn(ran, text)
    assert count >= least
    if UPDATE:
        page.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted
