"""A real PostgreSQL with the tables and rows of an account, which clients of ours are compared with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.tables import TABLES
from harvest_duck.pushdown.sql import identifier, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    from support.real_postgres import RealPostgres

    from harvest_duck.catalog.model import Column, Table

__all__ = ["conditions", "fill", "select"]

_NAMES = {
    "VARCHAR": "text",
    "TIME": "time",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "DECIMAL(18,4)": "numeric(18,4)",
}
#: The days of the reports of a table that has rows only for a period.
_PERIOD = "from_date = '2026-01-01' AND to_date = '2026-12-31'"


def conditions(table: Table) -> str:
    """Return the condition that a query of all rows of a table needs, which is empty for most."""
    return f" WHERE {_PERIOD}" if any(param.required for param in table.params) else ""


def select(name: str, columns: str = "*") -> str:
    """Return the query of the rows of a table."""
    return f"SELECT {columns} FROM harvest.{identifier(name)}{conditions(TABLES[name])}"


def fill(cluster: RealPostgres, database: str, con: duckdb.DuckDBPyConnection) -> None:
    """Make a database with the tables, keys, comments and rows that `con` has in its catalog `harvest`."""
    cluster.create(database)
    with cluster.connect(database) as target:
        target.execute(
            f"ALTER DATABASE {identifier(database)} SET search_path = harvest; SET check_function_bodies = off"
        )
        target.execute(";\n".join(_definitions(TABLES)))
        for name, table in TABLES.items():
            types = con.sql(f"FROM harvest.{identifier(name)}{conditions(table)}").types
            nested = [str(kind).startswith("STRUCT") or str(kind).endswith("[]") for kind in types]
            _copy(target, name, con, nested)


def _definitions(tables: Mapping[str, Table]) -> Iterator[str]:
    yield "CREATE SCHEMA harvest"
    yield "SET search_path = harvest"
    for name, table in tables.items():
        columns = [f"{identifier(column.name)} {_type(column)}" for column in table.columns]
        if table.key:
            columns.append(f"PRIMARY KEY ({', '.join(map(identifier, table.key))})")
        yield f"CREATE TABLE {identifier(name)} ({', '.join(columns)})"
        yield f"COMMENT ON TABLE {identifier(name)} IS {text(table.description)}"
        for column in table.columns:
            yield f"COMMENT ON COLUMN {identifier(name)}.{identifier(column.name)} IS {text(column.description)}"


def _type(column: Column) -> str:
    sql = column.type.sql
    if re.search(r"\[\]$|^STRUCT|^JSON", sql):
        return "json"
    return _NAMES.get(sql, sql.lower())


def _copy(target: Any, name: str, con: duckdb.DuckDBPyConnection, nested: list[bool]) -> None:
    """Copy the rows of one table."""
    columns = [identifier(column.name) for column in TABLES[name].columns]
    asked = [f"to_json({c})::VARCHAR" if json else c for c, json in zip(columns, nested, strict=True)]
    rows = con.execute(select(name, ", ".join(asked))).fetchall()
    with target.cursor() as cursor, cursor.copy(f"COPY {identifier(name)} FROM STDIN") as copied:
        for row in rows:
            copied.write_row(row)
