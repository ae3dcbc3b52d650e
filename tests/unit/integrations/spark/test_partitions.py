"""The partitions of a read."""

from __future__ import annotations

from datetime import date

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.integrations.spark.options import read_options
from harvest_duck.integrations.spark.partitions import planned
from harvest_duck.sandbox import MAIN_ID, Sandbox

_DAYS = {"numPartitions": "3", "lowerBound": "2025-01-01", "upperBound": "2026-01-01"}


def test_ranges_of_days_are_planned_after_their_totals_add_up(connection: str, sandbox: Sandbox) -> None:
    options = read_options({"table": "expenses", "connection": connection, **_DAYS})
    found = planned(options, ["id"])
    assert [share.first for share in found] == [None, date(2025, 5, 2), date(2025, 9, 1)]
    asked = [dict(request.query) for request in sandbox.requests]
    assert [(each.get("from"), each.get("to")) for each in asked] == [
        (None, None),
        (None, "2025-05-01"),
        ("2025-05-02", None),
    ]
    assert {each["per_page"] for each in asked} == {"1"}


def test_ranges_of_days_are_refused_where_a_record_has_no_day() -> None:
    with Sandbox(seed=5, scale=0.1, time_entries=50, limits=False) as own:
        records = own.records(MAIN_ID, "invoices")
        records[0]["issue_date"] = None
        own.replace(MAIN_ID, "invoices", records)
        options = read_options({"table": "invoices", "connection": own.connection_string(), **_DAYS})
        with pytest.raises(QueryError, match="some rows have no issue_date"):
            planned(options, ["id"])
