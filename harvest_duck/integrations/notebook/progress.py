"""The progress of a query below its cell: after a second, and gone when the query has ended."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import copy_context
from html import escape
from typing import TYPE_CHECKING, Any

from harvest_duck.display.progress_line import duration, progress_line
from harvest_duck.engine import register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

__all__ = ["line", "shown"]

#: Seconds until something is shown, and between two updates.
_PATIENCE_S = 1.0


@contextmanager
def shown(con: duckdb.DuckDBPyConnection, display: Callable[..., Any]) -> Iterator[None]:
    """A context that shows the progress of the query of `con` by `display`, that of IPython, from its second second on.

    The thread that shows it ends with the context.
    """
    over = threading.Event()
    # In the context of the cell: there ipykernel 7 finds the cell whose output it is.
    target = copy_context().run
    showing = threading.Thread(
        target=target, args=(_show, con, display, over), name="harvest_duck_progress", daemon=True
    )
    showing.start()
    try:
        yield
    finally:
        over.set()
        showing.join()


def line(rows: list[dict[str, Any]]) -> str:
    """Return one line about the rows of `harvest_duck.progress`: requests, those left, and how long it has taken."""
    elapsed = max((row["elapsed_s"] for row in rows), default=0.0)
    told = progress_line(rows)
    return f"{told}; {duration(elapsed)} so far" if elapsed else told


def _show(con: duckdb.DuckDBPyConnection, display: Callable[..., Any], over: threading.Event) -> None:
    if over.wait(_PATIENCE_S):
        return
    handle = display(_output(line(_rows(con))), raw=True, display_id=True)
    while not over.wait(_PATIENCE_S):
        handle.update(_output(line(_rows(con))), raw=True)
    handle.update(_output(""), raw=True)


def _rows(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = register.progress(con).to_pylist()
    return rows


def _output(told: str) -> dict[str, str]:
    """Return an output of IPython; as HTML an empty one takes no line."""
    return {"text/plain": told, "text/html": escape(told)}
