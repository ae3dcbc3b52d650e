"""The ready views of people on accounts of a few records, whose figures are worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from support.hand_made import HandMade

if TYPE_CHECKING:
    from support.agencies import Views

    from harvest_duck.sandbox import Sandbox

#: The week of most tests, in March.
MONDAY, SUNDAY = date(2026, 3, 9), date(2026, 3, 15)


def agency_of(changeable: Sandbox, **person: Any) -> tuple[HandMade, dict[str, Any], dict[str, Any]]:
    """Return an account, its person with 40 hours a week, and a project."""
    made = HandMade(changeable)
    ada = made.person("Ada Moreau", **person)
    return made, ada, made.project("Site", made.client("Acme"))


def weeks(
    views: Views, made: HandMade, call: str = "", span: tuple[date, date] = (MONDAY, SUNDAY)
) -> list[tuple[Any, ...]]:
    """Return capacity, hours, billable hours and time off of each row of `utilization`, in order of the people."""
    rows = views.of(made.serve()).rows(f"utilization(?, ?{call})", *span)
    return [figures(row) for row in rows]


def figures(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return capacity, hours, billable hours and time off of a row of `utilization`."""
    return tuple(row[name] for name in ("capacity_hours", "hours", "billable_hours", "time_off_hours"))


def gaps(
    views: Views, made: HandMade, call: str = "", span: tuple[date, date] = (MONDAY, SUNDAY)
) -> list[tuple[Any, ...]]:
    """Return day of the month, expected hours, hours, and whether the day is empty, of each gap."""
    rows = views.of(made.serve()).rows(f"timesheet_gaps(?, ?{call}, as_of := ?)", *span, SUNDAY + timedelta(days=1))
    return [(row["day"].day, row["expected_hours"], row["hours"], row["is_empty"]) for row in rows]


# Weeks


def test_a_week_has_five_fifths_of_the_weekly_capacity(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable, hours="37.5")
    made.entry(ada, site, "2026-03-09", "7.01", rounded_hours=Decimal("7.25"))
    made.entry(ada, site, "2026-03-10", "3", billable=False)
    made.entry(ada, site, "2026-03-14", "2", is_running=True)
    (row,) = views.of(made.serve()).rows("utilization(?, ?)", MONDAY, SUNDAY)
    assert row["working_days"] == 5
    assert figures(row) == (Decimal("37.5"), Decimal("12.01"), Decimal("9.01"), 0)
    assert (row["utilization"], row["billable_utilization"]) == (0.3203, 0.2403)


@pytest.mark.parametrize(("starts", "first_days"), [("Monday", [2, 9]), ("Sunday", [8]), ("Saturday", [7])])
def test_weeks_start_on_any_of_three_days(
    views: Views, changeable: Sandbox, starts: str, first_days: list[int]
) -> None:
    made, ada, site = agency_of(changeable)
    made.entry(ada, site, "2026-03-08", "4")
    made.entry(ada, site, "2026-03-10", "8")
    of = views.of(made.serve())
    span = (date(2026, 3, 8), date(2026, 3, 11))
    for view in ("utilization", "approvals"):
        rows = of.rows(f"{view}(?, ?, ?)", *span, starts)
        assert [row["week"] for row in rows] == [date(2026, 3, day) for day in first_days]
        assert sum(row["hours"] for row in rows) == 12
        # Only the days of the span count: Sunday to Wednesday.
        assert sum(row.get("capacity_hours", 0) for row in rows) == (24 if view == "utilization" else 0)


def test_a_person_is_there_from_the_day_of_creation_or_of_the_first_entry(views: Views, changeable: Sandbox) -> None:
    made, _, site = agency_of(changeable, since="2026-03-12")
    bo = made.person("Bo", since="2026-03-12")
    made.entry(bo, site, "2026-03-11", "8")
    assert weeks(views, made) == [(16, 0, 0, 0), (24, 8, 8, 0)]
    assert [day for day, *_ in gaps(views, made)] == [12, 12, 13, 13]


def test_an_archived_person_is_there_up_to_the_last_entry(views: Views, changeable: Sandbox) -> None:
    made, _, site = agency_of(changeable, is_active=False)
    bo = made.person("Bo", is_active=False)
    made.entry(bo, site, "2026-03-10", "8")
    # Ada wrote nothing, and was not there.
    assert weeks(views, made) == [(16, 8, 8, 0)]
    assert [day for day, *_ in gaps(views, made)] == [9]


def test_without_a_capacity_nobody_is_busy_or_idle(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable, hours=None)
    bo = made.person("Bo", hours="0")
    for person in (ada, bo):
        made.entry(person, site, "2026-03-10", "8")
    of = views.of(made.serve())
    rows = of.rows("utilization(?, ?)", MONDAY, SUNDAY)
    assert [figures(row) for row in rows] == [(None, 8, 8, 0), (0, 8, 8, 0)]
    shares = [(row["working_days"], row["utilization"], row["billable_utilization"]) for row in rows]
    assert shares == [(5, None, None), (5, None, None)]
    assert gaps(views, made) == []


def test_the_hours_of_a_person_whom_harvest_does_not_list_are_not_lost(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable)
    made.entry(ada, site, "2026-03-10", "8", approval_status=None, is_closed=True)
    made.tables["users"].clear()
    (row,) = views.of(made.serve()).rows("utilization(?, ?)", MONDAY, SUNDAY)
    assert (row["user_name"], *figures(row)) == ("Ada Moreau", None, 8, 8, 0)
    assert [row["approved_hours"] for row in views.rows("approvals(?, ?)", MONDAY, SUNDAY)] == [8]


# Days off


def test_a_holiday_takes_its_day_and_one_at_the_weekend_takes_nothing(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable)
    bo = made.person("Bo")
    made.holidays([ada], Friday="2026-03-13", Saturday="2026-03-14")
    assert weeks(views, made) == [(32, 0, 0, 0), (40, 0, 0, 0)]
    assert [day for day, *_ in gaps(views, made)] == [9, 9, 10, 10, 11, 11, 12, 12, 13]
    # The holidays that an argument lists are everyone's, and there are no others.
    assert weeks(views, made, ", holidays := ['2026-03-09', '2026-03-10', '2026-03-15']") == [(24, 0, 0, 0)] * 2
    # What is booked on a holiday is no work, unless a client pays for it.
    made.entry(ada, site, "2026-03-13", "8", billable=False)
    made.entry(ada, site, "2026-03-13", "1")
    made.entry(bo, site, "2026-03-13", "8", billable=False)
    assert weeks(views, made) == [(32, 1, 1, 0), (40, 8, 0, 0)]
    assert weeks(views, made, ", time_off := []") == [(32, 9, 1, 0), (40, 8, 0, 0)]


def test_time_off_takes_its_hours_or_the_whole_day(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable)
    made.time_off(ada, "Vacation", ("2026-03-09", "8"), ("2026-03-10", "4"), ("2026-03-11", None), ("2026-03-14", "8"))
    made.time_off(ada, "Sick Leave", ("2026-03-10", "2"), ("2026-03-12", "24"))
    made.time_off(ada, "Vacation", ("2026-03-13", "8"), status="pending")
    # 40 less 8, 4 + 2, 8 and 8: never more than the day has, and nothing on Saturday.
    assert weeks(views, made) == [(10, 0, 0, 30)]
    assert gaps(views, made) == [(10, 2, 0, True), (13, 8, 0, True)]
    made.entry(ada, site, "2026-03-10", "1.6")
    assert gaps(views, made) == [(13, 8, 0, True)]
    assert gaps(views, made, ", at_least := 0.81") == [(10, 2, Decimal("1.6"), False), (13, 8, 0, True)]
    assert weeks(views, made, ", time_off := []") == [(40, Decimal("1.6"), Decimal("1.6"), 0)]


def test_time_off_that_is_requested_and_booked_counts_once(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable)
    made.time_off(ada, "Vacation", ("2026-03-09", "8"), ("2026-03-10", "4"))
    made.entry(ada, site, "2026-03-09", "8", task="Vacation", billable=False)
    made.entry(ada, site, "2026-03-10", "6", task="Vacation", billable=False)
    made.entry(ada, site, "2026-03-11", "9", task="Vacation", billable=False)
    made.entry(ada, site, "2026-03-12", "8", task="Sick Leave", billable=False)
    made.entry(ada, site, "2026-03-14", "3", task="Vacation", billable=False)
    # 8, the greater of 4 and 6, and 8 of the 9 hours. Nobody has taken Sick Leave, so it is a task like others.
    assert weeks(views, made) == [(18, 8, 0, 22)]
    assert gaps(views, made) == [(10, 2, 0, True), (13, 8, 0, True)]
    assert weeks(views, made, ", time_off := ['Sick Leave']") == [(32, 26, 0, 8)]
    # A type counts by its name in weeks of which it took no day, too.
    later = (date(2026, 3, 11), date(2026, 3, 11))
    assert weeks(views, made, span=later) == [(0, 0, 0, 8)]


# Gaps and approvals


def test_a_gap_has_less_than_four_fifths_of_the_hours(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable)
    for day, hours in ((9, "6.4"), (10, "6.39"), (11, "0"), (13, "20")):
        made.entry(ada, site, f"2026-03-{day:02}", hours)
    assert gaps(views, made) == [(10, 8, Decimal("6.39"), False), (11, 8, 0, False), (12, 8, 0, True)]


def test_today_and_the_days_to_come_are_no_gaps(views: Views, changeable: Sandbox) -> None:
    made, _, _ = agency_of(changeable)
    of = views.of(made.serve())
    ((today,),) = of.con.execute("SELECT current_date").fetchall()
    found = of.rows("timesheet_gaps(?, ?)", today - timedelta(days=9), today + timedelta(days=9))
    working = [day for n in range(1, 10) if (day := today - timedelta(days=n)).weekday() < 5]
    assert [row["day"] for row in found] == sorted(working)
    found = of.rows("timesheet_gaps(?, ?, as_of := '2026-03-12')", MONDAY, SUNDAY)
    assert [row["day"].day for row in found] == [9, 10, 11]


def test_hours_are_approved_submitted_or_neither(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable)
    for hours, (status, closed) in enumerate(
        [("unsubmitted", False), ("submitted", False), ("approved", True), (None, True), (None, False), ("new", True)],
        start=1,
    ):
        made.entry(ada, site, "2026-03-09", str(hours), approval_status=status, is_closed=closed, is_running=hours == 1)
    (row,) = views.of(made.serve()).rows("approvals(?, ?)", MONDAY, SUNDAY)
    columns = ("hours", "unsubmitted_hours", "submitted_hours", "approved_hours", "running_timers")
    assert tuple(row[column] for column in columns) == (21, 1 + 5 + 6, 2, 3 + 4, 1)


# Spans


def test_a_leap_day_is_a_day_of_work(views: Views, changeable: Sandbox) -> None:
    made, ada, site = agency_of(changeable)
    made.entry(ada, site, "2024-02-29", "8")
    assert weeks(views, made, span=(date(2024, 2, 29), date(2024, 2, 29))) == [(8, 8, 8, 0)]
    years = weeks(views, made, span=(date(2023, 1, 1), date(2025, 12, 31)))
    # 1,096 days from a Sunday to a Wednesday: 783 of them from Monday to Friday.
    assert sum(capacity for capacity, *_ in years) == 783 * 8


@pytest.mark.parametrize("view", ["utilization", "timesheet_gaps", "approvals"])
def test_an_empty_account_has_no_rows(views: Views, changeable: Sandbox, view: str) -> None:
    assert views.of(HandMade(changeable).serve()).rows(f"{view}(?, ?)", MONDAY, SUNDAY) == []
