"""Rows as text, piece by piece as they arrive."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.formats import Format
from harvest_duck.formats.arrow_columns import as_relation, converter_of
from harvest_duck.formats.json_objects import array, objects
from harvest_duck.formats.markdown import markdown
from harvest_duck.formats.separated import separated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb
    import pyarrow as pa

    from harvest_duck.formats.lines import Lines

__all__ = ["pieces"]

_FORMS: dict[Format, Callable[..., Lines]] = {
    Format.CSV: partial(separated, delimiter=","),
    Format.TSV: partial(separated, delimiter="\t"),
    Format.JSON: array,
    Format.NDJSON: objects,
    Format.MARKDOWN: markdown,
}


def pieces(
    batches: pa.RecordBatchReader, form: Format, time_zone: str, *, on_terminal: bool, spreadsheet_safe: bool = False
) -> Iterator[tuple[int, str]]:
    """Yield the text of the rows as they arrive, with the number of rows in each piece.

    Instants are shown in `time_zone`. On a terminal, characters that it would obey are shown by others. CSV and TSV may
    be `spreadsheet_safe`, see `separated`.
    """
    with converter_of(time_zone) as converter:
        # DuckDB 1.4.1 plans by what is in the table when a statement is prepared: without rows, nothing is NULL.
        converter.execute("PRAGMA disable_optimizer")
        options = {"spreadsheet_safe": True} if spreadsheet_safe else {}
        lines = _prepared(converter, batches.schema, partial(_FORMS[form], **options))
        safe = lines.on_terminal if on_terminal else str
        before, replaced = lines.header + lines.first, len(lines.first)
        for batch in batches:
            if rows := _converted(converter, batch):
                yield len(rows), safe(before + "".join(rows)[replaced:])
                before, replaced = "", 0
        if before and lines.empty is not None:
            yield 0, lines.empty
        else:
            yield 0, safe(before + lines.footer)


def _prepared(converter: duckdb.DuckDBPyConnection, schema: pa.Schema, form: Callable[..., Lines]) -> Lines:
    """Make a table for one batch after the other, and prepare the statement that makes lines of its rows."""
    relation = as_relation(converter, schema)
    relation.create("batch")
    lines = form(schema.names, relation.types, relation.columns)
    # Planned once: it takes ten times as long as a batch.
    converter.execute(f"PREPARE lines AS SELECT {lines.row} FROM batch")
    return lines


def _converted(converter: duckdb.DuckDBPyConnection, batch: pa.RecordBatch) -> list[str]:
    """Return the line of each row of a batch."""
    converter.execute("TRUNCATE batch")
    as_relation(converter, batch.schema, batch).insert_into("batch")
    return [line for (line,) in converter.execute("EXECUTE lines").fetchall()]
