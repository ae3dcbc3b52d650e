"""The one place that asks DuckDB anything: `harvest_scan` as a table function, accounts as schemas of views.

DuckDB's Python client has no table functions of one's own, so `harvest_scan('t', 'conn')` is a temporary macro over one
registered dataset for each table; it hands the connection string on as a filter on the hidden column `_connection`.
Everything is temporary and belongs to one connection of DuckDB: nothing is left in a database file, and a cursor has to
be registered as well.
"""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from harvest_duck.catalog.arrow_types import CONNECTION
from harvest_duck.catalog.tables import TABLES
from harvest_duck.engine.dataset import HarvestDataset
from harvest_duck.engine.dry_run import SETTINGS, recorded
from harvest_duck.engine.table_function import TableFunction
from harvest_duck.errors import ConnectionStringError, HarvestDuckError, QueryError
from harvest_duck.http.request_log import SENT, RequestLog
from harvest_duck.introspection import catalog_tables
from harvest_duck.introspection.access_rules import ACCESS
from harvest_duck.introspection.explain import EXPLAINED, explained
from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.runtime import loop
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.runtime.interrupt import watch_sigint
from harvest_duck.scanner.progress import PROGRESS, RunningScans
from harvest_duck.scanner.scan_request import attached

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    from harvest_duck.catalog.model import Table
    from harvest_duck.engine.dataset import Read
    from harvest_duck.scanner.scan_request import Query

_PREFIX = "_harvest_"
#: DuckDB 1 asks for a second batch before it looks at the first, under a LIMIT as well.
_ASKS_TWICE = duckdb.__version__.startswith("1.")
_known: weakref.WeakKeyDictionary[duckdb.DuckDBPyConnection, _Known] = weakref.WeakKeyDictionary()


@dataclass(slots=True)
class _Known:
    """What is kept for one connection of DuckDB: the last error of its scans, and the requests that they sent.

    `default` stands for the connection string that `harvest_scan` uses when it is given none, and `listings` are the
    tables about tables.
    """

    errors: deque[HarvestDuckError] = field(default_factory=lambda: deque(maxlen=1))
    request_log: RequestLog = field(default_factory=RequestLog)
    running: RunningScans = field(default_factory=RunningScans)
    readers: Readers = field(default_factory=Readers)
    default: str = ""
    listings: Mapping[str, pa.Table] = field(
        default_factory=lambda: {name: listing() for name, listing in catalog_tables.LISTINGS.items()}
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
    """Make `harvest_scan` and the functions beside it known to `con`, or to DuckDB's default connection.

    `connection` is what `harvest_scan('t')` uses when it is given no second argument. Doing it again replaces what was
    there. Nothing is resolved or sent before a query runs.
    """
    con = con if con is not None else duckdb.default_connection()
    known = _known.setdefault(con, _Known())
    watch_sigint()
    known.errors.clear()
    known.default = attached(connection) if connection else ""
    read = _live(known)
    _define(con, known, lambda table: HarvestDataset(table, known.errors.append, read), _access)
    con.register(f"{_PREFIX}explain", _explanation(con, known))
    con.execute(_explain_macro())


def _define(
    con: duckdb.DuckDBPyConnection,
    known: _Known,
    dataset: Callable[[Table], ds.Dataset],
    look: Callable[..., pa.Table],
) -> None:
    """Make all names but that of `harvest_explain` known to `con`; `dataset` is each table, `look` harvest_access."""
    for table in TABLES.values():
        con.register(_PREFIX + table.name, dataset(table))
    for name, listing in known.listings.items():
        con.register(f"{_PREFIX}{name}", listing)
    for function in _functions(known, look):
        con.register(f"_{function.name}", function)
    con.execute(_scan_macro(known.default))
    con.execute(f"CREATE OR REPLACE TEMP MACRO harvest_requests() AS TABLE FROM {_PREFIX}requests")
    con.execute(
        f"CREATE OR REPLACE TEMP MACRO harvest_access(conn := {text(known.default)}) AS TABLE "
        f"SELECT * EXCLUDE ({CONNECTION}) FROM {_PREFIX}access WHERE {CONNECTION} = conn"
    )
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
    if con not in _known:
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


def explain(sql: str, con: duckdb.DuckDBPyConnection | None = None, *, probe: bool = True) -> pa.Table:
    """What a SELECT would ask of Harvest if `con` ran it: a table of `EXPLAINED`, one row for each step of each scan.

    The sizes of lists are found out by a request for each, so that the requests for their pages can be told; without
    `probe` nothing is sent at all, and they are None. `con` is by default DuckDB's default connection. Raises
    `QueryError` for what is not one SELECT, and whatever the query itself would raise before its first row.
    """
    con = con if con is not None else duckdb.default_connection()
    if con not in _known:
        register(con)
    values = con.execute(f"SELECT {', '.join(map(_setting, SETTINGS))}").fetchall()[0]
    return _explained(con, _known[con], sql, dict(zip(SETTINGS, values, strict=True)), probe=probe)


def interrupt(con: duckdb.DuckDBPyConnection) -> None:
    """End the query that `con` runs, from any thread, and cancel its requests.

    DuckDB alone hears of `con.interrupt()` only when the answer under way has come (1.4 to 2.0).
    """
    con.interrupt()
    known = _known.get(con)
    if known is not None:
        known.readers.end()


def progress(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """How far the scans of the query are that `con` runs, asked from another thread: a table of `PROGRESS`.

    `left_s` is when the last request can be answered by Harvest's rate limit and the latency so far, if no other
    process asks; with `requests_left` it is null until it is known how many requests there will be.
    """
    known = _known.get(con)
    rows = loop.run(known.running.rows()) if known is not None and loop.running() else []
    return pa.Table.from_pylist(rows, schema=PROGRESS)


def last_error(con: duckdb.DuckDBPyConnection) -> HarvestDuckError | None:
    """The error that the last failed scan of `con` ended with, whole, since DuckDB keeps only its text; else None.

    A query that fails for another reason leaves it as it was.
    """
    known = _known.get(con)
    return known.errors[-1] if known is not None and known.errors else None


# What asks Harvest is loaded by the first query: HTTP alone takes longer to load than everything else here.


def _live(known: _Known) -> Read:
    """Scans that ask Harvest."""

    def read(asked: Query, connection: str, expression: pc.Expression | None) -> pa.RecordBatchReader:
        from harvest_duck.scanner.scan import scanned  # noqa: PLC0415 - as above

        return scanned(
            asked,
            connection,
            expression=expression,
            failed=known.errors.append,
            request_log=known.request_log,
            running=known.running,
            readers=known.readers,
            cautious=_ASKS_TWICE,
        )

    return read


def _access(connection: str) -> pa.Table:
    """What the token of `connection` sees."""
    from harvest_duck.introspection.access import access  # noqa: PLC0415 - as above

    return access(connection)


def _functions(known: _Known, look: Callable[..., pa.Table]) -> list[TableFunction]:
    return [
        TableFunction("harvest_requests", SENT, [], known.request_log.table, known.errors.append),
        TableFunction("harvest_access", ACCESS, ["connection"], look, known.errors.append),
    ]


def _explanation(con: duckdb.DuckDBPyConnection, known: _Known) -> TableFunction:
    """The table behind `harvest_explain`, which does not keep `con` open."""
    opened = weakref.ref(con)

    def answer(sql: str, probe: str, **settings: str) -> pa.Table:
        asking = opened()
        if asking is None:
            raise QueryError("harvest_explain: the connection is closed")
        given = {name: settings[name.lower()] for name in SETTINGS}
        return _explained(asking, known, sql, given, probe=probe == "true")

    arguments = ["sql", "probe", *(name.lower() for name in SETTINGS)]
    return TableFunction("harvest_explain", EXPLAINED, arguments, answer, known.errors.append)


def _explained(
    con: duckdb.DuckDBPyConnection, known: _Known, sql: str, settings: Mapping[str, str], *, probe: bool
) -> pa.Table:
    from harvest_duck.introspection.list_sizes import counted, planned  # noqa: PLC0415 - as above

    queries = recorded(con, lambda cursor, dataset: _define(cursor, known, dataset, _unasked), sql, settings)
    return explained(loop.run(counted(queries)) if probe else map(planned, queries))


def _unasked(connection: str) -> pa.Table:  # noqa: ARG001 - nothing is asked over it
    """No rows of harvest_access, in the place of its requests."""
    return ACCESS.empty_table()


def _explain_macro() -> str:
    hidden = ", ".join(f"_{name}" for name in ("sql", "probe", *map(str.lower, SETTINGS)))
    given = " AND ".join(f"_{name.lower()} = {_setting(name)}" for name in SETTINGS)
    return (
        "CREATE OR REPLACE TEMP MACRO harvest_explain(query, probe := true) AS TABLE "
        f"SELECT * EXCLUDE ({hidden}) FROM {_PREFIX}explain "
        f"WHERE _sql = coalesce(query::VARCHAR, '') AND _probe = coalesce(probe::BOOLEAN, true)::VARCHAR AND {given}"
    )


def _setting(name: str) -> str:
    """The value of a setting, as a text."""
    return f"current_setting({text(name)})::VARCHAR"


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
