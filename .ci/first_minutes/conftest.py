"""Fixtures: a sandbox that the installed command serves, and an empty folder of a new user."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest
from installed import CLEAN, COMMAND, PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Served(NamedTuple):
    """A sandbox in a process of its own, and the string that connects to it."""

    process: subprocess.Popen[str]
    connection: str


def pytest_configure() -> None:
    """Let Ctrl-C interrupt what the tests start, although `nohup … &` starts them with SIGINT ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sandbox as `harvest-duck sandbox` serves it; Ctrl-C ends it quietly."""
    folder = tmp_path_factory.mktemp("sandbox")
    with subprocess.Popen(
        [COMMAND, "sandbox", "--port", "0", "--no-limits", "--scale", "0.1"],
        cwd=folder,
        env=CLEAN | {"HOME": str(folder), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "AccountId=" in line)
        yield Served(process, line.split()[-1])
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said) in {(0, ""), (130, "interrupted\n")}


@pytest.fixture
def connection(served: Served) -> str:
    """The connection string of the sandbox."""
    return served.connection


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is also the home of the user."""
    monkeypatch.setitem(CLEAN, "HOME", str(tmp_path))
    return tmp_path
