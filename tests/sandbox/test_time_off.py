"""Paid time off of the made-up agency: it agrees with the time that people booked, and balances add up."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from harvest_duck.sandbox import EURO_ID, MAIN_ID, TODAY, Sandbox
from harvest_duck.sandbox.data.holiday_calendars import AMERICAN, GERMAN, holidays
from harvest_duck.sandbox.data.words import HOLIDAY, SICK_LEAVE, TIME_OFF, VACATION

TABLES = (
    *("pto_types", "pto_requests", "pto_request_days", "pto_work_schedules", "pto_holiday_calendars"),
    *("pto_holiday_calendar_entries", "pto_assignments", "pto_allocations", "pto_balances"),
)


def days_off(sandbox: Sandbox, *statuses: str) -> dict[tuple[int, int], list[tuple[date, Decimal]]]:
    """The days of requests with their part of a day, by user and type."""
    found: dict[tuple[int, int], list[tuple[date, Decimal]]] = {}
    for request in sandbox.records(MAIN_ID, "pto_requests"):
        if request["status"] in statuses:
            days = [(date.fromisoformat(day["date"]), day["day_fraction"]) for day in request["request_days"]]
            found.setdefault((request["user"]["id"], request["pto_type"]["id"]), []).extend(days)
    return found


def booked(sandbox: Sandbox, account_id: int) -> dict[tuple[int, str], set[str]]:
    """The tasks of each person's day: the one of an absence, or the empty name for all work."""
    found: dict[tuple[int, str], set[str]] = {}
    for entry in sandbox.records(account_id, "time_entries"):
        task = entry["task"]["name"]
        found.setdefault((entry["user"]["id"], entry["spent_date"]), set()).add(task if task in TIME_OFF else "")
    return found


def calendar(sandbox: Sandbox, position: int) -> set[str]:
    """The days of a calendar, from last year to the next one."""
    return {each["date"] for each in sandbox.records(MAIN_ID, "pto_holiday_calendars")[position]["entries"]}


# Holidays, one of them a fifth Monday; days in the summer, when some are on vacation; a leap day; the end of a year.
DAYS = [date(2023, 5, 29), date(2026, 1, 1), date(2026, 7, 20), date(2024, 2, 29), date(2026, 12, 31)]


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_time_off_and_time_entries_agree_whatever_the_day(today: date) -> None:
    sandbox = Sandbox(scale=0.1, today=today)
    days = booked(sandbox, MAIN_ID)
    assert all(len(tasks) == 1 for tasks in days.values()), "a day off is one without work"
    asked_for: list[tuple[int, str]] = []
    for request in sandbox.records(MAIN_ID, "pto_requests"):
        own = [(request["user"]["id"], day["date"]) for day in request["request_days"]]
        past = [day for day in own if day[1] <= today.isoformat()]
        if request["status"] == "approved":
            assert [days[day] for day in past] == [{request["pto_type"]["name"]}] * len(past)
        if request["status"] in ("denied", "cancelled"):
            assert [days[day] for day in own] == [{""}] * len(own), "time off that was denied is work"
        else:
            asked_for += own
    assert len(set(asked_for)) == len(asked_for)


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_public_holidays_are_those_of_the_calendar(today: date) -> None:
    sandbox = Sandbox(scale=0.1, today=today)
    for account_id, position in ((MAIN_ID, 0), (EURO_ID, 1)):
        listed = calendar(sandbox, position)
        first = f"{today.year - 1}-01-01"
        days = {key: tasks for key, tasks in booked(sandbox, account_id).items() if key[1] >= first}
        off = {day for (_, day), tasks in days.items() if tasks == {HOLIDAY}}
        assert off
        assert off <= listed
        assert not {day for (_, day), tasks in days.items() if tasks != {HOLIDAY}} & listed
        if today.isoformat() in listed:
            assert today.isoformat() in off


@pytest.mark.parametrize(("account_id", "position"), [(MAIN_ID, 0), (EURO_ID, 1)])
def test_everyone_is_off_on_a_public_holiday(harvest: Sandbox, account_id: int, position: int) -> None:
    off = {day for (_, day), tasks in booked(harvest, account_id).items() if tasks == {HOLIDAY}}
    passed = {day for day in calendar(harvest, position) if day <= TODAY.isoformat()}
    assert {day for day in passed if date.fromisoformat(day).weekday() < 5} <= off


def test_a_vacation_goes_on_after_today() -> None:
    today = date(2026, 7, 20)
    requests = Sandbox(scale=0.1, today=today).records(MAIN_ID, "pto_requests")
    under_way = [each for each in requests if each["start_date"] <= today.isoformat() < each["end_date"]]
    assert {(each["status"], each["pto_type"]["name"]) for each in under_way} == {("approved", VACATION)}
    assert all(each["start_time_minutes"] is None for each in under_way)


@pytest.mark.parametrize("today", [TODAY, *DAYS], ids=str)
def test_nobody_has_an_expense_on_a_day_off(harvest: Sandbox, today: date) -> None:
    sandbox = harvest if today == TODAY else Sandbox(scale=0.1, today=today)
    for account_id in (MAIN_ID, EURO_ID):
        days = booked(sandbox, account_id)
        expenses = sandbox.records(account_id, "expenses")
        assert not [each for each in expenses if days.get((each["user"]["id"], each["spent_date"]), {""}) != {""}]
        assert [each["spent_date"] for each in expenses] == sorted(each["spent_date"] for each in expenses)


def test_an_account_without_the_module_has_none_of_it(harvest: Sandbox) -> None:
    assert {table: bool(harvest.records(MAIN_ID, table)) for table in TABLES} == dict.fromkeys(TABLES, True)
    assert {table: harvest.records(EURO_ID, table) for table in TABLES} == {table: [] for table in TABLES}


def test_approved_days_of_the_past_are_those_with_time_on_the_task(harvest: Sandbox) -> None:
    names = {each["id"]: each["name"] for each in harvest.records(MAIN_ID, "pto_types")}
    taken = {
        (user, names[kind], day)
        for (user, kind), days in days_off(harvest, "approved").items()
        for day, _ in days
        if day <= TODAY
    }
    booked = {
        (each["user"]["id"], each["task"]["name"], date.fromisoformat(each["spent_date"]))
        for each in harvest.records(MAIN_ID, "time_entries")
        if each["task"]["name"] in (VACATION, SICK_LEAVE) and not each["is_running"]
    }
    first = date(TODAY.year - 1, 1, 1)
    assert taken == {each for each in booked if each[2] >= first and each[2].weekday() < 5}
    assert taken


def test_requests_are_of_every_kind_and_their_days_lie_within_them(harvest: Sandbox) -> None:
    requests = harvest.records(MAIN_ID, "pto_requests")
    assert {each["status"] for each in requests} >= {"pending", "approved", "denied"}
    for each in requests:
        days = [day["date"] for day in each["request_days"]]
        assert (each["start_date"], each["end_date"]) == (days[0], days[-1])
        assert each["days"] == sum(day["day_fraction"] for day in each["request_days"])
        assert (each["reviewed_at"] is None) == (each["status"] == "pending") == (each["reviewer"] is None)
        assert each["created_at"] <= each["updated_at"]
        assert each["created_at"][:10] <= TODAY.isoformat()
        assert all(date.fromisoformat(day).weekday() < 5 for day in days)
    assert max(each["start_date"] for each in requests) > TODAY.isoformat()


def test_everyone_has_the_schedule_of_their_weekly_capacity(harvest: Sandbox) -> None:
    schedules = harvest.records(MAIN_ID, "pto_work_schedules")
    assert {40, 32} <= {each["weekly_hours"] for each in schedules}
    assert [each["weekly_hours"] for each in schedules if each["is_default"]] == [40]
    for each in schedules:
        assert each["weekly_hours"] == sum(hours for name, hours in each.items() if name.endswith("day_hours"))
    capacities = {
        each["id"]: each["weekly_capacity"] for each in harvest.records(MAIN_ID, "users") if each["is_active"]
    }
    hours = {
        each["user"]["id"]: each["effective_work_schedule"]["weekly_hours"] * 3600
        for each in harvest.records(MAIN_ID, "pto_assignments")
    }
    assert hours == capacities


def test_balances_follow_from_allocations_and_requests(harvest: Sandbox) -> None:
    allocations = {
        (each["user"]["id"], each["pto_type"]["id"]): each
        for each in harvest.records(MAIN_ID, "pto_allocations")
        if each["year"] == TODAY.year
    }
    approved, pending = days_off(harvest, "approved"), days_off(harvest, "pending")

    def days(found: dict[Any, list[tuple[date, Decimal]]], key: tuple[int, int], last: date) -> Decimal:
        return sum((part for day, part in found.get(key, ()) if date(TODAY.year, 1, 1) <= day <= last), Decimal(0))

    for each in harvest.records(MAIN_ID, "pto_balances"):
        key = (each["user_id"], each["pto_type"]["id"])
        used, waiting = days(approved, key, TODAY), days(pending, key, date(TODAY.year, 12, 31))
        assert (Decimal(each["used_days"]), Decimal(each["pending_days"])) == (used, waiting)
        if not each["is_unlimited"]:
            given = allocations.get(key, {"effective_days_per_year": Decimal(0), "carryover_days": Decimal(0)})
            available = given["effective_days_per_year"] + given["carryover_days"]
            assert Decimal(each["available_days"]) == available
            assert Decimal(each["remaining_days"]) == available - used - waiting


@pytest.mark.parametrize(
    ("calendar", "year", "wanted"),
    [
        (AMERICAN, 2026, {"Memorial Day": "2026-05-25", "Labor Day": "2026-09-07", "Thanksgiving Day": "2026-11-26"}),
        (AMERICAN, 2027, {"Memorial Day": "2027-05-31", "Labor Day": "2027-09-06", "Thanksgiving Day": "2027-11-25"}),
        (GERMAN, 2026, {"Karfreitag": "2026-04-03", "Ostermontag": "2026-04-06", "Pfingstmontag": "2026-05-25"}),
        # The two exceptions of Gauss's rule.
        (GERMAN, 1981, {"Ostermontag": "1981-04-20"}),
        (GERMAN, 1954, {"Ostermontag": "1954-04-19"}),
    ],
)
def test_holidays_are_the_real_ones(calendar: str, year: int, wanted: dict[str, str]) -> None:
    found = {name: day.isoformat() for day, name in holidays(calendar, year)}
    assert {name: found[name] for name in wanted} == wanted


def test_a_calendar_has_the_holidays_of_three_years(harvest: Sandbox) -> None:
    for calendar in harvest.records(MAIN_ID, "pto_holiday_calendars"):
        days = [each["date"] for each in calendar["entries"]]
        assert days == sorted(days)
        assert calendar["entries_count"] == len(days)
        assert date.fromisoformat(days[-1]) - date.fromisoformat(days[0]) > timedelta(days=2 * 365)
