"""SQL that turns a column of DuckDB's into a value that is easy to send, or into the bytes that PostgreSQL 15 sends.

Functions are named with their schema, as in `text_forms.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.values.text_forms import FUNCTIONS as F
from harvest_duck.servers.postgres.values.text_forms import sub_microseconds
from harvest_duck.servers.postgres.values.types import (
    BOOL,
    BYTEA,
    CHAR,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    NUMERIC,
    OID,
    REGCLASS,
    REGNAMESPACE,
    REGPROC,
    REGTYPE,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UUID,
    VARBIT,
)

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["binary_form"]

#: What is cast to what, where PostgreSQL has one type for several of DuckDB's.
CASTS = {
    BOOL: "BOOLEAN",
    INT2: "SMALLINT",
    INT4: "INTEGER",
    INT8: "BIGINT",
    OID: "UINTEGER",
    REGCLASS: "UINTEGER",
    REGPROC: "UINTEGER",
    REGTYPE: "UINTEGER",
    REGNAMESPACE: "UINTEGER",
    FLOAT4: "FLOAT",
    FLOAT8: "DOUBLE",
    DATE: "DATE",
    TIMESTAMPTZ: "TIMESTAMPTZ",
    BYTEA: "BLOB",
}
#: What stands for a timestamp that PostgreSQL does not have; `columns.py` refuses it.
NO_TIMESTAMP = "TIMESTAMP '290000-01-01 (BC) 00:00:00'"


def binary_form(column: str, kind: ColumnType) -> str:
    """Return the SQL of what a column is sent from."""
    if cast := CASTS.get(kind.oid):
        return f"{column}::{cast}"
    match kind.oid:
        case _ if kind.oid == NUMERIC and kind.duckdb.startswith("DECIMAL("):
            return column
        case _ if kind.oid == TIME:
            return column if kind.duckdb == "TIME" else _microseconds(column, kind)
        case _ if kind.oid == TIMESTAMP:
            return column if kind.duckdb == "TIMESTAMP" else _timestamp(column, kind)
        case _ if kind.oid == CHAR:
            # charsend: a byte, which is 0 for none.
            return f"CASE WHEN {column}::VARCHAR = '' THEN '\\x00'::BLOB ELSE {F}encode({column}::VARCHAR) END"
        case _ if kind.oid == UUID:
            return f"{F}unhex({F}replace({column}::VARCHAR, '-', ''))"
        case _ if kind.oid == INTERVAL:
            return _interval(column)
        case _ if kind.oid == VARBIT:
            return _bits(column)
        case _ if kind.oid == TIMETZ:
            return _time_with_zone(column)
        case _:
            return f"{column}::VARCHAR"


def _microseconds(column: str, kind: ColumnType) -> str:
    """Return the microseconds of a time with nanoseconds, or a negative number, which is refused."""
    return f"CASE WHEN {sub_microseconds(column, kind)} THEN -1 ELSE {_time_of_day(column)} END"


def _timestamp(column: str, kind: ColumnType) -> str:
    return f"CASE WHEN {sub_microseconds(column, kind)} THEN {NO_TIMESTAMP} ELSE {column}::TIMESTAMP END"


def _time_of_day(column: str) -> str:
    """Return the microseconds of a time, or of an interval without its days and months, whose hours may be many."""
    hours, minutes, micros = (f"{F}date_part('{unit}', {column})" for unit in ("hour", "minute", "microsecond"))
    return f"({hours} * 3600000000 + {minutes} * 60000000 + {micros})"


def _interval(column: str) -> str:
    """Return the bytes of interval_send: microseconds, days, months."""
    years, months, days = (f"{F}date_part('{unit}', {column})" for unit in ("year", "month", "day"))
    return f"{_integer(_time_of_day(column), 8)} || {_integer(days, 4)} || {_integer(f'{years} * 12 + {months}', 4)}"


def _bits(column: str) -> str:
    """Return the bytes of varbit_send: the number of bits, and the bits from the left."""
    count = f"{F}length({column}::VARCHAR)"
    filled = f"{F}rpad({column}::VARCHAR, (({count} + 7) // 8 * 8)::INTEGER, '0')"
    return f"{_integer(count, 4)} || {filled}::BIT::BLOB"


def _time_with_zone(column: str) -> str:
    """Return the bytes of timetz_send: microseconds, and the seconds that the zone is west of Greenwich."""
    west = f"-{F}date_part('timezone', {column})"
    return f"{_integer(_time_of_day(column), 8)} || {_integer(west, 4)}"


def _integer(number: str, size: int) -> str:
    """Return a signed number as that many bytes, the most significant first."""
    return f"{F}unhex({F}right({F}lpad({F}hex(({number})::BIGINT), 16, '0'), {2 * size}))"
