"""The DuckDB behind one database of the server: the tables of one connection, and PostgreSQL's catalogue beside them.

All its sessions share it. It is opened for the first of them, and reaches nothing but the account: no files, no other
connection, no extension.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from harvest_duck.engine.register import connect, register
from harvest_duck.engine.session import sessions
from harvest_duck.http.request_log import RequestLog
from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.servers.gate.gate import reach_of
from harvest_duck.servers.gate.settings import CLOSED
from harvest_duck.servers.postgres import dialect
from harvest_duck.servers.postgres.pg_catalog.catalog import fill
from harvest_duck.servers.postgres.session.time_zones import zones_of
from harvest_duck.servers.postgres.values.types import column_type
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

    from harvest_duck.servers.postgres.pg_catalog.catalog import Catalogue
    from harvest_duck.servers.served import Served

__all__ = ["SCHEMA", "Database"]

#: The catalog of DuckDB with the tables, which clients know as a schema.
SCHEMA = "harvest"
#: Where DuckDB looks for a name without a schema: PostgreSQL's functions shadow DuckDB's of the same name.
SEARCH_PATH = f"postgres.catalog,{SCHEMA}.main"
#: NULL is the largest value, as in PostgreSQL.
_SETTINGS = ("SET GLOBAL default_null_order = 'nulls_last_on_asc_first_on_desc'", *CLOSED)


class Database:
    """One database of the server. `memory` limits what DuckDB takes, as in `4GB`."""

    def __init__(self, served: Served, memory: str | None) -> None:
        self.served = served
        #: The requests of all its sessions.
        self.log = RequestLog()
        self._memory = memory
        self._lock = Lock()
        self._con: duckdb.DuckDBPyConnection | None = None
        self._catalogue: Catalogue | None = None
        self._zones: Mapping[str, str] = {}
        self._types: Mapping[str, int] = {}

    @property
    def name(self) -> str:
        """The name by which clients know it."""
        return self.served.name

    @property
    def catalogue(self) -> Catalogue:
        """What PostgreSQL's catalogue says of it, once it is open."""
        if self._catalogue is None:
            raise AssertionError
        return self._catalogue

    @property
    def zones(self) -> Mapping[str, str]:
        """The time zones that DuckDB knows, by their names in lower case."""
        return self._zones

    def type_of(self, column: str) -> int | None:
        """Return the oid of the columns of that name, None where they are of several types or there is none."""
        return self._types.get(column)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor for a session, whose requests are counted; open the database for the first one.

        Raises the errors of a connection string that cannot be used.
        """
        cursor = self.open().cursor()
        try:
            register(cursor, only_attached=True)
            sessions[cursor].request_log = self.log.part()
        except BaseException:
            cursor.close()
            raise
        return cursor

    def close(self) -> None:
        """Close it, when no session uses it any more."""
        with self._lock:
            con, self._con = self._con, None
            if con is not None:
                con.close()

    def open(self) -> duckdb.DuckDBPyConnection:
        """Open it, if it is not open, and return its connection; raises what `connect` does."""
        with self._lock:
            if self._con is None:
                self._con = self._made()
            return self._con

    def _made(self) -> duckdb.DuckDBPyConnection:
        con = connect(self.served.connection, name=SCHEMA, only_attached=True)
        try:
            if self._memory:
                con.execute(f"SET GLOBAL memory_limit = {text(self._memory)}")
            for statement in _views():
                con.execute(statement)
            self._catalogue = fill(con, self.name, lazily=True)
            for statement in dialect.statements():
                con.execute(statement)
            for statement in _SETTINGS:
                con.execute(statement)
            names = con.execute("SELECT name FROM pg_timezone_names()").fetchall()
            self._types = dict(_types(con))
            # What clients may name is read once, now that all of it is there.
            reach_of(con)
        except BaseException:
            con.close()
            raise
        self._zones = zones_of(name for (name,) in names)
        return con


def _views() -> Iterator[str]:
    """Yield the statements that make each ready view, which is a function, a view as well."""
    for name in views():
        view = f"{SCHEMA}.main.{identifier(name)}"
        yield f"CREATE OR REPLACE VIEW {view} AS FROM {view}()"


def _types(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, int]]:
    """Yield the names of columns that have one type wherever there are any, and its oid."""
    found = con.execute(
        "SELECT column_name, any_value(data_type) FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = 'main' GROUP BY column_name HAVING count(DISTINCT data_type) = 1",
        [SCHEMA],
    ).fetchall()
    for name, kind in found:
        yield name, column_type(kind).oid
