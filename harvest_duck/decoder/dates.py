"""Dates out of the texts in which they are read, also within the records of a list."""

from __future__ import annotations

import pyarrow as pa

from harvest_duck.catalog.model import DATE, ListOf, StructOf, Type


def with_dates(found: pa.Array, column: Type) -> pa.Array:
    """Return the values of a column with a date in place of each text that is one; other values stay as they were read.

    Raises `pyarrow.ArrowInvalid` where a text is no date.
    """
    wanted = _dated(found.type, column)
    return found if wanted.equals(found.type) else found.cast(wanted)


def _dated(read: pa.DataType, column: Type) -> pa.DataType:
    match column:
        case ListOf(item):
            return pa.list_(_dated(read.value_type, item))
        case StructOf(fields):
            return pa.struct([(name, _dated(read.field(name).type, member)) for name, member in fields])
        case _:
            return pa.date32() if column is DATE else read
