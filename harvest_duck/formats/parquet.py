"""Rows as a Parquet file, by DuckDB, which has more types than Arrow's own writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from harvest_duck.formats.arrow_columns import as_relation, with_unique_names
from harvest_duck.pushdown.sql import identifier, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

__all__ = ["write"]


def write(batches: pa.RecordBatchReader, path: Path) -> int:
    """Write the rows to the file at `path`, and return their number."""
    with duckdb.connect() as writer:
        # Of its own: settings that the query's SQL makes, such as a lock, do not reach it.
        named = with_unique_names(batches)
        writer.register("harvest_rows", named)
        select = f"SELECT {', '.join(_columns(writer, named.schema))} FROM harvest_rows"
        options = "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
        written = writer.execute(f"COPY ({select}) TO {text(str(path))} ({options})").fetchone()
    return int(written[0]) if written else 0


def _columns(writer: duckdb.DuckDBPyConnection, schema: pa.Schema) -> Iterator[str]:
    """Yield the expression of each column: 128-bit integers become decimals, of which Parquet keeps every digit.

    DuckDB would make them DOUBLE (duckdb 1.4 to 2.0).
    """
    for name, kind in zip(schema.names, as_relation(writer, schema).types, strict=True):
        column = identifier(name)
        yield f"{_decimal(column, name)} AS {column}" if kind.id in {"hugeint", "uhugeint"} else column


def _decimal(column: str, name: str) -> str:
    fault = text(
        f"{name}: a Parquet file has room for 38 digits, and a value has 39: choose csv, or cast it to VARCHAR"
    )
    return f"coalesce(TRY_CAST({column} AS DECIMAL(38, 0)), CASE WHEN {column} IS NOT NULL THEN error({fault}) END)"
