"""The search by counting finds every row that is gone, and every one that entered unseen, for few requests."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.still_list import NOW, TODAY, StillList

from harvest_duck.mirror.asks import CountDays, DaysRead, ReadDays
from harvest_duck.mirror.deletion_search import Found, most_requests, search
from harvest_duck.mirror.periods import HeldPeriod, Period, pack, rows_within

if TYPE_CHECKING:
    from random import Random

PAGE = 10

randoms = st.randoms(use_true_random=True)


def list_of(random: Random, *, days: int, most: int) -> dict[date | None, range]:
    """The ids of some days, up to `most` a day."""
    found: dict[date | None, range] = {}
    begin = 0
    for number in sorted(random.sample(range(days * 2), days), reverse=True):
        found[TODAY - timedelta(days=number)] = range(begin, begin := begin + random.randint(1, most))
    return found


def some(random: Random, days: dict[date | None, range], number: int) -> dict[int, date | None]:
    """Some of the ids, and their days; sometimes of one day alone."""
    chosen = [day for day in days if random.random() < 0.1] or list(days)
    ids = {record: day for day in chosen for record in days[day]}
    return {record: ids[record] for record in random.sample(sorted(ids), min(number, len(ids)))}


def searched(still: StillList) -> Found:
    """What a search brings."""
    found = Found()
    difference = len(still.unseen) - len(still.gone)
    still.run(search(pack(still.held, PAGE), difference, found, today=TODAY, page_size=PAGE))
    return found


@settings(deadline=None, max_examples=share(300))
@given(randoms)
def test_all_that_is_gone_is_found_within_the_bound(random: Random) -> None:
    days = list_of(random, days=random.randint(1, 120), most=random.choice([1, 5, 14]))
    gone = some(random, days, random.choice([0, 1, 2, 5, 20, 500]))
    still = StillList(days, gone, page_size=PAGE)
    parts = pack(still.held, PAGE)
    found = searched(still)
    assert found.missing == gone.keys()
    if not gone:
        assert still.asks == []
    known = most_requests(parts, len(gone), today=TODAY, page_size=PAGE)
    assert still.requests <= known <= most_requests(parts, None, today=TODAY, page_size=PAGE)


@settings(deadline=None, max_examples=share(100))
@given(randoms)
def test_all_that_entered_unseen_is_found(random: Random) -> None:
    days = list_of(random, days=random.randint(1, 120), most=5)
    unseen = some(random, days, random.choice([1, 2, 5, 50]))
    found = searched(StillList(days, unseen=unseen, page_size=PAGE))
    assert found.new == unseen.keys()
    assert not found.missing


@settings(deadline=None, max_examples=share(100))
@given(randoms)
def test_a_period_is_read_once_and_only_if_it_was_not_counted_equal(random: Random) -> None:
    days = list_of(random, days=80, most=5)
    gone, unseen = some(random, days, random.randint(1, 9)), some(random, days, random.randint(1, 9))
    unseen = {record: day for record, day in unseen.items() if record not in gone}
    still = StillList(days, gone, unseen, page_size=PAGE)
    searched(still)
    read = [ask.period for ask in still.asks if isinstance(ask, ReadDays)]
    assert len(set(read)) == len(read)
    assert set(read) <= {part.period for part in pack(StillList(days, gone, unseen).held, PAGE)}


def test_the_latest_days_are_counted_first() -> None:
    days = {TODAY - timedelta(days=number): range(number * 10, number * 10 + 10) for number in range(1000)}
    still = StillList(days, {5: TODAY}, page_size=PAGE)
    assert searched(still).missing == {5}
    assert still.asks[0] == CountDays(Period(TODAY - timedelta(days=60), None))
    assert still.asks[-1] == ReadDays(Period(TODAY, None))
    assert still.requests == 6


@pytest.mark.parametrize("pages", [1, 2, 3, 7, 8, 30, 64, 100])
def test_a_small_difference_never_takes_more_than_a_large_one(pages: int) -> None:
    """Which is everything and a twelfth."""
    starts = [TODAY - timedelta(days=14 * (pages - number)) for number in range(1, pages)]
    ends = [start - timedelta(days=1) for start in starts]
    parts = [HeldPeriod(Period(*each), PAGE) for each in zip([None, *starts], [*ends, None], strict=True)]
    large = most_requests(parts, None, today=TODAY, page_size=PAGE)
    assert large == pages + pages // 12 + 1
    small = [most_requests(parts, number, today=TODAY, page_size=PAGE) for number in range(pages // 8 + 2)]
    assert small == sorted(small)
    assert small[-1] <= large


def test_a_search_within_a_month_stays_in_it() -> None:
    days = {TODAY - timedelta(days=number): range(number * 5, number * 5 + 5) for number in range(100)}
    month = Period(date(2026, 10, 1), date(2026, 10, 31))
    lost = next(iter(days[date(2026, 10, 17)]))
    still = StillList(days, {lost: date(2026, 10, 17)}, page_size=PAGE)
    found = Found()
    still.run(search(pack(still.held, PAGE, month), -1, found, today=TODAY, page_size=PAGE))
    assert found.missing == {lost}
    asked = [ask.period for ask in still.asks if isinstance(ask, CountDays | ReadDays)]
    assert all(period.first in month and period.last in month for period in asked)
    assert rows_within(still.held, month) == 31 * 5


def test_a_row_that_comes_in_a_later_period_is_not_missing() -> None:
    """It moved to another day, also where its `updated_at` does not tell."""
    found, one, other = Found(), Period(TODAY, None), Period(None, TODAY - timedelta(days=1))
    found.add(one, DaysRead(NOW, frozenset({1}), frozenset(), frozenset({2, 3})))
    found.add(other, DaysRead(NOW, frozenset({3, 4}), frozenset({4}), frozenset()))
    assert (found.missing, found.new, found.read) == ({2}, {4}, [one, other])


def test_a_difference_that_no_period_explains_ends() -> None:
    days = {TODAY - timedelta(days=number): range(number * 5, number * 5 + 5) for number in range(100)}
    still, found = StillList(days, page_size=PAGE), Found()
    still.run(search(pack(still.held, PAGE), 3, found, today=TODAY, page_size=PAGE))
    assert (found.missing, found.new) == (set(), set())
    assert still.requests <= most_requests(pack(still.held, PAGE), 3, today=TODAY, page_size=PAGE)
