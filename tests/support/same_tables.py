"""A real PostgreSQL with the tables, views, keys, comments and rows of an account, which ours is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.postgres_objects import same_objects

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.pushdown.sql import identifier
from harvest_duck.servers.postgres.pg_catalog.catalog import described
from harvest_duck.servers.postgres.pg_catalog.objects import relations
from harvest_duck.views.load import views

if TYPE_CHECKING:
    import duckdb
    from support.real_postgres import RealPostgres

__all__ = ["fill", "select"]

#: The days of the reports, which have rows for a period alone.
_PERIOD = "from_date = '2026-01-01' AND to_date = '2026-12-31'"


def select(name: str, columns: str = "*") -> str:
    """Return the query of all rows of a table."""
    condition = f" WHERE {_PERIOD}" if any(param.required for param in TABLES[name].params) else ""
    return f"SELECT {columns} FROM harvest.{identifier(name)}{condition}"


def fill(cluster: RealPostgres, database: str, user: str, connection: str) -> None:
    """Make a database with all that a served one has, for a user who may read; its views have no rows."""
    cluster.create(database)
    with harvest_duck.connect(connection, name="harvest") as con, cluster.connect(database) as target:
        con.execute("SET TimeZone = 'UTC'")
        for name in views():
            con.execute(f"CREATE VIEW harvest.main.{name} AS FROM harvest.main.{name}()")
        target.execute(";\n".join(same_objects(relations(described(con)), database, user)))
        # Harvest's records refer to what was deleted, or to what the token may not read.
        target.execute("SET session_replication_role = replica; SET search_path = harvest")
        for name in TABLES:
            _copy(target, name, con)


def _copy(target: Any, name: str, con: duckdb.DuckDBPyConnection) -> None:
    """Copy the rows of one table; lists and structs become the text of a json."""
    found = con.sql(select(name))
    columns = zip(found.columns, found.types, strict=True)
    asked = [f"to_json({c})::VARCHAR" if t.id in ("list", "struct") else identifier(c) for c, t in columns]
    with target.cursor() as cursor, cursor.copy(f"COPY {identifier(name)} FROM STDIN") as copied:
        for row in con.execute(select(name, ", ".join(asked))).fetchall():
            copied.write_row(row)
