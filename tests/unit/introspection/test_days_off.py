"""The days off of people, out of rows about paid time off."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from harvest_duck.introspection.days_off import DAYS_OFF, holidays, table, time_off

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 31)


def _request(**fields: object) -> dict[str, object]:
    usual = {"account_id": 1, "user_id": 7, "status": "approved", "pto_type_name": "Vacation", "request_days": None}
    return usual | {"start_date": None, "end_date": None} | fields


def test_a_holiday_is_off_for_those_whose_calendar_in_their_account_has_it() -> None:
    entries = [
        {"id": 1, "name": "Labour Day", "date": date(2026, 5, 1)},
        {"id": 2, "name": "May Day", "date": date(2026, 5, 1)},
        {"id": 3, "name": "Christmas", "date": date(2026, 12, 25)},
        {"id": 4, "name": "No day", "date": None},
    ]
    calendars = [
        {"account_id": 1, "id": 5, "entries": entries},
        {"account_id": 2, "id": 5, "entries": None},
    ]
    assigned = [
        {"account_id": 1, "user_id": 7, "holiday_calendar_id": 5},
        {"account_id": 2, "user_id": 8, "holiday_calendar_id": 5},
        {"account_id": 1, "user_id": 9, "holiday_calendar_id": None},
    ]
    assert list(holidays(assigned, calendars, FIRST, LAST)) == [
        {
            "account_id": 1,
            "user_id": 7,
            "day": date(2026, 5, 1),
            "hours": None,
            "kind": "holiday",
            "name": "Labour Day, May Day",
        }
    ]


def test_time_off_is_the_approved_days_of_the_period() -> None:
    days = [
        {"date": date(2026, 4, 30), "hours": Decimal(8)},
        {"date": date(2026, 5, 1), "hours": Decimal(4)},
        {"date": date(2026, 5, 31), "hours": None},
        {"date": None, "hours": Decimal(8)},
    ]
    found = list(time_off([_request(request_days=days), _request(status="pending", request_days=days)], FIRST, LAST))
    assert [(each["day"].day, each["hours"], each["name"]) for each in found] == [
        (1, Decimal(4), "Vacation"),
        (31, None, "Vacation"),
    ]


def test_a_request_that_names_no_days_is_each_day_of_it() -> None:
    asked = [_request(start_date=date(2026, 5, 30), end_date=date(2026, 6, 2)), _request(start_date=FIRST)]
    found = table(time_off(asked, FIRST, LAST))
    assert found.schema == DAYS_OFF
    assert found.select(["day", "hours"]).to_pylist() == [
        {"day": date(2026, 5, 30), "hours": None},
        {"day": date(2026, 5, 31), "hours": None},
    ]
