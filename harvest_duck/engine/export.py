"""A query's rows in a file: Parquet, CSV or JSON, complete or not there at all.

DuckDB writes beside the target and the finished file is renamed, so that a fault on the way, or Ctrl-C, never leaves
half a file under the name that was asked for.
"""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import text
from harvest_duck.runtime.atomic_write import replacing

if TYPE_CHECKING:
    import duckdb


class FileFormat(StrEnum):
    """A kind of file that DuckDB writes."""

    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"


_OPTIONS = {
    FileFormat.PARQUET: "FORMAT parquet, COMPRESSION zstd",
    FileFormat.CSV: "FORMAT csv, HEADER",
    FileFormat.JSON: "FORMAT json, ARRAY true",
}


def export(con: duckdb.DuckDBPyConnection, sql: str, target: Path, form: FileFormat) -> int:
    """The number of rows of `sql` that were written to `target`, which is replaced if it exists.

    A link is followed, and the mode of a file that is replaced kept. Whatever DuckDB raises passes through, and leaves
    `target` as it was; `QueryError` where it is a folder or a device.
    """
    target = Path(target).resolve()
    if target.exists() and not target.is_file():
        raise QueryError(f"{target} is no file that could be replaced: name another one")
    with replacing(target) as beside:
        written = con.execute(f"COPY ({sql}\n) TO {text(str(beside))} ({_OPTIONS[form]})").fetchone()
        if target.exists():
            shutil.copymode(target, beside)
    return int(written[0]) if written else 0
