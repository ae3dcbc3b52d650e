"""The connection that the datasets of a database are bound by, and how long it is kept.

DuckDB 1 describes the columns of a scan by the connection that bound its dataset, and reads freed memory after that was
closed (1.4 and 1.5). So there it is a connection of our own, which must close with the last one of the user's: as long
as it is open, the database is. DuckDB tells nobody that a connection closes, but frees what the connection prepared. So
each registered connection prepares a statement that holds an object of Python, and the end of that object is the
signal.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from threading import Lock, Thread
from weakref import finalize

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

_IS_NEEDED = duckdb.__version__.startswith("1.")
_STATEMENT = "_harvest_duck"
#: Seconds after which to look again, 15 ms in all.
_SOON_S = (0.001, 0.004, 0.01)
#: Those whose database had other connections when a registered one closed.
_left: set[duckdb.DuckDBPyConnection] = set()
#: Held by whoever uses a connection that bound datasets.
in_use = Lock()
#: What a child of `fork` has of its parent: never used, and never collected, which would close it.
_inherited: list[set[duckdb.DuckDBPyConnection]] = []


class _Signal(ds.Dataset):  # type: ignore[misc]  # pyarrow has no annotations
    """A dataset that nobody scans: its end is what matters."""

    def __init__(self) -> None:
        # Dataset has no constructor to call, see `dataset`.
        pass

    @property
    def schema(self) -> pa.Schema:
        """One column, which DuckDB asks for."""
        return pa.schema([("column", pa.null())])


def independent(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return a new connection of the database of `con`, which stays open when `con` closes."""
    # A cursor closes with the connection that made it, where that is closed and not just freed.
    return con.cursor().cursor()


def watch(con: duckdb.DuckDBPyConnection, binding: duckdb.DuckDBPyConnection) -> None:
    """Keep the connection that bound the datasets until `con` closes, and then for as long as others are open."""
    if not _IS_NEEDED:
        return
    for each in tuple(_left):
        _close_if_last(each)
    signal = _Signal()
    finalize(signal, _closed, binding, os.getpid()).atexit = False
    con.register(_STATEMENT, signal)
    con.execute(f"PREPARE {_STATEMENT} AS FROM temp.main.{_STATEMENT}")
    con.unregister(_STATEMENT)


def _closed(binding: duckdb.DuckDBPyConnection, process: int) -> None:
    """Close the connection that bound the datasets if no other is left, when a registered one has closed.

    Not in a child of `fork`. The cursors of a connection close a moment after it.
    """
    if process == os.getpid() and not _close_if_last(binding):
        with suppress(RuntimeError):
            # Not a daemon: the end of the process must wait for it, since it may stand in DuckDB.
            Thread(target=_close_soon, args=(binding,), name="harvest-duck keeper").start()


def _close_soon(binding: duckdb.DuckDBPyConnection) -> None:
    for seconds in _SOON_S:
        time.sleep(seconds)
        if _close_if_last(binding):
            return


def _close_if_last(binding: duckdb.DuckDBPyConnection) -> bool:
    """Close a connection if it is the only one of its database; return whether it is closed."""
    # Without waiting: Python may free a connection, and so call this, while the thread works with another.
    if not in_use.acquire(blocking=False):
        _left.add(binding)
        return False
    try:
        # By its whole name: a macro of the user's could have the short one, and let the connection close too early.
        if binding.execute("FROM system.main.duckdb_connection_count()").fetchall() != [(1,)]:
            _left.add(binding)
            return False
        binding.close()
    except duckdb.Error:
        # It is closed already.
        pass
    finally:
        in_use.release()
    _left.discard(binding)
    return True


def _forked() -> None:
    global in_use, _left
    _inherited.append(_left)
    in_use, _left = Lock(), set()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
