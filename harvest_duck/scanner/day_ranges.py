"""Ranges of days: a list that changed while it was read is cut into ranges that are one answer each.

An answer is made at one moment, so a range of one page cannot shift. The ranges follow each other without a gap and do
not overlap: a record that was in the list all the time, and whose day did not change, is in exactly one of them. One
whose day changed meanwhile was updated, so it comes with the catch-up request: the same list, narrowed to what was
updated since the horizon and asked for after the last range. Both together have every record that was in the list all
the time, if each has a day. A record without one is in no range, so a list that may have such records cannot be read
like this. The days of the first read are a good guess at the ranges; one that is too large after all is split.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


#: The first and the last day, both included; None where there is no end.
DayRange = tuple[date | None, date | None]

_ONE_DAY = timedelta(days=1)
#: The part of a page that a range should fill, in per cent, so that it is still one page when records were added.
_FILLED = 80
#: How far into an endless range, of which nothing is known, the next split goes.
_YEAR = timedelta(days=365)


def day_ranges(days: Mapping[date | None, int], whole: DayRange, *, largest: int) -> list[DayRange] | None:
    """Return ranges that cover `whole`, in order, each for at most `largest` records with room to spare.

    `days` has the number of records that came for each day. Returns None where one day alone has more than `largest`,
    and where a record has no day, since it is in no range.
    """
    if days.get(None):
        return None
    within = _within(days, whole)
    if any(count > largest for _, count in within):
        return None
    starts = list(_starts(within, largest * _FILLED // 100))
    lows = [whole[0], *starts]
    highs = [*(start - _ONE_DAY for start in starts), whole[1]]
    return list(zip(lows, highs, strict=True))


def outside(days: Mapping[date | None, int], whole: DayRange) -> date | None:
    """Return the first of the days that have records which does not lie in a range, None where there is none."""
    within = {day for day, _ in _within(days, whole)}
    return min((day for day in days if day is not None and day not in within), default=None)


def shown(days: DayRange) -> str:
    """Return a range in words."""
    first, last = days
    if first is None or last is None:
        return f"from {first} on" if first else f"up to {last}" if last else "of any day"
    return f"of {first}" if first == last else f"from {first} to {last}"


def _within(days: Mapping[date | None, int], whole: DayRange) -> list[tuple[date, int]]:
    """Return the days of a range that have records, in order, and how many records each has."""
    low, high = whole
    found = ((day, count) for day, count in days.items() if day is not None)
    return sorted((day, count) for day, count in found if (low is None or low <= day) and (high is None or day <= high))


def _starts(days: list[tuple[date, int]], enough: int) -> Iterator[date]:
    """Yield the first day of the second and every further range."""
    filled = 0
    for day, count in days:
        if filled and filled + count > enough:
            yield day
            filled = 0
        filled += count


def split(whole: DayRange, days: Mapping[date | None, int]) -> tuple[DayRange, DayRange] | None:
    """Return two ranges in place of one that holds too many records; None where it is one day and cannot be split.

    They are halves by `days` where several of its days have records, else by the calendar. A range without an end is
    split beside the one day that is known. Returns None also where neither an end nor a day is known.
    """
    low, high = whole
    if low is not None and low == high:
        return None
    start = _middle(whole, _within(days, whole))
    end = None if start is None else _moved(start, -_ONE_DAY)
    return None if end is None else ((low, end), (start, high))


def _middle(whole: DayRange, within: list[tuple[date, int]]) -> date | None:
    """Return the first day of the second half."""
    low, high = whole
    if len(within) > 1:
        sums = list(accumulate(count for _, count in within))
        # The first half takes the day that reaches the middle, unless it is the last one.
        return within[min(bisect_left(sums, sums[-1] / 2) + 1, len(within) - 1)][0]
    if low is not None and high is not None:
        return low + (high - low + _ONE_DAY) // 2
    if within:
        day = within[0][0]
        ends_first = day == low or (low is None and day != high)
        return _moved(day, _ONE_DAY) if ends_first else day
    if high is not None:
        return _moved(high, -_YEAR)
    return None if low is None else _moved(low, _YEAR)


def _moved(day: date, by: timedelta) -> date | None:
    try:
        return day + by
    except OverflowError:
        return None
