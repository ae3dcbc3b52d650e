"""The Arrow types of a table: its schema, and the types in which its JSON is read.

`DECIMAL` is decimal128(18, 4), `TIMESTAMP` has microseconds in UTC. Dates and times of day are read as text and
converted afterwards, because Arrow's JSON reader knows neither.
"""

from __future__ import annotations

from functools import cache, lru_cache

import pyarrow as pa

from harvest_duck.catalog.model import (
    BIGINT,
    BOOLEAN,
    DATE,
    DECIMAL,
    JSON,
    TIME,
    TIMESTAMP,
    VARCHAR,
    ListOf,
    StructOf,
    Table,
    Type,
)

_SCALARS = {
    BIGINT: pa.int64(),
    BOOLEAN: pa.bool_(),
    DATE: pa.date32(),
    DECIMAL: pa.decimal128(18, 4),
    JSON: pa.string(),
    TIME: pa.time64("us"),
    TIMESTAMP: pa.timestamp("us", "UTC"),
    VARCHAR: pa.string(),
}
#: What makes a column of texts one of type JSON in DuckDB, without a cast: that would refuse a whole query for half a
#: surrogate pair, which JSON allows and DuckDB's parser does not (1.4 to 2.0).
# https://arrow.apache.org/docs/format/CanonicalExtensions.html#json
_JSON = {"ARROW:extension:name": "arrow.json", "ARROW:extension:metadata": ""}


@cache
def arrow_type(column: Type) -> pa.DataType:
    """Return the Arrow type of a column as SQL sees it."""
    return _typed(column, text=False)


@cache
def json_type(column: Type) -> pa.DataType:
    """Return the type in which Arrow's JSON reader reads a column: dates and times of day are text."""
    return _typed(column, text=True)


def _typed(column: Type, *, text: bool) -> pa.DataType:
    match column:
        case ListOf(item):
            return pa.list_(_typed(item, text=text))
        case StructOf(fields):
            return pa.struct([(name, _typed(item, text=text)) for name, item in fields])
        case _ if text and column in (DATE, TIME):
            return pa.string()
        case _:
            return _SCALARS[column]


# Each path of an endpoint makes a table.
@lru_cache(maxsize=256)
def schema_of(table: Table) -> pa.Schema:
    """Return the schema of a table as SQL sees it."""
    return pa.schema(
        [
            pa.field(column.name, arrow_type(column.type), metadata=_JSON if column.type is JSON else None)
            for column in table.columns
        ]
    )
