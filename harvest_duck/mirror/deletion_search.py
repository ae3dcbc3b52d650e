"""The search by counting for where a list of Harvest's has fewer or more rows than the copy.

Harvest says how many records a list has, also narrowed to a period, for one request. The whole list is cut into periods
of at most one page. Of a run of these whose difference is known, the newer part is counted, and the difference of the
older one follows. Where nothing differs nothing is read. Where about every second period may differ, the periods are
read one by one, the newest first, until what came explains the difference: an optimum computed for differences at
random days, which fifty deleted records of 200,000 are past. Deletions are recent more often than not, so the latest
days are counted first.

What is found is a hint: a record that moved to another day is missing in the period where the copy holds it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from harvest_duck.mirror.asks import Answer, Ask, CountDays, Counted, DaysRead, ReadDays, asked
from harvest_duck.mirror.periods import HeldPeriod, Period
from harvest_duck.protocol.page import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

#: The days that are counted first.
_RECENT = timedelta(days=60)
#: A difference is small if the list has so many pages for each row of it: then the search seldom comes to half of them.
_SMALL = 8
#: The part of all pages that the counts of a large difference may cost beyond reading everything.
_EXCESS = 12
#: Up to so many deletions the most requests are computed exactly.
_EXACT = 12


@dataclass(slots=True)
class Found:
    """What a search has read: the rows that did not come where the copy holds them, the new ones, and the periods."""

    missing: set[int] = field(default_factory=set)
    new: set[int] = field(default_factory=set)
    read: list[Period] = field(default_factory=list)

    def add(self, period: Period, answer: DaysRead) -> None:
        """Add what came for a period; a row that was missing before and came now has moved."""
        self.missing -= answer.ids
        self.missing |= answer.missing
        self.new |= answer.new
        self.read.append(period)


def search(
    parts: Sequence[HeldPeriod], difference: int, found: Found, *, today: date, page_size: int = LARGEST_PAGE
) -> Generator[Ask, Answer, int]:
    """Read those parts of a list that differ, add what came to `found`, and return the number of requests.

    `parts` are periods that follow each other, oldest first, with the rows that the copy holds in each; Harvest has
    `difference` rows more in them, or fewer where it is negative.
    """
    run = _Search(_Parts(parts, today=today, page_size=page_size), difference, found)
    yield from run.within(0, len(parts), difference)
    return run.sent


def most_requests(
    parts: Sequence[HeldPeriod], deleted: int | None, *, today: date, page_size: int = LARGEST_PAGE
) -> int:
    """Return the most requests of a search if so many rows are gone, None for any number, and nothing else changed."""
    run = _Parts(parts, today=today, page_size=page_size)
    if deleted is None or deleted > _EXACT or not run.small(deleted):
        return run.limit

    @cache
    def most(low: int, high: int, gone: int) -> int:
        if not gone or low == high:
            return 0
        if run.sparse(low, high, gone):
            middle = run.middle(low, high)
            return 1 + max(most(middle, high, each) + most(low, middle, gone - each) for each in range(gone + 1))
        last = high - 1
        held = min(gone, parts[last].rows)
        return run.cost(last, high) + max(most(low, last, gone - each) for each in range(held + 1))

    return most(0, len(parts), deleted)


class _Parts:
    """The parts of a list, what it costs to read a run of them, and where a run is cut."""

    def __init__(self, parts: Sequence[HeldPeriod], *, today: date, page_size: int) -> None:
        self.parts = parts
        self._rows = [0, *accumulate(part.rows for part in parts)]
        self._pages = [0, *accumulate(part.pages(page_size) for part in parts)]
        since = today - min(_RECENT, today - date.min)
        #: The first of the parts that end in the latest days.
        self._recent = sum(part.period.last is not None and part.period.last < since for part in parts)
        pages = self._pages[-1]
        #: The most requests of the search for a large difference.
        self.limit = pages + pages // _EXCESS + 1

    def rows(self, low: int, high: int) -> int:
        """Return the number of rows that the copy holds in a run of parts."""
        return self._rows[high] - self._rows[low]

    def cost(self, low: int, high: int) -> int:
        """Return the number of requests that read a run of parts."""
        return self._pages[high] - self._pages[low]

    def period(self, low: int, high: int) -> Period:
        """Return the period of a run of parts."""
        return Period(self.parts[low].period.first, self.parts[high - 1].period.last)

    def small(self, difference: int) -> bool:
        """Return whether a difference is small for the list."""
        return _SMALL * abs(difference) <= self._pages[-1]

    def sparse(self, low: int, high: int, difference: int) -> bool:
        """Return whether to count one half of a run rather than read its newest part."""
        return high - low > 1 and 2 * abs(difference) <= self.cost(low, high) - 2

    def middle(self, low: int, high: int) -> int:
        """Return where the newer part of a run begins: with the latest days if these are few, else with its half."""
        recent = self._recent
        if high == len(self.parts) and low < recent < high and 4 * self.cost(recent, high) < self.cost(low, high):
            return recent
        half = self._pages[low] + self.cost(low, high) / 2
        return min(max(bisect_left(self._pages, half), low + 1), high - 1)


class _Search:
    """One search: how much it has sent and has still to do."""

    def __init__(self, parts: _Parts, difference: int, found: Found) -> None:
        self._found = found
        self._parts = parts
        self._small = parts.small(difference)
        self.sent = 0
        # The requests that would read all that is not known to be equal.
        self._open = parts.cost(0, len(parts.parts))

    def within(self, low: int, high: int, difference: int) -> Generator[Ask, Answer, None]:
        """Find what differs in a run of parts."""
        while difference and low < high:
            if self._may_count(low, high, difference):
                middle = self._parts.middle(low, high)
                newer = yield from self._count(middle, high)
                yield from self.within(middle, high, newer)
                high, difference = middle, difference - newer
            else:
                high -= 1
                difference -= yield from self._read(high)
        self._open -= self._parts.cost(low, high)

    def _may_count(self, low: int, high: int, difference: int) -> bool:
        if self._small:
            return self._parts.sparse(low, high, difference)
        # Many deletions may lie close together, so halves are worth a try while everything can still be read.
        wide = high - low > 1 and _SMALL * self._parts.cost(low, high) > self._parts.cost(0, len(self._parts.parts))
        affordable = self.sent + self._open < self._parts.limit
        return affordable and (wide or self._parts.sparse(low, high, difference))

    def _count(self, low: int, high: int) -> Generator[Ask, Answer, int]:
        """Return how many rows more than the copy Harvest has in a run of parts."""
        counted = yield from asked(CountDays(self._parts.period(low, high)), Counted)
        self.sent += 1
        return counted.total - self._parts.rows(low, high)

    def _read(self, index: int) -> Generator[Ask, Answer, int]:
        """Return how many rows more than the copy Harvest has in one part, which is read."""
        part = self._parts.parts[index]
        answer = yield from asked(ReadDays(part.period), DaysRead)
        cost = self._parts.cost(index, index + 1)
        self.sent += cost
        self._open -= cost
        self._found.add(part.period, answer)
        return len(answer.ids) - part.rows
