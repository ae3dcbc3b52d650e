"""What is left of a file when a signal ends the command that writes it."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S
from support.command import environment, run, start
from support.held import held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

#: The terminal has shown Ctrl-C, so that what is said begins a new line.
SAID = {signal.SIGINT: "\ninterrupted\n", signal.SIGTERM: "terminated\n", signal.SIGHUP: ""}
WRITING = ("SELECT * FROM harvest.time_entries", "-o")


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Commands that hear SIGHUP, also where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (signal.SIGINT, "out.parquet"),
        pytest.param(signal.SIGTERM, "out.csv", marks=pytest.mark.thorough),
        pytest.param(signal.SIGHUP, "out.csv", marks=pytest.mark.thorough),
    ],
)
def test_a_signal_leaves_nothing_half_written(
    number: signal.Signals, name: str, sandbox: Sandbox, connection: str, tmp_path: Path
) -> None:
    target = tmp_path / name
    target.write_text("precious")
    with held(sandbox, page=2) as hold, start("query", *WRITING, str(target), connection=connection) as process:
        assert hold.arrived.wait(PATIENCE_S)
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 128 + number
        assert process.stderr is not None
        assert process.stderr.read() == SAID[number]
        assert hold.all_gone()
    assert target.read_text() == "precious"
    assert [*tmp_path.iterdir()] == [target]


@pytest.mark.thorough
def test_a_query_that_duckdb_ends_says_the_same(sandbox: Sandbox, connection: str) -> None:
    count = "SELECT count(id) FROM harvest.time_entries"
    with held(sandbox, page=1) as hold, start("query", count, connection=connection) as process:
        assert hold.arrived.wait(PATIENCE_S)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGINT
        assert process.stderr is not None
        assert process.stderr.read() == SAID[signal.SIGINT]


def test_a_command_that_is_still_loaded_ends_without_a_word(tmp_path: Path) -> None:
    # The module that takes its time to load: it says so, and waits.
    (tmp_path / "click.py").write_text("print('loading', flush=True); input()")
    with start("tables", stdin=subprocess.PIPE, env={**environment(), "PYTHONPATH": str(tmp_path)}) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == -signal.SIGINT
        assert process.stderr.read() == ""


@pytest.mark.thorough
def test_a_signal_that_is_ignored_stays_so(sandbox: Sandbox, connection: str, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with held(sandbox, page=2) as hold, start("query", *WRITING, str(target), connection=connection) as process:
            assert hold.arrived.wait(PATIENCE_S)
            process.send_signal(signal.SIGHUP)
            hold.let_go()
            assert process.wait(PATIENCE_S) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert target.exists()


@pytest.mark.thorough
def test_what_a_killed_process_left_is_removed_and_nothing_of_a_running_one(
    sandbox: Sandbox, connection: str, tmp_path: Path
) -> None:
    with (
        held(sandbox, page=2) as hold,
        start("query", *WRITING, str(tmp_path / "a.csv"), connection=connection) as dead,
    ):
        assert hold.arrived.wait(PATIENCE_S)
        dead.kill()
        assert dead.wait(PATIENCE_S) == -signal.SIGKILL
        (left,) = tmp_path.iterdir()
    with (
        held(sandbox, page=2) as hold,
        start("query", *WRITING, str(tmp_path / "b.csv"), connection=connection) as alive,
    ):
        assert hold.arrived.wait(PATIENCE_S)
        assert not left.exists()
        (under_way,) = tmp_path.iterdir()
        ended = run("query", "SELECT 1", "-o", str(tmp_path / "c.csv"), connection=connection)
        assert ended.returncode == 0, ended.stderr
        assert under_way.exists()
        hold.let_go()
        assert alive.wait(PATIENCE_S) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b.csv", "c.csv"]
