"""The rows of one partition, read in an executor: a scan by DuckDB, as batches with Spark's types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from harvest_duck.engine import register
from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.exports.source import our_errors
from harvest_duck.formats import results
from harvest_duck.integrations.spark.columns import arrow_schema, selection
from harvest_duck.integrations.spark.condition import told
from harvest_duck.integrations.spark.plan import conditions
from harvest_duck.pushdown.sql import identifier, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from harvest_duck.catalog.model import Table
    from harvest_duck.integrations.spark.plan import Share


def batches(table: Table, names: Sequence[str], share: Share, where: str | None) -> Iterator[pa.RecordBatch]:
    """Yield the columns `names` of the rows that a share has and a condition keeps, as they arrive.

    Raises the errors of `harvest_duck.errors`, each without what led to it, of which Spark would show every line.
    """
    con = duckdb.connect()
    try:
        _prepare(con, share.connection)
        schema = arrow_schema(table, names)
        with our_errors(con):
            found = results.batches(
                con, con.extract_statements(_query(table, names, share, where))[0], {}, keep_types=False
            )
            for batch in found or ():
                yield batch.cast(schema)
    except HarvestDuckError as error:
        raise error.with_traceback(None) from None
    except duckdb.Error as error:
        raise QueryError(f"{table.name}: {told(error)}") from None
    finally:
        con.close()


def refuse_unanswerable(table: Table, names: Sequence[str], share: Share, where: str | None) -> None:
    """Raise what a query of the share would before its first row, such as `QueryError` for a report without a period.

    Nothing is sent.
    """
    con = duckdb.connect()
    try:
        _prepare(con, share.connection)
        register.explain(_query(table, names, share, where), con, probe=False)
    except HarvestDuckError as error:
        raise error.with_traceback(None) from None
    finally:
        con.close()


def _prepare(con: duckdb.DuckDBPyConnection, connection: str) -> None:
    """Let a connection of DuckDB reach one account and nothing else."""
    register.register(con, connection, only_attached=True)
    # Batches come as soon as they can. No `arrow_lossless_conversion`: Spark needs none of its types, and with it
    # duckdb 1.4.4 and 1.5.0 give wrong booleans within lists.
    con.execute("SET streaming_buffer_size = '1KB'; SET python_enable_replacements = false")
    con.execute("SET enable_external_access = false; SET TimeZone = 'UTC'")


def _query(table: Table, names: Sequence[str], share: Share, where: str | None) -> str:
    """The query of a share. What a user wrote stands in a query of its own, so that nothing is joined to it."""
    source = f"SELECT * FROM harvest_scan({text(table.name)}) AS {identifier(table.name)}"
    inner = source if where is None else f"{source} WHERE {where}\n"
    day, updates = (None if each is None else identifier(each.name) for each in (table.day, table.updates))
    of_share = " AND ".join(conditions(share, day, updates)) or "true"
    return f"SELECT {selection(table, names)} FROM ({inner}) WHERE {of_share}"
