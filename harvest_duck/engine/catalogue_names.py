"""The names that SQL may use on a connection, from DuckDB's own catalogue; no request is sent."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.engine.account_names import relation_of_view
from harvest_duck.engine.macros import INTERNAL
from harvest_duck.engine.shared_catalog import search_path
from harvest_duck.http.request_log import SENT
from harvest_duck.introspection.access_rules import ACCESS
from harvest_duck.introspection.catalog_tables import COLUMNS_SCHEMA, TABLES_SCHEMA
from harvest_duck.introspection.explain import EXPLAINED
from harvest_duck.introspection.sql_names import Names, Relation, Schema, Term
from harvest_duck.views.catalog_table import VIEWS_SCHEMA
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["names"]

_COLUMNS = f"""
SELECT database_name, schema_name, table_name, column_name, data_type, coalesce(comment, '') FROM duckdb_columns()
WHERE NOT internal AND schema_name <> '{INTERNAL}' ORDER BY database_name, schema_name, table_name, column_index
"""
_COMMENTS = """
SELECT database_name, schema_name, table_name, comment FROM duckdb_tables() WHERE comment IS NOT NULL
UNION ALL SELECT database_name, schema_name, view_name, comment FROM duckdb_views() WHERE comment IS NOT NULL
"""
_MACROS = f"""
SELECT database_name, schema_name, function_name, function_type, parameters, coalesce(comment, '')
FROM duckdb_functions()
WHERE NOT internal AND function_type IN ('macro', 'table_macro') AND schema_name <> '{INTERNAL}' ORDER BY ALL
"""
_FUNCTIONS = """
SELECT function_name, function_type = 'table', first(parameters), coalesce(first(description), '')
FROM duckdb_functions()
WHERE internal AND function_type <> 'pragma' AND regexp_full_match(function_name, '[a-z][a-z0-9_]*')
GROUP BY ALL ORDER BY ALL
"""
_KEYWORDS = "SELECT keyword_name, keyword_category FROM duckdb_keywords() ORDER BY keyword_name"
#: Those that DuckDB takes for no name of a table without quotes.
_RESERVED = {"reserved", "type_function"}
#: The columns of the functions that have the same ones for each account.
_COLUMNS_OF = {
    "harvest_access": ACCESS,
    "harvest_columns": COLUMNS_SCHEMA,
    "harvest_explain": EXPLAINED,
    "harvest_requests": SENT,
    "harvest_tables": TABLES_SCHEMA,
    "harvest_views": VIEWS_SCHEMA,
}
#: What the functions do and what their arguments mean, see docs/sql.md.
_MEANINGS = {
    "harvest_access": "the tables that the token may read",
    "harvest_as_of": "a table as it was at a moment, from a copy with its history",
    "harvest_columns": "the columns of a table, or of all",
    "harvest_explain": "the requests that a query would send",
    "harvest_get": "any path of Harvest's API",
    "harvest_raw": "the records of a table as Harvest sent them",
    "harvest_report": "a report of Harvest's, step by step",
    "harvest_requests": "the requests of the last query",
    "harvest_scan": "a table of Harvest",
    "harvest_tables": "the tables of Harvest",
    "harvest_views": "the ready views",
}
_ARGUMENTS = {
    "conn": "connection string, by default the account of this connection",
    "from_date": "first day",
    "moment": "moment with its time zone",
    "path": "path, such as /v2/company",
    "probe": "whether to ask for the sizes of lists",
    "query": "SELECT",
    "report": "name of the report",
    "step": "day, week, month, quarter or year; NULL for the whole",
    "tbl": "name of the table",
    "to_date": "last day",
}

#: A part of the search path: a name in quotes, one without, a sign between them.
_PATH = re.compile(r'"((?:[^"]|"")*)"|([^",.]+)|([,.])')

#: A database, a schema and a name.
_Key = tuple[str, str, str]


def names(con: duckdb.DuckDBPyConnection, connections: Iterable[str] = ()) -> Names:
    """Return the names that SQL may use on a connection that runs no query; `connections` are those of `DSN=`.

    It takes 60 ms of CPU with an account attached (2.0.1), so ask again only when a statement has run.
    """
    relations = [*_tables(con), *_table_macros(con)]
    schemas: dict[tuple[str, str], list[Relation]] = defaultdict(list)
    for (database, schema, _), relation in relations:
        schemas[database, schema].append(relation)
    functions, table_functions, keywords = _builtin()
    database = con.execute("SELECT current_database()").fetchall()[0][0]
    return Names(
        schemas=tuple(Schema(*place, tuple(found)) for place, found in schemas.items()),
        database=database,
        path=(("temp", "main"), *_path(con, database)),
        functions=(*_macros(con), *functions),
        table_functions=table_functions,
        keywords=tuple(word for word, _ in keywords),
        reserved=frozenset(word for word, category in keywords if category in _RESERVED),
        connections=tuple(connections),
    )


def _tables(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[_Key, Relation]]:
    comments = {(database, schema, name): text for database, schema, name, text in con.execute(_COMMENTS).fetchall()}
    columns: dict[_Key, list[Term]] = defaultdict(list)
    for database, schema, table, column, kind, meaning in con.execute(_COLUMNS).fetchall():
        columns[database, schema, table].append(Term(column, kind, meaning))
    for key, found in columns.items():
        yield key, Relation(key[-1], comments.get(key, ""), tuple(found))


def _table_macros(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[_Key, Relation]]:
    for database, schema, name, kind, parameters, comment in con.execute(_MACROS).fetchall():
        # Those of ours need no name before them, and stand in every catalog of an account.
        if kind == "table_macro" and (database == "temp" or name not in _MEANINGS):
            yield (database, schema, name), _table_macro(name, parameters, comment)


def _table_macro(name: str, parameters: Sequence[str], comment: str) -> Relation:
    view = views().get(name)
    if view is not None and [each.name for each in view.arguments] == parameters:
        return relation_of_view(view)
    if name in _MEANINGS:
        columns = tuple(map(Term, _COLUMNS_OF[name].names)) if name in _COLUMNS_OF else ()
        arguments = tuple(Term(each, "", _ARGUMENTS[each]) for each in parameters)
        return Relation(name, _MEANINGS[name], columns, arguments)
    return Relation(name, comment, (), tuple(map(Term, parameters)))


def _macros(con: duckdb.DuckDBPyConnection) -> Iterator[Term]:
    """Yield the macros of somebody's own that have a value."""
    for _, _, name, kind, parameters, comment in con.execute(_MACROS).fetchall():
        if kind == "macro":
            yield Term(name, f"{name}({', '.join(parameters)})", comment)


@cache
def _builtin() -> tuple[tuple[Term, ...], tuple[Term, ...], list[tuple[str, str]]]:
    """Return the functions of DuckDB, its table functions, and its keywords with their categories."""
    with duckdb.connect() as con:
        rows = con.execute(_FUNCTIONS).fetchall()
        keywords = con.execute(_KEYWORDS).fetchall()
    terms = [
        (is_table, Term(name, f"{name}({', '.join(parameters)})", meaning))
        for name, is_table, parameters, meaning in rows
    ]
    functions, table_functions = ([each for kind, each in terms if kind is wanted] for wanted in (False, True))
    return tuple(functions), tuple(table_functions), keywords


def _path(con: duckdb.DuckDBPyConnection, database: str) -> Iterator[tuple[str, str]]:
    """Yield the schemas of the search path, each with its database."""
    parts: list[str] = []
    # DuckDB writes a name that has a space in it without quotes (2.0.1).
    for quoted, plain, sign in _PATH.findall(f"{search_path(con)},"):
        if quoted or plain:
            parts.append(quoted.replace('""', '"') or plain.strip())
        elif sign == ",":
            match parts:
                case [name]:
                    # A schema of the current database, or a database.
                    yield from ((database, name), (name, "main"))
                case [other, name]:
                    yield other, name
            parts = []
