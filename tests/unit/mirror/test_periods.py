"""Packed periods leave out no day, those that were read longest ago come first, and a first copy comes to its end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.mirror.periods import (
    HeldPeriod,
    Period,
    months,
    next_first_copy_period,
    pack,
    rows_within,
    verification_periods,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 100
TODAY = date(2026, 11, 29)


def day(number: int) -> date:
    """The day so many days before today."""
    return TODAY - timedelta(days=number)


def moment(hour: int) -> datetime:
    """A moment so many hours into the year."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)


numbers = st.integers(-5, 200)
by_days = st.dictionaries(numbers.map(day), st.integers(0, PAGE * 5 // 4), max_size=40)
ends = st.none() | numbers.map(day)
periods = st.builds(Period, ends, ends).filter(lambda each: not (each.first and each.last) or each.first <= each.last)


def covers(parts: Sequence[HeldPeriod], whole: Period) -> bool:
    """Return whether the parts follow each other without a gap, from one end of the whole to the other."""
    joined = all(one.period.last == _before(other.period.first) for one, other in pairwise(parts))
    return joined and (parts[0].period.first, parts[-1].period.last) == (whole.first, whole.last)


def _before(day: date | None) -> date | None:
    return None if day is None else day - timedelta(days=1)


@settings(deadline=None, max_examples=share(150))
@given(by_days, periods)
def test_packed_periods_leave_out_no_day_and_are_as_few_as_possible(by_day: dict[date, int], within: Period) -> None:
    parts = pack(by_day, PAGE, within)
    assert covers(parts, within)
    for part in parts:
        busy = [each for each, rows in by_day.items() if rows and each in part.period and each in within]
        assert part.rows == sum(by_day[each] for each in busy) == rows_within(by_day, part.period)
        assert part.rows <= PAGE or len(busy) == 1
    for one, other in pairwise(parts):
        assert one.rows + rows_within(by_day, Period(other.period.first, other.period.first)) > PAGE


@settings(deadline=None, max_examples=share(100))
@given(by_days)
def test_months_leave_out_no_day(by_day: dict[date, int]) -> None:
    found = months(by_day)
    assert covers(found, Period())
    assert len(found) == max(1, len({(each.year, each.month) for each, rows in by_day.items() if rows}))
    assert all(month.period.first is None or month.period.first.day == 1 for month in found)
    assert sum(month.rows for month in found) == sum(by_day.values())


@pytest.mark.parametrize(
    ("period", "inside", "outside"),
    [
        pytest.param(Period(day(9), day(5)), [day(9), day(7), day(5)], [day(10), day(4), None], id="closed"),
        pytest.param(Period(None, day(5)), [day(900), day(5)], [day(4), None], id="no beginning"),
        pytest.param(Period(day(5), None), [day(5), day(-900)], [day(6), None], id="no end"),
        pytest.param(Period(), [day(5), None], [], id="the whole list"),
    ],
)
def test_a_period_has_its_days(period: Period, inside: list[date | None], outside: list[date | None]) -> None:
    assert [each in period for each in inside] == [True] * len(inside)
    assert [each in period for each in outside] == [False] * len(outside)


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_period_takes_a_request_at_least(rows: int, pages: int) -> None:
    assert HeldPeriod(Period(), rows).pages(PAGE) == pages


def test_rows_without_a_day_are_in_the_whole_list_alone() -> None:
    by_day = {None: 3, day(1): 4}
    assert pack(by_day, PAGE) == [HeldPeriod(Period(), 7)]
    assert pack(by_day, PAGE, Period(None, day(0))) == [HeldPeriod(Period(None, day(0)), 4)]
    assert pack({None: 3, day(5): 60, day(1): 60}, PAGE) == [
        HeldPeriod(Period(None, day(2)), 60),
        HeldPeriod(Period(day(1), None), 60),
    ]


@settings(deadline=None, max_examples=share(100))
@given(by_days, st.lists(st.tuples(periods, st.integers(0, 50).map(moment)), max_size=8), st.integers(0, 4))
def test_the_day_that_was_read_longest_ago_is_read_next(
    by_day: dict[date, int], read: list[tuple[Period, datetime]], number: int
) -> None:
    found = verification_periods(by_day, read, number, PAGE)
    held = [each for each, rows in by_day.items() if rows]

    def last_read(each: date) -> datetime:
        return max((at for period, at in read if each in period), default=moment(-1))

    assert len(found) <= number
    left = set(held)
    for period in found:
        inside = {each for each in held if each in period}
        assert not inside or min(inside) == min(left, key=lambda each: (last_read(each), each))
        assert rows_within(by_day, period) <= PAGE or len(inside) == 1
        assert inside <= left
        left -= inside
    assert len(found) == number or not left


def test_every_row_is_verified_after_as_many_runs_as_the_pages_need() -> None:
    """200,000 rows, two periods a run; new rows on the latest day do not set it back."""
    by_day: dict[date | None, int] = {day(number): 157 for number in range(1820) if number % 7 < 5}
    read: list[tuple[Period, datetime]] = [(Period(), moment(0))]
    runs = 0
    while True:
        due = verification_periods(by_day, read, 2)
        if any(at > moment(0) for period, at in read if period == due[0]):
            break
        runs += 1
        read += [(period, moment(runs)) for period in due]
        by_day[TODAY] = by_day.get(TODAY, 0) + 10
    assert sum(by_day.values()) > 200_000
    assert runs <= 60


def test_an_empty_list_is_read_whole() -> None:
    assert verification_periods({}, [], 2) == (Period(),)
    assert verification_periods({}, [], 0) == ()
    assert pack({}) == months({}) == [HeldPeriod(Period(), 0)]


@settings(deadline=None, max_examples=share(100))
@given(by_days, st.integers(-300, 300), st.integers(-5, 5))
def test_a_first_copy_reads_every_day_once_and_ends(records: dict[date, int], wrong: int, ahead: int) -> None:
    """Although the total that Harvest said at the beginning is `wrong`, and the local day `ahead`."""
    done: list[Period] = []
    copied: dict[date | None, int] = {}
    while True:
        left = sum(records.values()) + wrong - sum(copied.values())
        period = next_first_copy_period(done, copied, left=left, today=day(ahead), page_size=PAGE)
        if period is None:
            break
        assert not done or period.last == _before(done[-1].first)
        copied |= {each: rows for each, rows in records.items() if each in period}
        done.append(period)
        assert len(done) < 60
    assert covers([HeldPeriod(period, 0) for period in reversed(done)], Period())
    assert copied == records


@pytest.mark.parametrize("a_day", [20, 150, 900])
def test_a_first_copy_takes_few_more_requests_than_pages(a_day: int) -> None:
    records = {day(number): a_day + number % 11 for number in range(1820) if number % 7 < 5}
    total, requests, done = sum(records.values()), 0, list[Period]()
    copied: dict[date | None, int] = {}
    while period := next_first_copy_period(done, copied, left=total - sum(copied.values()), today=TODAY):
        came = {each: rows for each, rows in records.items() if each in period}
        requests += HeldPeriod(period, sum(came.values())).pages(2000)
        copied |= came
        done.append(period)
    assert copied == records
    assert requests <= total / 2000 * 1.25 + 3


def test_a_first_copy_goes_further_back_where_there_is_nothing() -> None:
    done = [Period(day(13), None)]
    assert next_first_copy_period(done, {}, left=10_000, today=TODAY) == Period(day(13 + 56), day(14))
    done.append(Period(day(13 + 56), day(14)))
    assert next_first_copy_period(done, {}, left=10_000, today=TODAY) == Period(day(13 + 56 + 224), day(70))


def test_a_first_copy_reads_a_day_of_many_pages_alone() -> None:
    by_day: dict[date | None, int] = {day(number): 9000 for number in range(14)}
    assert next_first_copy_period([Period(day(13), None)], by_day, left=10_000, today=TODAY) == Period(day(14), day(14))


def test_a_first_copy_ends_at_the_first_day_of_the_calendar() -> None:
    assert next_first_copy_period([Period(date.min, None)], {}, left=10_000, today=TODAY) is None
    assert next_first_copy_period([Period(date(1, 1, 9), None)], {}, left=10_000, today=TODAY) == Period(
        None, date(1, 1, 8)
    )
    assert next_first_copy_period([], {}, left=10_000, today=date.min) == Period()
