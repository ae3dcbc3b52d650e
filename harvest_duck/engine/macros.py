"""The SQL that the engine runs: macros for the table functions, and the views of an attached account.

Each reads a dataset that is registered under `PREFIX` and its name; arguments go to its hidden columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.engine.hidden_arguments import CONNECTION, hidden, passing
from harvest_duck.pushdown.sql import identifier, text

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "_harvest_"
#: The settings of a connection that change what a query means, and that a cursor does not inherit.
SETTINGS = ("TimeZone", "Calendar", "integer_division", "search_path")


def function_macros(default: str) -> list[str]:
    """The macros of all functions but `harvest_explain`; `default` is the connection string where none is given."""
    given = f"conn := {text(default)}"
    return [
        _macro(f"harvest_scan(tbl, {given})", passing(f"query_table({_dataset_of_tbl()})", {CONNECTION: "conn"})),
        _macro(f"harvest_access({given})", passing(f"{PREFIX}access", {CONNECTION: "conn"})),
        _macro("harvest_requests()", f"FROM {PREFIX}requests"),
        _macro("harvest_tables()", f"FROM {PREFIX}tables"),
        _macro(
            "harvest_columns(tbl := NULL)",
            f"FROM {PREFIX}columns WHERE tbl IS NULL OR table_name = lower(tbl)",
        ),
    ]


def explain_macro() -> str:
    """The macro of `harvest_explain`, which passes on the settings of the connection."""
    arguments = {
        hidden("sql"): "coalesce(query::VARCHAR, '')",
        hidden("probe"): "coalesce(probe::BOOLEAN, true)::VARCHAR",
        **{hidden(name.lower()): setting(name) for name in SETTINGS},
    }
    return _macro("harvest_explain(query, probe := true)", passing(f"{PREFIX}explain", arguments))


def setting(name: str) -> str:
    """The value of a setting, as a text."""
    return f"current_setting({text(name)})::VARCHAR"


def views(catalog: str, handle: str) -> Iterator[str]:
    """The statements that make every table a view of the database `catalog`, and then describe them all in comments."""
    comments = []
    for table in TABLES.values():
        view = f"{identifier(catalog)}.main.{identifier(table.name)}"
        selected = passing(f"temp.main.{PREFIX}{table.name}", {CONNECTION: text(handle)})
        yield f"CREATE OR REPLACE VIEW {view} AS {selected}"
        comments.append(f"COMMENT ON VIEW {view} IS {text(table.description)}")
        comments += [
            f"COMMENT ON COLUMN {view}.{identifier(column.name)} IS {text(column.description)}"
            for column in table.columns
        ]
    yield ";".join(comments)


def _macro(signature: str, query: str) -> str:
    return f"CREATE OR REPLACE TEMP MACRO {signature} AS TABLE {query}"


def _dataset_of_tbl() -> str:
    """The name of the dataset that the argument `tbl` of `harvest_scan` means, or an error that names the nearest."""
    names = ", ".join(text(name) for name in TABLES)
    # In SQL, because DuckDB runs nothing else of a macro when it binds.
    nearest = (
        f"list_reduce([{names}], lambda x, y: "
        "CASE WHEN jaro_winkler_similarity(x, lower(tbl)) >= jaro_winkler_similarity(y, lower(tbl)) THEN x ELSE y END)"
    )
    fault = (
        "error('no Harvest table \"' || tbl || '\"; did you mean \"' || "
        f"{nearest} || '\"? FROM harvest_tables() lists all {len(TABLES)}')"
    )
    return (
        "CASE WHEN conn::VARCHAR IS NULL THEN error('harvest_scan: the connection string is NULL') "
        f"WHEN lower(tbl) IN ({names}) THEN '{PREFIX}' || lower(tbl) ELSE {fault} END"
    )
