"""The rows of an export: a connection of DuckDB with Harvest in it, and the selection of a table."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.connection import resolve
from harvest_duck.engine import register
from harvest_duck.errors import QueryError
from harvest_duck.formats import results
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from harvest_duck.catalog.model import Table

__all__ = ["opened", "our_errors", "require_all_rows", "selected"]


@contextmanager
def opened(connection: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A context with a DuckDB connection that has Harvest in it as `harvest`, and raises our errors.

    Raises the errors of `require_all_rows`.
    """
    require_all_rows(connection)
    con = register.connect(connection)
    try:
        results.prepare(con)
        with our_errors(con):
            yield con
    finally:
        con.close()


def require_all_rows(connection: str) -> None:
    """Raise `QueryError` where MaxRows would leave out rows: what replaces files has to be all of them."""
    if (most := resolve(connection).max_rows) is not None:
        raise QueryError(f"MaxRows is {most}, and an export has all rows: add MaxRows=-1 to the connection string")


@contextmanager
def our_errors(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A context that raises the error of a scan in the place of DuckDB's, which has only its text.

    Where Arrow reads the rows, DuckDB's error is an OSError (pyarrow 18 to 26).
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        cause = register.last_error(con)
        if cause is not None and str(cause) in str(error):
            raise cause from error
        raise


@contextmanager
def selected(con: duckdb.DuckDBPyConnection, table: Table, where: str | None) -> Iterator[pa.RecordBatchReader]:
    """A context with the rows of a table for which a condition of SQL is true, as they arrive.

    Raises `QueryError` where the condition ends and another statement begins.
    """
    statements = con.extract_statements(f"SELECT * FROM harvest.{identifier(table.name)} WHERE {where or 'true'}")
    found = results.batches(con, statements[0], {}) if len(statements) == 1 else None
    if found is None:
        raise QueryError("the condition of an export is one condition of SQL, and no statement follows it")
    try:
        yield found
    finally:
        # Before the next query of the connection: the traceback of an error would keep it open.
        found.close()
