"""The rows of a query in a file, as Parquet, CSV or JSON: the whole file, or none.

DuckDB writes beside the target, and the finished file is renamed. So an error or Ctrl-C never leaves half a file under
the name of the target.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import text
from harvest_duck.runtime.output_file import replacing

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
    """Write the rows of `sql` to `target`, which is replaced if it exists, and return their number.

    A link is followed, and the mode of a replaced file is kept. Raises the errors of DuckDB, and `QueryError` where
    `target` is a folder or a device; `target` then stays as it was.
    """
    target = Path(target).resolve()
    if target.exists() and not target.is_file():
        raise QueryError(f"{target} is no file that could be replaced: name another one")
    with replacing(target) as beside:
        options = f"{_OPTIONS[form]}, USE_TMP_FILE false"
        written = con.execute(f"COPY ({sql}\n) TO {text(str(beside))} ({options})").fetchone()
    return int(written[0]) if written else 0
