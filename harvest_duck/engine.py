"""The one place that asks DuckDB anything: `harvest_scan` as a table function, accounts as schemas of views.

DuckDB's Python client has no table functions of one's own, so `harvest_scan('t', 'conn')` is a temporary macro over one
registered dataset for each table; it hands the connection string on as a filter on the hidden column `_connection`.
Everything is temporary and belongs to one connection of DuckDB: nothing is left in a database file, and a cursor has to
be registered as well.
"""

from __future__ import annotations

import weakref
from collections import deque
from typing import TYPE_CHECKING

import duckdb

from harvest_duck import catalog
from harvest_duck.arrow_types import CONNECTION
from harvest_duck.dataset import HarvestDataset, attached
from harvest_duck.endpoints import TABLES
from harvest_duck.errors import ConnectionStringError, HarvestDuckError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harvest_duck.table import Table

__all__ = ["attach", "connect", "identifier", "last_error", "register", "text"]

_PREFIX = "_harvest_"
_last_errors: weakref.WeakKeyDictionary[duckdb.DuckDBPyConnection, deque[HarvestDuckError]] = (
    weakref.WeakKeyDictionary()
)


def connect(
    connection: str = "", *, database: str | Path = ":memory:", read_only: bool = False, name: str = "harvest"
) -> duckdb.DuckDBPyConnection:
    """A connection of DuckDB in which `harvest_scan('t')` needs no second argument and `harvest.t` is every table.

    `database` is opened as usual. A file that is opened `read_only` is attached to a database in memory and made its
    default, because DuckDB attaches nothing new to a read-only one.
    """
    if read_only and str(database) != ":memory:":
        con = duckdb.connect()
        con.execute(f"ATTACH {text(str(database))} AS database_file (READ_ONLY)")
        con.execute("USE database_file")
    else:
        con = duckdb.connect(str(database))
    try:
        register(con, connection)
        attach(con, connection, name=name)
    except BaseException:
        con.close()
        raise
    return con


def register(con: duckdb.DuckDBPyConnection | None = None, connection: str = "") -> None:
    """Make `harvest_scan`, `harvest_tables` and `harvest_columns` known to `con`, or to DuckDB's default connection.

    `connection` is what `harvest_scan('t')` uses when it is given no second argument. Doing it again replaces what was
    there. Nothing is resolved or sent before a query runs.
    """
    con = con if con is not None else duckdb.default_connection()
    errors = _last_errors.setdefault(con, deque(maxlen=1))
    errors.clear()
    for table in TABLES.values():
        con.register(_PREFIX + table.name, HarvestDataset(table, errors.append))
    for name, listing in catalog.LISTINGS.items():
        con.register(f"{_PREFIX}{name}", listing())
    con.execute(_scan_macro(attached(connection) if connection else ""))
    con.execute(f"CREATE OR REPLACE TEMP MACRO harvest_tables() AS TABLE FROM {_PREFIX}catalog_tables")
    con.execute(
        "CREATE OR REPLACE TEMP MACRO harvest_columns(tbl := NULL) AS TABLE "
        f"FROM {_PREFIX}catalog_columns WHERE tbl IS NULL OR table_name = lower(tbl)"
    )


def attach(con: duckdb.DuckDBPyConnection, connection: str, *, name: str) -> None:
    """Make every table of the account that `connection` names a view `name.table`, beside those already attached.

    The views live in a database in memory, with the descriptions of tables and columns as comments. The connection
    string stays out of SQL. Attaching a name again replaces it; a name that a database already has is an error.
    """
    if con not in _last_errors:
        register(con)
    catalogue = identifier(name)
    try:
        if not _is_ours(con, name):
            con.execute(f"ATTACH ':memory:' AS {catalogue}")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise ConnectionStringError(f"{name} cannot be attached, choose another name: {reason}") from error
    handle = attached(connection)
    for table in TABLES.values():
        con.execute(
            f"CREATE OR REPLACE VIEW {catalogue}.main.{identifier(table.name)} AS "
            f"SELECT * EXCLUDE ({CONNECTION}) FROM temp.main.{_PREFIX}{table.name} WHERE {CONNECTION} = {text(handle)}"
        )
    con.execute(_comments(catalogue, TABLES))


def last_error(con: duckdb.DuckDBPyConnection) -> HarvestDuckError | None:
    """The error that the last failed scan of `con` ended with, whole, since DuckDB keeps only its text; else None.

    A query that fails for another reason leaves it as it was.
    """
    errors = _last_errors.get(con)
    return errors[-1] if errors else None


def _scan_macro(default: str) -> str:
    names = ", ".join(text(name) for name in TABLES)
    # The nearest name, as SQL, because DuckDB offers a macro nothing else at the moment that it binds.
    nearest = (
        f"list_reduce([{names}], lambda x, y: "
        "CASE WHEN jaro_winkler_similarity(x, lower(tbl)) >= jaro_winkler_similarity(y, lower(tbl)) THEN x ELSE y END)"
    )
    fault = (
        "error('no Harvest table \"' || tbl || '\"; did you mean \"' || "
        f"{nearest} || '\"? FROM harvest_tables() lists all {len(TABLES)}')"
    )
    return (
        f"CREATE OR REPLACE TEMP MACRO harvest_scan(tbl, conn := {text(default)}) AS TABLE "
        f"SELECT * EXCLUDE ({CONNECTION}) FROM query_table("
        f"CASE WHEN conn::VARCHAR IS NULL THEN error('harvest_scan: the connection string is NULL') "
        f"WHEN lower(tbl) IN ({names}) THEN '{_PREFIX}' || lower(tbl) ELSE {fault} END) WHERE {CONNECTION} = conn"
    )


def _comments(catalogue: str, tables: Mapping[str, Table]) -> str:
    statements = []
    for table in tables.values():
        view = f"{catalogue}.main.{identifier(table.name)}"
        statements.append(f"COMMENT ON VIEW {view} IS {text(table.description)}")
        statements.extend(
            f"COMMENT ON COLUMN {view}.{identifier(column.name)} IS {text(column.description)}"
            for column in table.columns
        )
    return ";".join(statements)


def _is_ours(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether `name` is a database in memory that holds the views of an earlier attach, and so can be replaced."""
    found = con.execute(
        "SELECT count(*) FROM duckdb_databases() d JOIN duckdb_views() v USING (database_name) "
        "WHERE lower(database_name) = lower(?) AND d.path IS NULL AND v.sql LIKE ?",
        [name, f"%{_PREFIX}time_entries%"],
    ).fetchone()
    return bool(found and found[0])


def identifier(name: str) -> str:
    """A name as SQL writes it, in quotes."""
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def text(value: str) -> str:
    """A text as SQL writes it, in quotes."""
    quoted = value.replace("'", "''")
    return f"'{quoted}'"
