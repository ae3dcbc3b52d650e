"""`for_lake`: record batches in the types that Delta Lake and Iceberg have, converted batch by batch.

deltalake 1.6 refuses a time of day, and takes an unsigned number for one with a sign; pyiceberg 0.12 refuses instants
of another zone than UTC, nanoseconds, JSON, and a column of NULL alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ArrowStream", "as_lake_column", "as_lake_type", "for_lake"]

#: The field that both call the description of a column: `comment` in Delta Lake, `doc` in pyiceberg.
_DESCRIPTION, _THEIRS = b"description", (b"comment", b"doc")
_WIDER = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
    pa.null(): pa.string(),
}
#: The fraction of a second that a text of Arrow's has, where it is none.
_NO_FRACTION = r"\.0+$"


class ArrowStream(Protocol):
    """What Arrow can read as record batches: a relation of DuckDB, a table, a reader."""

    def __arrow_c_stream__(self, requested_schema: object = None, /) -> object:
        """The stream as a capsule."""


def for_lake(batches: ArrowStream) -> pa.RecordBatchReader:
    """Return record batches in the types that Delta Lake and Iceberg have, read as they are taken.

    A time of day is a text such as `08:30:00`, an instant has microseconds in UTC, an unsigned number is a wider one,
    JSON is its text, and a column without a type is one of texts. Lists and structs keep their form. Everything else
    stays as it is, and a description of a column is its comment there. Raises `QueryError` for an interval, a union and
    more than 38 digits, which they do not have.
    """
    reader = pa.RecordBatchReader.from_stream(batches)
    schema = pa.schema([_field(field) for field in reader.schema], metadata=reader.schema.metadata)
    return pa.RecordBatchReader.from_batches(schema, _converted(reader, schema))


def _converted(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        columns = [as_lake_column(column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _field(field: pa.Field) -> pa.Field:
    """Return a field with a type of a lake, and with its description as a comment."""
    metadata = {key: value for key, value in (field.metadata or {}).items() if not key.startswith(b"ARROW:extension:")}
    if _DESCRIPTION in metadata:
        metadata |= dict.fromkeys(_THEIRS, metadata[_DESCRIPTION])
    try:
        return pa.field(field.name, as_lake_type(field.type), field.nullable, metadata or None)
    except KeyError:
        raise QueryError(
            f"{field.name}: neither Delta Lake nor Iceberg has the type {field.type}: cast the column to VARCHAR"
        ) from None


def as_lake_type(kind: pa.DataType) -> pa.DataType:
    """Return the type in which a lake has the values of a type; KeyError where it has none."""
    if isinstance(kind, pa.BaseExtensionType):
        return as_lake_type(kind.storage_type)
    if pa.types.is_time(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz and "UTC")
    if pa.types.is_dictionary(kind):
        return as_lake_type(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(each.name, as_lake_type(each.type), each.nullable) for each in kind])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(as_lake_type(kind.value_type))
    if pa.types.is_map(kind):
        return pa.map_(as_lake_type(kind.key_type), as_lake_type(kind.item_type))
    if pa.types.is_interval(kind) or pa.types.is_duration(kind) or pa.types.is_union(kind) or _is_too_long(kind):
        raise KeyError(kind)
    return _WIDER.get(kind, kind)


def _is_too_long(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal256(kind))


def as_lake_column(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column of values in the type `kind`, which `as_lake_type` returned for its own."""
    if column.type == kind:
        return column
    if isinstance(column, pa.ExtensionArray):
        return as_lake_column(column.storage, kind)
    if pa.types.is_time(column.type):
        return pc.replace_substring_regex(column.cast(pa.string()), _NO_FRACTION, "")
    if pa.types.is_struct(kind):
        # Not `field`, which knows nothing of the rows that are NULL.
        parts = list(map(as_lake_column, column.flatten(), (each.type for each in kind)))
        return pa.StructArray.from_arrays(parts, fields=list(kind), mask=column.is_null())
    if pa.types.is_list(kind):
        return _list(column, kind)
    return column.cast(kind)


def _list(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return lists whose values are converted: their offsets count in `flatten`, which leaves out what NULL covers."""
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    ends = pc.cumulative_sum(lengths.cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    values = as_lake_column(column.flatten(), kind.value_type)
    return pa.ListArray.from_arrays(offsets, values, type=kind, mask=column.is_null())
