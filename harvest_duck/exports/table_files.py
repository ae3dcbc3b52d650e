"""One table as one file, in the format of the order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harvest_duck.exports.described_schema import described_schema, in_schema
from harvest_duck.exports.model import Exported, FileFormat, Mode, Order
from harvest_duck.exports.partitioned_files import refuse_other_keys, write_partitions
from harvest_duck.exports.partitions import partitions_of
from harvest_duck.exports.source import selected
from harvest_duck.exports.staged_files import staged
from harvest_duck.formats import Format, parquet_file, results, targets, text_output, workbook
from harvest_duck.formats.arrow_columns import python_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from harvest_duck.catalog.model import Table

__all__ = ["write_file", "write_folder", "write_parquet"]


def write_file(con: duckdb.DuckDBPyConnection, table: Table, order: Order) -> Exported:
    """Write the rows of a table to its place, a file or a stream, and return what was written."""
    path, read_at = order.place_of(table.name), datetime.now(UTC)
    zone = results.time_zone(con)
    with selected(con, table, order.where) as batches:
        match order.form:
            case FileFormat.PARQUET:
                rows = write_parquet(batches, described_schema(table, read_at, time_as_text=order.time_as_text), path)
            case FileFormat.XLSX:
                with targets.path_for(path) as beside:
                    rows = workbook.write(batches.schema.names, python_rows(batches, zone), beside)
            case _:
                rows = _write_text(batches, order, zone, path)
    streamed = targets.is_streamed(path)
    return Exported(table.name, rows, path, bytes=0 if streamed else path.stat().st_size)


def write_folder(con: duckdb.DuckDBPyConnection, table: Table, order: Order) -> Exported:
    """Write the rows of a table to Parquet files in its folder, and return what was written.

    Raises `QueryError` where they would lie beside files of other partitions.
    """
    schema = described_schema(table, datetime.now(UTC), time_as_text=order.time_as_text)
    keys = partitions_of(table, order.partition_by)
    if order.mode is not Mode.WHOLE:
        refuse_other_keys(order.target, table.name, keys)
    place = order.place_of(table.name)
    with targets.naming(place), staged(place) as files, selected(con, table, order.where) as batches:
        exact = in_schema(batches, schema)
        written = write_partitions(exact, schema, table.name, keys=keys, staged=files, mode=order.mode)
    size = sum((order.target / each).stat().st_size for each in written.paths)
    return Exported(table.name, written.rows, place, len(written.paths), size)


def write_parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path) -> int:
    """Write batches of the columns of a schema to a Parquet file, and return the number of their rows."""
    with targets.path_for(path) as beside, parquet_file.opened(beside, schema) as file:
        for batch in in_schema(batches, schema):
            file.write(batch)
    return file.rows


def _write_text(batches: pa.RecordBatchReader, order: Order, zone: str, path: Path) -> int:
    rows = 0
    with targets.opened(path) as stream:
        pieces = text_output.pieces(
            batches, Format(order.form), zone, on_terminal=stream.isatty(), spreadsheet_safe=order.spreadsheet_safe
        )
        for count, piece in pieces:
            stream.write(piece.encode())
            stream.flush()
            rows += count
    return rows
