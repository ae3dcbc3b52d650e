"""What SQL can ask about the tables themselves: `harvest_tables()` and `harvest_columns()` as Arrow tables."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.catalog.tables import TABLES, table
from harvest_duck.introspection.pushed_operators import operators

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harvest_duck.catalog.model import Column, Table

_TABLES = pa.schema(
    [
        ("table_name", pa.string()),
        ("description", pa.string()),
        ("endpoint", pa.string()),
        ("columns", pa.int64()),
        ("rate_limit", pa.string()),
        ("permission", pa.string()),
        ("documentation", pa.string()),
    ]
)
_COLUMNS = pa.schema(
    [
        ("table_name", pa.string()),
        ("column_name", pa.string()),
        ("data_type", pa.string()),
        ("description", pa.string()),
        ("key", pa.bool_()),
        ("refers_to", pa.string()),
        ("unit", pa.string()),
        ("allowed_values", pa.list_(pa.string())),
        ("operators", pa.list_(pa.string())),
        ("parameters", pa.list_(pa.string())),
        ("required", pa.bool_()),
        ("deprecated", pa.bool_()),
    ]
)


@cache
def tables() -> pa.Table:
    """One row for each table: what a row of it is, its endpoint, rate limit, and who may read it."""
    return pa.Table.from_pylist([_table_row(entry) for entry in TABLES.values()], schema=_TABLES)


def describe(name: str) -> pa.Table:
    """One row for each column of a table, with the operators and parameters that reach the API.

    Raises `UnknownTable` for a name that is none.
    """
    entry = table(name)
    return pa.Table.from_pylist([_column_row(entry, column) for column in entry.columns], schema=_COLUMNS)


@cache
def _all_columns() -> pa.Table:
    return pa.concat_tables([describe(name) for name in TABLES])


#: What is registered beside the tables, by the name that SQL macros read it under.
LISTINGS: Mapping[str, Callable[[], pa.Table]] = {"catalog_tables": tables, "catalog_columns": _all_columns}


def _table_row(entry: Table) -> dict[str, Any]:
    return {
        "table_name": entry.name,
        "description": entry.description,
        "endpoint": entry.path,
        "columns": len(entry.columns),
        "rate_limit": entry.limit.value,
        "permission": entry.permission,
        "documentation": entry.docs,
    }


def _column_row(entry: Table, column: Column) -> dict[str, Any]:
    return {
        "table_name": entry.name,
        "column_name": column.name,
        "data_type": column.type.sql,
        "description": column.description,
        "key": column.key,
        "refers_to": column.references,
        "unit": column.unit,
        "allowed_values": list(column.values),
        "operators": operators(entry, column),
        "parameters": [param.name for param in entry.params_of(column.name)],
        "required": any(param.required for param in entry.params_of(column.name)),
        "deprecated": column.deprecated,
    }
