"""Answers with odd but clear values become rows, over real HTTP, whether few columns are read or all."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import DecodeError

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.sandbox import Sandbox

FEW = ["id", "hours", "user_id", "spent_date", "started_time", "timer_started_at", "external_reference_id", "notes"]
ALL = [column.name for column in TABLES["time_entries"].columns]
RECORD = '{"id": 5, "hours": 1.5, "user": {"id": 7}, "spent_date": "2026-01-31", %s}'

each_width = pytest.mark.parametrize("columns", [FEW, ALL], ids=["few", "all"])


def read(sandbox: Sandbox, member: str, columns: list[str], envelope: str = '"total_entries": 1') -> dict[str, Any]:
    """The row of a page with one record that has a member."""
    body = f'{{"time_entries": [{RECORD % member}], {envelope}, "links": {{"next": null}}}}'
    sandbox.respond_next("/v2/time_entries", body=body)
    (row,) = harvest_duck.scan("time_entries", sandbox.connection_string(), columns=columns).read_all().to_pylist()
    return row


@each_width
@pytest.mark.parametrize(
    ("member", "column", "value"),
    [
        ('"hours": 1e-999999999', "hours", Decimal(0)),
        ('"hours": 10e-416', "hours", Decimal(0)),
        ('"hours": "1\\u0065-99999999"', "hours", Decimal(0)),
        ('"unknown": [1e-999999999, 1e999999999, "\\ud83d"]', "hours", Decimal("1.5")),
        ('"unknown": ' + "[" * 990 + "]" * 990, "hours", Decimal("1.5")),
        ('"hours": ""', "hours", None),
        ('"user": {"id": 126000.0}', "user_id", 126_000),
        ('"user": {"id": 1.26e5}', "user_id", 126_000),
        ('"spent_date": ""', "spent_date", None),
        ('"spent_date": "2026-02-01"', "spent_date", date(2026, 2, 1)),
        ('"started_time": "8am"', "started_time", time(8)),
        ('"started_time": "8 am"', "started_time", time(8)),
        ('"started_time": ""', "started_time", None),
        ('"timer_started_at": "2016-12-31T23:59:60Z"', "timer_started_at", datetime(2017, 1, 1, tzinfo=UTC)),
        ('"timer_started_at": "2026-01-31T24:00:00Z"', "timer_started_at", datetime(2026, 2, 1, tzinfo=UTC)),
        ('"timer_started_at": ""', "timer_started_at", None),
        ('"external_reference": {"id": 4711}', "external_reference_id", "4711"),
    ],
)
def test_a_value_that_is_clear_is_read(
    member: str, column: str, value: object, columns: list[str], sandbox: Sandbox
) -> None:
    assert read(sandbox, member, columns)[column] == value


@each_width
@pytest.mark.parametrize(
    ("member", "fault"),
    [
        ('"hours": 1e999999999', "hours is 1e999999999, not a number below 10^14"),
        ('"user": {"id": 126000.5}', "user_id is 126000.5, not a whole number of 64 bits"),
        ('"started_time": "24:00"', 'started_time is "24:00", not a time of day like 2:59pm or 14:59'),
        ('"notes": "\\ud83d"', 'notes is "\\ud83d", not text of whole characters'),
    ],
)
def test_a_value_that_cannot_be_held_is_named_by_column_and_record(
    member: str, fault: str, columns: list[str], sandbox: Sandbox
) -> None:
    with pytest.raises(DecodeError) as refused:
        read(sandbox, member, columns)
    assert f"record 5: {fault}" in str(refused.value)


@each_width
def test_counts_in_quotes_are_counts(columns: list[str], sandbox: Sandbox) -> None:
    envelope = '"total_entries": "1", "total_pages": "1", "next_page": null, "page": "1"'
    assert read(sandbox, '"billable": true', columns, envelope)["id"] == 5


@pytest.mark.parametrize(("last", "rows"), [("2025-12-31", [("1.2500",), ("4.0000",)]), ("2026-06-30", [("10.5000",)])])
def test_rows_of_a_person_without_a_currency_are_delivered(
    last: str, rows: list[tuple[str]], sandbox: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    """Over pieces, which have nothing to tell them apart by, they are one."""
    results = [{"user_id": 7, "user_name": "A", "total_hours": hours, "currency": None} for hours in (1.25, 4)]
    sandbox.respond_next("/v2/reports/time/team", body={"results": results, "total_entries": 2}, times=2)
    report = f"FROM harvest.report_time_team WHERE from_date = '2025-01-01' AND to_date = '{last}'"
    assert con.sql(f"SELECT total_hours::VARCHAR {report}").fetchall() == rows
    assert [request.path for request in sandbox.requests] == ["/v2/reports/time/team"] * (3 - len(rows))
