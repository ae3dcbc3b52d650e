"""The schema of a table with what is known of it: descriptions of table and columns, when it was read, and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck import __version__
from harvest_duck.catalog.arrow_types import arrow_type
from harvest_duck.exports.lake_types import as_lake_column, as_lake_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from harvest_duck.catalog.model import Table

__all__ = ["described_schema", "in_schema"]


def described_schema(table: Table, read_at: datetime, *, time_as_text: bool) -> pa.Schema:
    """Return the exact types of a table, with descriptions as metadata of the columns and of the schema."""
    fields = []
    for column in table.columns:
        kind = arrow_type(column.type)
        fields.append(
            pa.field(
                column.name, as_lake_type(kind) if time_as_text else kind, metadata={"description": column.description}
            )
        )
    metadata = {
        "description": table.description,
        "harvest_duck.version": __version__,
        "harvest_duck.read_at": read_at.isoformat(timespec="seconds"),
    }
    return pa.schema(fields, metadata)


def in_schema(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield batches of the columns of a schema with its types: instants in UTC, JSON as text."""
    for batch in batches:
        columns = [as_lake_column(column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
