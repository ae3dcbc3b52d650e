"""A query with values in the place of its scalar subqueries, to see what a scan would be handed then.

DuckDB compares a column with a scalar subquery in a join, which an Arrow scan learns nothing of (DuckDB 2.0) or not
always (1.x, by a filter that it makes while it runs). `dry_run` runs the query a second time with the values;
`introspection/subquery_hints` compares the scans. The tree of a query is that of `json_serialize_sql`, which every
build of the Python client has.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Begins the transaction of a dry run.
READ_ONLY = "BEGIN TRANSACTION READ ONLY"
#: A value of each type that conditions are pushed for. It stands for NULL too: a subquery over a table of Harvest has
#: no rows to read in a dry run.
_SAMPLES = {
    "BIGINT": "7",
    "INTEGER": "7",
    "HUGEINT": "7",
    "BOOLEAN": "true",
    "DATE": "2024-02-01",
    "TIMESTAMP": "2024-02-01 00:00:00",
    "TIMESTAMP WITH TIME ZONE": "2024-02-01 00:00:00+00",
    "VARCHAR": "7",
}
#: An expression of each of these types, in their order.
_EXPRESSIONS = """
    SELECT CAST('the value' AS BIGINT), CAST('the value' AS INTEGER), CAST('the value' AS HUGEINT),
        CAST('the value' AS BOOLEAN), CAST('the value' AS DATE), CAST('the value' AS TIMESTAMP),
        CAST('the value' AS TIMESTAMP WITH TIME ZONE), CAST('the value' AS VARCHAR)
"""

Node = dict[str, Any]


def with_values(cursor: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    """Return a SELECT with the value in place of each scalar subquery that refers to nothing outside; None without one.

    Each is evaluated by `cursor`, in its transaction, which is begun afresh where one fails. Raises `duckdb.Error` for
    a query whose tree cannot be had.
    """
    document = _tree(cursor, sql)
    found = False
    for holder, key, scope in _subqueries(document, []):
        value = _value(cursor, holder[key], scope)
        if value is not None:
            holder[key] = value
            found = True
    return _one(cursor, "SELECT json_deserialize_sql(?)", json.dumps(document)) if found else None


def _tree(cursor: duckdb.DuckDBPyConnection, sql: str) -> Node:
    tree: Node = json.loads(_one(cursor, "SELECT json_serialize_sql(?)", sql))
    if tree.get("error"):
        raise duckdb.NotImplementedException(str(tree.get("error_message")))
    return tree


def _one(cursor: duckdb.DuckDBPyConnection, sql: str, argument: str) -> str:
    (found,) = cursor.execute(sql, [argument]).fetchall()
    return str(found[0])


def _subqueries(node: Any, scope: list[Node]) -> Iterator[tuple[Any, Any, list[Node]]]:  # noqa: ANN401 - a value of JSON
    """Yield the place of each scalar subquery, with the common table expressions that it may name.

    The places within a subquery come after it, so that they are out of the tree where it was replaced.
    """
    if isinstance(node, dict):
        scope = [*scope, *node.get("cte_map", {}).get("map", [])]
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        child = node[key]
        if not isinstance(child, dict | list):
            continue
        if isinstance(child, dict) and child.get("subquery_type") == "SCALAR":
            yield node, key, scope
            if node[key] is not child:
                continue
        yield from _subqueries(child, scope)


def _value(cursor: duckdb.DuckDBPyConnection, subquery: Node, scope: list[Node]) -> Node | None:
    """Return the expression of the value of a subquery; None where it has none by itself, or one of another type."""
    document = _tree(cursor, "SELECT x::VARCHAR, typeof(x) FROM (SELECT 1 AS x)")
    select = document["statements"][0]["node"]
    (place,) = [each for each in _aliased(select["from_table"]) if each["alias"] == "x"]
    place.clear()
    place.update({**subquery, "alias": "x"})
    select["cte_map"]["map"] = scope
    try:
        cursor.execute(_one(cursor, "SELECT json_deserialize_sql(?)", json.dumps(document)))
        ((value, kind),) = cursor.fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        # It refers to a column outside, or fails. DuckDB 2.0 ends the transaction for the former too.
        cursor.execute("ROLLBACK")
        cursor.execute(READ_ONLY)
        return None
    return None if kind not in _SAMPLES else {**_expression(cursor, kind, value), "alias": subquery.get("alias", "")}


def _expression(cursor: duckdb.DuckDBPyConnection, kind: str, value: str | None) -> Node:
    """Return the expression of a value of a type, from its text; of the sample for NULL."""
    expressions = _tree(cursor, _EXPRESSIONS)["statements"][0]["node"]["select_list"]
    written = json.dumps(expressions[list(_SAMPLES).index(kind)])
    # The tree of a literal differs between versions, and the text in it does not.
    found: Node = json.loads(written.replace('"the value"', json.dumps(_SAMPLES[kind] if value is None else value)))
    return found


def _aliased(node: Any) -> Iterator[Node]:  # noqa: ANN401 - a value of JSON
    """Yield every object of a tree that has an alias."""
    if isinstance(node, dict):
        if "alias" in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _aliased(each)
