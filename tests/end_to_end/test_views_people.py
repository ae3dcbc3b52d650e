"""The ready views of people: their weeks, the days that they have not written, and what is still to be approved."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.agencies import AGENCIES, GENERATED, Agency, Views
from support.agency_oracle import Records
from support.people_oracle import approvals, timesheet_gaps, utilization
from support.run_size import share

import harvest_duck
from harvest_duck.sandbox import EURO_ID, MAIN_ID

DAY = timedelta(days=1)
WEEK_STARTS = ("Monday", "Saturday", "Sunday")
#: A table of the records of each agency, which hypothesis asks for many times.
_RECORDS: dict[int, Records] = {}


def records_of(agency: Agency) -> Records:
    """Return the records of an agency that no test changes."""
    return _RECORDS.setdefault(id(agency), Records(agency))


def year_to(day: date) -> tuple[date, date]:
    """Return the year that ends on a day, of 366 days where it has a leap day."""
    return (day - timedelta(days=365)), day


def by(key: str, rows: list[dict[str, Any]], like: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Return rows by `key` and user, with the columns that an oracle knows and shares as far as both round alike."""
    columns = list(next(iter(like.values()), {}))
    found = {(row[key], row["user_id"]): {column: row[column] for column in columns} for row in rows}
    assert len(found) == len(rows)
    return found


def assert_same(found: dict[Any, dict[str, Any]], wanted: dict[Any, dict[str, Any]]) -> None:
    """The same rows; a share may differ in its last digit, where it is a tie."""
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        shares = {name: value for name, value in row.items() if isinstance(value, float)}
        assert found[key] == row | {name: pytest.approx(value, abs=1.01e-4) for name, value in shares.items()}, key


# Held against loops over the records


@pytest.mark.parametrize("name", AGENCIES)
def test_weeks_of_people(views: Views, agencies: dict[str, Agency], name: str) -> None:
    first, last = year_to(agencies[name].today)
    wanted = utilization(records_of(agencies[name]), first, last)
    found = views.of(agencies[name]).rows("utilization(?, ?)", first, last)
    assert_same(by("week", found, wanted), wanted)
    assert {row["limited_to"] for row in found} == {None}


@pytest.mark.parametrize("name", AGENCIES)
def test_days_without_their_hours(views: Views, agencies: dict[str, Agency], name: str) -> None:
    first, last = year_to(agencies[name].today)
    wanted = timesheet_gaps(records_of(agencies[name]), first, last)
    found = views.of(agencies[name]).rows("timesheet_gaps(?, ?, as_of := ?)", first, last, last + DAY)
    assert wanted
    assert_same(by("day", found, wanted), wanted)


@pytest.mark.parametrize("name", AGENCIES)
def test_hours_by_their_approval(views: Views, agencies: dict[str, Agency], name: str) -> None:
    first, last = year_to(agencies[name].today)
    wanted = approvals(records_of(agencies[name]), first, last)
    found = views.of(agencies[name]).rows("approvals(?, ?)", first, last)
    assert_same(by("week", found, wanted), wanted)


@given(data=st.data())
@settings(max_examples=share(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_span_and_any_arguments(views: Views, agencies: dict[str, Agency], data: st.DataObject) -> None:
    agency = agencies[data.draw(st.sampled_from(GENERATED))]
    since = agency.today - timedelta(days=1100)
    first = data.draw(st.dates(since, agency.today))
    last = data.draw(st.dates(first, agency.today) | st.just(first))
    starts = data.draw(st.sampled_from(WEEK_STARTS))
    holidays = data.draw(st.none() | st.lists(st.dates(since, agency.today), max_size=20))
    time_off = data.draw(st.none() | st.lists(st.sampled_from(["Vacation", "Sick Leave", "Public Holiday", "Design"])))
    off = {"holidays": holidays, "time_off": time_off}
    wanted = utilization(records_of(agency), first, last, starts=starts, **off)
    found = views.of(agency).rows(
        "utilization(?, ?, week_starts := ?, holidays := ?, time_off := ?)", first, last, starts, holidays, time_off
    )
    assert_same(by("week", found, wanted), wanted)
    at_least = data.draw(st.sampled_from([Decimal("0.5"), Decimal("0.8"), Decimal(1)]))
    gaps = timesheet_gaps(records_of(agency), first, last, at_least=at_least, **off)
    found = views.rows("timesheet_gaps(?, ?, ?, ?, ?, ?)", first, last, at_least, holidays, time_off, last + DAY)
    assert_same(by("day", found, gaps), gaps)
    status = approvals(records_of(agency), first, last, starts=starts)
    assert_same(by("week", views.rows("approvals(?, ?, ?)", first, last, starts), status), status)


# Accounts and tokens


@pytest.mark.parametrize(
    "view",
    ["utilization", *(pytest.param(each, marks=pytest.mark.thorough) for each in ("timesheet_gaps", "approvals"))],
)
def test_two_accounts_never_mix(views: Views, agencies: dict[str, Agency], view: str) -> None:
    both = [agencies[each] for each in ("main", "European")]
    span = date(2026, 11, 2), date(2026, 11, 20)
    apart = [row for each in both for row in views.of(each).rows(f"{view}(?, ?)", *span)]
    together = views.of(both[0], accounts=f"{MAIN_ID},{EURO_ID}").rows(f"{view}(?, ?)", *span)
    assert sorted(together, key=repr) == sorted(apart, key=repr)


def test_a_manager_gets_the_people_whose_time_is_seen_whole(views: Views, agencies: dict[str, Agency]) -> None:
    agency = agencies["main"]
    manager = agency.sandbox.account(MAIN_ID).token_users[1]["id"]
    mates = [each for each in agency.records("teammates") if each["user_id"] == manager]
    seen = {manager, *(each["id"] for each in mates)}
    assert 2 < len(seen) < len(agency.records("users"))
    harvest_duck.clear_cache()
    body = {"teammates": mates, "total_pages": 1, "total_entries": len(mates)}
    agency.sandbox.respond_next(f"/users/{manager}/teammates", body=body)
    span = date(2026, 9, 1), date(2026, 11, 20)
    of = views.of(agency, role="manager")
    for key, call, wanted in (
        ("week", "utilization(?, ?, time_off := [], holidays := [])", utilization),
        ("day", "timesheet_gaps(?, ?, time_off := [], holidays := [], as_of := '2026-11-21')", timesheet_gaps),
        ("week", "approvals(?, ?)", approvals),
    ):
        off: dict[str, Any] = {} if wanted is approvals else {"holidays": [], "time_off": []}
        rows = of.rows(call, *span)
        mine = {each: row for each, row in wanted(records_of(agency), *span, **off).items() if each[1] in seen}
        assert_same(by(key, rows, mine), mine)
        assert {row["limited_to"] for row in rows} == {f"Ben Okafor and {len(mates)} teammates"}
    assert_a_manager_is_alone_where_days_off_are_read(of, records_of(agency), span, manager)
    harvest_duck.clear_cache()


def assert_a_manager_is_alone_where_days_off_are_read(
    of: Views, records: Records, span: tuple[date, date], manager: int
) -> None:
    """A manager gets what an administrator gets of them, and nothing of others, whose days off may not be seen."""
    for key, wanted, rows in (
        ("week", utilization, of.rows("utilization(?, ?)", *span)),
        ("day", timesheet_gaps, of.rows("timesheet_gaps(?, ?, as_of := ?)", *span, span[1] + DAY)),
    ):
        mine = {each: row for each, row in wanted(records, *span).items() if each[1] == manager}
        assert_same(by(key, rows, mine), mine)
        assert {row["limited_to"] for row in rows} <= {"Ben Okafor"}
