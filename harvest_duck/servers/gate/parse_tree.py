"""DuckDB's parse tree of a query, as `json_serialize_sql` tells it: a scalar function that every DuckDB has.

It serializes queries alone: what it refuses is no query, or a PIVOT, which needs a statement of its own before it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from harvest_duck.servers.gate.refusal import Refusal

if TYPE_CHECKING:
    import duckdb

__all__ = ["Node", "characters", "offset_of", "parse_tree"]

Node = dict[str, Any]


#: What is no word of a statement: texts, quoted names and comments.
_NO_WORDS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)


def parse_tree(cursor: duckdb.DuckDBPyConnection, sql: str) -> Node:
    """Return the tree of the one query that `sql` is; raise Refusal for anything else."""
    ((found,),) = cursor.execute("SELECT system.main.json_serialize_sql(?)", [sql]).fetchall() or [("{}",)]
    try:
        told = json.loads(found)
    except RecursionError:
        raise Refusal("54001", "the statement is nested too deeply: write it with fewer levels") from None
    if told.get("error", True):
        raise _failure(told, sql)
    parsed = told["statements"]
    if len(parsed) != 1:
        raise Refusal("42601", "cannot insert multiple commands into a prepared statement")
    tree: Node = parsed[0]["node"]
    return tree


def _failure(told: Node, sql: str) -> Refusal:
    """The failure of a statement that is not serialized."""
    message = " ".join(str(told.get("error_message", "")).split())
    # A common table expression that writes is one too in DuckDB 1.
    if message.startswith("Only SELECT statements can be serialized") or message == "A CTE needs a SELECT":
        return _no_query(sql)
    if told.get("error_type") == "not implemented":
        return Refusal("0A000", message or "not supported here")
    if "expression depth" in message or "recursion" in message.lower():
        return Refusal("54001", "the statement is nested too deeply: write it with fewer levels")
    if "SELECT locking clause" in message:
        return Refusal("25006", "cannot execute SELECT FOR UPDATE in a read-only transaction")
    return Refusal("42601", message or "syntax error", offset=offset_of(told, sql))


def offset_of(told: Node, sql: str) -> int | None:
    """Return the place that an error of DuckDB tells, in characters of its text.

    DuckDB counts bytes; only the parser of 1.4 and 1.5, which tells no `location`, counts characters.
    """
    position = str(told.get("position", ""))
    if not position.isdigit():
        return None
    place = int(position)
    if "location" not in told and told.get("error_subtype") == "SYNTAX_ERROR":
        return place
    return characters(sql, place)


def characters(sql: str, place: int) -> int:
    """Return how many characters stand before a byte of a text."""
    return len(sql.encode()[:place].decode("utf-8", "ignore"))


def _no_query(sql: str) -> Refusal:
    """The refusal of a statement that is no query, by the words in it."""
    words = re.findall(r"\w+", _NO_WORDS.sub(" ", sql.lower()))
    for word in ("insert", "update", "delete", "merge"):
        if word in words:
            return Refusal("25006", f"cannot execute {word.upper()} in a read-only transaction")
    if "pivot" in words:
        return Refusal(
            "0A000", "PIVOT is not supported here", hint="Write each of its columns as sum(…) FILTER (WHERE …)."
        )
    first = words[0].upper() if words else "this"
    return Refusal("25006", f"cannot execute {first} in a read-only transaction: it is no query")
