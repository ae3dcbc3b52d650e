"""How far a scan is, read while it waits for an answer, and the estimate of the time that is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clocks import PATIENCE_S
from support.command import COMMAND
from support.held import held
from support.virtual import VirtualClock, run

import harvest_duck
from harvest_duck.display.progress_line import progress_line
from harvest_duck.http.ratelimit.window import SlidingWindow
from harvest_duck.sandbox import Sandbox
from harvest_duck.scanner.progress import PROGRESS, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@settings(deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 15),
    st.lists(st.integers(0, 20), max_size=25),
    st.integers(0, 30),
    st.integers(1, 20),
)
def test_the_earliest_end_is_when_the_last_request_really_goes(
    requests: int, window_s: int, gaps: list[int], pause_s: int, further: int
) -> None:
    """Answers take no time here; some requests were sent before, and Harvest may have asked for a pause."""

    async def measured() -> tuple[float, float]:
        clock = VirtualClock()
        window = SlidingWindow(requests, window_s, clock)
        for gap in gaps:
            async with window.slot():
                pass
            if gap:
                await clock.sleep(gap)
        if pause_s:
            window.pause(pause_s)
        told, began = window.earliest_s(further), clock.now()
        for _ in range(further):
            async with window.slot():
                went = clock.now()
        return told, went - began

    told, found = run(measured())
    assert told == found


def test_places_of_requests_under_way_are_free_a_window_after_they_are_answered_at_best() -> None:
    async def told() -> list[float]:
        window = SlidingWindow(2, 10, VirtualClock())
        async with window.slot():
            return [window.earliest_s(number) for number in (0, 1, 2, 3, 4)]

    assert run(told()) == [0, 0, 10, 10, 20]


def test_what_is_left_is_unknown_until_all_lists_are_begun() -> None:
    progress = Progress("invoices", planning=1, waiting=1)
    progress.asks(5.0)
    progress.came(10, 0.5)
    progress.begins(3)
    assert progress.row(1, 7.0, float, max_in_flight=2) == {
        "scan": 1,
        "table_name": "invoices",
        "requests": 1,
        "requests_left": None,
        "records": 10,
        "elapsed_s": 2.0,
        "left_s": None,
        "waits_s": 0,
    }
    progress.planning -= 1
    assert progress.row(1, 7.0, lambda requests: requests * 100.0, max_in_flight=2)["left_s"] == 300.5
    assert progress.row(1, 7.0, lambda _: 0.0, max_in_flight=2)["left_s"] == 0.75
    for _ in range(3):
        progress.asks(8.0)
        progress.came(10, 0.5)
    assert progress.row(1, 9.0, lambda _: 99.0, max_in_flight=2)["left_s"] == 0
    with progress.waits(14.0):
        row = progress.row(1, 11.0, lambda _: 99.0, max_in_flight=2)
    assert (row["left_s"], row["waits_s"]) == (3, 3)
    assert progress.row(1, 11.0, lambda _: 99.0, max_in_flight=2)["waits_s"] == 0


@pytest.fixture(scope="module")
def long() -> Iterator[Sandbox]:
    """An account with a hundred pages of a few time entries each."""
    with Sandbox(seed=7, scale=0.3, time_entries=1000, limits=False) as running:
        yield running


def test_a_scan_tells_how_far_it_is_and_is_gone_when_it_ends(long: Sandbox) -> None:
    with harvest_duck.connect(f"{long.connection_string()};Pagesize=10;MaxConnections=1;RateLimit=off") as con:
        assert harvest_duck.progress(con).num_rows == 0
        found: list[int] = []
        with held(long, page=41) as holding:
            query = threading.Thread(
                target=lambda: found.extend(con.execute("SELECT count(id) FROM harvest.time_entries").fetchone())
            )
            query.start()
            assert holding.arrived.wait(PATIENCE_S)
            (row,) = harvest_duck.progress(con).to_pylist()
            holding.let_go()
            query.join()
        pages = -(-found[0] // 10)
        assert (row["table_name"], row["requests"], row["requests_left"]) == ("time_entries", 40, pages - 40)
        assert row["records"] == 400
        assert row["elapsed_s"] > 0
        assert row["left_s"] > 0
        assert harvest_duck.progress(con).num_rows == 0


def test_a_connection_that_asked_nothing_has_no_progress() -> None:
    with duckdb.connect() as con:
        table = harvest_duck.progress(con)
        assert (table.num_rows, table.schema) == (0, PROGRESS)


def test_children_of_parents_that_are_still_read_are_not_counted_yet(long: Sandbox) -> None:
    with harvest_duck.connect(f"{long.connection_string()};MaxConnections=1;RateLimit=off") as con:
        with held(long, "/payments") as holding:
            query = threading.Thread(target=con.execute, args=["SELECT count(*) FROM harvest.invoice_payments"])
            query.start()
            assert holding.arrived.wait(PATIENCE_S)
            (row,) = harvest_duck.progress(con).to_pylist()
            holding.let_go()
            query.join()
        assert (row["requests"], row["requests_left"], row["left_s"]) == (1, None, None)


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (None, "projects: 1,200 records by 3 requests"),
        (7, "projects: 1,200 records, 3 of 10 requests, 42 s left"),
    ],
)
def test_a_line_tells_of_each_scan(left: int | None, shown: str) -> None:
    numbers = {"requests": 3, "requests_left": left, "records": 1200, "left_s": 41.7, "waits_s": 0.0}
    row = {"table_name": "projects", **numbers}
    assert progress_line([row]) == shown
    assert progress_line([row, row | {"left_s": 305}]).endswith(shown if left is None else "5 min 05 s left")
    waits = progress_line([row | {"waits_s": 4.2}])
    assert waits == "projects: 1,200 records; waits 4 s, since some have just changed"
    assert progress_line([]) == "waiting for DuckDB"


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_an_export_shows_a_person_at_a_terminal_how_far_it_is(long: Sandbox, tmp_path: Path) -> None:
    import pty  # noqa: PLC0415 - not on every system

    command = [*COMMAND, "export", "time_entries", "-o", str(tmp_path / "t.parquet")]
    command += ["--connection", f"{long.connection_string()};Pagesize=10;MaxConnections=1;RateLimit=off"]
    ours, theirs = pty.openpty()
    said = ""
    with held(long, page=41) as holding, subprocess.Popen(command, stderr=theirs) as exporting:
        os.close(theirs)
        while " 40 of 100 requests" not in said:
            said += os.read(ours, 4096).decode()
        holding.let_go()
        with suppress(OSError):  # the end of a pseudo-terminal is an error
            while more := os.read(ours, 4096):
                said += more.decode()
    os.close(ours)
    assert exporting.returncode == 0
    assert "time_entries: 400 records, 40 of 100 requests, " in said
    assert "rows written to" in said.replace("\r\n", " ")
