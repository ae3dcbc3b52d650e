"""The engine's public functions: `harvest_scan` as a table function, accounts as schemas of views, and their queries.

DuckDB's Python client has no table functions of one's own, so `harvest_scan('t', 'conn')` is a temporary macro over one
registered dataset for each table, see `hidden_arguments`. Everything is temporary and belongs to one connection of
DuckDB: nothing is left in a database file, and a cursor has to be registered as well.
"""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection.handles import Handle, connection_of, handle_named
from harvest_duck.engine.dataset import HarvestDataset
from harvest_duck.engine.dry_run import recorded
from harvest_duck.engine.macros import PREFIX, SETTINGS, explain_macro, function_macros, setting, views
from harvest_duck.engine.session import Session, sessions
from harvest_duck.engine.table_function import TableFunction
from harvest_duck.errors import ConnectionStringError, HarvestDuckError, QueryError
from harvest_duck.http.request_log import SENT
from harvest_duck.introspection import catalog_tables
from harvest_duck.introspection.access_rules import ACCESS
from harvest_duck.introspection.explain import EXPLAINED, explained
from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.runtime import loop
from harvest_duck.runtime.interrupt import watch_sigint
from harvest_duck.scanner.progress import PROGRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pyarrow.dataset as ds

    from harvest_duck.catalog.model import Table
    from harvest_duck.scanner.scan_request import ScanRequest

#: DuckDB 1 asks for a second batch before it looks at the first, under a LIMIT as well.
_ASKS_TWICE = duckdb.__version__.startswith("1.")


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

    `connection` is what `harvest_scan('t')` uses when it is given no second argument. Registering again replaces the
    earlier registration. Nothing is resolved or sent before a query runs.
    """
    con = con if con is not None else duckdb.default_connection()
    session = sessions.setdefault(con, Session())
    watch_sigint()
    session.last_error = None
    session.default = Handle(connection) if connection else None
    session.borrowed = _handles_in_views(con)
    _define(con, session, lambda table: HarvestDataset(table, session, partial(_read, session)), _access)
    con.register(f"{PREFIX}explain", _explanation(con, session))
    con.execute(explain_macro())


def attach(con: duckdb.DuckDBPyConnection, connection: str, *, name: str) -> None:
    """Make every table of the account that `connection` names a view `name.table`, beside those already attached.

    The views live in a database in memory, with the descriptions of tables and columns as comments. The connection
    string stays out of SQL, and is freed with `con`. Attaching a name again replaces it; a name that a database already
    has is an error.
    """
    session = _session(con)
    try:
        if not _is_ours(con, name):
            con.execute(f"ATTACH ':memory:' AS {identifier(name)}")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise ConnectionStringError(f"{name} cannot be attached, choose another name: {reason}") from error
    handle = Handle(connection)
    for statement in views(name, handle.name):
        con.execute(statement)
    session.attached[name.lower()] = handle


def explain(sql: str, con: duckdb.DuckDBPyConnection | None = None, *, probe: bool = True) -> pa.Table:
    """Return the requests that `con` would send for a SELECT: a table of `EXPLAINED`, a row for each step of each scan.

    A request for each list finds its size, so that the number of its pages is known. Without `probe` nothing is sent,
    and those numbers are None. `con` is by default DuckDB's default connection. Raises `QueryError` for what is not one
    SELECT, and the errors that the query itself would raise before its first row.
    """
    con = con if con is not None else duckdb.default_connection()
    session = _session(con)
    values = con.execute(f"SELECT {', '.join(map(setting, SETTINGS))}").fetchall()[0]
    return _explained(con, session, sql, dict(zip(SETTINGS, values, strict=True)), probe=probe)


def interrupt(con: duckdb.DuckDBPyConnection) -> None:
    """End the query that `con` runs, from any thread, and cancel its requests.

    DuckDB alone notices `con.interrupt()` only when the answer under way has come (1.4 to 2.0).
    """
    con.interrupt()
    session = sessions.get(con)
    if session is not None:
        session.readers.end()


def progress(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The progress of the scans of the query that `con` runs, asked from another thread: a table of `PROGRESS`.

    `left_s` is the number of seconds until the last request can be answered by Harvest's rate limit and the latency so
    far, if no other process sends any. It is null, as `requests_left` is, until the number of requests is known.
    """
    session = sessions.get(con)
    rows = loop.run(session.running.rows()) if session is not None and loop.running() else []
    return pa.Table.from_pylist(rows, schema=PROGRESS)


def last_error(con: duckdb.DuckDBPyConnection) -> HarvestDuckError | None:
    """The error that ended the last failed scan of `con`, None where no scan failed; DuckDB keeps only its text.

    A query that fails for another reason leaves it as it was.
    """
    session = sessions.get(con)
    return None if session is None else session.last_error


def _session(con: duckdb.DuckDBPyConnection) -> Session:
    """The session of a connection, which is registered if it was not."""
    if con not in sessions:
        register(con)
    return sessions[con]


def _define(
    con: duckdb.DuckDBPyConnection,
    session: Session,
    dataset: Callable[[Table], ds.Dataset],
    access: Callable[[str], pa.Table],
) -> None:
    """Make all names but `harvest_explain` known to `con`; `dataset` is each table, `access` answers harvest_access."""
    for table in TABLES.values():
        con.register(PREFIX + table.name, dataset(table))
    for function in (
        TableFunction("harvest_requests", SENT, [], session.request_log.table, session),
        TableFunction("harvest_access", ACCESS, ["connection"], access, session),
        TableFunction("harvest_tables", catalog_tables.TABLES_SCHEMA, [], catalog_tables.tables, session),
        TableFunction("harvest_columns", catalog_tables.COLUMNS_SCHEMA, [], catalog_tables.columns, session),
    ):
        con.register(f"_{function.name}", function)
    for macro in function_macros("" if session.default is None else session.default.name):
        con.execute(macro)


# Modules that need HTTP are imported by the first query: HTTP alone takes longer to load than everything else here.


def _read(session: Session, request: ScanRequest) -> Iterator[pa.RecordBatch]:
    """The batches of a scan, asked of Harvest."""
    from harvest_duck.scanner.scan import batches  # noqa: PLC0415 - as above

    return batches(request, session.request_log, session.running, session.readers, cautious=_ASKS_TWICE)


def _access(connection: str) -> pa.Table:
    """The rows of harvest_access for a connection string or a handle."""
    from harvest_duck.introspection.access import access  # noqa: PLC0415 - as above

    return access(connection_of(connection))


def _explanation(con: duckdb.DuckDBPyConnection, session: Session) -> TableFunction:
    """The table behind `harvest_explain`, which does not keep `con` open."""
    opened = weakref.ref(con)

    def answer(sql: str, probe: str, **settings: str) -> pa.Table:
        asking = opened()
        if asking is None:
            raise QueryError("harvest_explain: the connection is closed")
        given = {name: settings[name.lower()] for name in SETTINGS}
        return _explained(asking, session, sql, given, probe=probe == "true")

    arguments = ["sql", "probe", *(name.lower() for name in SETTINGS)]
    return TableFunction("harvest_explain", EXPLAINED, arguments, answer, session)


def _explained(
    con: duckdb.DuckDBPyConnection, session: Session, sql: str, settings: Mapping[str, str], *, probe: bool
) -> pa.Table:
    from harvest_duck.introspection.list_sizes import counted, planned  # noqa: PLC0415 - as above

    def define(cursor: duckdb.DuckDBPyConnection, dataset: Callable[[Table], ds.Dataset]) -> None:
        # harvest_access sends nothing either, and has no rows.
        _define(cursor, session, dataset, lambda connection: ACCESS.empty_table())  # noqa: ARG005

    requests = recorded(con, define, sql, settings)
    return explained(loop.run(counted(requests)) if probe else map(planned, requests))


def _is_ours(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether `name` is a database in memory that holds the views of an earlier attach, and so can be replaced."""
    found = con.execute(
        "SELECT count(*) FROM duckdb_databases() d JOIN duckdb_views() v USING (database_name) "
        "WHERE lower(database_name) = lower(?) AND d.path IS NULL AND v.sql LIKE ?",
        [name, f"%{PREFIX}time_entries%"],
    ).fetchone()
    return bool(found and found[0])


def _handles_in_views(con: duckdb.DuckDBPyConnection) -> list[Handle]:
    """The handles of accounts that other connections of the database of `con` attached."""
    found = con.execute(
        "SELECT DISTINCT regexp_extract(sql, '@[0-9a-f]{32}') FROM duckdb_views() WHERE NOT internal AND sql LIKE ?",
        [f"%{PREFIX}%"],
    ).fetchall()
    return [handle for (name,) in found if (handle := handle_named(name)) is not None]
