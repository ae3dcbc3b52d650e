"""What DuckDB hands over for a column: a value that is easy to write, or the text that PostgreSQL would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.types import (
    BOOL,
    BYTEA,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT2VECTOR,
    INT4,
    INT8,
    INTERVAL,
    JSON,
    NUMERIC,
    OIDVECTOR,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UUID,
    VARBIT,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.types import ColumnType

__all__ = ["projection"]

#: What a column has to be cast to, for all types of DuckDB that PostgreSQL has one type for.
VALUES = {
    BOOL: "BOOLEAN",
    INT2: "SMALLINT",
    INT4: "INTEGER",
    INT8: "BIGINT",
    FLOAT4: "FLOAT",
    FLOAT8: "DOUBLE",
    DATE: "DATE",
    TIME: "TIME",
    TIMESTAMP: "TIMESTAMP",
    TIMESTAMPTZ: "TIMESTAMPTZ",
    BYTEA: "BLOB",
}


def projection(types: Sequence[ColumnType], formats: Sequence[int]) -> str:
    """Return the select list over the columns of a relation, by their place; one constant where there are none."""
    columns = [_handed_over(f"#{place}", each, formats[place - 1]) for place, each in enumerate(types, 1)]
    return ", ".join(f"{column} AS c{place}" for place, column in enumerate(columns, 1)) or "1 AS c1"


def _handed_over(column: str, kind: ColumnType, binary: int) -> str:
    if kind.oid == BOOL:
        return column
    if kind.oid == JSON and kind.duckdb != "JSON":
        return f"to_json({column})::VARCHAR"
    if kind.oid in {INT2VECTOR, OIDVECTOR}:
        return f"array_to_string({column}, ' ')"
    if kind.duckdb.endswith("]"):
        return f"'{{' || array_to_string({column}, ',') || '}}'"
    return _binary(column, kind) if binary else _text(column, kind)


def _text(column: str, kind: ColumnType) -> str:
    if kind.oid == BYTEA:
        return f"'\\x' || lower(hex({column}))"
    return f"{column}::VARCHAR"


def _binary(column: str, kind: ColumnType) -> str:
    if value := VALUES.get(kind.oid):
        return f"{column}::{value}"
    match kind.oid:
        case _ if kind.oid == NUMERIC and kind.duckdb.startswith("DECIMAL("):
            return column
        case _ if kind.oid == UUID:
            return f"unhex(replace({column}::VARCHAR, '-', ''))"
        case _ if kind.oid == INTERVAL:
            return _interval(column)
        case _ if kind.oid == VARBIT:
            return _bits(column)
        case _ if kind.oid == TIMETZ:
            return _time_with_zone(column)
        case _:
            return f"{column}::VARCHAR"


def _interval(column: str) -> str:
    """Return the bytes of interval_send: microseconds, days, months. date_part() tells whole hours beyond a day."""
    hours, minutes = f"date_part('hour', {column})", f"date_part('minute', {column})"
    microseconds = f"{hours} * 3600000000 + {minutes} * 60000000 + date_part('microsecond', {column})"
    months = f"date_part('year', {column}) * 12 + date_part('month', {column})"
    days = f"date_part('day', {column})"
    return f"{_integer(microseconds, 8)} || {_integer(days, 4)} || {_integer(months, 4)}"


def _bits(column: str) -> str:
    """Return the bytes of varbit_send: the number of bits, and the bits from the left."""
    count = f"bit_length({column}::VARCHAR)::BIGINT // 8"
    filled = f"rpad({column}::VARCHAR, (({count} + 7) // 8 * 8)::INTEGER, '0')"
    return f"{_integer(count, 4)} || {filled}::BIT::BLOB"


def _time_with_zone(column: str) -> str:
    """Return the bytes of timetz_send: microseconds, and the seconds that the zone is west of Greenwich."""
    local = f"date_part('epoch', {column})"
    zone = f"date_part('timezone', {column})"
    return f"{_integer(f'(({local}) * 1000000)::BIGINT', 8)} || {_integer(f'-({zone})', 4)}"


def _integer(number: str, size: int) -> str:
    """Return a signed number as that many bytes, the most significant first."""
    return f"unhex(right(lpad(hex(({number})::BIGINT), 16, '0'), {2 * size}))"
