"""Rows as a Parquet file, by DuckDB, which has more types than Arrow's own writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from harvest_duck.cli.formats.arrow_columns import with_unique_names
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["write"]


def write(batches: pa.RecordBatchReader, path: Path) -> int:
    """Write the rows to the file at `path`, and return their number."""
    with duckdb.connect() as writer:
        # Of its own: settings that the query's SQL makes, such as a lock, do not reach it.
        writer.register("harvest_rows", with_unique_names(batches))
        options = "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
        written = writer.execute(f"COPY harvest_rows TO {text(str(path))} ({options})").fetchone()
    return int(written[0]) if written else 0
