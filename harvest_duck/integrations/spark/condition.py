"""The option `where`: the SQL of one boolean expression, proven to be that before a request is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import identifier
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Table

_WHERE = "option where"
_MORE = f"{_WHERE} is one condition, as after WHERE, and nothing follows it"
_LONGEST = 300
#: What a SELECT may have beside its condition; each is empty in a tree of the condition alone (duckdb 1.4 to 2.0).
_NOTHING_ELSE = ("modifiers", "group_expressions", "group_sets", "having", "sample", "qualify")
#: Kinds of expressions that read more than the row: other tables, other rows, values from outside.
_FOREIGN = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "PARAMETER": "a parameter",
    "STAR": "a star",
    "DEFAULT": "DEFAULT",
}


def refuse_no_condition(where: str, table: Table) -> None:
    """Raise `QueryError` if `where` is not one boolean expression over the columns of `table`. Nothing is sent."""
    with duckdb.connect() as con:
        con.execute("SET enable_external_access = false; SET python_enable_replacements = false; SET TimeZone = 'UTC'")
        _refuse_more(con, where)
        # A row of NULLs, at which DuckDB meets the constants that it cannot convert, such as a day that is none.
        columns = schema_of(table)
        con.register("_row", pa.table([pa.nulls(1, column.type) for column in columns], schema=columns))
        source = f"_row AS {identifier(table.name)}"
        try:
            ((_, kind, *_),) = con.execute(f"DESCRIBE SELECT (\n{where}\n) FROM {source}").fetchall()
            if kind != "BOOLEAN":
                raise QueryError(f"{_WHERE} is a {shortened(kind, 40)}, and has to be true or false of each row")
            con.execute(f"SELECT 1 FROM {source} WHERE {where}\n").fetchall()
        except duckdb.Error as error:
            raise QueryError(f"{_WHERE}: {told(error)}") from None


def told(error: Exception) -> str:
    """Return an error of DuckDB's on one line, without its hints about other names."""
    first = str(error).partition("\n\nLINE ")[0]
    return shortened(one_line(first), _LONGEST)


def _refuse_more(con: duckdb.DuckDBPyConnection, where: str) -> None:
    # The line break ends a comment. The tree is that of a text which the condition ends.
    ((found,),) = con.execute("SELECT json_serialize_sql(?)", [f"SELECT 1 FROM t WHERE {where}\n"]).fetchall()
    try:
        tree = json.loads(found)
    except RecursionError:
        raise QueryError(f"{_WHERE} is nested too deeply: write it with fewer levels") from None
    if tree.get("error_type") == "not implemented":
        # So DuckDB calls what has a statement of another kind after the condition.
        raise QueryError(_MORE)
    if tree.get("error", True):
        raise QueryError(
            f"{_WHERE} cannot be read: {one_line(str(tree.get('error_message', 'syntax error')))[:_LONGEST]}"
        )
    node = tree["statements"][0]["node"]
    alone = len(tree["statements"]) == 1 and node["type"] == "SELECT_NODE" and node.get("where_clause")
    if not alone or any(node.get(name) for name in _NOTHING_ELSE) or node["from_table"]["type"] != "BASE_TABLE":
        raise QueryError(_MORE)
    foreign = _foreign(node["where_clause"])
    if foreign is not None:
        raise QueryError(f"{_WHERE} has {foreign}, and may use only the columns of the table: join in Spark instead")


def _foreign(node: object) -> str | None:
    """Return what an expression has that reads more than its row, None where it has nothing like that."""
    left = [node]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            kind = _FOREIGN.get(each.get("class", ""))
            if kind is not None:
                return kind
            left += each.values()
        elif isinstance(each, list):
            left += each
    return None
