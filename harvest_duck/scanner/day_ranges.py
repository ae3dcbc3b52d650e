"""Windows of days: a list that was shaken while it was read, cut into spans that are one answer each.

An answer is made at one moment, so a window of one page cannot shift. Windows follow each other without a gap and none
overlap: a record that was in the list all the time, and whose day did not change, is in exactly one of them. One whose
day changed meanwhile was updated, so the same list narrowed to what was updated since the horizon, asked for after the
last window, has it. Both together have every record that was in the list all the time, if each has a day: one without
is in no window, so a list that may have such records, seen or not, cannot be read like this. The days of the first read
are a good guess at how many windows that takes; a window that is larger after all is split.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


#: The first and the last day, both included; None where there is no end.
Window = tuple[date | None, date | None]

_ONE_DAY = timedelta(days=1)
#: How much of a page a window should fill, in per cent, so that it is still one page when records were added.
_FILLED = 80
#: How far into an endless span, of which nothing is known, the next split goes.
_YEAR = timedelta(days=365)


def windows(days: Mapping[date | None, int], span: Window, *, largest: int) -> list[Window] | None:
    """Windows that cover `span`, in order, each of which should hold at most `largest` records with room to spare.

    `days` has the records that were seen for each day. None where one day alone has more than `largest`, and where a
    record has no day, for then it is in no window.
    """
    if days.get(None):
        return None
    within = _within(days, span)
    if any(count > largest for _, count in within):
        return None
    starts = list(_starts(within, largest * _FILLED // 100))
    lows = [span[0], *starts]
    highs = [*(start - _ONE_DAY for start in starts), span[1]]
    return list(zip(lows, highs, strict=True))


def _within(days: Mapping[date | None, int], span: Window) -> list[tuple[date, int]]:
    """The days within a span that have records, in order, and how many."""
    low, high = span
    found = ((day, count) for day, count in days.items() if day is not None)
    return sorted((day, count) for day, count in found if (low is None or low <= day) and (high is None or day <= high))


def _starts(days: list[tuple[date, int]], enough: int) -> Iterator[date]:
    """The days with which the second and every further window begins."""
    filled = 0
    for day, count in days:
        if filled and filled + count > enough:
            yield day
            filled = 0
        filled += count


def split(window: Window, days: Mapping[date | None, int]) -> tuple[Window, Window] | None:
    """Two windows in place of one that holds too many records; None where it is one day and cannot be split.

    They are halves by `days` where several days in it have records, else by the calendar. Where there is no end to it
    the days that are known are set apart from those that are not; None also where neither end nor any day is known.
    """
    low, high = window
    if low is not None and low == high:
        return None
    start = _middle(window, _within(days, window))
    end = None if start is None else _moved(start, -_ONE_DAY)
    return None if end is None else ((low, end), (start, high))


def _middle(window: Window, within: list[tuple[date, int]]) -> date | None:
    """The first day of the second half."""
    low, high = window
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
