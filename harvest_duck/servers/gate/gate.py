"""What a client's query may reach: Harvest's tables and functions, PostgreSQL's catalogue, and what only computes.

DuckDB's parse tree is looked at, not the text, so that no spelling hides anything; a kind of node that is not known
here is refused. DuckDB's own settings, which a server makes, refuse files and extensions besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from harvest_duck.engine.session import sessions
from harvest_duck.servers.gate.fit_functions import TABLE_FUNCTIONS, unfit
from harvest_duck.servers.gate.parse_tree import Node, characters, parse_tree
from harvest_duck.servers.gate.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

__all__ = ["Reach", "reach_of", "refuse_unfit"]

#: The schemas that clients may read, as DuckDB has them.
_SCHEMAS = frozenset({("harvest", "main"), ("postgres", "catalog"), ("postgres", "information")})
_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_PARTS = frozenset(
    {
        "DISTINCT_MODIFIER",
        "EMPTY",
        "EMPTY_FROM",
        "EXPRESSION_LIST",
        "JOIN",
        "LIMIT_MODIFIER",
        "LIMIT_PERCENT_MODIFIER",
        "ORDER_MODIFIER",
        "PIVOT",
        "SUBQUERY",
        "ASCENDING",
        "DESCENDING",
        "ORDER_DEFAULT",
        "INVALID",
    }
)
_EXPRESSIONS = frozenset(
    {
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "DEFAULT",
        "FUNCTION",
        "LAMBDA",
        "LAMBDA_REF",
        "OPERATOR",
        "PARAMETER",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    }
)


@dataclass(frozen=True, slots=True)
class Reach:
    """The relations and functions that clients may name: (catalog, schema, small name). `hidden` are the others."""

    relations: frozenset[tuple[str, str, str]]
    functions: frozenset[tuple[str, str, str]]
    hidden: frozenset[str]


_known: WeakKeyDictionary[object, Reach] = WeakKeyDictionary()


def reach_of(cursor: duckdb.DuckDBPyConnection) -> Reach:
    """Return what clients may name in the instance of a registered cursor; it is read once for each instance."""
    session = sessions.get(cursor)
    instance = None if session is None else session.handles
    if instance is None:
        return _read(cursor)
    if instance not in _known:
        _known[instance] = _read(cursor)
    return _known[instance]


def _read(cursor: duckdb.DuckDBPyConnection) -> Reach:
    relations = cursor.execute(
        "SELECT database_name, schema_name, lower(table_name) FROM duckdb_tables() UNION ALL "
        "SELECT database_name, schema_name, lower(view_name) FROM duckdb_views()"
    ).fetchall()
    functions = cursor.execute(
        "SELECT DISTINCT database_name, schema_name, lower(function_name) FROM duckdb_functions()"
    ).fetchall()
    return Reach(
        frozenset(each for each in relations if each[:2] in _SCHEMAS),
        frozenset(each for each in functions if each[:2] in _SCHEMAS),
        frozenset(each[2] for each in functions if each[:2] not in _SCHEMAS),
    )


def refuse_unfit(cursor: duckdb.DuckDBPyConnection, sql: str, reach: Reach | None = None) -> None:
    """Raise Refusal if DuckDB's `sql` is no query, or reaches what is not for clients.

    `reach` is what they may name, read of the instance where it is not given.
    """
    tree = parse_tree(cursor, sql)
    try:
        _refuse(tree, reach or reach_of(cursor), cursor, sql)
    except Refusal as failure:
        # A relation of PostgreSQL's catalogue may have been made since.
        if failure.sqlstate != "42P01" or reach is not None or not _renew(cursor):
            raise
        _refuse(tree, reach_of(cursor), cursor, sql)


def _renew(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Read again what clients may name, and tell whether there is more than before."""
    session = sessions.get(cursor)
    instance = None if session is None else session.handles
    if instance is None:
        return False
    before, now = _known.get(instance), _read(cursor)
    _known[instance] = now
    return now != before


def _refuse(tree: Node, reach: Reach, cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        for node, ctes in _nodes(tree):
            _refuse_node(node, ctes, reach, cursor)
    except Refusal as failure:
        if failure.offset is not None:
            failure.offset = characters(sql, failure.offset)
        raise


def _nodes(tree: Node) -> Iterator[tuple[Node, frozenset[str]]]:
    """Yield each node of the tree that is an object, with the names of the common table expressions that it sees."""
    stack: list[tuple[Any, frozenset[str]]] = [(tree, frozenset())]
    while stack:
        value, ctes = stack.pop()
        if isinstance(value, list):
            stack += [(each, ctes) for each in value]
        elif isinstance(value, dict):
            yield value, ctes
            stack += _children(value, ctes)


def _children(node: Node, ctes: frozenset[str]) -> Iterator[tuple[Any, frozenset[str]]]:
    """Yield what is in a node. A common table expression sees those before it, and itself where it is recursive."""
    kind = str(node.get("type"))
    own = {str(node["cte_name"]).lower()} if kind in {"CTE_NODE", "RECURSIVE_CTE_NODE"} else set()
    for entry in (node.get("cte_map") or {}).get("map", ()):
        yield entry, ctes
        ctes |= {str(entry["key"]).lower()}
    after = {"child"} if kind == "CTE_NODE" else {"right"}
    for key, value in node.items():
        if key != "cte_map" and isinstance(value, dict | list):
            yield value, ctes | own if key in after else ctes


def _refuse_node(node: Node, ctes: frozenset[str], reach: Reach, cursor: duckdb.DuckDBPyConnection) -> None:
    kind = node.get("type")
    if not isinstance(kind, str):
        return
    if "class" in node:
        _refuse_expression(node, reach, cursor)
    elif kind == "BASE_TABLE":
        _refuse_relation(node, ctes, reach)
    elif kind == "TABLE_FUNCTION":
        _refuse_table_function(node["function"], reach)
    elif kind == "SHOW_REF":
        if not node.get("query"):
            raise Refusal("42501", "permission denied: DuckDB's SHOW and DESCRIBE of all are not for clients")
    elif kind.endswith(("_QUERY_NODE", "_NODE")) and kind not in _QUERIES:
        word = kind.removesuffix("_NODE").removesuffix("_QUERY").replace("_", " ")
        raise Refusal("25006", f"cannot execute {word} in a read-only transaction")
    elif kind not in _PARTS and kind not in _QUERIES and not kind.endswith("_TYPE_INFO") and kind.isupper():
        raise Refusal("0A000", f"{kind.lower().replace('_', ' ')} is not supported here")


def _path(node: Node, name: str, schema: str, catalog: str) -> tuple[str, ...]:
    """The parts of a name, in small letters. DuckDB 2.0 tells them all in a list too."""
    parts = (node.get("qualified_name") or {}).get("path") or (node.get(catalog), node.get(schema), node.get(name))
    return tuple(str(part).lower() for part in parts if part)


def _named(path: tuple[str, ...], found: frozenset[tuple[str, str, str]]) -> bool:
    """Whether a name can be one of those found: by its last part, with its schema, catalog or both."""
    *before, name = path
    if len(before) > 2:  # noqa: PLR2004 - catalog and schema
        return False
    for catalog, schema in _SCHEMAS:
        places: tuple[list[str], ...] = ([], [schema], [catalog, schema])
        if schema == "main":
            places = (*places, [catalog])
        if before in places and (catalog, schema, name) in found:
            return True
    return False


def _refuse_relation(node: Node, ctes: frozenset[str], reach: Reach) -> None:
    path = _path(node, "table_name", "schema_name", "catalog_name")
    if (len(path) == 1 and path[0] in ctes) or _named(path, reach.relations):
        return
    written = ".".join(path)
    if any(sign in path[-1] for sign in "./\\:*?"):
        raise Refusal("42501", f'permission denied for "{written}": this server reads no files', offset=_offset(node))
    raise Refusal("42P01", f'relation "{written}" does not exist', offset=_offset(node), hint=_nearest(path[-1], reach))


def _nearest(name: str, reach: Reach) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - for an error alone

    near = get_close_matches(
        name, sorted({relation for catalog, _, relation in reach.relations if catalog == "harvest"})
    )
    return f'Perhaps you meant the relation "{near[0]}".' if near else None


def _refuse_table_function(function: Node, reach: Reach) -> None:
    if function.get("class") != "FUNCTION":
        raise Refusal("0A000", "this form of table function is not supported here")
    path = _path(function, "function_name", "schema", "catalog")
    if _named(path, reach.functions) or (len(path) == 1 and path[0] in TABLE_FUNCTIONS):
        return
    if path[-1] not in reach.hidden and len(path) == 1:
        raise Refusal("42883", f"function {path[-1]} does not exist", offset=_offset(function))
    raise _denied(path, function)


def _refuse_expression(node: Node, reach: Reach, cursor: duckdb.DuckDBPyConnection) -> None:
    if node["class"] not in _EXPRESSIONS:
        raise Refusal("0A000", f"{str(node['class']).lower().replace('_', ' ')} is not supported here")
    if node["class"] not in {"FUNCTION", "WINDOW"}:
        return
    path = _path(node, "function_name", "schema", "catalog")
    if path and path[-1] == "harvest_explain":
        _refuse_explained(node, cursor, reach)
    if not path or _named(path, reach.functions):
        return
    if path[-1] == "getvariable" and _is_own_variable(node):
        return
    hidden = any(part.startswith("_") or part in {"temp", "harvest_duck"} for part in path[:-1])
    if hidden or unfit(path[-1]):
        raise _denied(path, node)


def _refuse_explained(node: Node, cursor: duckdb.DuckDBPyConnection, reach: Reach) -> None:
    """Raise Refusal for what harvest_explain may not be told: its text has to be a fit query as well."""
    for argument in _arguments(node):
        sql = _text(argument)
        if sql is not None:
            refuse_unfit(cursor, sql, reach)
        elif argument.get("class") not in {"CONSTANT", "CAST"} or _text(argument.get("child", {})) not in _BOOLEANS:
            raise Refusal("0A000", "harvest_explain takes a query that is written out", offset=_offset(node))


#: How DuckDB's parsers write true and false: as a constant, or 1.4 and 1.5 as a cast of these.
_BOOLEANS = {None, "t", "f"}


def _arguments(node: Node) -> list[Node]:
    return [each.get("expression", each) for each in node.get("children") or node.get("arguments") or ()]


def _text(argument: Node) -> str | None:
    """The text that a constant is, None for any other expression."""
    if argument.get("class") != "CONSTANT":
        return None
    literal = argument.get("literal") or {}
    value = literal.get("text") if literal.get("kind") == "STRING" else (argument.get("value") or {}).get("value")
    return value if isinstance(value, str) else None


def _is_own_variable(node: Node) -> bool:
    """Whether a getvariable reads what the session told its macros."""
    arguments = _arguments(node)
    return len(arguments) == 1 and (_text(arguments[0]) or "").startswith("postgres_")


def _denied(path: tuple[str, ...], node: Node) -> Refusal:
    return Refusal("42501", f"permission denied for function {'.'.join(path)}", offset=_offset(node))


def _offset(node: Node) -> int | None:
    """The byte at which a node stands, if DuckDB says it."""
    place = node.get("query_location")
    return place if isinstance(place, int) and place < 1 << 62 else None
