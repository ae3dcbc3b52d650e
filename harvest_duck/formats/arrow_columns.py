"""Batches of Arrow in DuckDB again, where their values become texts, files or values of Python."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from harvest_duck.formats import unique
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["as_relation", "converter_of", "python_rows", "with_unique_names"]

#: What Python has no exact value for, by the `id` of DuckDB's client: its intervals have no months, its floats are
#: doubles, of which the text 0.1 is another one.
_EXACT = {"interval": "{}::VARCHAR", "float": "{}::VARCHAR::DOUBLE"}


@contextmanager
def converter_of(time_zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A context with a DuckDB of its own that shows instants in `time_zone`.

    Settings that the query's SQL makes, such as a lock, do not reach it.
    """
    with duckdb.connect() as converter:
        converter.execute(f"SET TimeZone = {text(time_zone)}")
        yield converter


def as_relation(
    converter: duckdb.DuckDBPyConnection, schema: pa.Schema, *batches: pa.RecordBatch
) -> duckdb.DuckDBPyRelation:
    """Return batches as a relation with the columns c0, c1, …, because two of their own may have one name."""
    renamed = pa.schema([field.with_name(f"c{position}") for position, field in enumerate(schema)])
    stream = [pa.RecordBatch.from_arrays(batch.columns, schema=renamed) for batch in batches]
    return converter.from_arrow(pa.RecordBatchReader.from_batches(renamed, stream))


def python_rows(batches: pa.RecordBatchReader, time_zone: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows as they arrive, as values of Python; an interval is its text."""
    with converter_of(time_zone) as converter:
        for batch in batches:
            relation = as_relation(converter, batch.schema, batch)
            exact = [
                _EXACT.get(kind.id, "{}").format(column)
                for column, kind in zip(relation.columns, relation.types, strict=True)
            ]
            yield from relation.project(", ".join(exact)).fetchall()


def with_unique_names(batches: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Return the batches with a name of its own for each column, as pyarrow needs it to hand them to DuckDB."""
    names = unique(batches.schema.names)
    if names == batches.schema.names:
        # They stay as they are, because pyarrow describes an error of an iterator of Python by its traceback.
        return batches
    schema = pa.schema([field.with_name(name) for field, name in zip(batches.schema, names, strict=True)])
    renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches)
    return pa.RecordBatchReader.from_batches(schema, renamed)
