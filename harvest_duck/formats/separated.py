"""CSV, byte for byte as DuckDB's COPY writes it, and TSV, which is the same with tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.formats import unique
from harvest_duck.formats.lines import UNQUOTED, Lines, between, concat
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb.sqltypes import DuckDBPyType

__all__ = ["separated"]

#: What DuckDB quotes a field for, beside the delimiter; some readers take what follows # as a comment.
_SPECIAL = '"#\n\r'
#: What a text begins with that a spreadsheet may run as a formula: also in full width, which means the same to it, and
#: after blanks (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = "^[\\s\\x00]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|^[\\t\\r\\n]"


def separated(
    names: Sequence[str],
    types: Sequence[DuckDBPyType],
    columns: Sequence[str],
    delimiter: str,
    *,
    spreadsheet_safe: bool = False,
) -> Lines:
    """Return how rows are written: NULL is nothing between two delimiters, and an empty text is quoted.

    `columns` are the expressions of the columns that have these names and types. What is `spreadsheet_safe` has an
    apostrophe before each text that a spreadsheet would take for a formula, and quotes around every text, because a
    spreadsheet may divide cells at other characters.
    """
    cells = [
        _field(column, kind, delimiter, spreadsheet_safe=spreadsheet_safe)
        for column, kind in zip(columns, types, strict=True)
    ]
    header = delimiter.join(_quoted(name, delimiter) for name in unique(names))
    return Lines(f"{header}\n", concat([*between(cells, delimiter), "chr(10)"]))


def _field(column: str, kind: DuckDBPyType, delimiter: str, *, spreadsheet_safe: bool) -> str:
    written = f"{column}::VARCHAR"
    if kind.id in UNQUOTED:
        return written
    if spreadsheet_safe:
        begins = f"regexp_matches({written}, {text(_FORMULA)})"
        written = f"(CASE WHEN {begins} THEN concat(chr(39), {written}) ELSE {written} END)"
    special = " OR ".join(f"contains({written}, chr({ord(each)}))" for each in (delimiter, *_SPECIAL))
    quoted = f"{written} IS NOT NULL" if spreadsheet_safe else f"{written} = '' OR {special}"
    return (
        f"CASE WHEN {quoted} "
        f"THEN concat(chr(34), replace({written}, chr(34), repeat(chr(34), 2)), chr(34)) ELSE {written} END"
    )


def _quoted(name: str, delimiter: str) -> str:
    if name and not any(each in name for each in (delimiter, *_SPECIAL)):
        return name
    return '"' + name.replace('"', '""') + '"'
