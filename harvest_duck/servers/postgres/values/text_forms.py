"""SQL that turns a column of DuckDB's into the text that PostgreSQL 15 writes for its values.

Functions are named with their schema, for the macros of PostgreSQL's functions hide those of the same name. A text with
a character 0 stands for a value that PostgreSQL does not have: `columns.py` refuses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.values.types import (
    BYTEA,
    DATE,
    FLOAT4,
    FLOAT8,
    INTERVAL,
    NUMERIC,
    REGCLASS,
    REGNAMESPACE,
    REGPROC,
    REGTYPE,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
)

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["FUNCTIONS", "sub_microseconds", "text_form"]

#: Where DuckDB's own functions are.
F = FUNCTIONS = "system.main."
#: PostgreSQL's dates and timestamps begin with the first day of the Julian calendar (table 8.9 of its documentation).
FIRST_DAY, AFTER_LAST_DAY = "DATE '4714-11-24 (BC)'", "DATE '5874898-01-01'"
FIRST_MOMENT = "TIMESTAMP '4714-11-24 (BC) 00:00:00'"
#: A clock since when every zone is a whole number of minutes from UTC; Liberia was the last, in January 1972.
WHOLE_MINUTES = "1973-01-01 00:00:00"
BIG_YEARS = "9999-12-31 00:00:00"
MARK = f"{F}chr(0)"
#: How many digits a number takes at most, and from where on PostgreSQL writes an exponent.
DIGITS = {"FLOAT": 9, "DOUBLE": 17}
EXPONENT_FROM = {"FLOAT": "1e6", "DOUBLE": "1e15"}
#: From where on two neighbours are two apart, so that a whole number can be in the middle between them.
EVEN_FROM = {"FLOAT": 2**24, "DOUBLE": 2**53}
#: DuckDB's types with nanoseconds. PostgreSQL's have microseconds.
BEYOND_MICROSECONDS = {"TIMESTAMP_NS": "epoch_ns", "TIME_NS": "nanosecond"}

#: Numbers of rows of the catalogue, which PostgreSQL writes as names.
REGISTERED = {REGCLASS: "regclass", REGPROC: "regproc", REGTYPE: "regtype", REGNAMESPACE: "regnamespace"}


def text_form(column: str, kind: ColumnType) -> str:
    """Return the SQL of a column's text."""
    match kind.oid:
        case _ if kind.oid in {FLOAT4, FLOAT8}:
            return _float(column, kind.duckdb)
        case _ if kind.oid == BYTEA:
            return f"'\\x' || {F}lower({F}hex({column}))"
        case _ if kind.oid == DATE:
            return _date(column)
        case _ if kind.oid == TIME:
            return _time(column, kind)
        case _ if kind.oid == TIMESTAMP:
            return _timestamp(column, kind)
        case _ if kind.oid == TIMESTAMPTZ:
            return _timestamp_with_zone(column)
        case _ if kind.oid == INTERVAL:
            return _interval(column)
        case _ if kind.oid == NUMERIC and kind.duckdb.startswith("DECIMAL("):
            return _decimal(column, kind)
        case _ if name := REGISTERED.get(kind.oid):
            return f"postgres.catalog.{name}_text({column})"
        case _:
            return f"{column}::VARCHAR"


def _decimal(column: str, kind: ColumnType) -> str:
    """Return a decimal with a digit before its point, which DuckDB leaves out where the type has room for none."""
    precision, scale = kind.duckdb.removeprefix("DECIMAL(").removesuffix(")").split(",")
    text = f"{column}::VARCHAR"
    return f"{F}replace({text}, '.', '0.')" if precision == scale else text


def _float(column: str, duckdb: str) -> str:
    """Return float8out of PostgreSQL 15: the shortest digits of the number, with an exponent below -4 and from 15 on.

    DuckDB's text of a FLOAT is not always its shortest (-47219.9375 for -47219.938), that of a DOUBLE is.
    """
    text, size = f"{column}::VARCHAR", f"{F}abs({column})"
    plain = (
        text
        if duckdb == "DOUBLE"
        else f"CASE WHEN {column} = 0 THEN {text} ELSE {_shortest(column, duckdb)}::DOUBLE::VARCHAR END"
    )
    return (
        f"CASE WHEN {size} < {EXPONENT_FROM[duckdb]} AND ({size} >= '1e-4'::{duckdb} OR {column} = 0)"
        f" THEN {F}regexp_replace({plain}, '\\.0$', '')"
        f" WHEN {F}isnan({column}) THEN 'NaN'"
        f" WHEN {F}isinf({column}) THEN {F}replace({text}, 'inf', 'Infinity')"
        f" ELSE {_shortest(column, duckdb)} END"
    )


def _shortest(column: str, duckdb: str) -> str:
    """Return the fewest digits that lie nearer to a number than to its neighbours, with an exponent.

    PostgreSQL's d2s.c does not take those in the middle between two numbers, as DuckDB does: it writes 1e23 as
    9.999999999999999e+22. Only whole numbers have so few digits there. HUGEINT holds those up to 8e37; the few that are
    larger keep their middle.
    """
    written = ", ".join(f"{F}format('{{:.{places}e}}', {column})" for places in range(DIGITS[duckdb]))
    up, down = (f"{F}nextafter({column}, '{end}'::{duckdb})" for end in ("inf", "-inf"))
    gaps = ", ".join(f"{neighbour}::HUGEINT - {column}::HUGEINT" for neighbour in (up, down))
    inside = f"(c::HUGEINT - {column}::HUGEINT) * 2 NOT IN ({gaps})"
    halves = f"{F}abs({column}) BETWEEN {EVEN_FROM[duckdb]} AND 8e37"
    nearest = f"c::{duckdb} = {column} AND CASE WHEN {halves} THEN {inside} ELSE true END"
    return f"{F}list_filter([{written}], lambda c: {nearest})[1]"


def _date(column: str) -> str:
    text = f"{column}::VARCHAR"
    return (
        f"CASE WHEN {column} BETWEEN '0001-01-01' AND '9999-12-31' OR {F}isinf({column}) THEN {text}"
        f" WHEN {column} >= {FIRST_DAY} AND {column} < {AFTER_LAST_DAY} THEN {F}replace({text}, '(BC)', 'BC')"
        f" WHEN {column} IS NOT NULL THEN {MARK} END"
    )


def _time(column: str, kind: ColumnType) -> str:
    if kind.duckdb == "TIME_NS":
        return f"CASE WHEN {sub_microseconds(column, kind)} THEN {MARK} ELSE {column}::TIME::VARCHAR END"
    return f"{column}::VARCHAR"


def _timestamp(column: str, kind: ColumnType) -> str:
    whole = f"{column}::TIMESTAMP"
    return (
        f"CASE WHEN {sub_microseconds(column, kind)} THEN {MARK}"
        f" WHEN {whole} BETWEEN '0001-01-01' AND '{BIG_YEARS}' OR {F}isinf({whole}) THEN {whole}::VARCHAR"
        f" WHEN {whole} >= {FIRST_MOMENT} THEN {_before_christ(f'{whole}::VARCHAR')}"
        f" WHEN {column} IS NOT NULL THEN {MARK} END"
    )


def _timestamp_with_zone(column: str) -> str:
    """Return timestamptz_out: the clock of the session's zone, and how far it is ahead of UTC."""
    text = f"{column}::VARCHAR"
    clock = f"{F}timezone({F}current_setting('TimeZone'), {column})"
    ahead = f"(({F}epoch_us({clock}) - {F}epoch_us({column})) // 1000000)"
    zone = (
        f"CASE WHEN {ahead} < 0 THEN '-' ELSE '+' END || {F}format('{{:02d}}', {F}abs({ahead}) // 3600)"
        f" || CASE WHEN {ahead} % 3600 = 0 THEN '' ELSE {F}format(':{{:02d}}', {F}abs({ahead}) // 60 % 60) END"
        f" || CASE WHEN {ahead} % 60 = 0 THEN '' ELSE {F}format(':{{:02d}}', {F}abs({ahead}) % 60) END"
    )
    return (
        f"CASE WHEN {column} BETWEEN '{WHOLE_MINUTES}+00' AND '{BIG_YEARS}+00' OR {F}isinf({column}) THEN {text}"
        f" WHEN {column} >= '4714-11-24 (BC) 00:00:00+00' THEN {_before_christ(f'({clock}::VARCHAR || {zone})')}"
        f" WHEN {column} IS NOT NULL THEN {MARK} END"
    )


def _before_christ(text: str) -> str:
    """Return a timestamp with BC at its end, where DuckDB writes (BC) behind the day."""
    return f"{F}regexp_replace({text}, '^(\\S+) \\(BC\\) (.*)$', '\\1 \\2 BC')"


def sub_microseconds(column: str, kind: ColumnType) -> str:
    """Return the condition that a value has digits beyond microseconds, which PostgreSQL has not."""
    function = BEYOND_MICROSECONDS.get(kind.duckdb)
    # DuckDB 1's infinity is a number of nanoseconds too.
    finite = f" AND NOT {F}isinf({column}::TIMESTAMP)" if kind.oid == TIMESTAMP else ""
    return f"({F}{function}({column}) % 1000 <> 0{finite})" if function else "false"


def _interval(column: str) -> str:
    """Return EncodeInterval of PostgreSQL 15's datetime.c with IntervalStyle postgres."""
    years, months, days = (f"{F}date_part('{unit}', {column})" for unit in ("year", "month", "day"))
    hours, minutes, micros = (f"{F}date_part('{unit}', {column})" for unit in ("hour", "minute", "microsecond"))
    nothing = f"({years} = 0 AND {months} = 0 AND {days} = 0)"
    backward = f"({hours} < 0 OR {minutes} < 0 OR {micros} < 0)"
    earlier = f"({days} < 0 OR {days} = 0 AND ({years} < 0 OR {months} < 0))"
    sign = f"CASE WHEN {backward} THEN '-' WHEN {earlier} THEN '+' ELSE '' END"
    clock = f"{F}format('{{:02d}}:{{:02d}}:{{:02d}}', {F}abs({hours}), {F}abs({minutes}), {F}abs({micros}) // 1000000)"
    fraction = f"{F}rtrim({F}rtrim({F}format('.{{:06d}}', {F}abs({micros}) % 1000000), '0'), '.')"
    told = f"{nothing} OR {hours} <> 0 OR {minutes} <> 0 OR {micros} <> 0"
    time = f"CASE WHEN {told} THEN {sign} || {clock} || {fraction} END"
    plus = f"CASE WHEN {days} > 0 AND ({years} < 0 OR {months} < 0) THEN '+' ELSE '' END"
    parts = [_part(years, "year"), _part(months, "mon"), f"{plus} || {_part(days, 'day')}", time]
    return f"CASE WHEN {column} IS NOT NULL THEN {F}concat_ws(' ', {', '.join(parts)}) END"


def _part(number: str, unit: str) -> str:
    return f"CASE WHEN {number} = 1 THEN '1 {unit}' WHEN {number} <> 0 THEN {number} || ' {unit}s' END"
