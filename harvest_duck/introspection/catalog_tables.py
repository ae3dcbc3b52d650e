"""What SQL can ask about the tables themselves: `harvest_tables()` and `harvest_columns()` as Arrow tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.catalog.model import BOOLEAN, Column, Host, Match, Origin, Table
from harvest_duck.catalog.tables import TABLES, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

_OPERATORS: Mapping[Match, tuple[str, ...]] = {
    Match.EQUAL: ("=", "IN"),
    Match.FROM: ("=", "IN", ">", ">="),
    Match.TO: ("=", "IN", "<", "<="),
    Match.SINCE: ("=", "IN", ">", ">="),
}
#: The operators that leave one value, or for an input of a report one end.
_SINGLE = {
    Match.EQUAL: ("=",),
    Match.FROM: ("=", "IN", ">", ">="),
    Match.TO: ("=", "IN", "<", "<="),
}
_ORDER = ("=", "IN", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What of a request answers a predicate on a column: `sent` is a parameter, a path, or a header.

    The answer is `exact` where every record in it fits the predicate; otherwise the scan has to drop some.
    """

    operators: tuple[str, ...]
    sent: str
    exact: bool


def tables() -> pa.Table:
    """One row for each table: what a row of it is, its endpoint, rate limit, and who may read it."""
    return pa.Table.from_pylist([_table_row(entry) for entry in TABLES.values()], schema=_TABLES)


def describe(name: str) -> pa.Table:
    """One row for each column of a table, with the operators and parameters that reach the API.

    Raises `UnknownTable` for a name that is none.
    """
    entry = table(name)
    return pa.Table.from_pylist([_column_row(entry, column) for column in entry.columns], schema=_COLUMNS)


def _all_columns() -> pa.Table:
    return pa.concat_tables([describe(name) for name in TABLES])


#: What is registered beside the tables, by the name that SQL macros read it under.
LISTINGS: Mapping[str, Callable[[], pa.Table]] = {"catalog_tables": tables, "catalog_columns": _all_columns}


def pushed(entry: Table, column: Column) -> list[Pushed]:
    """Everything of a request that answers a predicate on the column, in the order of the table; often nothing."""
    if column.origin is Origin.ACCOUNT:
        return [] if entry.host is Host.ID else [Pushed(("=", "IN"), "Harvest-Account-Id", exact=True)]
    paths = [entry.path, *([entry.retrieve] if entry.retrieve else []), *(other.path for other in entry.alternates)]
    found = []
    for path in paths:
        names = re.findall(r"\{(\w+)\}", path)
        if names[-1:] == [column.name]:
            # One of several records of a known parent is looked for in the list of that parent.
            found.append(Pushed(("=", "IN") if len(names) == 1 else ("=",), path, exact=True))
    for param in entry.params_of(column.name):
        given = _OPERATORS[param.match]
        if column.type is BOOLEAN or param.required:
            given = tuple(operator for operator in given if operator in _SINGLE[param.match])
        found.append(Pushed(given, param.name, exact=param.exact))
    return found


def operators(entry: Table, column: Column) -> list[str]:
    """The operators on a column that become part of a request, as SQL writes them."""
    found = {operator for each in pushed(entry, column) for operator in each.operators}
    return [operator for operator in _ORDER if operator in found]


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
