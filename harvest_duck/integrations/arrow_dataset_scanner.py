"""A scan of the dataset of a table, with the methods of `pyarrow.dataset.Scanner`.

It is no subclass of that: code in C++ that takes one reads what it points to. What wants to write the rows takes the
stream of `__arrow_c_stream__` instead, as `pyarrow.dataset.write_dataset` does (pyarrow 18 to 26).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from harvest_duck.cache.answer import batches
from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.engine.arrow_stream import BatchStream
from harvest_duck.errors import QueryError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.integrations.arrow_dataset_filter import dataset_filter
from harvest_duck.integrations.arrow_dataset_projection import projection
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.scanner.progress import RunningScans
from harvest_duck.scanner.scan_request import scan_request

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    import pyarrow.compute as pc

    from harvest_duck.catalog.model import Table
    from harvest_duck.integrations.arrow_dataset_filter import DatasetFilter
    from harvest_duck.integrations.arrow_dataset_projection import Projection


@dataclass(frozen=True, repr=False)
class HarvestScanner:
    """A scan that can be read several times, each time anew; its rows come in the order in which Harvest has them."""

    table: Table
    connection: str
    projection: Projection
    filter: DatasetFilter
    batch_size: int | None
    #: What `scan_batches` says the batches are of.
    fragment: object

    def __repr__(self) -> str:
        # Without the connection string, which may hold a token.
        return f"<scan of {self.fragment!r}, columns={self.projected_schema.names}>"

    @property
    def dataset_schema(self) -> pa.Schema:
        """The schema of the table."""
        return schema_of(self.table)

    @property
    def projected_schema(self) -> pa.Schema:
        """The schema of the batches."""
        return self.projection.schema

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the batches as a stream of Arrow in C, whose errors are one line."""
        return BatchStream(self.projected_schema, self.to_batches()).__arrow_c_stream__(requested_schema)

    def to_reader(self) -> pa.RecordBatchReader:
        """Return a reader over the batches; its requests are cancelled when it is freed."""
        return pa.RecordBatchReader.from_batches(self.projected_schema, self.to_batches())

    def to_batches(self) -> Generator[pa.RecordBatch, None, None]:
        """Return the batches as they come; closing the generator cancels the requests.

        Raises the errors of the connection string, and `QueryError` for what no request to Harvest can answer.
        """
        return self._read(self._batches(self.projection.names))

    def scan_batches(self) -> Iterator[ds.TaggedRecordBatch]:
        """Return the batches as they come, each with the fragment that it is of."""
        found = self.to_batches()
        return (ds.TaggedRecordBatch(batch, self.fragment) for batch in found)

    def to_table(self) -> pa.Table:
        """Return all rows."""
        return pa.Table.from_batches(self.to_batches(), schema=self.projected_schema)

    def head(self, num_rows: int) -> pa.Table:
        """Return the first rows, for which no more pages are asked than they need."""
        return self._first(max(num_rows, 0))

    def take(self, indices: Sequence[int] | pa.Array) -> pa.Table:
        """Return the rows with these numbers, the first being 0; no page is asked after the last of them.

        Raises `QueryError` for the number of a row that is not there.
        """
        wanted = indices if isinstance(indices, pa.Array) else pa.array(indices, pa.int64())
        numbers = [number for number in wanted.to_pylist() if number is not None]
        lowest, highest = min(numbers, default=0), max(numbers, default=-1)
        if lowest < 0:
            raise QueryError(f"{self.table.name} has no row {lowest:,}: the first one is 0")
        rows = self._first(highest + 1)
        if highest >= rows.num_rows:
            raise QueryError(f"{self.table.name} has no row {highest:,}: a scan of it has {rows.num_rows:,}")
        return rows.take(wanted)

    def count_rows(self) -> int:
        """Return the number of rows, from Harvest's own total where it answers the whole filter."""
        return sum(batch.num_rows for batch in self._batches([]))

    def _first(self, rows: int) -> pa.Table:
        kept: list[pa.RecordBatch] = []
        found = self.to_batches()
        while rows > 0 and (batch := next(found, None)) is not None:
            kept.append(batch.slice(0, rows))
            rows -= batch.num_rows
        found.close()
        return pa.Table.from_batches(kept, schema=self.projected_schema)

    def _batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The batches of a scan of columns of the table, the requests not yet sent."""
        needed = list(dict.fromkeys([*names, *sorted(self.filter.checked)]))
        request = scan_request(self.table, self.connection, needed, self.filter.read)
        # Polars asks for one batch more than it wants (polars 1 to 2.1), and DuckDB 1 does.
        found = batches(request, RequestLog(), RunningScans(), Readers(), cautious=True)
        return map(self.filter.kept, found)

    def _read(self, found: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch, None, None]:
        for batch in found:
            made = self.projection.of(batch)
            size = self.batch_size or max(made.num_rows, 1)
            yield from (made.slice(start, size) for start in range(0, made.num_rows, size))


def scanner_of(
    table: Table,
    connection: str,
    columns: object,
    expression: pc.Expression | None,
    *,
    batch_size: int | None,
    fragment: object,
) -> HarvestScanner:
    """Return the scan of `columns` of a table for the rows of which `expression` is true; nothing is sent.

    Raises `QueryError` for columns that are not there, and for a filter that rows cannot be tested with.
    """
    if batch_size is not None and batch_size < 1:
        raise QueryError(f"{table.name}: batch_size is {batch_size}: give at least 1")
    kept = dataset_filter(table, expression, schema_of(table))
    return HarvestScanner(table, connection, projection(table, columns), kept, batch_size, fragment)
