"""The columns of a table in the types that Spark has, as its DDL and as its Arrow schema.

Spark has no time of day, so a TIME is a text such as `09:30:00`. It calls the items of a list `element` (pyspark 4.3,
`sql/pandas/types.py`). Everything else has the type that it has in Arrow: moments are in UTC, money is exact.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

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
from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import identifier, shown, text

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCALARS = {
    BIGINT: ("bigint", pa.int64()),
    BOOLEAN: ("boolean", pa.bool_()),
    DATE: ("date", pa.date32()),
    DECIMAL: ("decimal(18,4)", pa.decimal128(18, 4)),
    JSON: ("string", pa.string()),
    TIME: ("string", pa.string()),
    TIMESTAMP: ("timestamp", pa.timestamp("us", "UTC")),
    VARCHAR: ("string", pa.string()),
}


class Asked(NamedTuple):
    """A column of a schema that a user gave: its name, its type as Spark writes it, and whether it may be NULL."""

    name: str
    type: str
    nullable: bool = True


def ddl(table: Table) -> str:
    """Return the schema of a table as Spark's DDL, with the descriptions of its columns as comments."""
    return ", ".join(
        f"`{column.name}` {spark_type(column.type)} COMMENT {_literal(column.description)}" for column in table.columns
    )


@cache
def spark_type(column: Type) -> str:
    """Return the type of a column as Spark writes it, in DDL and in the `simpleString` of a type."""
    match column:
        case ListOf(item):
            return f"array<{spark_type(item)}>"
        case StructOf(fields):
            return f"struct<{','.join(f'{name}:{spark_type(item)}' for name, item in fields)}>"
        case _:
            return _SCALARS[column][0]


@cache
def arrow_type(column: Type) -> pa.DataType:
    """Return the Arrow type that Spark expects of a column."""
    match column:
        case ListOf(item):
            return pa.list_(pa.field("element", arrow_type(item)))
        case StructOf(fields):
            return pa.struct([(name, arrow_type(item)) for name, item in fields])
        case _:
            return _SCALARS[column][1]


def arrow_schema(table: Table, names: Sequence[str]) -> pa.Schema:
    """Return the schema that Spark expects of batches with the columns `names`."""
    return pa.schema([(name, arrow_type(table.column(name).type)) for name in names])


def selection(table: Table, names: Sequence[str]) -> str:
    """Return the columns `names` as a list of SQL, each time of day as text."""
    return ", ".join(
        f"{identifier(name)}{'::VARCHAR' if table.column(name).type is TIME else ''} AS {identifier(name)}"
        for name in names
    )


def names_of(table: Table, schema: Sequence[Asked]) -> list[str]:
    """Return the names of the columns of a schema that a user gave.

    Raises `QueryError` for a column that the table does not have, or has in another type.
    """
    if not schema:
        raise QueryError(f"{table.name} was asked for no column at all: leave .schema() out, or name one")
    for column in schema:
        if column.name not in table:
            near = get_close_matches(column.name.lower(), [each.name for each in table.columns], n=1)
            advice = f"did you mean {near[0]}? " if near else ""
            raise QueryError(
                f"{table.name} has no column {shown(column.name)}; {advice}.schema() takes the columns that "
                "harvest_duck.describe() lists, with the types of the DataFrame"
            )
        expected = spark_type(table.column(column.name).type)
        if column.type != expected:
            raise QueryError(
                f"{table.name}.{column.name} is {expected} and not {column.type[:200]}: write `{column.name} "
                f"{expected}` in .schema(), and cast the column afterwards"
            )
        if not column.nullable:
            raise QueryError(f"{table.name}.{column.name} may be NULL: leave NOT NULL out of .schema()")
    return [column.name for column in schema]


def _literal(value: str) -> str:
    """A text as a literal of Spark's, in which a backslash escapes."""
    return text(value.replace("\\", "\\\\")).replace("''", "\\'")
