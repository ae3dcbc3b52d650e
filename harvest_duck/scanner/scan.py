"""A query opened as a stream of batches: client, pages and plans brought together, and every batch cut down.

Here begins what needs HTTP, which is loaded for the first query and not before.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.catalog.arrow_types import CONNECTION, schema_of
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.pushdown.sql import shown
from harvest_duck.runtime.blocking_reader import Readers, reader
from harvest_duck.scanner.client_pool import client_for
from harvest_duck.scanner.executor import Scan
from harvest_duck.scanner.page_source import PageSource
from harvest_duck.scanner.progress import RunningScans
from harvest_duck.scanner.record_batches import filtered
from harvest_duck.scanner.scan_context import ScanContext
from harvest_duck.scanner.scan_request import query

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    import pyarrow.compute as pc

    from harvest_duck.catalog.model import Table
    from harvest_duck.scanner.scan_request import Query

    Failed = Callable[[HarvestDuckError], None]


def open_scan(
    table: Table, connection: str, columns: Sequence[str] | None, keep: pc.Expression | None
) -> pa.RecordBatchReader:
    """The rows of `table` that `keep` is true of, in the named columns, or in all of them when `columns` is None."""
    schema = schema_of(table)
    names = schema.names if columns is None else list(columns)
    unknown = [name for name in names if name not in table]
    if unknown or not names:
        fault = f"has no column {shown(unknown[0])}" if unknown else "was asked for no column at all"
        raise QueryError(f"{table.name} {fault}; harvest_columns('{table.name}') lists them")
    read = read_filter(keep, schema)
    asked = query(table, connection, names, read)
    return scanned(
        asked,
        connection,
        expression=read.keep,
        failed=None,
        request_log=RequestLog(),
        running=RunningScans(),
        readers=Readers(),
    )


def scanned(
    asked: Query,
    connection: str,
    *,
    expression: pc.Expression | None,
    failed: Failed | None,
    request_log: RequestLog,
    running: RunningScans,
    readers: Readers,
    cautious: bool = False,
) -> pa.RecordBatchReader:
    """The batches of a query; `failed` is told an error that it ends with, `request_log` what was sent.

    `cautious` says that whoever reads them may ask for a second batch without wanting it.
    """
    table, settings = asked.table, asked.settings
    keep = _Keep(connection, asked.names, expression if asked.terms else None)

    async def batches() -> AsyncGenerator[pa.RecordBatch]:
        try:
            async with client_for(settings) as client:
                context = ScanContext(client, table, settings.max_connections, request_log, cautious=cautious)
                with running.running(context.number, context.progress_row):
                    plans = await asked.planned(client, context.user, request_log, context.number)
                    scan = Scan(table, plans, PageSource(context, Decoder(table, asked.fields)), keep)
                    async with aclosing(_first(settings.max_rows, scan.batches())) as found:
                        async for batch in found:
                            yield batch
        except HarvestDuckError as error:
            if failed is None:
                raise
            failed(error)
            # DuckDB prints the traceback of every cause behind the message; the error that is kept has them all.
            raise _bare(error) from None

    return reader(asked.schema, batches, readers)


def _bare(error: HarvestDuckError) -> HarvestDuckError:
    """The same error without its causes and traceback."""
    bare = type(error).__new__(type(error))
    bare.args = error.args
    bare.__dict__.update(vars(error))
    return bare


@dataclass(frozen=True, slots=True)
class _Keep:
    """Cuts a decoded batch down to the rows that the filter keeps and the columns that were asked for."""

    connection: str
    names: Sequence[str]
    expression: pc.Expression | None

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows and columns that are wanted."""
        if self.expression is not None or CONNECTION in self.names:
            batch = batch.append_column(CONNECTION, pa.repeat(pa.scalar(self.connection), batch.num_rows))
        if self.expression is None:
            return batch.select(self.names)
        return filtered(batch, self.expression).select(self.names)


async def _first(rows: int | None, batches: AsyncGenerator[pa.RecordBatch]) -> AsyncGenerator[pa.RecordBatch]:
    """The batches until `rows` rows have come, all of them where `rows` is None."""
    async with aclosing(batches):
        async for batch in batches:
            yield batch if rows is None else batch.slice(0, rows)
            if rows is not None and (rows := rows - batch.num_rows) <= 0:
                return
