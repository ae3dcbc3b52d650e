"""The listings of the catalog: `harvest_tables()` and `harvest_columns()` as Arrow tables."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.catalog.tables import TABLES, table
from harvest_duck.display.listing import listing
from harvest_duck.introspection.pushed_operators import operators

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Column, Table

TABLES_SCHEMA = pa.schema(
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
COLUMNS_SCHEMA = pa.schema(
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


def tables() -> pa.Table:
    """Return one row for each table: its description, endpoint, rate limit and permission, among others."""
    return listing(map(_table_row, TABLES.values()), TABLES_SCHEMA)


def describe(name: str) -> pa.Table:
    """Return one row for each column of a table, with the operators and parameters that become part of a request.

    Raises `UnknownTable` if there is no table of that name.
    """
    entry = table(name)
    return listing((_column_row(entry, column) for column in entry.columns), COLUMNS_SCHEMA)


@cache
def columns() -> pa.Table:
    """Return one row for each column of every table.

    The planner is asked about every operator, which takes some 40 ms of CPU: nothing should call this before a query
    needs the rows.
    """
    return pa.concat_tables([describe(name) for name in TABLES])


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
