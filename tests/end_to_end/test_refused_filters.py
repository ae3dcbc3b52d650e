"""Filters that nothing can answer are errors before the first request: no period, values of another type."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import harvest_duck
from harvest_duck.errors import HarvestDuckError, QueryError

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

AS_WRITTEN = "write each value in the type of its column, a day as datetime.date(2026, 1, 1)"


def failure(con: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> HarvestDuckError | None:
    """The error that ends a query."""
    with pytest.raises(duckdb.Error):
        con.execute(sql, parameters).fetchall()
    return harvest_duck.last_error(con)


# Reports


@pytest.mark.parametrize(
    "condition",
    [
        "from_date = '2026-12-31' AND to_date = '2026-01-01'",
        "from_date >= '2026-12-31' AND to_date <= '2026-01-01'",
        "from_date IN ('2026-12-31', '2027-01-01') AND to_date IN ('2025-12-31', '2026-01-01')",
    ],
)
@pytest.mark.parametrize("columns", ["*", "count(*)", "sum(total_hours)"])
def test_a_period_that_ends_before_it_begins_is_an_error(
    condition: str, columns: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    error = failure(con, f"SELECT {columns} FROM harvest_scan('report_time_clients') WHERE {condition}")
    assert isinstance(error, QueryError)
    assert str(error) == (
        "report_time_clients: from_date 2026-12-31 is after to_date 2026-01-01, so there is no such period: "
        "exchange the two days"
    )
    assert sandbox.requests == []


def test_of_several_days_each_pair_that_makes_a_period_is_asked_for(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    rows = con.execute(
        "SELECT DISTINCT from_date, to_date FROM harvest_scan('report_time_clients') "
        "WHERE from_date IN ('2026-01-01', '2026-03-01') AND to_date IN ('2026-01-31', '2026-03-31') ORDER BY ALL"
    ).fetchall()
    january, march = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 3, 1), date(2026, 3, 31))
    assert rows == [january, (january[0], march[1]), march]
    assert [(request.query["from"], request.query["to"]) for request in sandbox.requests] == [
        ("20260101", "20260131"),
        ("20260101", "20260331"),
        ("20260301", "20260331"),
    ]


@pytest.mark.parametrize("day", ["'20260101'", "'01.02.2026'", "20260101", "''", "'soon'"])
def test_a_day_that_cannot_be_read_is_an_error_that_shows_the_form(
    day: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sql = f"FROM harvest_scan('report_time_clients') WHERE from_date = {day} AND to_date = '2026-12-31'"
    assert str(failure(con, sql)) == (
        "report_time_clients: the report needs from_date as a constant: "
        "write from_date = '2026-01-01' AND to_date = '2026-12-31' (both days are included), or use harvest_report; "
        "DuckDB hands over no day of a join, a subquery or a calculation, and none such as '20260101'"
    )
    assert sandbox.requests == []


def test_so_is_a_parameter_that_cannot_be_read(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sql = "FROM harvest_scan('report_time_clients') WHERE from_date = ? AND to_date = '2026-12-31'"
    assert "none such as '20260101'" in str(failure(con, sql, "20260101"))
    assert sandbox.requests == []
    con.execute(sql, ["2026-01-01"]).fetchall()
    assert [request.query["from"] for request in sandbox.requests] == ["20260101"]


# Filters from Python


@pytest.mark.parametrize(
    ("table", "keep", "fault"),
    [
        pytest.param(
            "time_entries", pc.field("hours") >= "8", "string is no value of hours, a decimal128(18, 4)", id="decimal"
        ),
        pytest.param(
            "time_entries",
            pc.field("spent_date") == "20260101",
            "string is no value of spent_date, a date32[day]",
            id="day",
        ),
        pytest.param(
            "time_entries",
            pc.field("spent_date") == "2026-01-01",
            "string is no value of spent_date",
            id="readable day",
        ),
        pytest.param(
            "report_time_clients",
            (pc.field("from_date") == "20260101") & (pc.field("to_date") == date(2026, 12, 31)),
            "string is no value",
            id="report",
        ),
        pytest.param("clients", pc.field("name") > 3, "int64 is no value of name, a string", id="text"),
        pytest.param(
            "clients",
            pc.field("updated_at") > datetime(2026, 1, 1),  # noqa: DTZ001 - it has no time zone on purpose
            "timestamp[us] is no value of updated_at",
            id="no time zone",
        ),
        pytest.param("clients", pc.field("is_active") | (pc.field("id") == "x"), "Function 'equal'", id="inner term"),
        pytest.param("time_entries", pc.field("hours"), "Filter expression must evaluate to bool", id="no condition"),
    ],
)
def test_a_filter_of_another_type_than_its_column_is_an_error(
    table: str, keep: pc.Expression, fault: str, connection: str, sandbox: Sandbox
) -> None:
    with pytest.raises(QueryError) as raised:
        harvest_duck.scan(table, connection, filter=keep)
    text = str(raised.value)
    assert text.startswith(f"{table}: the filter cannot be applied ({fault}")
    assert AS_WRITTEN in text
    assert "\n" not in text
    assert sandbox.requests == []


@pytest.mark.parametrize("least", [Decimal("7.5"), Decimal("7.5000"), Decimal("7.33333"), 0, 8, 3.32, 7.33333])
def test_a_decimal_column_is_compared_with_any_number(least: Decimal | float, connection: str) -> None:
    keep = pc.field("hours") >= pa.scalar(least)
    found = harvest_duck.scan("time_entries", connection, columns=["hours"], filter=keep).read_all()
    every = harvest_duck.scan("time_entries", connection, columns=["hours"]).read_all()
    meant = Decimal(repr(least)) if isinstance(least, float) else least
    assert found.num_rows == sum(hours >= meant for hours in every["hours"].to_pylist()) > 0


def test_a_filter_over_an_unknown_column_names_it(connection: str, sandbox: Sandbox) -> None:
    with pytest.raises(QueryError, match=r"^clients has no column \"nme\"; harvest_columns\('clients'\) lists them$"):
        harvest_duck.scan("clients", connection, filter=pc.field("nme") == "x")
    assert sandbox.requests == []


def test_a_filter_that_fails_for_a_row_is_an_error_of_ours(connection: str) -> None:
    reader = harvest_duck.scan("clients", connection, filter=pc.divide(pc.field("id"), pa.scalar(0)) == 1)
    with pytest.raises(QueryError, match=r"^the filter cannot be applied to a row \(divide by zero\): change or leave"):
        reader.read_all()
