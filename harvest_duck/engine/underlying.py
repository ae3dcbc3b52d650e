"""The connection of DuckDB under a connection of another library."""

from __future__ import annotations

from typing import Any

import duckdb

from harvest_duck.errors import QueryError

#: DuckDB keeps its default connection open, and frees the object of Python for it, by which its session is found.
_default: list[duckdb.DuckDBPyConnection] = []


def underlying(con: object = None) -> duckdb.DuckDBPyConnection:
    """Return the connection of DuckDB that `con` is or uses; DuckDB's default connection for None.

    ibis has it as `con`. A connection of SQLAlchemy has that of duckdb-engine, which passes every method on to
    DuckDB's. Raises `QueryError` for anything else.
    """
    if con is None:
        _default[:] = [duckdb.default_connection()]
        return _default[0]
    if isinstance(con, duckdb.DuckDBPyConnection):
        return con
    if isinstance(found := getattr(con, "con", None), duckdb.DuckDBPyConnection):
        return found
    driver: Any = getattr(getattr(con, "connection", None), "driver_connection", None)
    # Of those methods this one returns the connection itself, and does nothing else.
    itself = getattr(driver, "__enter__", None)
    if callable(itself) and isinstance(found := itself(), duckdb.DuckDBPyConnection):
        return found
    raise QueryError(
        f"{type(con).__name__} is no connection of DuckDB: pass one of duckdb, ibis or SQLAlchemy with duckdb-engine"
    )
