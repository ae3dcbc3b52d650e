"""The sync of one dated list, as a generator of asks: what changed, what is gone, and the proof that the ids are whole.

1. A list of at most three pages is read whole; what did not come is gone.
2. Read what was updated since the watermark less an overlap, because a change may be saved a little after its
   `updated_at`. From then on the copy has everything that was saved before the horizon of this answer.
3. Read again the periods whose turn it is, and the running timers, whose hours grow without an update.
4. Count the list: T. Then read what was updated since the last horizon less the overlap, the closing scan. If that
   brings no new id, and T is the number of rows that the copy held before, then the ids are those of Harvest at T's
   moment. Proof: the copy has what was saved before the horizon. What entered later and was there at T's moment comes
   with the closing scan, which brings no new id, so all that T counted are held. They are as many as the copy has.
5. If T can be explained by the ids that are new, count again. Else `deletion_search` finds where the list differs. A
   list that changes all the time would be searched again and again: after as many requests as it has pages that ends.
6. A row that did not come where the copy holds it is gone only if the next closing scan does not bring it either: if it
   had moved to another day, it would have been updated. Then count again.

The watermark is the horizon of the last scan of changes, all of whose rows are applied by then. Whoever stops at any
ask keeps the rows and the old watermark, and may begin again.

The proof does not see a row that is gone while another entered that was updated before the overlap: one that the user
was given the right to see, or that was saved much later than its time. Nor does it see that while another record was
made and deleted again between the scans before and after the total, a second or so. The next sync sees the latter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.mirror import deletion_search
from harvest_duck.mirror.asks import (
    Answer,
    Ask,
    Bury,
    ChangedRead,
    CountAll,
    CountDays,
    Counted,
    DaysRead,
    Held,
    HeldRows,
    ReadChanged,
    ReadDays,
    ReadRunning,
    asked,
)
from harvest_duck.mirror.deletion_search import Found, search
from harvest_duck.mirror.model import CheckDeletes
from harvest_duck.mirror.periods import HeldPeriod, Period, months, pack, rows_within
from harvest_duck.protocol.page import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import date, datetime

#: A list of so many pages is read whole: to ask what changed, to count and to ask again takes as many requests.
SMALL_PAGES = 3
#: A round in which rows are gone: the scan that tells so, then the total and the closing scan of the proof.
_PROVE_AGAIN = 3
#: How many searches may explain nothing before the whole list is read.
_SEARCHES = 2
_RESTLESS = "records came and went all the time that they were counted; the next sync may prove it"


@dataclass(frozen=True, slots=True)
class ListState:
    """What the copy holds when the sync begins: the rows of each day, None for those without one, and its watermark."""

    watermark: datetime
    by_day: Mapping[date | None, int]
    today: date


@dataclass(frozen=True, slots=True)
class ListOptions:
    """How to sync a list.

    `verify` are the periods to read again; with `whole` all are read. `running` asks for running timers. Rows that are
    gone leave `tombstones`. After `rounds` counts without a proof the run ends without one.
    """

    check: CheckDeletes = CheckDeletes.RECENT
    page_size: int = LARGEST_PAGE
    overlap: timedelta = timedelta(minutes=15)
    rounds: int = 6
    verify: tuple[Period, ...] = ()
    whole: bool = False
    running: bool = False
    tombstones: bool = True


@dataclass(frozen=True, slots=True)
class ListOutcome:
    """Everything that was saved before `watermark` is applied, and the ids were those of Harvest at `proven_at`.

    Where they are not proven it is None, and `note` says why. `read` are the periods that were read whole.
    """

    watermark: datetime
    proven_at: datetime | None
    note: str
    read: tuple[Period, ...]


def sync_list(start: ListState, options: ListOptions) -> Generator[Ask, Answer, ListOutcome]:
    """Return the outcome of the sync of one list; each ask is carried out before it goes on."""
    if _is_small(start, options):
        return (yield from _small_list(options))
    run = _Run(start, options)
    yield from run.changed()
    if options.running:
        yield from asked(ReadRunning(), ChangedRead)
    yield from run.verify()
    if options.check is CheckDeletes.NONE:
        yield from run.settle()
        return run.outcome(None, "deleted records were not looked for")
    if options.check is CheckDeletes.ALL:
        yield from run.count_months()
    for _ in range(options.rounds):
        proven_at = yield from run.round()
        if proven_at or run.note:
            return run.outcome(proven_at, run.note)
    return run.outcome(None, _RESTLESS)


def requests_if_unchanged(start: ListState, options: ListOptions) -> int:
    """Return the number of requests that the sync of a list sends if nothing changed."""
    if _is_small(start, options):
        return _pages(start.by_day, options)
    again = sum(part.pages(options.page_size) for part in _again(start.by_day, options))
    counted = options.check is not CheckDeletes.NONE
    by_month = len(months(start.by_day)) if options.check is CheckDeletes.ALL else 0
    return 1 + options.running + again + 2 * counted + by_month


def most_requests(start: ListState, options: ListOptions, deleted: int | None = None) -> int:
    """Return the most requests that the sync of a list sends if so many rows are gone and nothing else changed.

    None is any number. Where rows have no day, the whole list may have to be read once.
    """
    least = requests_if_unchanged(start, options)
    if deleted == 0 or _is_small(start, options):
        return least
    if options.check is CheckDeletes.NONE:
        return least + bool(options.verify or options.whole)
    most = least + _PROVE_AGAIN + _most_searched(start, options, deleted)
    if start.by_day.get(None):
        # Two more searches explain nothing, then the whole list is read, and counted after each.
        cut = pack(start.by_day, options.page_size)
        again = deletion_search.most_requests(cut, deleted, today=start.today, page_size=options.page_size)
        most += _SEARCHES * (again + 2) + _pages(start.by_day, options) + _PROVE_AGAIN
    return most


def unseen(start: ListState, options: ListOptions) -> str:
    """Return the case that the proof of a list does not see, in words; empty where there is none."""
    if _is_small(start, options):
        return ""
    if options.check is CheckDeletes.NONE:
        return "any row that is gone"
    if options.whole:
        return "a row that is gone while another was made and deleted within seconds"
    minutes = options.overlap // timedelta(minutes=1)
    month = " to the same month" if options.check is CheckDeletes.ALL else ""
    return f"a row that is gone while another entered{month} that was not updated in the last {minutes} minutes"


def _most_searched(start: ListState, options: ListOptions, deleted: int | None) -> int:
    cut = partial(pack, start.by_day, options.page_size)
    most = partial(deletion_search.most_requests, today=start.today, page_size=options.page_size)
    if options.check is CheckDeletes.ALL:
        by_month = sorted((most(cut(month.period), None) for month in months(start.by_day)), reverse=True)
        return sum(by_month[:deleted])
    return most(cut(), deleted)


def _pages(by_day: Mapping[date | None, int], options: ListOptions) -> int:
    """Return the number of requests that read the whole list."""
    return HeldPeriod(Period(), sum(by_day.values())).pages(options.page_size)


def _is_small(start: ListState, options: ListOptions) -> bool:
    return sum(start.by_day.values()) <= SMALL_PAGES * options.page_size


def _small_list(options: ListOptions) -> Generator[Ask, Answer, ListOutcome]:
    """Read a list whole. The scan proves that what was in the list all the time came, so the rest is gone."""
    answer = yield from asked(ReadDays(Period()), DaysRead)
    if answer.missing:
        yield Bury(answer.missing, options.tombstones)
    return ListOutcome(answer.horizon, answer.horizon, "", (Period(),))


def _again(by_day: Mapping[date | None, int], options: ListOptions) -> list[HeldPeriod]:
    """Return the periods that are read in any case, the newest first."""
    if not options.whole:
        return [HeldPeriod(period, rows_within(by_day, period)) for period in options.verify]
    # A row without a day is in no period but the whole list.
    return [HeldPeriod(Period(), sum(by_day.values()))] if by_day.get(None) else pack(by_day, options.page_size)[::-1]


class _Run:
    """One sync: how far the changes are known, and which rows may be gone."""

    def __init__(self, start: ListState, options: ListOptions) -> None:
        #: Why the run ends without a proof.
        self.note = ""
        self._today = start.today
        self._options = options
        self._watermark = start.watermark
        self._found = Found()
        # How many searches explained nothing while nothing new came, and whether the whole list was read for that.
        self._fruitless = 0
        self._read_all = False
        # The requests of all searches.
        self._searched = 0

    def outcome(self, proven_at: datetime | None, note: str) -> ListOutcome:
        """Return the outcome of the run."""
        return ListOutcome(self._watermark, proven_at, note, tuple(dict.fromkeys(self._found.read)))

    def changed(self) -> Generator[Ask, Answer, ChangedRead]:
        """Read what changed since the last scan of changes, and move the watermark to this one."""
        answer = yield from asked(ReadChanged(self._watermark - self._options.overlap), ChangedRead)
        self._watermark = answer.horizon
        self._found.missing -= answer.ids
        return answer

    def verify(self) -> Generator[Ask, Answer, None]:
        """Read the periods that are read in any case."""
        held = yield from asked(Held(), HeldRows)
        for part in _again(held.by_day, self._options):
            yield from self._read(part.period)

    def count_months(self) -> Generator[Ask, Answer, None]:
        """Count every month, and search those that differ."""
        held = yield from asked(Held(), HeldRows)
        for month in reversed(months(held.by_day)):
            counted = yield from asked(CountDays(month.period), Counted)
            if counted.total != month.rows:
                yield from self._look(held.by_day, month.period, counted.total - month.rows)

    def settle(self) -> Generator[Ask, Answer, frozenset[int]]:
        """Remove the rows that are missing and did not move, and return their ids."""
        if not self._found.missing:
            return frozenset()
        yield from self.changed()
        return (yield from self._bury())

    def round(self) -> Generator[Ask, Answer, datetime | None]:
        """Return the moment at which the ids were those of Harvest, None where that is not proven yet."""
        held = yield from asked(Held(), HeldRows)
        counted = yield from asked(CountAll(), Counted)
        changed = yield from self.changed()
        gone = yield from self._bury()
        if counted.total == held.total and not changed.new and not gone:
            return counted.horizon
        if changed.new:
            self._fruitless = 0
        if not held.total - len(gone) <= counted.total <= held.total + len(changed.new):
            yield from self._explain(counted.total)
        return None

    def _explain(self, total: int) -> Generator[Ask, Answer, None]:
        """Find what makes the total another than that of the copy, and remove what is gone.

        What two searches do not explain may be rows without a day: they are in no period.
        """
        held = yield from asked(Held(), HeldRows)
        difference, known = total - held.total, len(self._found.new)
        if not self._fruitless and self._searched > _pages(held.by_day, self._options):
            self.note = _RESTLESS
            return
        if self._fruitless < _SEARCHES:
            yield from self._look(held.by_day, Period(), difference)
        elif not self._read_all:
            self._read_all = True
            yield from self._read(Period())
        else:
            self.note = f"Harvest counts {total} records and lists {held.total}"
            return
        gone = yield from self.settle()
        self._fruitless = 0 if gone or len(self._found.new) > known else self._fruitless + 1

    def _look(self, by_day: Mapping[date | None, int], within: Period, difference: int) -> Generator[Ask, Answer, None]:
        parts = pack(by_day, self._options.page_size, within)
        self._searched += yield from search(
            parts, difference, self._found, today=self._today, page_size=self._options.page_size
        )

    def _read(self, period: Period) -> Generator[Ask, Answer, None]:
        answer = yield from asked(ReadDays(period), DaysRead)
        self._found.add(period, answer)

    def _bury(self) -> Generator[Ask, Answer, frozenset[int]]:
        """Remove the rows that were missing and did not come with the last scan of changes, and return their ids."""
        gone = frozenset(self._found.missing)
        self._found.missing.clear()
        if gone:
            yield Bury(gone, self._options.tombstones)
        return gone
