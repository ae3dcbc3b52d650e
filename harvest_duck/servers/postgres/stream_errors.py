"""DuckDB's errors as Arrow repeats them, when they end a stream of record batches."""

from __future__ import annotations

import re

import duckdb

__all__ = ["of_stream"]

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
