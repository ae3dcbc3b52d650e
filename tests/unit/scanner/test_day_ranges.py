"""Ranges of days: together they are the whole range, none overlaps another, and each should be one answer."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.decoder.day_counts import calendar, days_of
from harvest_duck.scanner.day_ranges import day_ranges, outside, shown, split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harvest_duck.scanner.day_ranges import DayRange

LARGEST = 100


def day(number: int) -> date:
    """The day of that number in March 2026; the days before and after it count on."""
    return date(2026, 3, 1) + timedelta(days=number - 1)


numbers = st.integers(1, 60)
days = st.dictionaries(numbers.map(day), st.integers(0, LARGEST), max_size=40)
ends = st.none() | numbers.map(day)
spans = st.tuples(ends, ends).filter(lambda span: None in span or span[0] <= span[1])


def covers(found: Sequence[DayRange], span: DayRange) -> bool:
    """Return whether the ranges follow each other without a gap, from one end of the span to the other."""
    joined = all(one[1] is not None and one[1] + timedelta(days=1) == other[0] for one, other in pairwise(found))
    ordered = all(low is None or high is None or low <= high for low, high in found)
    return joined and ordered and (found[0][0], found[-1][1]) == span


def held(day_range: DayRange, seen: Mapping[date, int]) -> int:
    """Return how many records came for the days of a range."""
    low, high = day_range
    return sum(count for each, count in seen.items() if (low is None or low <= each) and (high is None or each <= high))


@settings(deadline=None, max_examples=share(300))
@given(days, spans)
def test_ranges_are_the_whole_span_and_leave_room_to_grow(seen: dict[date, int], span: DayRange) -> None:
    found = day_ranges(seen, span, largest=LARGEST)
    assert found is not None
    assert covers(found, span)
    for day_range in found:
        busy = [each for each, count in seen.items() if count and held((each, each), seen) and _in(each, day_range)]
        assert held(day_range, seen) <= 80 or len(busy) == 1


@settings(deadline=None, max_examples=share(200))
@given(days, spans)
def test_no_two_neighbours_would_fit_into_one_range(seen: dict[date, int], span: DayRange) -> None:
    found = day_ranges(seen, span, largest=LARGEST) or []
    for one, other in pairwise(found):
        assert held(one, seen) + held((other[0], other[0]), seen) > 80


@settings(deadline=None, max_examples=share(300))
@given(days, spans)
def test_splitting_ends_with_single_days_that_are_the_whole_range(seen: dict[date, int], day_range: DayRange) -> None:
    waiting, single = [day_range], []
    for _ in range(1000):
        if not waiting:
            break
        each = waiting.pop()
        halves = split(each, seen) if held(each, seen) else None
        if halves is None:
            single.append(each)
        else:
            assert covers(halves, each)
            waiting += reversed(halves)
    assert not waiting
    assert covers(single, day_range)
    assert all(low == high is not None for low, high in single if held((low, high), seen))


@pytest.mark.parametrize(
    ("seen", "span", "expected"),
    [
        pytest.param({}, (None, None), [(None, None)], id="nothing seen"),
        pytest.param({day(3): 80}, (day(1), day(9)), [(day(1), day(9))], id="one range"),
        pytest.param({day(3): 81}, (None, day(9)), [(None, day(9))], id="a day that fills more than its share"),
        pytest.param({day(3): 40, day(5): 41}, (None, None), [(None, day(4)), (day(5), None)], id="open at both ends"),
        pytest.param({day(3): 40, day(5): 41}, (day(1), day(5)), [(day(1), day(4)), (day(5), day(5))], id="closed"),
        pytest.param({day(1): 90, day(20): 50}, (day(10), None), [(day(10), None)], id="days outside"),
        pytest.param({day(3): 101}, (None, None), None, id="a day that is too large"),
        pytest.param({day(3): 101, day(5): 1}, (day(4), None), [(day(4), None)], id="a day outside that is too large"),
        pytest.param({day(3): 1, None: 1}, (None, None), None, id="a record without a day"),
    ],
)
def test_ranges_follow_the_days_that_were_seen(
    seen: dict[date | None, int], span: DayRange, expected: list[DayRange] | None
) -> None:
    assert day_ranges(seen, span, largest=LARGEST) == expected


@pytest.mark.parametrize(
    ("day_range", "seen", "start"),
    [
        pytest.param((day(1), day(9)), {day(2): 5, day(4): 5, day(8): 5}, day(8), id="by records"),
        pytest.param((day(1), day(9)), {day(2): 90, day(4): 5, day(8): 5}, day(4), id="the first day has most"),
        pytest.param((day(1), day(9)), {day(2): 5, day(4): 5, day(8): 90}, day(8), id="the last day has most"),
        pytest.param((day(1), day(8)), {day(2): 5}, day(5), id="by the calendar, even"),
        pytest.param((day(1), day(9)), {}, day(5), id="by the calendar, odd"),
        pytest.param((day(1), day(2)), {day(2): 5}, day(2), id="two days"),
        pytest.param((day(5), day(5)), {day(5): 5}, None, id="one day"),
        pytest.param((None, None), {day(5): 5}, day(6), id="after the only day"),
        pytest.param((None, day(9)), {day(5): 5}, day(6), id="after the only day, with an end"),
        pytest.param((None, day(5)), {day(5): 5}, day(5), id="before the only day, which is the end"),
        pytest.param((day(1), None), {day(5): 5}, day(5), id="before the only day"),
        pytest.param((day(5), None), {day(5): 5}, day(6), id="after the only day, which is the beginning"),
        pytest.param((None, day(366)), {}, day(1), id="a year from the end"),
        pytest.param((day(1), None), {}, day(366), id="a year from the beginning"),
        pytest.param((None, None), {}, None, id="nothing is known"),
        pytest.param((None, date.min), {}, None, id="before the first day"),
        pytest.param((None, date.min), {date.min: 5}, None, id="on the first day"),
        pytest.param((date.max, None), {date.max: 5}, None, id="after the last day"),
    ],
)
def test_a_range_is_split_where_the_second_half_begins(
    day_range: DayRange, seen: dict[date | None, int], start: date | None
) -> None:
    halves = split(day_range, seen)
    assert halves == (None if start is None else ((day_range[0], start - timedelta(days=1)), (start, day_range[1])))


def test_days_are_counted_with_those_that_are_missing() -> None:
    dates = pa.array([day(1), None, day(2), day(1)], pa.date32())
    assert calendar(days_of(dates)) == {day(1): 2, day(2): 1, None: 1}
    assert days_of(dates[:0]) == {}


def _in(each: date, day_range: DayRange) -> bool:
    return (day_range[0] is None or day_range[0] <= each) and (day_range[1] is None or each <= day_range[1])


@pytest.mark.parametrize(
    ("span", "said", "first"),
    [
        ((None, None), "of any day", None),
        ((day(2), None), "from 2026-03-02 on", day(1)),
        ((None, day(2)), "up to 2026-03-02", day(3)),
        ((day(1), day(3)), "from 2026-03-01 to 2026-03-03", None),
        ((day(1), day(2)), "from 2026-03-01 to 2026-03-02", day(3)),
        ((day(2), day(2)), "of 2026-03-02", day(1)),
    ],
)
def test_a_day_outside_a_range_is_found(span: DayRange, said: str, first: date | None) -> None:
    assert outside({day(3): 1, day(1): 2, day(2): 1, None: 1}, span) == first
    assert shown(span) == said
