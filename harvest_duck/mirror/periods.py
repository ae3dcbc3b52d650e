"""Day ranges of a dated list: packed so that each is about one answer, chosen to be read again, or read next.

The copy knows how many rows it holds for each day. From that follow periods of at most one page, which are one answer
and so cannot shift while they are read; the months that are counted; the periods that were not read for longest; and
how far the next request of a first copy should go. Periods that follow each other leave out no day, also none of which
the copy has nothing, and the outer ends of a list are open: Harvest may have rows where the copy has none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from harvest_duck.protocol.page import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_DAY = timedelta(days=1)
#: The first request of a first copy goes back so far.
_FIRST_DAYS = 14
#: How many of the weeks that it has read tell what to expect of the next one.
_WEEKS = 4
#: How many times longer than the period before the next one may be.
_GROWTH = 4
#: How many days one period has at most, unless there was nothing in the last weeks.
_FARTHEST = 3660
#: The most pages that one request should bring, and how many times more rows than expected should still fit into them.
_MOST_PAGES = 3
_ROOM = 1.04


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included; None where there is no end.

    A period without both ends is the whole list. It alone has the rows that have no day.
    """

    first: date | None = None
    last: date | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the whole list."""
        return self.first is None and self.last is None

    def __contains__(self, day: date | None) -> bool:
        """Return whether the rows of a day lie in it."""
        if day is None:
            return self.whole
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


#: The whole list.
_WHOLE = Period()


@dataclass(frozen=True, slots=True)
class HeldPeriod:
    """A period and the number of rows that the copy holds in it."""

    period: Period
    rows: int

    def pages(self, page_size: int) -> int:
        """Return the number of requests that read it."""
        return max(1, -(-self.rows // page_size))


def rows_within(by_day: Mapping[date | None, int], period: Period) -> int:
    """Return the number of rows that are held for the days of a period."""
    return sum(rows for day, rows in by_day.items() if day in period)


def pack(by_day: Mapping[date | None, int], page_size: int = LARGEST_PAGE, within: Period = _WHOLE) -> list[HeldPeriod]:
    """Return the fewest periods of at most one page that together are the one `within` which they lie, oldest first.

    A day that has more rows than a page is a period of its own.
    """
    groups: list[list[tuple[date, int]]] = []
    filled = 0
    for day, rows in _days(by_day, within):
        if not groups or filled + rows > page_size:
            groups.append([])
            filled = 0
        groups[-1].append((day, rows))
        filled += rows
    return _tiled(groups, by_day, within)


def months(by_day: Mapping[date | None, int]) -> list[HeldPeriod]:
    """Return the months of which rows are held, oldest first, each with the days up to the next of them."""
    groups = [list(month) for _, month in groupby(_days(by_day), key=lambda each: (each[0].year, each[0].month))]
    starts = [group[0][0].replace(day=1) for group in groups]
    return _tiled(groups, by_day, _WHOLE, starts)


def verification_periods(
    by_day: Mapping[date | None, int],
    read: Iterable[tuple[Period, datetime]],
    number: int,
    page_size: int = LARGEST_PAGE,
) -> tuple[Period, ...]:
    """Return up to `number` periods of about one page to read again: those that were read longest ago, or never.

    `read` are periods and when each was last read whole; they may overlap. A period begins with the day that was read
    longest ago, the earliest of several, and goes on while the rows fit into a page, or to a day that is taken already.
    """
    days = _days(by_day)
    moments = _last_read([day for day, _ in days], read)
    order = sorted(range(len(days)), key=lambda index: (moments[index] is not None, moments[index] or 0.0, index))
    taken: set[int] = set()
    found: list[Period] = []
    for index in order:
        if len(found) == number:
            break
        if index not in taken:
            stop = _page_end(days, index, taken, page_size)
            taken.update(range(index, stop))
            found.append(_between(days, index, stop))
    return tuple(found) if days else (_WHOLE,)[:number]


def next_first_copy_period(
    done: Iterable[Period], by_day: Mapping[date | None, int], *, left: int, today: date, page_size: int = LARGEST_PAGE
) -> Period | None:
    """Return the period that a first copy reads next, the newest that is left; None where it has read all.

    `done` are the periods that it has read, which follow each other and begin with the newest; `by_day` the rows that
    they brought, and `left` how many Harvest has beyond these. The period takes one to three pages if the days
    are like those before. It has no beginning where the rest fits into three.
    """
    oldest = min(done, key=lambda period: period.first or date.min, default=None)
    if oldest is None:
        begin = _moved(today, -_FIRST_DAYS)
        return Period() if begin is None or left <= _MOST_PAGES * page_size else Period(begin, None)
    if oldest.first is None or oldest.first == date.min:
        return None
    last = oldest.first - _DAY
    if left <= _MOST_PAGES * page_size:
        return Period(None, last)
    return Period(_moved(last, 1 - _expected_days(oldest, by_day, today, page_size)), last)


def _expected_days(before: Period, by_day: Mapping[date | None, int], today: date, page_size: int) -> int:
    """Return how many days before a period should fill their pages best, if the weeks go on like the last ones."""
    first = before.first or today
    newest = max([today, *(day for day, _ in _days(by_day))])
    most = _GROWTH * ((before.last or newest) - first).days + _GROWTH
    weeks = max(1, min(_WEEKS, ((newest - first).days + 1) // 7))
    expected, best, fill = 0.0, most, 0.0
    for days in range(1, min(most, _FARTHEST) + 1):
        same = (first + timedelta(days=7 * week - 1 - (days - 1) % 7) for week in range(1, weeks + 1))
        expected += sum(by_day.get(day, 0) for day in same) / weeks
        pages = -(-expected * _ROOM // page_size)
        if pages > _MOST_PAGES:
            return best if fill else max(1, days - 1)
        if expected and expected / pages >= fill:
            best, fill = days, expected / pages
    return best


def _days(by_day: Mapping[date | None, int], within: Period = _WHOLE) -> list[tuple[date, int]]:
    """Return the days of a period that have rows, in order, and how many rows each has."""
    return sorted((day, rows) for day, rows in by_day.items() if day is not None and rows and day in within)


def _tiled(
    groups: Sequence[Sequence[tuple[date, int]]],
    by_day: Mapping[date | None, int],
    within: Period,
    starts: Sequence[date] = (),
) -> list[HeldPeriod]:
    """Return a period for each group of days, which begins with its first day, or with the one that `starts` has."""
    if len(groups) <= 1:
        return [HeldPeriod(within, rows_within(by_day, within))]
    inner = (starts or [group[0][0] for group in groups])[1:]
    firsts = [within.first, *inner]
    lasts = [*(day - _DAY for day in inner), within.last]
    sums = [sum(rows for _, rows in group) for group in groups]
    return [HeldPeriod(Period(*ends), rows) for *ends, rows in zip(firsts, lasts, sums, strict=True)]


def _last_read(days: Sequence[date], read: Iterable[tuple[Period, datetime]]) -> list[float | None]:
    """Return when each day was last read, None for never."""
    moments: list[float | None] = [None] * len(days)
    for period, moment in sorted(read, key=lambda each: each[1]):
        low = 0 if period.first is None else bisect_left(days, period.first)
        high = len(days) if period.last is None else bisect_right(days, period.last)
        moments[low:high] = [moment.timestamp()] * max(0, high - low)
    return moments


def _page_end(days: Sequence[tuple[date, int]], begin: int, taken: set[int], page_size: int) -> int:
    """Return the index after the last day that still fits into one page with the days from `begin` on."""
    stop, filled = begin + 1, days[begin][1]
    while stop < len(days) and stop not in taken and filled + days[stop][1] <= page_size:
        filled += days[stop][1]
        stop += 1
    return stop


def _between(days: Sequence[tuple[date, int]], begin: int, stop: int) -> Period:
    """Return the period of the days from index `begin` to before `stop`, with those up to the next day that is held."""
    first = None if begin == 0 else days[begin][0]
    return Period(first, None if stop == len(days) else days[stop][0] - _DAY)


def _moved(day: date, days: int) -> date | None:
    """Return the day so many days later, None where there is no such day."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None
