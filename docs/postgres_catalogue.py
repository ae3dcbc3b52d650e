"""Writes what PostgreSQL itself has in its catalogue, from a running PostgreSQL 15 that nobody has used yet.

    initdb -D fresh --locale=C.UTF-8 --encoding=UTF8 --username=postgres
    python docs/postgres_catalogue.py "host=127.0.0.1 port=5432 user=postgres dbname=postgres"

It takes the extra `postgres`. Run it again for another version of PostgreSQL, and look at the differences.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, LiteralString

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from harvest_duck.servers.postgres.pg_catalog import package_data
from harvest_duck.servers.postgres.pg_catalog.catalog import fill
from harvest_duck.servers.postgres.pg_catalog.rewrite import rewritten
from harvest_duck.servers.postgres.sql.tokens import tokens

PACKAGE = Path(__file__).parent.parent / "harvest_duck" / "servers" / "postgres" / "pg_catalog"
DATA = PACKAGE / "data"
SCHEMAS = {"pg_catalog": "postgres.catalog", "information_schema": "postgres.information"}
ARROW = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "smallint": pa.int16(),
    "boolean": pa.bool_(),
    "real": pa.float32(),
    "oid": pa.uint32(),
    "regproc": pa.uint32(),
    "regtype": pa.uint32(),
    "regclass": pa.uint32(),
    "xid": pa.int64(),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "oidvector": pa.list_(pa.uint64()),
    "int2vector": pa.list_(pa.uint16()),
    "oid[]": pa.list_(pa.uint32()),
    "smallint[]": pa.list_(pa.int16()),
}
#: Trees of the parser, numbers of files, secrets, and what belongs to one server alone.
EMPTIED = {"ev_action", "ev_qual", "rolpassword"}
#: Trees that are kept as the text that they mean.
EXPRESSIONS = {"proargdefaults": "pg_get_expr(proargdefaults, 0)"}
#: What belongs to one database is filled by the program.
LEFT_OUT = {"pg_statistic", "pg_database", "pg_shdepend", "pg_db_role_setting"}
#: Without the schema that PostgreSQL makes for users: the only one is Harvest's.
_PUBLIC = " WHERE (objoid, classoid) <> (2200, 2615)"
ROWS = {"pg_namespace": " WHERE nspname <> 'public'", "pg_description": _PUBLIC, "pg_init_privs": _PUBLIC}
#: Settings that differ from server to server, as this one has them.
SETTINGS = """CASE name WHEN 'server_version' THEN split_part(setting, ' ', 1) WHEN 'port' THEN '5432'
    WHEN 'search_path' THEN 'harvest' WHEN 'fsync' THEN 'on' WHEN 'application_name' THEN '' WHEN 'TimeZone' THEN 'UTC'
    WHEN 'log_timezone' THEN 'UTC' ELSE setting END"""
#: Functions of PostgreSQL over its own objects, as tables. They are what macros look up.
TEXTS: dict[str, LiteralString] = {
    "_functions": """SELECT oid AS __oid, pg_get_function_arguments(oid) AS __arguments,
        pg_get_function_identity_arguments(oid) AS __identity, pg_get_function_result(oid) AS __result,
        NULL::text AS __definition
        FROM pg_proc ORDER BY oid""",
    "_types": "SELECT oid AS __oid, format_type(oid, NULL) AS __text FROM pg_type ORDER BY oid",
    "_constraints": "SELECT oid AS __oid, pg_get_constraintdef(oid) AS __text FROM pg_constraint ORDER BY oid",
    "_indexes": """SELECT indexrelid AS __oid, 0::int2 AS __part, pg_get_indexdef(indexrelid) AS __text FROM pg_index
        UNION ALL SELECT indexrelid, -1::int2, pg_get_indexdef(indexrelid, 0, true) FROM pg_index
        UNION ALL SELECT indexrelid, n::int2, pg_get_indexdef(indexrelid, n, true) FROM pg_index,
        generate_series(1, indnatts) AS n ORDER BY 1, 2""",
    "_views": """SELECT oid AS __oid, pg_get_viewdef(oid) AS __text, pg_get_viewdef(oid, true) AS __pretty FROM pg_class
        WHERE relkind = 'v' ORDER BY oid""",
    "_defaults": "SELECT 0::oid AS __oid, 0::int4 AS __part, ''::text AS __text",
    "_settings": f"""SELECT name, {SETTINGS} AS setting, unit, category, short_desc, extra_desc, context, vartype,
        source, min_val, max_val, enumvals, boot_val, reset_val, sourcefile, sourceline, pending_restart
        FROM pg_settings ORDER BY name""",
    "pg_timezone_abbrevs": "SELECT * FROM pg_timezone_abbrevs ORDER BY abbrev",
    "_keywords": """SELECT word AS __word, catcode AS __category, barelabel AS __bare, catdesc AS __text,
        baredesc AS __bare_text FROM pg_get_keywords() ORDER BY word""",
}


def main(connection: str) -> None:
    """Write every file of the data."""
    DATA.mkdir(exist_ok=True)
    for old in DATA.glob("*.parquet"):
        old.unlink()
    with psycopg.connect(connection) as server:
        for schema, name in server.execute(
            """SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE nspname IN ('pg_catalog', 'information_schema') AND relkind = 'r' ORDER BY 1, 2"""
        ).fetchall():
            if name not in LEFT_OUT:
                write(server, name, f"SELECT * FROM {schema}.{name}{ROWS.get(name, '')}")  # type: ignore[arg-type]
        for name, query in TEXTS.items():
            # A user who is no superuser sees fewer settings.
            server.execute("RESET ROLE" if name != "_settings" else "SET ROLE pg_signal_backend")
            write(server, name, query)
        server.execute("RESET ROLE")
        views(server)


def views(server: psycopg.Connection[Any]) -> None:
    """Write PostgreSQL's views as DuckDB's: those that it can read, and that are not made otherwise."""
    package_data.VIEWS.write_text("", "utf-8")
    with duckdb.connect() as con:
        con.execute("ATTACH ':memory:' AS harvest")
        catalogue = fill(con, "harvest")
        catalogue.refused.clear()
        con.execute("SET search_path = 'postgres.catalog'")
        written = []
        for schema, name, definition in server.execute(
            """SELECT nspname, relname, pg_get_viewdef(c.oid) FROM pg_class c
            JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('pg_catalog', 'information_schema')
            AND relkind = 'v' ORDER BY c.oid"""
        ).fetchall():
            sql = rewritten(tokens(whole_rows(definition.rstrip(" ;"))), catalogue).sql
            statement = f'CREATE VIEW {SCHEMAS[schema]}."{name}" AS {" ".join(sql.split())}'
            try:
                con.execute(statement)
            except duckdb.Error as error:
                sys.stdout.write(f"left out: {schema}.{name}: {str(error).splitlines()[0]}\n")
            else:
                written.append(statement)
    head = "-- PostgreSQL 15's own views, written by docs/postgres_catalogue.py."
    package_data.VIEWS.write_text("\n".join([head, *(f"{each};" for each in written), ""]), "utf-8")


def whole_rows(definition: str) -> str:
    """Return a definition without calls that take whole rows, and without a name that is a word of DuckDB's."""
    found = re.sub(
        r"information_schema\._pg_truetypid\((\w+)\.\*, (\w+)\.\*\)",
        r"CASE WHEN \2.typtype = 'd' THEN \2.typbasetype ELSE \1.atttypid END",
        definition,
    )
    found = re.sub(
        r"information_schema\._pg_truetypmod\((\w+)\.\*, (\w+)\.\*\)",
        r"CASE WHEN \2.typtype = 'd' THEN \2.typtypmod ELSE \1.atttypmod END",
        found,
    )
    return re.sub(r"\bat\b", '"at"', found)


def write(server: psycopg.Connection[Any], name: str, query: LiteralString) -> None:
    """Write the rows of a query as a file, if there are any."""
    described = server.execute(query).description or ()
    types = [kind_of(server, each.type_code) for each in described]
    selected = ", ".join(
        "NULL" if column.name in EMPTIED else EXPRESSIONS.get(column.name, f'"{column.name}"{cast(kind)}')
        for column, kind in zip(described, types, strict=True)
    )
    rows = server.execute(f"SELECT {selected} FROM ({query}) AS q").fetchall()  # type: ignore[arg-type]
    if rows:
        columns = [
            pa.array(
                [value(row[n], kind) for row in rows],
                ARROW.get(kind, pa.list_(pa.string()) if kind.endswith("[]") else pa.string()),
            )
            for n, kind in enumerate(types)
        ]
        table = pa.table(columns, [each.name for each in described])
        pq.write_table(
            table,
            DATA / f"{name}.parquet",
            compression="brotli",
            compression_level=11,
            use_dictionary=[column for column in table.column_names if repeats(table[column])],
            write_statistics=False,
            store_schema=False,
        )


def repeats(column: pa.ChunkedArray) -> bool:
    """Return whether a dictionary of its values is smaller than they are."""
    return not pa.types.is_list(column.type) and len(column.unique()) < max(2, len(column) / 2)


def kind_of(server: psycopg.Connection[Any], oid: int) -> str:
    """Return the name of a type of a column."""
    row = server.execute("SELECT format_type(%s, NULL)", [oid]).fetchone()
    return str(row[0] if row else oid)


def cast(kind: str) -> str:
    """Return how a value of a type is asked for."""
    if kind in {"regproc", "regtype", "regclass", "xid"}:
        return "::oid::int8" if kind != "xid" else "::text::int8"
    if kind in {"oidvector", "int2vector"}:
        return "::text"
    if kind == "oid[]":
        return "::int8[]"
    if kind.endswith("[]"):
        return "" if kind in ARROW else "::text[]"
    return "" if kind in ARROW else "::text"


def value(given: object, kind: str) -> object:
    """Return a value as Arrow takes it."""
    if kind in {"oidvector", "int2vector"}:
        return None if given is None else [int(part) for part in str(given).split()]
    return given


if __name__ == "__main__":
    main(*sys.argv[1:])
