"""The progress of a query on a terminal: what is read, how much of it, and how long it will take."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from harvest_duck.engine import register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

#: Seconds until something is shown, and between two updates.
_PATIENCE_S = 1.0


@contextmanager
def shown(con: duckdb.DuckDBPyConnection) -> Iterator[Callable[[], None]]:
    """A context that shows the progress of the query of `con` after a second, if standard error is a terminal.

    It yields a function that takes away what is shown, before something else is written to the terminal.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda: None
        return
    over = threading.Event()
    showing = threading.Thread(target=_show, args=(con, over), daemon=True)
    showing.start()

    def end() -> None:
        over.set()
        showing.join()

    try:
        yield end
    finally:
        end()


def _show(con: duckdb.DuckDBPyConnection, over: threading.Event) -> None:
    if over.wait(_PATIENCE_S):
        return
    with Console(stderr=True).status("") as status:
        while not over.is_set():
            status.update(progress_line(register.progress(con).to_pylist()))
            over.wait(_PATIENCE_S)


def progress_line(scans: list[dict[str, Any]]) -> str:
    """Return one line about running scans, given as rows of `progress`."""
    return "; ".join(map(_scan, scans)) or "waiting for DuckDB"


def _scan(row: dict[str, Any]) -> str:
    if row["requests_left"] is None:
        return f"{row['table_name']}: {row['records']:,} records by {row['requests']:,} requests"
    requests = row["requests"] + row["requests_left"]
    return (
        f"{row['table_name']}: {row['records']:,} records, {row['requests']:,} of {requests:,} requests, "
        f"{_duration(row['left_s'])} left"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
