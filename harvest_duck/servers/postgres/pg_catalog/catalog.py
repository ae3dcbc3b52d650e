"""PostgreSQL's catalogue of one database, made in the DuckDB instance that has Harvest's tables."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.servers.postgres.pg_catalog import package_data
from harvest_duck.servers.postgres.pg_catalog.column_types import SCHEMAS
from harvest_duck.servers.postgres.pg_catalog.columns import Columns
from harvest_duck.servers.postgres.pg_catalog.function_rows import functions, texts
from harvest_duck.servers.postgres.pg_catalog.lazy_views import LazyViews
from harvest_duck.servers.postgres.pg_catalog.names import Names
from harvest_duck.servers.postgres.pg_catalog.object_rows import rows
from harvest_duck.servers.postgres.pg_catalog.objects import relations
from harvest_duck.servers.postgres.pg_catalog.refusals import EMPTY, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

__all__ = ["Catalogue", "described", "fill"]


class Catalogue:
    """PostgreSQL's catalogue of `database`, and what the rewriting of a statement asks about it.

    Its views are made when a statement first names them: all would take half of the time that a database takes to open.
    """

    def __init__(self, database: str, columns: Columns, numbers: Names, views: LazyViews) -> None:
        self.database = database
        #: The names of the relations of pg_catalog and information_schema.
        self.relations = columns.relations
        #: The names of columns that are numbers of objects.
        self.numbers = columns.numbers
        #: What reading a relation fails with, for those that a client cannot read.
        self.refused = refused(columns, views.names)
        self._names = numbers
        self._views = views

    def number(self, kind: str, name: str) -> int | None:
        """Return the number of an object by the name that a cast to `regclass` or one of its kin gives it."""
        return self._names.number(kind, name)

    def provide(self, con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
        """Make what a statement needs that names these relations: it has to be done before DuckDB sees it."""
        self._views.provide(con, names)


def fill(con: duckdb.DuckDBPyConnection, database: str, *, lazily: bool = False) -> Catalogue:
    """Make the catalog `postgres` in an instance that has Harvest's tables as `harvest`, and return what is in it.

    Who fills it `lazily` calls `provide` before each statement.
    """
    with con.cursor() as cursor:
        catalogue = _filled(cursor, database)
        if not lazily:
            catalogue.provide(cursor, catalogue.relations)
        return catalogue


def _filled(con: duckdb.DuckDBPyConnection, database: str) -> Catalogue:
    con.execute("ATTACH ':memory:' AS postgres; CREATE SCHEMA postgres.catalog; CREATE SCHEMA postgres.information")
    con.execute(f"SET search_path = '{SCHEMAS['pg_catalog']}'")
    columns = Columns()
    for relation in columns.listed:
        if relation.kind == "v" and relation.name not in EMPTY:
            continue
        place = f"{SCHEMAS[relation.schema]}.{identifier(relation.name)}"
        con.execute(f"CREATE TABLE {place} ({relation.duckdb_columns})")
        if relation.name in package_data.stored():
            _insert(con, place, package_data.rows(relation.name))
    for name in sorted(package_data.stored()):
        if name.startswith("_") or name == "pg_timezone_abbrevs":
            con.register("_rows", package_data.rows(name))
            con.execute(f"CREATE TABLE postgres.catalog.{identifier(name)} AS FROM _rows")
    served = relations(described(con))
    made = rows(served, columns.types, database) | {"pg_proc": list(functions(served))} | texts(served)
    for name, added in made.items():
        if added:
            every = dict.fromkeys(chain(*added))
            _insert(con, f"postgres.catalog.{name}", pa.Table.from_pylist([every | row for row in added]))
    con.execute(_current_setting())
    started = con.execute("SELECT now()::VARCHAR").fetchall()[0][0]
    con.execute(f"CREATE MACRO postgres.catalog.pg_postmaster_start_time() AS {text(started)}::TIMESTAMPTZ")
    for file in ("lookups.sql", "functions.sql", "own_views.sql"):
        for statement in package_data.statements(file):
            con.execute(statement)
    views = LazyViews(con, package_data.statements("views.sql"))
    numbers = Names(made, columns.classes, columns.types)
    return Catalogue(database, columns, numbers, views)


def _current_setting() -> str:
    """The statement that makes current_setting(): a table function takes it as an argument, but no subquery."""
    names, values = (package_data.rows("_settings")[column].to_pylist() for column in ("name", "setting"))
    known = ", ".join(f"{text(name.lower())}: {text(value or '')}" for name, value in zip(names, values, strict=True))
    value = (
        f"coalesce(map_extract_value(getvariable('postgres_settings'), lower(named)), map {{{known}}}[lower(named)])"
    )
    failure = "error('unrecognized configuration parameter \"' || named || '\"')"
    return (
        f"CREATE MACRO postgres.catalog.current_setting(named) AS coalesce({value}, {failure}), "
        f"(named, missing_ok) AS {value}"
    )


def _insert(con: duckdb.DuckDBPyConnection, place: str, table: pa.Table) -> None:
    con.register("_rows", table)
    con.execute(f"INSERT INTO {place} BY NAME FROM _rows")
    con.unregister("_rows")


def described(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str | None]]:
    """Return name, column, type and comment of each column of Harvest's tables and the ready views."""
    return con.execute(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
        "WHERE database_name = 'harvest' AND schema_name = 'main' ORDER BY table_name, column_index"
    ).fetchall()
