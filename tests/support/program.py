"""Python programs that a test runs in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from support.clocks import PATIENCE_S

__all__ = ["python", "run", "start"]


def python(code: str) -> list[str]:
    """Return the command that runs a program.

    Where there is no `__file__`, DuckDB assumes a person at a prompt, and draws a progress bar on the standard output
    for each query that takes longer than 2 s.
    """
    return [sys.executable, "-c", f"__file__ = 'program.py'\n{code}"]


def run(code: str, *, connection: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with the connection that it uses by default."""
    environment = dict(os.environ) | ({"HARVEST_DUCK_CONNECTION": connection} if connection else {})
    return subprocess.run(
        python(code), capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment
    )


def start(code: str, **options: Any) -> subprocess.Popen[str]:
    """Start a program, whose output is read through pipes."""
    return subprocess.Popen(python(code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
