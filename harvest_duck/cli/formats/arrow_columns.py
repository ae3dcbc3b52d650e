"""The columns of batches of Arrow, whose names may be those of others."""

from __future__ import annotations

import pyarrow as pa

from harvest_duck.cli.formats import unique

__all__ = ["with_unique_names"]


def with_unique_names(batches: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Return the batches with a name of its own for each column, as pyarrow needs it to hand them to DuckDB."""
    names = unique(batches.schema.names)
    if names == batches.schema.names:
        # They stay as they are, because pyarrow describes an error of an iterator of Python by its traceback.
        return batches
    schema = pa.schema([field.with_name(name) for field, name in zip(batches.schema, names, strict=True)])
    renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches)
    return pa.RecordBatchReader.from_batches(schema, renamed)
