"""The forms that rows are written in: text with a line for each row, a Parquet file, a workbook."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from harvest_duck.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["BINARY", "FOR_PEOPLE", "Format", "compression_of", "format_of", "unique"]


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    LINE = "line"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    NDJSON = "ndjson"
    MARKDOWN = "markdown"
    PARQUET = "parquet"
    XLSX = "xlsx"


#: What people read on a terminal, and no file holds.
FOR_PEOPLE = frozenset({Format.TABLE, Format.LINE})
#: What is written as a whole, and is no text.
BINARY = frozenset({Format.PARQUET, Format.XLSX})

_ENDINGS = {str(form): form for form in Format if form not in FOR_PEOPLE}
_ENDINGS |= {"jsonl": Format.NDJSON, "md": Format.MARKDOWN}
#: The endings of compressed files, with pyarrow's names of the compressions.
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


def compression_of(target: Path) -> str | None:
    """Return the compression that the name of a file ends with, None if it ends with none."""
    return _COMPRESSIONS.get(target.suffix.lower())


def format_of(target: Path) -> Format:
    """Return the format that the name of a file ends with, before the ending of a compression.

    Raises `QueryError` for any other name.
    """
    named = target.with_suffix("") if compression_of(target) else target
    form = _ENDINGS.get(named.suffix.lower().removeprefix("."))
    if form is None:
        *most, last = (each for each in Format if each not in FOR_PEOPLE)
        raise QueryError(f"{target}: choose --format {', '.join(most)} or {last}, or end the name with one of them")
    return form


def unique(names: Iterable[str]) -> list[str]:
    """Return the names, with a number after each that came before, whatever its case: id, id_1, as DuckDB does."""
    found: list[str] = []
    counts: dict[str, int] = {}
    for name in names:
        fresh, key = name, name.lower()
        while fresh.lower() in counts:
            counts[key] = counts.get(key, 0) + 1
            fresh = f"{name}_{counts[key]}"
        counts.setdefault(fresh.lower(), 0)
        found.append(fresh)
    return found
