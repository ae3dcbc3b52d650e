"""The scan requests of a query, found by running it over tables that record each request and have no rows.

DuckDB opens the same scans, with the same columns and filters, as when the query reads Harvest. The exceptions are
filters that DuckDB 1.x makes for one table from the rows of another.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.engine.dataset import HarvestDataset
from harvest_duck.engine.session import Session
from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa
    import pyarrow.dataset as ds

    from harvest_duck.catalog.model import Table
    from harvest_duck.scanner.scan_request import ScanRequest

_PATIENCE_S = 30.0
_ROWS_AT_ONCE = 10_000


def recorded(
    con: duckdb.DuckDBPyConnection,
    define: Callable[[duckdb.DuckDBPyConnection, Callable[[Table], ds.Dataset]], None],
    sql: str,
    settings: Mapping[str, str],
    *,
    patience_s: float = _PATIENCE_S,
) -> list[ScanRequest]:
    """The requests of the scans of a SELECT, in the order in which DuckDB opens them; nothing is sent.

    `define` registers the names of `con` with a cursor, over a dataset for each table. Raises `QueryError` for anything
    but one SELECT, or for one that takes longer than `patience_s`, and the errors that the scans would raise.
    """
    requests: list[ScanRequest] = []
    session = Session()

    def noted(request: ScanRequest) -> Iterator[pa.RecordBatch]:
        requests.append(request)
        return iter(())

    cursor = con.cursor()
    try:
        define(cursor, lambda table: HarvestDataset(table, session, noted))
        _prepare(cursor, settings)
        with _bounded(cursor, patience_s):
            _read_to_the_end(cursor, sql)
    except duckdb.InterruptException:
        raise QueryError(
            f"harvest_explain: the query takes longer than {patience_s:g} s even without rows of Harvest"
        ) from None
    except duckdb.Error as error:
        if session.last_error is not None:
            raise session.last_error from None
        raise QueryError(
            f"harvest_explain: {str(error).splitlines()[0]}; "
            "it does not see temporary tables, variables, parameters or data frames"
        ) from None
    finally:
        cursor.close()
    return requests


def _read_to_the_end(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    cursor.execute(_select(cursor, sql))
    while cursor.fetchmany(_ROWS_AT_ONCE):
        pass


def _prepare(cursor: duckdb.DuckDBPyConnection, settings: Mapping[str, str]) -> None:
    """Make the cursor read SQL as its connection does, see no variables of Python, and change nothing."""
    cursor.execute("SET python_enable_replacements = false")
    for name, value in settings.items():
        if value:
            cursor.execute(f"SET {name} = {text(value)}")
    cursor.execute("BEGIN TRANSACTION READ ONLY")


def _select(cursor: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    statements = cursor.extract_statements(sql)
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise QueryError("harvest_explain takes one SELECT; a PIVOT has to list its values: ON … IN (…)")
    return statements[0]


@contextmanager
def _bounded(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt the cursor after so many seconds.

    An interrupt of the connection itself does not reach a cursor (DuckDB 1.4 to 2.0).
    """
    timer = Timer(seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
