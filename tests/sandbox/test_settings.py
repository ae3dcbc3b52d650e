"""Settings and another today make another agency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from harvest_duck.sandbox import MAIN_ID, Rounding, Sandbox, Settings, TimeRounding, shared


def test_settings_are_those_of_the_main_account() -> None:
    settings = Settings("GBP", TimeRounding(Rounding.NEAREST, 6), week_start="Sunday", weekly_hours=30)
    sandbox = Sandbox(scale=0.1, settings=settings)
    (company,) = sandbox.records(MAIN_ID, "company")
    assert (company["week_start_day"], company["weekly_capacity"]) == ("Sunday", 30 * 3600)
    assert {user["weekly_capacity"] for user in sandbox.records(MAIN_ID, "users")} <= {30 * 3600, 24 * 3600}
    currencies = [client["currency"] for client in sandbox.records(MAIN_ID, "clients")]
    assert currencies[0] == "GBP"
    assert set(currencies) > {"GBP"}
    for entry in sandbox.records(MAIN_ID, "time_entries"):
        assert entry["rounded_hours"] % Decimal("0.1") == 0
        assert abs(entry["rounded_hours"] - entry["hours"]) <= Decimal("0.05")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"currency": "usd"}, "code of three letters"),
        ({"week_start": "Tuesday"}, "starts on Saturday, Sunday or Monday"),
        ({"weekly_hours": 0}, "more than 0 and at most 60 hours"),
        ({"weekly_hours": 61}, "more than 0 and at most 60 hours"),
    ],
)
def test_settings_that_harvest_cannot_have(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("today", [date(2026, 3, 31), date(2026, 1, 1), date(2000, 1, 1)])
def test_the_last_month_is_invoiced_in_the_next_whatever_the_day(today: date) -> None:
    sandbox = Sandbox(scale=0.1, today=today)
    entries = [entry for entry in sandbox.records(MAIN_ID, "time_entries") if entry["is_billed"]]
    assert max(entry["spent_date"] for entry in entries)[:7] < today.isoformat()[:7]
    last = max(entry["spent_date"] for entry in sandbox.records(MAIN_ID, "time_entries"))
    assert last == today.isoformat() or (today.weekday() >= 5 and last < today.isoformat())
    for invoice in sandbox.records(MAIN_ID, "invoices"):
        assert invoice["issue_date"] <= today.isoformat()


def test_no_today_before_2000() -> None:
    with pytest.raises(ValueError, match="from 2000-01-01 to 2099-12-31"):
        Sandbox(today=date(1999, 12, 31))


@pytest.mark.thorough
def test_another_today_is_another_shared_sandbox() -> None:
    moved = shared(date(2026, 3, 31))
    try:
        assert moved.today == date(2026, 3, 31)
        assert moved is shared(date(2026, 3, 31))
    finally:
        moved.stop()
