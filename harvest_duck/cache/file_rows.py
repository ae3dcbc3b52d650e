"""The rows of a scan, read from the file of a copy in batches, with the columns and types that a scan has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.cache.copy_file import reading, relation
from harvest_duck.cache.file_query import select
from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.pushdown.arrow_filter import matching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from harvest_duck.scanner.scan_request import ScanRequest

#: The rows of a batch: a page of Harvest's, several times.
_ROWS = 20_000


def rows(request: ScanRequest, path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a scan from the copy at `path`; the file stays as it is until they end.

    Raises `MirrorError` for a file that cannot be read.
    """
    fields = [] if not request.names and not request.filter.columns and request.filter.keep is None else request.fields
    schema = schema_of(request.table)
    wanted = pa.schema([schema.field(name) for name in fields])
    cache = request.settings.cache
    as_of = None if cache is None else cache.as_of
    left = request.settings.max_rows
    with reading(path) as con:
        query = select(request.table, relation(request.table, as_of), fields, request.terms)
        found = counted(con, query) if not fields else map(partial(_typed, wanted), _read(con, query))
        keep = request.filter.keep
        for batch in found:
            kept = (batch if keep is None else matching(batch, keep)).select(request.names)
            yield kept if left is None else kept.slice(0, left)
            if left is not None and (left := left - kept.num_rows) <= 0:
                return


def counted(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    """Yield as many rows without columns as a query counts."""
    ((number,),) = con.execute(query).fetchall()
    most = pa.record_batch([pa.nulls(_ROWS)], ["_"]).select([])
    for start in range(0, number, _ROWS):
        yield most.slice(0, number - start)


def _read(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a query as it runs."""
    found: Any = con.sql(query)
    # DuckDB 1.4 has another name for it.
    read = found.to_arrow_reader if hasattr(found, "to_arrow_reader") else found.fetch_record_batch
    yield from read(_ROWS)


def _typed(schema: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with the types of the catalog, which names the items of lists in another way than DuckDB."""
    columns = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
