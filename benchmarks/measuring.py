"""Run servers and subjects in fresh processes, and read the figures of the subjects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_HERE = Path(__file__).parent
Figures = dict[str, Any]


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Run a server and yield its connection string; `command` is a script with arguments, or `-m` and a module."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, cwd=_HERE) as process:
        assert process.stdout is not None
        try:
            yield next(line for line in process.stdout if "AccountId=" in line).strip().split()[-1]
        finally:
            process.terminate()


def measured(subject: str, *arguments: str) -> Figures:
    """Return the figures of a subject, run in a fresh process with an empty rate-limit ledger."""
    return measured_by("subjects.py", subject, *arguments)


def measured_by(script: str, *arguments: str) -> Figures:
    """Return what a script prints last, run as `measured` runs a subject."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"HARVEST_DUCK_CONFIG_DIR": folder}
        command = [sys.executable, script, *arguments]
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=_HERE)
    figures: Figures = json.loads(ended.stdout.splitlines()[-1])
    return figures


def medians(runs: int, ratio: Callable[[], float]) -> float:
    """Return the median of a ratio that is measured `runs` times, both sides one after the other."""
    return median(ratio() for _ in range(runs))


class ChangingAccount:
    """An account that is served by another process; `connection` is its connection string."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.connection = self._line()

    def ask(self, command: str) -> Any:  # noqa: ANN401 - what the command answers
        """Send a command and return its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return next(self._process.stdout).strip()


@contextmanager
def changing(*options: str) -> Iterator[ChangingAccount]:
    """Serve an account with the options of `changing_server.py`."""
    command = [sys.executable, "changing_server.py", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_HERE) as process:
        try:
            yield ChangingAccount(process)
        finally:
            process.terminate()
