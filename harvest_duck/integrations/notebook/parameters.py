"""The values that SQL takes from the variables of a notebook: `$name`, or `{name}`, which means the same; pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb

from harvest_duck.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["replaced", "values", "with_dollars"]

_PARAMETER = re.compile(rb"\$([\w\x80-\xff]+)")


def with_dollars(sql: str) -> str:
    """Return the SQL with `$name` for each `{name}` that is no part of a text, a comment, a struct or a name."""
    content = sql.encode()
    # DuckDB counts bytes here; its version 1 has no tokens for comments.
    places = [position for position, kind in duckdb.tokenize(sql) if kind == duckdb.token_type.operator]
    braces = [place for place in places if content[place : place + 1] in (b"{", b"}")]
    pieces, at = [], 0
    for opening, closing in pairwise(braces):
        name = content[opening + 1 : closing].decode().strip()
        if content[opening : opening + 1] == b"{" and content[closing : closing + 1] == b"}" and name.isidentifier():
            pieces += [content[at:opening], f"${name}".encode()]
            at = closing + 1
    return b"".join([*pieces, content[at:]]).decode()


def values(names: Iterable[str], namespace: Mapping[str, object]) -> dict[str, Any]:
    """Return the value of each parameter; raise `QueryError` for one that the notebook has no single value for."""
    found = {}
    for name in sorted(names):
        if name.isdecimal():
            raise QueryError("a parameter of a cell has a name, that of a variable: write $name in the place of ?")
        if name not in namespace:
            raise QueryError(f"the parameter ${name} has no value: give the notebook a variable {name}")
        value = namespace[name]
        if hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__"):
            raise QueryError(f"${name} has rows, and a parameter is one value: write FROM {name}, without the $")
        # The numbers of numpy, most of which DuckDB does not take (1.4 to 2.0).
        found[name] = value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value
    return found


def replaced(sql: str, literals: Mapping[str, str]) -> str:
    """Return the SQL with a literal in the place of each parameter."""
    content = sql.encode()
    pieces, at = [], 0
    for position, kind in duckdb.tokenize(sql):
        found = _PARAMETER.match(content, position)
        if found and kind == duckdb.token_type.operator:
            pieces += [content[at:position], literals[found[1].decode()].encode()]
            at = found.end()
    return b"".join([*pieces, content[at:]]).decode()
