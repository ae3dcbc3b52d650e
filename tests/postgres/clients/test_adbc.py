"""ADBC's PostgreSQL driver, which reads by COPY in binary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.real_postgres import client
from support.same_tables import select
from support.told_apart import hold

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from support.postgres_address import Address


def rows(address: Address) -> dict[str, list[str]]:
    """Return the schema and the rows of every table."""
    found = {}
    with client("adbc_driver_postgresql.dbapi").connect(address.url) as con, con.cursor() as cursor:
        for name in TABLES:
            cursor.execute(select(name))
            table = cursor.fetch_arrow_table()
            found[name] = [table.schema.to_string(), *sorted(map(repr, table.to_pylist()))]
    return found


def test_every_table_has_the_same_rows(ours: Address, theirs: Address) -> None:
    hold(rows(ours), rows(theirs))


def objects(address: Address) -> dict[str, list[str]]:
    """Return what the driver lists: catalogs, schemas, tables with columns and keys, and types of tables."""
    found = {}
    with client("adbc_driver_postgresql.dbapi").connect(address.url) as con:
        found["types"] = con.adbc_get_table_types()
        listed = [("tables", None), *(("all", name) for name in ("clients", "time_entries", "utilization"))]
        for depth, only in listed:
            read = con.adbc_get_objects(depth=depth, db_schema_filter="harvest", table_name_filter=only)
            [catalog] = [catalog for catalog in read.read_all().to_pylist() if catalog["catalog_name"] == "acme"]
            for schema in catalog["catalog_db_schemas"]:
                for table in schema["db_schema_tables"]:
                    (table["table_columns"] or []).sort(key=lambda column: column["ordinal_position"])
                    (table["table_constraints"] or []).sort(key=lambda constraint: constraint["constraint_name"])
                    name = f"{depth} {schema['db_schema_name']}.{table['table_name']}"
                    found[name] = [json.dumps(table, sort_keys=True)]
        found["schema"] = [str(con.adbc_get_table_schema("time_entries", db_schema_filter="harvest"))]
        found["info"] = [repr({k: v for k, v in con.adbc_get_info().items() if "version" not in k})]
    return found


def test_objects_are_those_of_postgresql(ours: Address, theirs: Address) -> None:
    hold(objects(ours), objects(theirs))


def test_parameters_are_bound(ours: Address, theirs: Address) -> None:
    def asked(address: Address) -> Any:
        with client("adbc_driver_postgresql.dbapi").connect(address.url) as con, con.cursor() as cursor:
            cursor.execute("SELECT name FROM harvest.clients WHERE id > $1 AND name LIKE $2 ORDER BY id", (5, "%e%"))
            return cursor.fetchall()

    assert asked(ours) == asked(theirs) != []
