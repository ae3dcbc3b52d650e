"""Fresh processes and their figures: a server for as long as it is measured against, a subject run once in its own."""

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

__all__ = ["measured", "medians", "serving"]

_HERE = Path(__file__).parent
Figures = dict[str, Any]


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """The connection string of a server that runs for as long; the command's first word is a script or `-m`."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, cwd=_HERE) as process:
        assert process.stdout is not None
        try:
            yield next(line for line in process.stdout if "AccountId=" in line).strip().split()[-1]
        finally:
            process.terminate()


def measured(subject: str, *arguments: str) -> Figures:
    """The figures that a subject prints, run in a fresh process with nothing left of others' rate limits."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"HARVEST_DUCK_CONFIG_DIR": folder}
        command = [sys.executable, "subjects.py", subject, *arguments]
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=_HERE)
    figures: Figures = json.loads(ended.stdout.splitlines()[-1])
    return figures


def medians(runs: int, ratio: Callable[[], float]) -> float:
    """The median of a ratio whose two sides are measured one after the other, `runs` times."""
    return median(ratio() for _ in range(runs))
