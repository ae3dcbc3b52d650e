"""PostgreSQL's catalogue of one database, made in the DuckDB instance that has Harvest's tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.pushdown.sql import identifier
from harvest_duck.servers.postgres.pg_catalog import names, package_data
from harvest_duck.servers.postgres.pg_catalog.column_types import duckdb_type
from harvest_duck.servers.postgres.pg_catalog.function_rows import functions, texts
from harvest_duck.servers.postgres.pg_catalog.object_rows import rows
from harvest_duck.servers.postgres.pg_catalog.objects import relations

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.servers.postgres.pg_catalog.object_rows import Row

__all__ = ["Catalogue", "fill"]

_SCHEMAS = {11: "postgres.catalog", 13207: "postgres.information"}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the rewriting of a statement asks about the catalogue of `database`."""

    database: str
    #: The names of the relations of pg_catalog and information_schema.
    relations: frozenset[str]
    #: The names of columns that are numbers of objects.
    numbers: frozenset[str]
    _names: names.Names = field(repr=False)

    def number(self, kind: str, name: str) -> int | None:
        """Return the number of an object by the name that a cast to `regclass` or one of its kin gives it."""
        return self._names.number(kind, name)


def fill(con: duckdb.DuckDBPyConnection, database: str) -> Catalogue:
    """Make the catalog `postgres` in an instance that has Harvest's tables as `harvest`, and return what is in it."""
    with con.cursor() as cursor:
        return _filled(cursor, database)


def _filled(con: duckdb.DuckDBPyConnection, database: str) -> Catalogue:
    con.execute("ATTACH ':memory:' AS postgres; CREATE SCHEMA postgres.catalog; CREATE SCHEMA postgres.information")
    served = relations(_described(con))
    types = {row["oid"]: row for row in package_data.rows("pg_type").to_pylist()}
    classes = package_data.rows("pg_class").to_pylist()
    columns = _columns()
    for each in classes:
        if each["relkind"] == "r" and each["relnamespace"] in _SCHEMAS:
            _table(con, each, columns[each["oid"]])
    for name in sorted(package_data.stored()):
        if name.startswith("_") or name == "pg_timezone_abbrevs":
            _insert(con, f"postgres.catalog.{identifier(name)}", package_data.rows(name), create=True)
    made = rows(served, types, database) | {"pg_proc": list(functions(served))} | texts(served)
    for name, added in made.items():
        if added:
            _insert(con, f"postgres.catalog.{name}", pa.Table.from_pylist([dict.fromkeys(chain(*added)) | row for row in added]))
    con.execute("SET search_path = 'postgres.catalog'")
    for file in ("lookups.sql", "functions.sql", "own_views.sql", "views.sql"):
        for statement in package_data.statements(file):
            con.execute(statement)
    return Catalogue(
        database=database,
        relations=frozenset(each["relname"] for each in classes if each["relkind"] in "rv"),
        numbers=frozenset(name for each in columns.values() for name, kind in each if kind == "oid"),
        _names=names.Names(made["pg_class"], classes, made["pg_type"], types),
    )


def _described(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str | None]]:
    return con.execute(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
        "WHERE database_name = 'harvest' AND schema_name = 'main' ORDER BY table_name, column_index"
    ).fetchall()


def _columns() -> dict[int, list[tuple[str, str]]]:
    """The names and types of the columns of each relation of PostgreSQL, by its number."""
    called = dict(zip(*package_data.rows("_types").to_pydict().values(), strict=True))
    found: dict[int, list[tuple[str, str]]] = {}
    table = package_data.rows("pg_attribute").select(["attrelid", "attnum", "attname", "atttypid"])
    for relation, number, name, kind in zip(*table.to_pydict().values(), strict=True):
        if number > 0:
            found.setdefault(relation, []).append((number, name, called[kind]))  # type: ignore[arg-type]
    return {relation: [(name, kind) for _, name, kind in sorted(listed)] for relation, listed in found.items()}  # type: ignore[misc]


def _table(con: duckdb.DuckDBPyConnection, relation: Row, columns: list[tuple[str, str]]) -> None:
    """Make a table of PostgreSQL's with the rows that it has itself."""
    name = relation["relname"]
    place = f"{_SCHEMAS[relation['relnamespace']]}.{identifier(name)}"
    listed = ", ".join(f"{identifier(column)} {duckdb_type(kind)}" for column, kind in columns)
    con.execute(f"CREATE TABLE {place} ({listed})")
    if name in package_data.stored():
        _insert(con, place, package_data.rows(name))


def _insert(con: duckdb.DuckDBPyConnection, place: str, table: pa.Table, *, create: bool = False) -> None:
    con.register("_rows", table)
    con.execute(f"CREATE TABLE {place} AS FROM _rows" if create else f"INSERT INTO {place} BY NAME FROM _rows")
    con.unregister("_rows")
