"""The catalogs in memory through which all connections of a database of DuckDB see Harvest.

`harvest_duck` has the datasets, each bound as a view in its schema `_internal`, and the functions that read them. Each
attached account is a catalog of its own, with a view for each table. What can be made on a cursor of our own is, so
that no transaction of the user's is disturbed.

A view over a dataset is made from a relation, because `CREATE VIEW … AS FROM variable` looks the variable up at each
use (DuckDB 1.4 to 2.0). It keeps the dataset until it is replaced, or its catalog is detached or closed.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import resolve
from harvest_duck.engine import keeper
from harvest_duck.engine.account_functions import account_functions
from harvest_duck.engine.binding import Account, Binding, binding_named, lock, with_one_door
from harvest_duck.engine.dataset import EndpointDataset, HarvestDataset
from harvest_duck.engine.functions import table_functions
from harvest_duck.engine.hidden_arguments import passing
from harvest_duck.engine.keeper import independent, watch
from harvest_duck.engine.macros import CATALOG, INTERNAL, dataset, internal_functions, shared_functions, views
from harvest_duck.engine.one_transaction import in_one_transaction
from harvest_duck.engine.table_function import TableFunction
from harvest_duck.errors import ConnectionStringError, HarvestDuckError, QueryError
from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harvest_duck.engine.dataset import ArgumentDataset
    from harvest_duck.engine.session import Session

_ATTACHED = pa.schema([("catalog", pa.string()), ("handle", pa.string())])


def bound(con: duckdb.DuckDBPyConnection, connection: str | None, *, only_attached: bool) -> Binding:
    """Return the binding of the database of a connection, which is bound if it was not; `connection` is its default.

    A database keeps its one door: SQL can detach our catalog, but registering again does not open another.
    """
    with lock:
        binding = found(con)
        if binding is None:
            binding = Binding(connection, only_attached=only_attached or _had_one_door(con))
            own: duckdb.DuckDBPyConnection | None = _make(con, binding)
        else:
            own = binding.bound_by
    if own is not None and con not in binding:
        watch(con, own)
    binding.handles.only_attached = binding.handles.only_attached or only_attached
    return binding


def binding_of(con: duckdb.DuckDBPyConnection) -> Binding:
    """Return the binding of the database of a registered connection; raises `QueryError` where it was detached."""
    binding = found(con)
    if binding is None:
        raise QueryError(f"the catalog {CATALOG} was detached from this database: register the connection again")
    return binding


def found(con: duckdb.DuckDBPyConnection) -> Binding | None:
    """Return the binding of the database of a connection, None where it has none."""
    with con.cursor() as own:
        try:
            ((token,),) = own.execute(f"SELECT {dataset('token')}()").fetchall()
        except duckdb.Error:
            return None
    return binding_named(token)


def attach(con: duckdb.DuckDBPyConnection, binding: Binding, connection: str, name: str) -> None:
    """Make a catalog `name` with a view for each table of the account that `connection` names.

    Raises `ConnectionStringError` where another database has that name.
    """
    with lock, con.cursor() as own:
        account = _attached_account(own, binding, name)
        if account is None:
            account = Account(name, binding.handles.add(connection))
            with new_catalog(own, name, "choose another name, as in attach(…, name='live')"):
                _fill(own, binding, account)
            binding.attached[name.lower()] = account
        else:
            # The views keep their handle, and so does what was prepared with them.
            account.handle.connection = connection
            if account.file_views is not None or _has_file(connection):
                _define(own, _views(own, binding, account))


def _attached_account(own: duckdb.DuckDBPyConnection, binding: Binding, name: str) -> Account | None:
    """Return the account that is attached by that name, None where there is none."""
    account = binding.attached.get(name.lower())
    if account is None:
        return None
    try:
        rows = own.execute(passing(f"{identifier(name)}.{INTERNAL}.account", {})).fetchall()
    except duckdb.Error:
        # It was detached, and is kept by a query that still runs.
        return None
    return account if rows == [(account.catalog, account.handle.name)] else None


def _fill(own: duckdb.DuckDBPyConnection, binding: Binding, account: Account) -> None:
    """Make the views and functions in the new catalog of an account, and a dataset that keeps the account."""
    function = TableFunction("account", _ATTACHED, [], partial(_attached_row, account), binding)
    with keeper.in_use:
        _bind(binding.bound_by or own, account.catalog, [function])
    names = account.catalog, account.handle.name
    functions = [*shared_functions(*names), *internal_functions(*names)]
    _define(own, [*_views(own, binding, account), *functions, *load.statements(account.catalog)])


def _views(own: duckdb.DuckDBPyConnection, binding: Binding, account: Account) -> Iterable[str]:
    """Return the statements that make the views of an account."""
    if account.file_views is None and _has_file(account.handle.connection):
        # The others need none of what reads files.
        from harvest_duck.engine.file_views import FileViews  # noqa: PLC0415

        account.file_views = FileViews(account, binding)
    if account.file_views is not None:
        return account.file_views.statements(own, account)
    return views(account.catalog, account.handle.name)


def _has_file(connection: str) -> bool:
    """Whether the file of a copy answers; not where the connection string cannot be used yet."""
    with suppress(HarvestDuckError):
        cache = resolve(connection).cache
        return cache is not None and cache.path is not None
    return False


def _define(own: duckdb.DuckDBPyConnection, statements: Iterable[str]) -> None:
    with in_one_transaction(own):
        for statement in statements:
            own.execute(statement)


def search_path(con: duckdb.DuckDBPyConnection) -> str:
    """Return the schemas in which a connection looks for names, also where none were set."""
    path, database, schema = con.execute(
        "SELECT current_setting('search_path'), current_database(), current_schema()"
    ).fetchall()[0]
    return path or f"{identifier(database)}.{identifier(schema)}"


def _had_one_door(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a connection of the same database, or this one, was registered when it had one door."""
    others = with_one_door()
    if con in others or not others:
        return con in others
    mark = f"{CATALOG}_{secrets.token_hex(8)}"
    with con.cursor() as own:
        own.execute(f"ATTACH ':memory:' AS {identifier(mark)} (READ_WRITE)")
        try:
            return any(_knows(each, mark) for each in others)
        finally:
            own.execute(f"DETACH {identifier(mark)}")


def _knows(con: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Whether the database of a connection has that catalog; not where the connection is closed."""
    # One that closes at this moment is a RuntimeError (DuckDB 1.5).
    with suppress(duckdb.Error, RuntimeError), con.cursor() as own:
        names = own.execute("SELECT database_name FROM system.main.duckdb_databases()").fetchall()
        return (catalog,) in names
    return False


def _make(con: duckdb.DuckDBPyConnection, binding: Binding) -> duckdb.DuckDBPyConnection:
    """Make the catalog of a binding, all of it or nothing, and return the connection that bound its datasets."""
    own = independent(con)
    with new_catalog(own, CATALOG, "detach or rename that database"):
        tables = [*(HarvestDataset(table, binding) for table in TABLES.values()), EndpointDataset(binding)]
        datasets = [*tables, *table_functions(binding), *account_functions(binding)]
        with keeper.in_use:
            _bind(own, CATALOG, datasets)
        for statement in shared_functions(CATALOG, binding.default_of(binding.shared)):
            own.execute(statement)
        own.execute(f"CREATE MACRO {dataset('token')}() AS {text(binding.token)}")
    binding.bound_by = own
    return own


def _bind(own: duckdb.DuckDBPyConnection, catalog: str, datasets: Iterable[ArgumentDataset]) -> None:
    """Make each dataset a view of the internal schema of a catalog."""
    own.execute(f"USE {identifier(catalog)}.{INTERNAL}")
    try:
        for each in datasets:
            own.from_arrow(each).create_view(each.name, replace=True)
    finally:
        # A connection whose current catalog is detached can run nothing any more.
        own.execute("RESET search_path")


@contextmanager
def new_catalog(own: duckdb.DuckDBPyConnection, name: str, remedy: str) -> Iterator[None]:
    """Attach a database in memory with an internal schema, and detach it again where what fills it fails.

    Raises `ConnectionStringError` where there is a database of that name; `remedy` says what to do then.
    """
    taken = own.execute("SELECT path FROM duckdb_databases() WHERE lower(database_name) = lower(?)", [name]).fetchone()
    if taken is not None:
        path = f" ({taken[0]})" if taken[0] else ""
        raise ConnectionStringError(
            f"{name} cannot be attached, {remedy}: a database called {name}{path} is there already"
        )
    try:
        # Without READ_WRITE it is refused where the database was opened read-only.
        own.execute(f"ATTACH ':memory:' AS {identifier(name)} (READ_WRITE)")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise ConnectionStringError(f"{name} cannot be attached, {remedy}: {reason}") from error
    try:
        own.execute(f"CREATE SCHEMA {identifier(name)}.{INTERNAL}")
        yield
    except BaseException:
        own.execute(f"DETACH {identifier(name)}")
        raise


def _attached_row(account: Account, _: Session) -> pa.Table:
    """The row about an attached account; its dataset keeps the account for as long as the catalog is there."""
    return pa.table([[account.catalog], [account.handle.name]], schema=_ATTACHED)
