"""The SQL that the engine runs: the functions as macros, and the views of an attached account.

Each reads a dataset that is bound in the schema `INTERNAL` under its name; arguments go to its hidden columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.model import RECORD
from harvest_duck.catalog.tables import TABLES
from harvest_duck.engine.hidden_arguments import CONNECTION, PATH, hidden, passing
from harvest_duck.engine.report_function import nearest, query_of
from harvest_duck.pushdown.sql import identifier, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harvest_duck.catalog.model import Table

#: The catalog of a bound database that all its connections share.
CATALOG = "harvest_duck"
#: The schema of what only this package reads.
INTERNAL = "_internal"
#: What a function reads of its argument `moment`, in microseconds since 1970; NULL for infinity too.
_MOMENT = "epoch_us(moment::TIMESTAMPTZ)"
#: What a function passes on of its argument `conn`: text, since a scan finds no other value.
_ACCOUNT = {CONNECTION: "conn::VARCHAR"}
#: The same with the moment after it, in UTC whatever the time zone of the connection.
_AS_OF = f"conn::VARCHAR || strftime(make_timestamp({_MOMENT}), ';AsOf=%Y-%m-%dT%H:%M:%S.%fZ')"
#: The settings of a connection that change what a query means, and that a cursor does not inherit.
SETTINGS = ("TimeZone", "Calendar", "integer_division", "search_path")


def dataset(name: str) -> str:
    """The name of a bound dataset in SQL."""
    return f"{CATALOG}.{INTERNAL}.{name}"


def shared_functions(catalog: str, default: str) -> Iterator[str]:
    """The statements that make every function known in a catalog; `default` is the account where none is given."""
    for signature, query in _functions(default).items():
        yield f"CREATE OR REPLACE MACRO {identifier(catalog)}.main.{signature} AS TABLE {query}"


def own_functions(default: str) -> Iterator[str]:
    """The statements that make every function known to one connection, without the name of a catalog.

    They call those of the shared catalog: all take 12 ms to define so, 16 with their
    whole queries (2.0.1).
    """
    account = f"conn := {text(default)}"
    for signature, call in {
        f"harvest_scan(tbl, {account})": "harvest_scan(tbl, conn := conn)",
        f"harvest_report(report, from_date, to_date, step := NULL, {account})": (
            "harvest_report(report, from_date, to_date, step := step, conn := conn)"
        ),
        f"harvest_raw(tbl, {account})": "harvest_raw(tbl, conn := conn)",
        f"harvest_as_of(tbl, moment, {account})": "harvest_as_of(tbl, moment, conn := conn)",
        f"harvest_get(path, {account})": "harvest_get(path, conn := conn)",
        f"harvest_access({account})": "harvest_access(conn := conn)",
        "harvest_requests()": "harvest_requests()",
        "harvest_tables()": "harvest_tables()",
        "harvest_columns(tbl := NULL)": "harvest_columns(tbl := tbl)",
        "harvest_views()": "harvest_views()",
        "harvest_explain(query, probe := true)": "harvest_explain(query, probe := probe)",
    }.items():
        yield f"CREATE OR REPLACE TEMP MACRO {signature} AS TABLE FROM {CATALOG}.main.{call}"


def internal_functions(catalog: str, handle: str) -> Iterator[str]:
    """The statements that make known, in the internal schema of an attached account, what its ready views ask."""
    schema = f"{identifier(catalog)}.{INTERNAL}"
    account = {CONNECTION: text(handle)}
    days = {hidden(name): f"{name}::DATE::VARCHAR" for name in ("from_date", "to_date")}
    flags = {hidden(name): f"coalesce({name}::BOOLEAN, false)::VARCHAR" for name in ("read_holidays", "read_time_off")}
    for signature, arguments in {
        "visible(view, access)": {hidden(name): f"{name}::VARCHAR" for name in ("view", "access")},
        "readable_projects()": {},
        "days_off(from_date, to_date, read_holidays, read_time_off)": {**days, **flags},
    }.items():
        source = dataset(signature.partition("(")[0])
        yield f"CREATE OR REPLACE MACRO {schema}.{signature} AS TABLE {passing(source, {**account, **arguments})}"


def setting(name: str) -> str:
    """The value of a setting, as a text: DuckDB's own function tells it, whatever macro has its name."""
    return f"system.main.current_setting({text(name)})::VARCHAR"


def scan_of(table: Table, handle: str) -> str:
    """The query of a scan of a table, which ends in a condition."""
    return passing(dataset(table.name), {CONNECTION: text(handle)}, without=[RECORD.name])


def views(
    catalog: str, handle: str, queries: Mapping[str, str] | None = None, tables: Iterable[str] = TABLES
) -> Iterator[str]:
    """The statements that make every table, or some, a view of `catalog`, and then describe them in comments.

    `queries` has those of tables that are not read by their dataset.
    """
    comments = []
    for table in (TABLES[name] for name in tables):
        view = f"{identifier(catalog)}.main.{identifier(table.name)}"
        query = (queries or {}).get(table.name) or scan_of(table, handle)
        yield f"CREATE OR REPLACE VIEW {view} AS {query}"
        comments.append(f"COMMENT ON VIEW {view} IS {text(table.description)}")
        comments += [
            f"COMMENT ON COLUMN {view}.{identifier(column.name)} IS {text(column.description)}"
            for column in table.columns
        ]
    yield ";".join(comments)


def _functions(default: str) -> dict[str, str]:
    """The query of each function, by its signature."""
    account = f"conn := {text(default)}"
    columns = f"{passing(dataset('harvest_columns'), {})} AND (tbl IS NULL OR table_name = lower(tbl))"
    explained = {
        hidden("sql"): "coalesce(query::VARCHAR, '')",
        hidden("probe"): "coalesce(probe::BOOLEAN, true)::VARCHAR",
        **{hidden(name.lower()): setting(name) for name in SETTINGS},
    }
    return {
        f"harvest_scan(tbl, {account})": _table_of_tbl("harvest_scan", without=[RECORD.name]),
        f"harvest_raw(tbl, {account})": _table_of_tbl("harvest_raw"),
        f"harvest_as_of(tbl, moment, {account})": passing(
            f"query_table(CASE WHEN {_MOMENT} IS NULL THEN error('harvest_as_of: the moment is NULL or infinite') "
            f"ELSE {_dataset_of_tbl('harvest_as_of')} END)",
            {CONNECTION: _AS_OF},
            without=[RECORD.name],
        ),
        f"harvest_report(report, from_date, to_date, step := NULL, {account})": passing(
            f"query({query_of(dataset(''))})", _ACCOUNT, without=[RECORD.name]
        ),
        f"harvest_get(path, {account})": passing(
            f"query_table({_dataset_of('harvest_get', conn='connection string', path='path')})",
            {**_ACCOUNT, PATH: "path::VARCHAR"},
        ),
        f"harvest_access({account})": passing(
            f"query_table({_dataset_of('harvest_access', conn='connection string')})", _ACCOUNT
        ),
        "harvest_requests()": passing(dataset("harvest_requests"), {}),
        "harvest_tables()": passing(dataset("harvest_tables"), {}),
        "harvest_columns(tbl := NULL)": columns,
        "harvest_views()": passing(dataset("harvest_views"), {}),
        "harvest_explain(query, probe := true)": passing(dataset("harvest_explain"), explained),
    }


def _table_of_tbl(function: str, without: Iterable[str] = ()) -> str:
    """The query of a function for the table that its argument `tbl` names, read by its argument `conn`."""
    return passing(f"query_table({_dataset_of_tbl(function)})", _ACCOUNT, without)


def _dataset_of(function: str, **arguments: str) -> str:
    """The name of the dataset of a function, or an error where an argument is NULL, which would find no rows.

    `arguments` has the words for each.
    """
    faults = (
        f"WHEN {argument}::VARCHAR IS NULL THEN error('{function}: the {words} is NULL')"
        for argument, words in arguments.items()
    )
    return f"CASE {' '.join(faults)} ELSE {text(dataset(function))} END"


def _dataset_of_tbl(function: str) -> str:
    """The name of the dataset that the argument `tbl` of a function means, or an error that names the nearest."""
    names = ", ".join(text(name) for name in TABLES)
    name = "lower(tbl::VARCHAR)"
    # In SQL, because DuckDB runs nothing else of a macro when it binds.
    fault = (
        "error('no Harvest table \"' || tbl::VARCHAR || '\"; did you mean \"' || "
        f"{nearest(TABLES, name)} || '\"? FROM harvest_tables() lists all {len(TABLES)}')"
    )
    return (
        f"CASE WHEN conn::VARCHAR IS NULL THEN error('{function}: the connection string is NULL') "
        f"WHEN tbl::VARCHAR IS NULL THEN error('{function}: the table is NULL') "
        f"WHEN {name} IN ({names}) THEN {text(dataset(''))} || {name} ELSE {fault} END"
    )
