"""One table of Harvest as an Arrow dataset, which DuckDB scans: columns and filter in, record batches out.

The connection string travels to the scan as a filter on the hidden column `_connection`: see `engine`. DuckDB applies a
filter that it has handed over nowhere else, so every batch is filtered here by the whole of it; requests are narrowed
by as much of it as `pushdown` can read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from harvest_duck.arrow_types import CONNECTION, schema_of
from harvest_duck.client import client_for
from harvest_duck.decode import Decoder
from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.journal import Journal
from harvest_duck.pages import Pages
from harvest_duck.pushdown import read_filter
from harvest_duck.query import Query, connection_in, query
from harvest_duck.scanning import Scan
from harvest_duck.sql_text import shown
from harvest_duck.stream import Readers, reader

if TYPE_CHECKING:
    import pyarrow.compute as pc

    from harvest_duck.table import Table

__all__ = ["HarvestDataset", "live", "open_scan"]

Failed = Callable[[HarvestDuckError], None]
#: What a scan gives: of what is asked, over a connection, the rows that an expression keeps.
Read = Callable[[Query, str, "pc.Expression | None"], pa.RecordBatchReader]


class HarvestDataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no annotations
    """The dataset of one table; `read` answers a scan, and `failed` is told every error that it does not begin for."""

    def __init__(self, table: Table, failed: Failed, read: Read) -> None:
        # Dataset has no constructor to call: DuckDB asks a subclass only for `schema` and `scanner`.
        self._table = table
        self._failed = failed
        self._read = read
        self._schema = schema_of(table).append(pa.field(CONNECTION, pa.string()))

    @property
    def schema(self) -> pa.Schema:
        """The columns of the table, and the hidden one that carries the connection string."""
        return self._schema

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - the name by which DuckDB passes it
        **_: object,
    ) -> _Scanner:
        """A scan of `columns` for the rows that `filter` keeps, its requests not yet sent."""
        try:
            names = self._schema.names if columns is None else list(columns)
            read = read_filter(filter, self._schema)
            connection = connection_in(read.predicate, self._table.name)
            asked = query(self._table, connection, names, read)
            return _Scanner(self._read(asked, connection, read.keep))
        except HarvestDuckError as error:
            self._failed(error)
            raise


@dataclass(frozen=True, slots=True)
class _Scanner:
    """What DuckDB asks a dataset's scanner for."""

    reader: pa.RecordBatchReader

    def to_reader(self) -> pa.RecordBatchReader:
        """The batches."""
        return self.reader


def live(failed: Failed, journal: Journal, readers: Readers) -> Read:
    """Scans that ask Harvest; `failed` is told every error that one ends with, `journal` what was sent."""

    def read(asked: Query, connection: str, expression: pc.Expression | None) -> pa.RecordBatchReader:
        return _scan(asked, connection, expression=expression, failed=failed, journal=journal, readers=readers)

    return read


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
    return _scan(asked, connection, expression=read.keep, failed=None, journal=Journal(), readers=Readers())


def _scan(
    asked: Query,
    connection: str,
    *,
    expression: pc.Expression | None,
    failed: Failed | None,
    journal: Journal,
    readers: Readers,
) -> pa.RecordBatchReader:
    table, settings = asked.table, asked.settings
    keep = _Keep(connection, asked.names, expression if asked.terms else None)

    async def batches() -> AsyncGenerator[pa.RecordBatch]:
        try:
            async with client_for(settings) as client:
                pages = Pages(
                    client,
                    Decoder(table, asked.fields),
                    window=settings.max_connections,
                    keep=keep,
                    journal=journal,
                    scan=journal.scan(),
                )
                scan = Scan(table, await asked.planned(client, pages.pin, journal, pages.scan), pages)
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
        # Not RecordBatch.filter, which fails in pyarrow 18 where no row is left.
        kept = pa.Table.from_batches([batch]).filter(self.expression).select(self.names).combine_chunks()
        return next(iter(kept.to_batches()), batch.select(self.names).slice(0, 0))


async def _first(rows: int | None, batches: AsyncGenerator[pa.RecordBatch]) -> AsyncGenerator[pa.RecordBatch]:
    """The batches until `rows` rows have come, all of them where `rows` is None."""
    async with aclosing(batches):
        async for batch in batches:
            yield batch if rows is None else batch.slice(0, rows)
            if rows is not None and (rows := rows - batch.num_rows) <= 0:
                return
