"""CSV, byte for byte as DuckDB's COPY writes it, and TSV, which is the same with tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.formats import unique
from harvest_duck.formats.lines import UNQUOTED, Lines, between, concat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb.sqltypes import DuckDBPyType

__all__ = ["separated"]

#: What DuckDB quotes a field for, beside the delimiter; some readers take what follows # as a comment.
_SPECIAL = '"#\n\r'


def separated(names: Sequence[str], types: Sequence[DuckDBPyType], columns: Sequence[str], delimiter: str) -> Lines:
    """Return how rows are written: NULL is nothing between two delimiters, and an empty text is quoted.

    `columns` are the expressions of the columns that have these names and types.
    """
    cells = [_field(column, kind, delimiter) for column, kind in zip(columns, types, strict=True)]
    header = delimiter.join(_quoted(name, delimiter) for name in unique(names))
    return Lines(f"{header}\n", concat([*between(cells, delimiter), "chr(10)"]))


def _field(column: str, kind: DuckDBPyType, delimiter: str) -> str:
    written = f"{column}::VARCHAR"
    if kind.id in UNQUOTED:
        return written
    special = " OR ".join(f"contains({written}, chr({ord(each)}))" for each in (delimiter, *_SPECIAL))
    return (
        f"CASE WHEN {written} = '' OR {special} "
        f"THEN concat(chr(34), replace({written}, chr(34), repeat(chr(34), 2)), chr(34)) ELSE {written} END"
    )


def _quoted(name: str, delimiter: str) -> str:
    if name and not any(each in name for each in (delimiter, *_SPECIAL)):
        return name
    return '"' + name.replace('"', '""') + '"'
