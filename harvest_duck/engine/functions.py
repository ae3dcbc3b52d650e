"""The functions of SQL beside `harvest_scan`, as datasets that a database is bound to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.engine.dry_run import recorded
from harvest_duck.engine.macros import SETTINGS
from harvest_duck.engine.table_function import TableFunction
from harvest_duck.errors import QueryError
from harvest_duck.http.request_log import SENT
from harvest_duck.introspection import catalog_tables
from harvest_duck.introspection.access_rules import ACCESS
from harvest_duck.introspection.explain import EXPLAINED, explained
from harvest_duck.introspection.subquery_hints import hints
from harvest_duck.runtime import critical_section, loop
from harvest_duck.views.catalog_table import VIEWS_SCHEMA, views_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa

    from harvest_duck.engine.binding import Binding
    from harvest_duck.engine.session import Session

# Modules that need HTTP are imported by the first query: HTTP alone takes longer to load than everything else here.


def table_functions(binding: Binding) -> list[TableFunction]:
    """Return the dataset of each function."""
    arguments = ["sql", "probe", *(name.lower() for name in SETTINGS)]
    explain, access = partial(_explain, binding), partial(_access, binding)
    return [
        TableFunction("harvest_requests", SENT, [], _requests, binding),
        TableFunction("harvest_access", ACCESS, ["connection"], access, binding, asks_harvest=True),
        TableFunction("harvest_tables", catalog_tables.TABLES_SCHEMA, [], _tables, binding),
        TableFunction("harvest_columns", catalog_tables.COLUMNS_SCHEMA, [], _columns, binding),
        TableFunction("harvest_views", VIEWS_SCHEMA, [], _views, binding),
        TableFunction("harvest_explain", EXPLAINED, arguments, explain, binding, asks_harvest=True),
    ]


def explanation(
    con: duckdb.DuckDBPyConnection,
    binding: Binding,
    sql: str,
    settings: Mapping[str, str],
    *,
    default: str,
    probe: bool,
) -> pa.Table:
    """Return the requests that a SELECT would send: a table of `EXPLAINED`; `dry_run` says what the arguments are."""
    with critical_section.entered():
        from harvest_duck.introspection.list_sizes import counted, planned  # noqa: PLC0415 - as above

    found = recorded(con, binding, sql, settings, default=default)
    scans = loop.run(counted(found.requests)) if probe else map(planned, found.requests)
    return explained(scans, hints(found.requests, found.inner, found.valued), found.files)


def _requests(session: Session) -> pa.Table:
    return session.request_log.table()


def _tables(_: Session) -> pa.Table:
    return catalog_tables.tables()


def _columns(_: Session) -> pa.Table:
    return catalog_tables.columns()


def _views(_: Session) -> pa.Table:
    return views_table()


def _access(binding: Binding, _: Session, connection: str) -> pa.Table:
    with critical_section.entered():
        from harvest_duck.introspection.access import access  # noqa: PLC0415 - as above

    handles = binding.handles
    return access(handles.connection_of(connection), written_in_sql=connection not in handles)


def _explain(binding: Binding, session: Session, sql: str, probe: str, **settings: str) -> pa.Table:
    given = {name: settings[name.lower()] for name in SETTINGS}
    default = binding.default_of(session)
    con = binding.another_connection()
    if con is None:
        raise QueryError("harvest_explain: the connection that was registered is closed: register this one")
    return explanation(con, binding, sql, given, default=default, probe=probe == "true")
