"""`harvest-duck` as a test runs it: in this process, which is fast, or in one of its own, as its user does."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import duckdb
import pytest
from support.clocks import PATIENCE_S
from support.secret_watch import SEEN

from harvest_duck.cli import main, output, query, statements
from harvest_duck.formats import results, targets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["COMMAND", "Ended", "ended_call", "environment", "run", "run_process", "start", "write", "write_from"]

#: What `harvest-duck` stands for, whether or not it is on the PATH.
COMMAND = [sys.executable, "-m", "harvest_duck"]


@dataclass(frozen=True)
class Ended:
    """The exit status and the output of a command that ran in this process."""

    returncode: int
    stdout: str
    stderr: str


def environment(connection: str | None = None, **others: str) -> dict[str, str]:
    """Return the environment of a command, with the connection that it uses by default."""
    return dict(os.environ) | ({"HARVEST_DUCK_CONNECTION": connection} if connection else {}) | others


def run(*arguments: str, connection: str | None = None, cwd: Path | None = None, stdin: bytes | IO[str] = b"") -> Ended:
    """Run `harvest-duck` with these arguments and this standard input in this process, without a terminal."""
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8") if isinstance(stdin, bytes) else stdin
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", given)
        patch.setattr(sys, "argv", ["harvest-duck", *arguments])
        if connection:
            patch.setenv("HARVEST_DUCK_CONNECTION", connection)
        if cwd:
            patch.chdir(cwd)
        return ended_call(_status)


def write(sql: str, target: Path = targets.STANDARD_OUTPUT, form: str | None = None, **values: str) -> Ended:
    """Write the rows of SQL as `harvest-duck query` does, and raise its errors.

    DuckDB has no Harvest in it then, which would take most of the time.
    """
    with duckdb.connect() as con:
        results.prepare(con)
        return write_from(con, sql, target, form, **values)


def write_from(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    target: Path = targets.STANDARD_OUTPUT,
    form: str | None = None,
    **values: str,
) -> Ended:
    """Write rows as `write` does, with a connection that `query.opened` gave."""

    def written() -> int:
        query._write(con, statements.script(con, sql, values), target, output.chosen(form, target))
        return 0

    return ended_call(written)


def ended_call(call: Callable[[], int]) -> Ended:
    """What a call returns as its status, and what it writes into the standard streams."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        contextlib.redirect_stdout(io.TextIOWrapper(out, encoding="utf-8", write_through=True)),
        contextlib.redirect_stderr(io.TextIOWrapper(err, encoding="utf-8", write_through=True)),
    ):
        ended = Ended(call(), out.getvalue().decode(), err.getvalue().decode())
    SEEN.see("the output of a command", ended.stdout)
    SEEN.see("the errors of a command", ended.stderr)
    return ended


def _status() -> int:
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def run_process(*arguments: str, connection: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `harvest-duck` with these arguments in a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(connection),
        timeout=PATIENCE_S,
        check=False,
    )


def start(*arguments: str, connection: str | None = None, **options: Any) -> subprocess.Popen[str]:
    """Start `harvest-duck` with these arguments in a process of its own, whose output is read through pipes."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **{"env": environment(connection), **options},
    )
