"""DuckDB's errors with all that they tell: as Arrow repeats them, and with their place in the SQL."""

from __future__ import annotations

import json
import re

import duckdb

__all__ = ["of_stream", "with_place"]

_EXPLAIN = "EXPLAIN "

#: DuckDB's classes of errors, by the words that its messages begin with: `Out of Memory Error: …`.
_CLASSES = {
    name.removesuffix("Exception").lower(): getattr(duckdb, name) for name in dir(duckdb) if "Exception" in name
}
_TEXT = re.compile(r"(?:Invalid: )?([A-Za-z][A-Za-z ]*?) Error: ")


def of_stream(error: Exception) -> Exception:
    """Return the error of DuckDB that another one repeats; one that repeats none is returned as it is."""
    found = None if isinstance(error, duckdb.Error) else _TEXT.match(str(error))
    kind = None if found is None else _CLASSES.get(found[1].replace(" ", "").lower())
    if kind is None:
        return error
    made: Exception = kind(str(error))
    return made


def with_place(error: duckdb.Error, cursor: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Error:
    """Return an error of binding `sql` as DuckDB tells it in JSON, which has its place.

    A relation leaves that out (2.0.1), so the query is explained, which fails alike.
    """
    if '"exception_message"' in str(error):
        return error
    try:
        cursor.execute(_EXPLAIN + sql)
    except duckdb.Error as explained:
        return _moved(explained)
    return error


def _moved(error: duckdb.Error) -> duckdb.Error:
    """Return an error of an EXPLAIN with its place in what is explained."""
    words, brace, rest = str(error).partition("{")
    try:
        told = json.loads(brace + rest)
    except ValueError:
        return error
    if told.get("position", "").isdigit():
        told["position"] = str(int(told["position"]) - len(_EXPLAIN))
    return type(error)(words + json.dumps(told))
