"""`harvest-duck` as its user runs it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["COMMAND", "environment", "run"]

#: What `harvest-duck` stands for, whether or not it is on the PATH.
COMMAND = [sys.executable, "-m", "harvest_duck"]


def environment(connection: str | None = None, **others: str) -> dict[str, str]:
    """The environment of a command, with the connection that it uses by default."""
    return dict(os.environ) | ({"HARVEST_DUCK_CONNECTION": connection} if connection else {}) | others


def run(*arguments: str, connection: str | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`harvest-duck` with these arguments, in a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(connection),
        cwd=cwd,
        timeout=120,
        check=False,
    )
