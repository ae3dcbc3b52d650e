"""The end of the process while scans run: ends them, and waits until their threads have left DuckDB.

Python stops a daemon thread where it next asks for the interpreter. Inside DuckDB's C++ that aborts the process
("exception not rethrown", "terminate called"; duckdb 1.4 to 2.0, Python 3.11 to 3.13). Nothing tells which thread is
inside DuckDB, but where each of them stands in Python does: in an iterator of ours, or at the call of a query.
"""

from __future__ import annotations

import atexit
import dis
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.runtime import critical_section, interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from types import CodeType, FrameType

#: Seconds that DuckDB has to end its queries: it looks for an interrupt between two chunks of rows.
_END_S = 3.0
_POLL_S = 0.001
#: How often in a row no thread has to be found inside DuckDB.
_FREE = 3
#: The packages whose iterators DuckDB and Arrow call.
_OURS = ("harvest_duck.engine.", "harvest_duck.scanner.", "harvest_duck.runtime.blocking_reader")
#: What runs a query of DuckDB, and what `threading.Thread` calls.
_QUERIES = {"execute", "executemany", "sql", "query", "fetchall", "fetchone", "fetchmany", "fetchnumpy", "fetchdf"}
_QUERIES |= {"fetch_df", "df", "to_df", "arrow", "pl", "to_dicts", "fetch_arrow_table", "fetch_record_batch"}
_QUERIES |= {"to_arrow_table", "to_arrow_reader", "to_table", "to_csv", "to_parquet", "write_csv", "write_parquet"}
_QUERIES |= {"read_all", "read_next_batch", "read_pandas", "_target"}


class _Place(NamedTuple):
    """Where a thread stands in code that is not ours: its frame, and the instruction in it."""

    frame: int
    instruction: int
    #: Whether an iterator of ours runs in it.
    scans: bool
    #: Whether it calls a query of DuckDB.
    queries: bool


_at_end: list[Callable[[], None]] = []


def at_end(end_queries: Callable[[], None]) -> None:
    """Call `end_queries` at the end of the process, where other threads may run queries."""
    _at_end.append(end_queries)


def end_scans(leave_out: Container[int | None]) -> None:
    """End all scans, let no other thread begin one, and return when they have left DuckDB, or after a few seconds.

    `leave_out` has the threads that are our own.
    """
    critical_section.refuse()
    interrupt.end_all()
    found = _places(leave_out).values()
    if found:
        for each in _at_end:
            each()
        critical_section.end()
        _wait_until_left(leave_out)


def _wait_until_left(leave_out: Container[int | None]) -> None:
    """Return when no thread scans or stands at a query, nor begins one in a moment, or after a few seconds."""
    before: dict[int, _Place] = {}
    until, free = time.monotonic() + _END_S, 0
    while (now := _places(leave_out)) and free < _FREE and time.monotonic() < until:
        # A thread that has moved is in Python.
        standing = (place for thread, place in now.items() if place == before.get(thread, place))
        queries = any(place.scans for place in now.values()) or any(place.queries for place in standing)
        before, free = now, 0 if queries else free + 1
        time.sleep(_POLL_S)


def _wait_again() -> None:
    # Until here the loop was ending, and a thread may have begun another query, which is refused.
    _wait_until_left({threading.get_ident()})


def _places(leave_out: Container[int | None]) -> dict[int, _Place]:
    """Return where all other threads stand."""
    frames = interrupt.frames_of_threads()
    return {ident: _place(frame) for ident, frame in frames.items() if ident not in leave_out}


def _place(innermost: FrameType) -> _Place:
    scan: FrameType | None = None
    frame: FrameType | None = innermost
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith(_OURS):
            scan = frame
        frame = frame.f_back
    # A thread of DuckDB has no frame outside.
    outside = innermost if scan is None else scan.f_back
    queries = scan is None and _called(innermost.f_code, innermost.f_lasti) in _QUERIES
    return _Place(id(outside), outside.f_lasti if outside else 0, scan is not None, queries)


@cache
def _called(code: CodeType, at: int) -> str | None:
    """Return the name of the method or function that the instruction at `at` calls, None where it calls none."""
    if _QUERIES.isdisjoint(code.co_names):
        return None
    starts: dict[tuple[int | None, int | None], str] = {}
    for each in dis.get_instructions(code):
        start = (each.positions.lineno, each.positions.col_offset) if each.positions else (None, None)
        if each.offset == at:
            return starts.get(start) if each.opname.startswith("CALL") else None
        # A call begins where the expression of its function does, which is loaded last before its arguments. The names
        # of those that are given by name are a constant at that place (Python 3.13).
        if each.opname.startswith("LOAD_") and each.opname != "LOAD_CONST":
            starts[start] = str(each.argval)
    return None


# Runs after the function that `loop` registers later.
atexit.register(_wait_again)
