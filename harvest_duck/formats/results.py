"""One statement's rows, as they arrive: batches of Arrow for programs, values of Python for people."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
from duckdb import StatementType

from harvest_duck.formats.arrow_columns import python_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

__all__ = ["STREAMS_RELATIONS", "WITH_ROWS", "Rows", "batches", "executed", "has_rows", "prepare", "rows", "time_zone"]

#: So many rows at most wait for others, unless a page of Harvest has more.
_ROWS_AT_ONCE = 1000
#: Statements that always have rows.
WITH_ROWS = frozenset({StatementType.SELECT, StatementType.EXPLAIN, StatementType.EXECUTE, StatementType.MULTI})
#: What DuckDB answers to another statement that has none.
_NO_ROWS = ([("Count", "BIGINT")], [("Success", "BOOLEAN")])
#: DuckDB 2 streams a relation to Arrow, and copies the result of `execute` first; DuckDB 1 does the opposite.
STREAMS_RELATIONS = not duckdb.__version__.startswith("1.")
#: DuckDB 1.4 and 1.5.0 mix up the booleans within lists, structs and maps if no type is to be lost; 1.5.6 does not. A
#: SELECT of such rows is begun again, and it loses types, as other statements do: TIMETZ has no offset, UUID is text.
_MIXES_BOOLEANS = tuple(map(int, re.findall(r"\d+", duckdb.__version__)[:3])) < (1, 5, 6)


class Rows(NamedTuple):
    """The names of columns, and their values row by row."""

    names: list[str]
    values: Iterator[tuple[Any, ...]]


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Let batches keep the types that Arrow lacks and come as soon as they can, and SQL find no variables of Python."""
    con.execute("SET arrow_lossless_conversion = true; SET streaming_buffer_size = '1KB'")
    con.execute("SET python_enable_replacements = false")


def time_zone(con: duckdb.DuckDBPyConnection) -> str:
    """Return the time zone that the session shows instants in."""
    return str(con.execute("SELECT current_setting('TimeZone')").fetchall()[0][0])


def rows(con: duckdb.DuckDBPyConnection, statement: duckdb.Statement, values: Mapping[str, str | None]) -> Rows | None:
    """Run a statement and return its rows, which are read as they are taken; None if it is not one with rows."""
    zone = time_zone(con)
    found = batches(con, statement, values)
    return None if found is None else Rows(found.schema.names, python_rows(found, zone))


def batches(
    con: duckdb.DuckDBPyConnection,
    statement: duckdb.Statement,
    values: Mapping[str, str | None],
    *,
    keep_types: bool = True,
) -> pa.RecordBatchReader | None:
    """Run a statement and return its rows as they arrive; None if it is not one with rows.

    No type is lost where `prepare` was called, but see `_MIXES_BOOLEANS`. With `keep_types` false the setting stays as
    it is.
    """
    parameters = dict(values) or None
    if STREAMS_RELATIONS and statement.type == StatementType.SELECT:
        return con.sql(statement, params=parameters).to_arrow_reader(_ROWS_AT_ONCE)
    mixes = keep_types and _MIXES_BOOLEANS and statement.type in WITH_ROWS
    if mixes:
        # What may write is not begun again.
        _set_lossless(con, wanted=statement.type == StatementType.SELECT)
    con.execute(statement, parameters)
    if mixes and statement.type == StatementType.SELECT and _has_inner_booleans(con):
        _set_lossless(con, wanted=False)
        con.execute(statement, parameters)
    return executed(con) if has_rows(con, statement) else None


def executed(con: duckdb.DuckDBPyConnection) -> pa.RecordBatchReader:
    """Return the rows of the statement that was executed last, as they arrive."""
    with warnings.catch_warnings():
        # DuckDB 2 warns of the copy. Statements other than SELECT have few rows.
        warnings.simplefilter("ignore", UserWarning)
        # DuckDB 1.4 has the one method, 2 has the other.
        name = "to_arrow_reader" if hasattr(con, "to_arrow_reader") else "fetch_record_batch"
        return getattr(con, name)(_ROWS_AT_ONCE)


def has_rows(con: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    """Whether a statement, which was executed last, is one with rows."""
    if statement.type in WITH_ROWS:
        return True
    return [(column[0], str(column[1])) for column in con.description or ()] not in ([], *_NO_ROWS)


def _set_lossless(con: duckdb.DuckDBPyConnection, *, wanted: bool) -> None:
    """Set `arrow_lossless_conversion`, if it is not that; DuckDB's error where SQL has locked the settings."""
    if con.execute("SELECT current_setting('arrow_lossless_conversion')").fetchall() != [(wanted,)]:
        con.execute(f"SET arrow_lossless_conversion = {'true' if wanted else 'false'}")


def _has_inner_booleans(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the rows of the last statement have lists, structs or maps of BOOLEAN."""
    types = (str(column[1]) for column in con.description or ())
    return any("BOOLEAN" in each and each != "BOOLEAN" for each in types)
