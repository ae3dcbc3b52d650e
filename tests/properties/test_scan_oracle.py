"""`harvest_scan` returns the rows that the same SQL returns from a plain table, for any records and predicate."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.sandbox_rows import AROUND, assert_same, rows_of
from support.sql_conditions import comparisons, rejecting_what_duckdb_refuses

import harvest_duck
from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, DECIMAL, TIME, TIMESTAMP, VARCHAR, Column, Origin, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

#: One page-numbered table, two with cursors, and one whose rows are embedded in others.
STAGED = ("time_entries", "projects", "contacts", "invoice_line_items")

_DAY = date(2026, 3, 1)
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Few different values, so that predicates often match them; the last of each is rare or extreme.
_POOL: dict[object, list[Any]] = {
    BIGINT: [1, 2, 3, 7, 2**40],
    BOOLEAN: [True, False],
    DATE: [(_DAY + timedelta(days=n)).isoformat() for n in (-1, 0, 1, 2, 30, 365)],
    DECIMAL: [Decimal(text) for text in ("0", "0.25", "1.5", "100.0", "-3.3333", "0.33335")],
    TIME: ["9:00am", "14:59", "2:59pm", "12:00am"],
    TIMESTAMP: [(_NOON + timedelta(seconds=n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in (-1, 0, 1, 3600, 86400 * 40)],
    VARCHAR: ["", "open", "draft", "paid", "O'Brien; --", "Zürich ☃", "approved"],
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Sandbox]:
    """A sandbox whose records the examples replace."""
    with Sandbox(seed=1, scale=0.05, limits=False) as running:
        yield running


@st.composite
def records(draw: st.DrawFn, table: Table) -> list[dict[str, Any]]:
    """JSON records of a table, with null and missing values, and with ids of their own."""
    count = draw(st.integers(0, 12))
    if table.items is None:
        return [_record(draw, table, index, Origin.RECORD) for index in range(count)]
    around = [_record(draw, table, index, Origin.ENCLOSING) for index in range(count)]
    for index, record in enumerate(around):
        sizes = range(draw(st.integers(0, 3)))
        record["id"] = index + 1
        record[table.items] = [_record(draw, table, 10 * index + size, Origin.RECORD) for size in sizes]
    return around


def _record(draw: st.DrawFn, table: Table, index: int, origin: Origin) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for column in table.columns:
        if column.origin is not origin or column.type not in _POOL:
            continue
        if column.name == "id":
            record["id"] = index + 1
        elif draw(st.integers(0, 3)):
            inside = record
            for key in column.path[:-1]:
                inside = inside.setdefault(key, {})
            inside[column.path[-1]] = draw(st.sampled_from([*_POOL[column.type], None]))
    return record


@st.composite
def predicates(draw: st.DrawFn, table: Table, depth: int = 2) -> str:
    """A condition in SQL over the columns of a table."""
    if depth and draw(st.booleans()):
        terms = draw(st.lists(predicates(table, depth - 1), min_size=2, max_size=3))
        joined = draw(st.sampled_from([" AND ", " OR "])).join(f"({term})" for term in terms)
        return draw(st.sampled_from([joined, joined, f"NOT ({joined})"]))
    answered = [table.column(param.column) for param in table.params]
    others = [column for column in table.columns if column.type in _POOL]
    column = draw(st.sampled_from([*answered * 3, *others]))
    return draw(comparisons(column, _literals(column)))


def _literals(column: Column) -> st.SearchStrategy[str]:
    extremes = {
        BIGINT: ["0", "-1", "9223372036854775807"],
        DATE: ["DATE '0001-01-01'", "DATE '9999-12-31'", "'infinity'::DATE", "NULL::DATE"],
        TIMESTAMP: ["TIMESTAMPTZ '1900-01-01 00:00:00+00'", "'infinity'::TIMESTAMPTZ"],
        DECIMAL: ["1", "0.3334", "99999999999999.9999", "1.5::DOUBLE"],
        TIME: ["TIME '14:59'"],
    }
    if column.type is TIME:
        return st.sampled_from(extremes[TIME] + ["TIME '09:00'", "TIME '23:59:59'"])
    pool = [_literal(value, column) for value in _POOL[column.type]]
    return st.sampled_from(pool * 2 + extremes.get(column.type, []))


def _literal(value: Any, column: Column) -> str:
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"{'TIMESTAMPTZ ' if column.type is TIMESTAMP else 'DATE ' if column.type is DATE else ''}'{quoted}'"
    return str(value).lower() if isinstance(value, bool) else str(value)


@st.composite
def queries(draw: st.DrawFn) -> tuple[Table, list[dict[str, Any]], str, list[str], int]:
    """A table, its records, a predicate, the columns asked for, and a page size."""
    table = TABLES[draw(st.sampled_from(STAGED))]
    names = [column.name for column in table.columns]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True))
    return table, draw(records(table)), draw(predicates(table)), chosen, draw(st.integers(1, 5))


def plain_table(con: duckdb.DuckDBPyConnection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    """Create a table in DuckDB with the rows that Harvest's table should have."""
    columns = ", ".join(f'"{column.name}" {column.type.sql}' for column in table.columns)
    con.execute(f"CREATE OR REPLACE TABLE plain ({columns})")
    if rows:
        con.executemany(f"INSERT INTO plain VALUES ({', '.join('?' * len(table.columns))})", rows)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection for all examples, which pass their connection string themselves."""
    with duckdb.connect() as opened:
        harvest_duck.register(opened)
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


# In parts, so that the workers of pytest-xdist share the examples; derandomized, all parts would have the same.
@pytest.mark.parametrize("part", range(6))
@settings(max_examples=share(30), derandomize=False, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=queries())
def test_a_scan_returns_the_rows_of_a_plain_table(
    query: tuple[Table, list[dict[str, Any]], str, list[str], int],
    part: int,
    stage: Sandbox,
    con: duckdb.DuckDBPyConnection,
) -> None:
    table, found, predicate, names, page_size = query
    stage.replace(MAIN_ID, AROUND.get(table.name, (table.name, ""))[0], found)
    connection = f"{stage.connection_string()};RateLimit=off;Pagesize={page_size}"
    plain_table(con, table, rows_of(table, stage, MAIN_ID))
    columns, scan = ", ".join(names), f"harvest_scan('{table.name}', '{connection}')"
    wanted = con.execute(f"SELECT {columns} FROM plain WHERE {predicate}").fetchall()
    with rejecting_what_duckdb_refuses():
        scanned = con.execute(f"SELECT {columns} FROM {scan} WHERE {predicate}").fetchall()
        counted = con.execute(f"SELECT count(*) FROM {scan} WHERE {predicate}").fetchone()
    assert_same(scanned, wanted)
    assert counted == (len(wanted),)


def test_the_predicates_select_rows(stage: Sandbox, con: duckdb.DuckDBPyConnection) -> None:
    """A predicate of the kind that is drawn keeps some rows and drops others."""
    entries = [{"id": number, "user": {"id": number % 3}, "spent_date": "2026-03-01"} for number in range(1, 10)]
    stage.replace(MAIN_ID, "time_entries", entries)
    scan = f"harvest_scan('time_entries', '{stage.connection_string()};RateLimit=off')"
    found = con.execute(f"SELECT id FROM {scan} WHERE user_id = 1 AND spent_date = '2026-03-01' ORDER BY id").fetchall()
    assert found == [(1,), (4,), (7,)]
