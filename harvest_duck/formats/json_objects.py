"""JSON, an array of one object for each row, and NDJSON, one object a line.

The values are written by their types rather than by `to_json`, which writes NaN, which is no JSON, and makes a FLOAT of
0.1 0.10000000149011612 (duckdb 1.4 to 2.0).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from harvest_duck.formats import unique
from harvest_duck.formats.lines import FRACTIONS, NUMBERS, Lines, concat
from harvest_duck.pushdown.sql import text
from harvest_duck.text import terminal_safe_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb.sqltypes import DuckDBPyType

__all__ = ["array", "objects"]


def objects(names: Sequence[str], types: Sequence[DuckDBPyType], columns: Sequence[str]) -> Lines:
    """Return how rows are written as one object a line; `columns` are expressions with these names and types."""
    return Lines("", concat([_object(unique(names), types, columns), "chr(10)"]), on_terminal=terminal_safe_json)


def array(names: Sequence[str], types: Sequence[DuckDBPyType], columns: Sequence[str]) -> Lines:
    """Return how rows are written as an array of objects; `columns` are expressions with these names and types."""
    row = concat(["','", "chr(10)", _object(unique(names), types, columns)])
    return Lines("", row, "\n]\n", first="[", empty="[]\n", on_terminal=terminal_safe_json)


def _object(names: Sequence[str], types: Sequence[DuckDBPyType], values: Sequence[str], depth: int = 0) -> str:
    """Return the expression of a JSON object with these keys."""
    keys = [json.dumps(name, ensure_ascii=False) for name in names]
    parts = ["'{'"]
    for position, (key, kind, value) in enumerate(zip(keys, types, values, strict=True)):
        parts += [text(f"{',' if position else ''}{key}:"), _or_null(value, kind, depth)]
    return concat([*parts, "'}'"])


def _or_null(value: str, kind: DuckDBPyType, depth: int) -> str:
    return f"coalesce({_value(value, kind, depth)}, 'null')"


def _value(value: str, kind: DuckDBPyType, depth: int) -> str:
    """Return the expression of a value as JSON; NULL is NULL.

    A number has all its digits. NaN and the infinities, for which JSON has no numbers, are texts, as PostgreSQL has it.
    """
    if kind.id == "decimal" and len(set(dict(kind.children).values())) == 1:
        # Where all digits are behind the point, DuckDB writes none before it (duckdb 1.4 to 2.0), which JSON asks for.
        return f"regexp_replace({value}::VARCHAR, '^(-?)[.]', '\\10.')"
    if kind.id in NUMBERS or kind.id == "boolean":
        return f"{value}::VARCHAR"
    if kind.id in FRACTIONS:
        return (
            f"CASE WHEN isfinite({value}) THEN {value}::VARCHAR WHEN isnan({value}) THEN '\"NaN\"' "
            f"WHEN {value} > 0 THEN '\"Infinity\"' WHEN {value} < 0 THEN '\"-Infinity\"' END"
        )
    if kind.id in {"list", "array", "map", "struct"}:
        return _nested(value, kind, depth)
    if str(kind) == "JSON":
        # Line breaks stand between the tokens of JSON alone.
        return f"replace(replace({value}::VARCHAR, chr(10), ' '), chr(13), ' ')"
    # DuckDB 1.x shows an instant in UTC as JSON, and in the session's time zone as text.
    return f"to_json({value if kind.id == 'union' else f'{value}::VARCHAR'})::VARCHAR"


def _nested(value: str, kind: DuckDBPyType, depth: int) -> str:
    """Return the expression of a list or object whose elements are at `depth`; an empty one is written as such."""
    each, children = f"e{depth}", cast("dict[str, DuckDBPyType]", dict(kind.children))
    if kind.id == "struct":
        fields = [f"struct_extract({value}, {text(name)})" for name in children]
        return (
            f"CASE WHEN {value} IS NOT NULL THEN {_object(list(children), list(children.values()), fields, depth)} END"
        )
    if kind.id == "map":
        pair = (
            f"to_json({each}.key::VARCHAR)::VARCHAR || ':' || {_or_null(f'{each}.value', children['value'], depth + 1)}"
        )
        return _joined("{", value, f"list_transform(map_entries({value}), lambda {each}: {pair})", "}")
    return _joined(
        "[", value, f"list_transform({value}, lambda {each}: {_or_null(each, children['child'], depth + 1)})", "]"
    )


def _joined(before: str, value: str, texts: str, after: str) -> str:
    # The text of an empty list is NULL in DuckDB 1.4, and empty later.
    return f"CASE WHEN {value} IS NOT NULL THEN concat('{before}', array_to_string({texts}, ','), '{after}') END"
