"""Sorted ranges: held against a look at every value near their ends, one range after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.pushdown.predicate import Value
from harvest_duck.pushdown.ranges import EVERY_VALUE, Bound, Range, Ranges, holds, kind, overlap, point, sorted_ranges

#: The values of one kind in order: ends of ranges are drawn from every other one, so that values lie between them.
ORDERED: Mapping[str, Sequence[Value]] = {
    "boolean": (False, True),
    "number": (-2, -1, Decimal("-0.5"), Decimal("0.0"), Decimal("0.5"), 1, Decimal("1.5"), 2**62, 2**62 + 1),
    "text": ("", "\x00", "a", "a ", "b", "z", "ä", "ö", "\U0001f986"),
    "date": (date(1, 1, 1), *(date(2024, 2, 26) + timedelta(days=day) for day in range(7)), date(9999, 12, 31)),
    "timestamp": tuple(datetime(2024, 1, 1, 0, 0, second) for second in range(9)),  # noqa: DTZ001 - that kind
    "timestamp with time zone": (
        *(datetime(2024, 1, 1, 0, 0, second, tzinfo=UTC) for second in range(8)),
        datetime(2024, 1, 1, 0, 0, 8, tzinfo=UTC).astimezone(timezone(timedelta(hours=2))),
    ),
    "time": (time(0, 0), *(time(9, minute) for minute in range(7)), time(23, 59, 59, 999_999)),
    "time with time zone": tuple(time(9, minute, tzinfo=UTC) for minute in range(9)),
}

BOOLEANS = ORDERED["boolean"]

Lists = tuple[Sequence[Value], list[Range], list[Range]]


def parts(values: Sequence[Value]) -> st.SearchStrategy[list[Range]]:
    """Ranges between some of the values, in any order; they may overlap, touch, or be empty."""
    ends = st.sampled_from(values if values == BOOLEANS else values[1::2])
    bounds = st.none() | st.builds(Bound, ends, st.booleans())
    return st.lists(st.builds(Range, bounds, bounds) | st.builds(point, ends), max_size=6)


def two_lists() -> st.SearchStrategy[Lists]:
    """Two lists of ranges of one kind, with the values to look at."""
    return st.sampled_from(list(ORDERED.values())).flatmap(
        lambda values: st.tuples(st.just(values), parts(values), parts(values))
    )


def lies_in(value: Any, part: Range) -> bool:
    """The oracle: whether the value is between the ends."""
    above = part.low is None or value > part.low.value or (part.low.inclusive and value == part.low.value)
    below = part.high is None or value < part.high.value or (part.high.inclusive and value == part.high.value)
    return above and below


def held(values: Sequence[Value], found: Sequence[Range]) -> list[Value]:
    """The values that lie in some range."""
    return [value for value in values if any(lies_in(value, part) for part in found)]


def apart(one: Range, following: Range) -> bool:
    """Whether a value can lie between the two, so that they are in order, and one range would hold more."""
    if one.high is None or following.low is None:
        return False
    end: Any = one.high.value
    start: Any = following.low.value
    return end < start or (end == start and not one.high.inclusive and not following.low.inclusive)


def in_order(found: Ranges) -> bool:
    """Whether the ranges are in order, apart from each other, and none is empty."""
    return all(apart(*pair) for pair in pairwise(found)) and all(
        part.low is None or part.high is None or part.low.value != part.high.value or part.single is not None
        for part in found
    )


@settings(deadline=None, max_examples=share(200))
@given(two_lists())
def test_sorting_ranges_changes_no_value_in_them(drawn: Lists) -> None:
    values, some, _ = drawn
    assert held(values, sorted_ranges(some)) == held(values, some)
    assert [value for value in values if holds(sorted_ranges(some), value)] == held(values, some)
    assert all(part.contains(value) == lies_in(value, part) for part in some for value in values)


@settings(deadline=None, max_examples=share(200))
@given(two_lists())
def test_sorted_ranges_are_in_order_and_apart(drawn: Lists) -> None:
    _, some, more = drawn
    for found in (
        sorted_ranges(some),
        sorted_ranges([*some, *more]),
        overlap(sorted_ranges(some), sorted_ranges(more)),
    ):
        assert in_order(found)
        assert sorted_ranges(reversed(found)) == found


@settings(deadline=None, max_examples=share(200))
@given(two_lists())
def test_an_overlap_holds_the_values_that_are_in_both(drawn: Lists) -> None:
    values, some, more = drawn
    both = overlap(sorted_ranges(some), sorted_ranges(more))
    assert held(values, both) == [value for value in held(values, some) if value in held(values, more)]


@settings(deadline=None, max_examples=share(200))
@given(two_lists().filter(lambda drawn: drawn[0] != BOOLEANS))
def test_ranges_of_the_same_values_are_the_same_once_sorted(drawn: Lists) -> None:
    values, some, more = drawn
    assert (sorted_ranges(some) == sorted_ranges(more)) == (held(values, some) == held(values, more))


def at(value: Value) -> Bound:
    """An end that belongs to the range."""
    return Bound(value, inclusive=True)


def beside(value: Value) -> Bound:
    """An end that does not belong to the range."""
    return Bound(value, inclusive=False)


@pytest.mark.parametrize(
    ("some", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([Range(at(1), at(2)), Range(beside(2), at(3))], [Range(at(1), at(3))], id="touching"),
        pytest.param([Range(at(1), beside(2)), point(2)], [Range(at(1), at(2))], id="an end closed"),
        pytest.param([Range(None, beside(2)), Range(at(2))], [Range()], id="all"),
        pytest.param(
            [Range(beside(2)), Range(None, beside(2))], [Range(None, beside(2)), Range(beside(2))], id="all but one"
        ),
        pytest.param([point(2), point(1)], [point(1), point(2)], id="neighbours that are no range"),
        pytest.param([Range(at(2), at(1)), Range(at(1), beside(1))], [], id="empty ranges"),
        pytest.param([Range(at(1)), point("a")], [Range()], id="two kinds"),
        pytest.param([Range(at(1), at("a"))], [Range()], id="two kinds in one range"),
        pytest.param([Range(at(value=False))], [point(value=False), point(value=True)], id="booleans"),
    ],
)
def test_sorted_ranges_are_the_fewest_there_can_be(some: list[Range], expected: list[Range]) -> None:
    assert sorted_ranges(some) == tuple(expected)


@pytest.mark.parametrize("named", ORDERED)
def test_values_are_of_the_kind_that_sql_compares_them_as(named: str) -> None:
    assert {kind(value) for value in ORDERED[named]} == {named}


@pytest.mark.parametrize("named", ORDERED)
@pytest.mark.parametrize("odd", [values[0] for values in ORDERED.values()], ids=ORDERED)
def test_a_value_of_another_kind_is_never_shut_out(named: str, odd: Value) -> None:
    value = ORDERED[named][1]
    if kind(odd) != named:
        for part in (point(value), Range(at(value)), Range(None, at(value))):
            assert part.contains(odd)
            assert holds(sorted_ranges([part]), odd)
            assert sorted_ranges([part, point(odd)]) == EVERY_VALUE
            assert overlap(sorted_ranges([part]), (point(odd),)) == sorted_ranges([part])
    assert not holds((), odd)


@pytest.mark.parametrize(
    ("part", "single"),
    [
        (point(5), 5),
        (Range(at(1), at(Decimal("1.0"))), 1),
        (Range(at(5), beside(5)), None),
        (Range(at(5), at(6)), None),
        (Range(at(5)), None),
        (Range(None, at(5)), None),
        (Range(at(1), at(value=True)), None),
    ],
)
def test_a_range_has_a_single_value_where_both_ends_are_it(part: Range, single: Value | None) -> None:
    assert part.single is single
