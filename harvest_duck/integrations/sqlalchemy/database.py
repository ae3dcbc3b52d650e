"""The one DuckDB in memory that the connections of an engine share.

Each is a cursor of a connection that is kept as long as any of them is open: an account is attached once, which takes
0.5 s of CPU, and a further connection 20 ms (DuckDB 2.0.1). Where the last one closes, as by `engine.dispose()`, the
database is gone, and the next one makes another.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet

from harvest_duck.engine.register import connect, register
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    import duckdb

#: The name of the account that an engine is made for, as a catalog.
ACCOUNT = "harvest"
#: What keeps SQL that others write to what is attached: no files, no hosts, no variables of Python. The first cannot be
#: set back while the database is open, and the second by no statement that such a connection takes.
_CLOSED = ("SET enable_external_access = false", "SET python_enable_replacements = false")
#: What a child of `fork` has of its parent: never used, and never freed, which would wait for threads that it lacks.
_inherited: list[duckdb.DuckDBPyConnection] = []


class Database:
    """The database of an engine: its `connection` string, and whether its connections reach what is attached alone."""

    def __init__(self, connection: str, *, only_attached: bool) -> None:
        self._connection = connection
        self.only_attached = only_attached
        self._lock = Lock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._open: set[duckdb.DuckDBPyConnection] = set()
        _databases.add(self)

    def open(self) -> duckdb.DuckDBPyConnection:
        """Return a new connection, whose tables need no schema.

        Raises the errors of a connection string that cannot be used.
        """
        with self._lock:
            if self._root is None:
                self._root = connect(self._connection, name=ACCOUNT, only_attached=self.only_attached)
            con = self._root.cursor()
            self._open.add(con)
        try:
            register(con, self._connection)
            con.execute(f"USE {identifier(ACCOUNT)}")
            for setting in _CLOSED if self.only_attached else ():
                con.execute(setting)
        except BaseException:
            self.close(con)
            raise
        return con

    def close(self, con: duckdb.DuckDBPyConnection) -> None:
        """Close a connection, and the database with the last one; one of another process is left as it is."""
        with self._lock:
            if con not in self._open:
                return
            self._open.remove(con)
            con.close()
            if not self._open and self._root is not None:
                self._root.close()
                self._root = None

    def leave(self) -> None:
        """Forget what belongs to the parent of this process."""
        _inherited.extend(self._open)
        if self._root is not None:
            _inherited.append(self._root)
        self._lock, self._root, self._open = Lock(), None, set()


_databases: WeakSet[Database] = WeakSet()


def _forked() -> None:
    for database in list(_databases):
        database.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
