"""The progress of a query on a terminal: what is read, how much of it, and how long it will take."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb
    from rich.console import Console

#: Seconds until something is shown, and between two updates.
_PATIENCE_S = 1.0


@contextmanager
def shown(con: duckdb.DuckDBPyConnection) -> Iterator[Callable[[], None]]:
    """A context that shows the progress of the query of `con` as `line_shown` does, and yields what that yields."""
    if not on_terminal():
        yield lambda: None
        return
    # Imported where there is a terminal, and before the thread, which may not be importing when the process ends.
    from harvest_duck.engine import register  # noqa: PLC0415

    with line_shown(lambda: progress_line(register.progress(con).to_pylist())) as end:
        yield end


def on_terminal() -> bool:
    """Return whether progress is shown: where standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def line_shown(line: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """A context that shows a line on the terminal of standard error after a second, and again each second.

    It yields a function that takes away what is shown, before something else is written to the terminal.
    """
    # As above.
    from rich.console import Console  # noqa: PLC0415

    over = threading.Event()
    showing = threading.Thread(target=_show, args=(Console(stderr=True), line, over), daemon=True)
    showing.start()

    def end() -> None:
        over.set()
        showing.join()

    try:
        yield end
    finally:
        end()


def _show(console: Console, line: Callable[[], str], over: threading.Event) -> None:
    if over.wait(_PATIENCE_S):
        return
    with console.status("") as status:
        while not over.is_set():
            status.update(line())
            over.wait(_PATIENCE_S)


def progress_line(scans: list[dict[str, Any]]) -> str:
    """Return one line about running scans, given as rows of `progress`."""
    return "; ".join(map(_scan, scans)) or "waiting for DuckDB"


def _scan(row: dict[str, Any]) -> str:
    if row["waits_s"] >= 1:
        waits = duration(row["waits_s"])
        return f"{row['table_name']}: {row['records']:,} records; waits {waits}, since some have just changed"
    if row["requests_left"] is None:
        return f"{row['table_name']}: {row['records']:,} records by {row['requests']:,} requests"
    requests = row["requests"] + row["requests_left"]
    return (
        f"{row['table_name']}: {row['records']:,} records, {row['requests']:,} of {requests:,} requests, "
        f"{duration(row['left_s'])} left"
    )


def duration(seconds: float) -> str:
    """Return a time in minutes and seconds, as people read it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
