"""What an export is asked to do, and what it tells of what it did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Exported", "FileFormat", "Layout", "Mode", "Order"]


class FileFormat(StrEnum):
    """The formats of exported files: all that rows have which files can hold, and a database of DuckDB."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    NDJSON = "ndjson"
    MARKDOWN = "markdown"
    PARQUET = "parquet"
    XLSX = "xlsx"
    DUCKDB = "duckdb"


class Mode(Enum):
    """What becomes of the files that a table has already."""

    #: They go, all of them.
    WHOLE = "whole"
    #: They stay.
    APPEND = "append"
    #: Those of the partitions that get rows go.
    PARTITIONS = "partitions"


class Layout(Enum):
    """What lies at the target of an export."""

    #: One file, of one table or with all of them.
    FILE = "file"
    #: A folder with a file for each table.
    FILES = "files"
    #: A folder with a folder of Parquet files for each table.
    FOLDERS = "folders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to export, and how: `tables` are those named, None where it is all that the user may read.

    `where` is a condition of SQL. `partition_by` are keys of partitions as they are written.
    """

    tables: tuple[str, ...] | None
    target: Path
    form: FileFormat
    layout: Layout = Layout.FILE
    where: str | None = None
    partition_by: tuple[str, ...] = ()
    mode: Mode = Mode.WHOLE
    spreadsheet_safe: bool = False
    time_as_text: bool = False

    def place_of(self, table: str) -> Path:
        """Return the file of a table, or its folder."""
        match self.layout:
            case Layout.FILE:
                return self.target
            case Layout.FILES:
                return self.target / f"{table}.{self.form}"
            case Layout.FOLDERS:
                return self.target / table


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written of a table: its rows, to which file or folder, in how many files, and their bytes.

    `left_out` says why a table of an export of all tables was not read; it is empty for every other.
    """

    table: str
    rows: int
    path: Path
    files: int = 1
    bytes: int = 0
    left_out: str = ""
