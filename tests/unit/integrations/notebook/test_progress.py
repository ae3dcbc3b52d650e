"""The line about the progress of a cell, and when there is none."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from harvest_duck.integrations.notebook.progress import _show, line

if TYPE_CHECKING:
    import duckdb


def test_the_line_says_requests_and_how_long_it_has_taken() -> None:
    row = {
        "table_name": "time_entries",
        "records": 2000,
        "requests": 1,
        "requests_left": 3,
        "left_s": 4.2,
        "waits_s": 0,
    }
    assert line([{**row, "elapsed_s": 61.7}]) == (
        "time_entries: 2,000 records, 1 of 4 requests, 4 s left; 1 min 02 s so far"
    )
    assert line([]) == "waiting for DuckDB"


def test_a_cell_that_has_ended_within_a_second_shows_none(shared: duckdb.DuckDBPyConnection) -> None:
    over = threading.Event()
    over.set()
    shown: list[object] = []
    _show(shared, shown.append, over)
    assert shown == []
