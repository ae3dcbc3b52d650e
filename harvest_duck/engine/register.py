"""The engine's public functions: `harvest_scan` as a table function, accounts as schemas of views, and their queries.

DuckDB's Python client has no table functions of one's own, so `harvest_scan('t', 'conn')` is a macro over one bound
dataset for each table, see `hidden_arguments` and `shared_catalog`. What is bound is in memory, and every connection of
the database has it: nothing is left in a database file. The functions without the name of a catalog belong to one
connection.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.connection import resolve
from harvest_duck.display.listing import listing
from harvest_duck.engine import shared_catalog
from harvest_duck.engine.functions import explanation
from harvest_duck.engine.hidden_arguments import SESSION_VARIABLE
from harvest_duck.engine.macros import SETTINGS, own_functions, setting
from harvest_duck.engine.session import NEEDED_TO_QUERY, Session, sessions
from harvest_duck.engine.underlying import underlying
from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.runtime import critical_section, loop
from harvest_duck.runtime.interrupt import watch_sigint
from harvest_duck.scanner.progress import PROGRESS

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from harvest_duck.engine.binding import Binding
    from harvest_duck.errors import HarvestDuckError


def connect(
    connection: str = "",
    *,
    database: str | Path = ":memory:",
    read_only: bool = False,
    name: str = "harvest",
    only_attached: bool = False,
) -> duckdb.DuckDBPyConnection:
    """A connection of DuckDB in which `harvest_scan('t')` needs no second argument and `harvest.t` is every table.

    `database` is opened as usual, and nothing is stored in it. Cursors of the connection know the account too. With
    `only_attached` they reach the account, others that `attach` adds, and nothing else. Raises at once the errors of a
    connection string that cannot be used, and `ConnectionStringError` where the database file is itself called `name`.
    """
    with critical_section.entered():
        _check(connection)
        # Beside what DuckDB does now: connecting and the first query together take 1.19 s, not 1.27, on a busy machine,
        # and the query 0.41 s, not 0.76 (medians of 8, 2026-11).
        loop.import_soon(NEEDED_TO_QUERY)
        return _connected(connection, database, read_only=read_only, name=name, only_attached=only_attached)


def _connected(
    connection: str, database: str | Path, *, read_only: bool, name: str, only_attached: bool
) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(database), read_only=read_only and str(database) != ":memory:")
    try:
        # Without text too it is an account: the one of the environment.
        binding = _registered(con, connection, only_attached=only_attached)
        shared_catalog.attach(con, binding, connection, name)
        binding.catalog = binding.catalog or name
        _show(con, binding)
    except BaseException:
        con.close()
        raise
    return con


def register(con: object = None, connection: str = "", *, only_attached: bool = False) -> None:
    """Make `harvest_scan` and the functions beside it known to `con`, or to DuckDB's default connection.

    `connection` is what `harvest_scan('t')` uses when it is given no second argument; a connection string that cannot
    be used is an error at once, and nothing is sent. The first registration in a database binds it; its cursors then
    find the functions in the catalog `harvest_duck`, and registering one of them costs little. Registering again
    replaces the earlier registration. With `only_attached` all connections of the database reach what `connection` and
    `attach` name and nothing else, until it is closed.

    `con` may be a connection of ibis or SQLAlchemy.
    """
    with critical_section.entered():
        _check(connection)
        _registered(underlying(con), connection or None, only_attached=only_attached)
    loop.import_soon(NEEDED_TO_QUERY)


def attach(con: object, connection: str, *, name: str) -> None:
    """Make every table of the account that `connection` names a view `name.table`, beside those already attached.

    The views live in a database in memory, with the descriptions of tables and columns as comments; every connection of
    the database of `con` sees them. The connection string stays out of SQL, and is freed with the database or by
    DETACH. Attaching a name again replaces it; a name that a database already has is an error, and so is a connection
    string that cannot be used. `con` may be a connection of ibis or SQLAlchemy.
    """
    with critical_section.entered():
        con = underlying(con)
        _check(connection)
        shared_catalog.attach(con, _binding(con), connection, name)


def explain(sql: str, con: object = None, *, probe: bool = True) -> pa.Table:
    """Return the requests that `con` would send for a SELECT: a table of `EXPLAINED`, a row for each step of each scan.

    A request for each list finds its size, so that the number of its pages is known. Without `probe` nothing is sent,
    and those numbers are None. `con` is by default DuckDB's default connection. Raises `QueryError` for what is not one
    SELECT, and the errors that the query itself would raise before its first row.
    """
    con = underlying(con)
    binding = _binding(con)
    values = con.execute(f"SELECT {', '.join(map(setting, SETTINGS))}").fetchall()[0]
    settings = dict(zip(SETTINGS, values, strict=True))
    default = binding.default_of(sessions[con])
    return explanation(con, binding, sql, settings, default=default, probe=probe)


def interrupt(con: object) -> None:
    """End the query that `con` runs, from any thread, and cancel its requests.

    DuckDB alone notices `con.interrupt()` only when the answer under way has come (1.4 to 2.0): so it is with a cursor
    that was not registered.
    """
    con = underlying(con)
    con.interrupt()
    session = sessions.get(con)
    if session is not None:
        session.readers.end()


def progress(con: object) -> pa.Table:
    """The progress of the scans of the query that `con` runs, asked from another thread: a table of `PROGRESS`.

    `left_s` is the number of seconds until the last request can be answered by Harvest's rate limit and the latency so
    far, if no other process sends any. It is null, as `requests_left` is, until the number of requests is known.
    `waits_s` is the number of seconds in which no request goes out, because records that changed a moment ago cannot be
    told from new ones, and 0 at most times.
    Cursors that were not registered share one answer.
    """
    session = _known_session(underlying(con))
    rows = loop.run(session.running.rows()) if session is not None and loop.running() else []
    return listing(rows, PROGRESS)


def last_error(con: object) -> HarvestDuckError | None:
    """The error that ended the last failed scan of `con`, None where no scan failed; DuckDB keeps only its text.

    A query that fails for another reason leaves it as it was. Cursors that were not registered share one answer.
    """
    session = _known_session(underlying(con))
    return None if session is None else session.last_error


def _registered(con: duckdb.DuckDBPyConnection, connection: str | None, *, only_attached: bool) -> Binding:
    """Register a connection, with an account of its own where `connection` is a text; return its binding."""
    watch_sigint()
    binding = shared_catalog.bound(con, connection, only_attached=only_attached)
    session = Session()
    session.default = None if connection is None else binding.account(connection)
    for macro in own_functions(binding.default_of(session)):
        con.execute(macro)
    con.execute(f"SET VARIABLE {SESSION_VARIABLE} = {text(session.name)}")
    binding.add(con, session)
    _show(con, binding)
    return binding


def _check(connection: str) -> None:
    """Raise the errors of a connection string that can be known before a request; an empty one may be filled later."""
    if connection:
        resolve(connection).require_credentials()


def _binding(con: duckdb.DuckDBPyConnection) -> Binding:
    """The binding of the database of a connection, which is registered if it was not."""
    if con not in sessions:
        with critical_section.entered():
            _registered(con, None, only_attached=False)
    return shared_catalog.binding_of(con)


def _known_session(con: duckdb.DuckDBPyConnection) -> Session | None:
    """The session of a connection; of one that was not registered that of its database, None where there is none."""
    if con in sessions:
        return sessions[con]
    with suppress(duckdb.Error):
        found = shared_catalog.found(con)
        return None if found is None else found.shared
    return None


def _show(con: duckdb.DuckDBPyConnection, binding: Binding) -> None:
    """Let a connection find the tables that the database was opened with by name, and SHOW TABLES list them."""
    if binding.catalog is None or binding.catalog.lower() not in binding.attached:
        return
    path, added = shared_catalog.search_path(con), f"{identifier(binding.catalog)}.main"
    # DuckDB leaves out the quotes that a name does not need.
    if f",{added},".replace('"', "") not in f",{path},".replace('"', ""):
        con.execute(f"SET search_path = {text(f'{path},{added}')}")
