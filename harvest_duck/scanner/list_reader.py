"""The reader of Harvest's lists: it delivers each record that was in a list all the time, and delivers it once.

`completeness` decides whether it did, and what to ask again where it did not: the list itself, in larger pages, or
ranges of its days that each fit into one answer.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Match, Paging
from harvest_duck.decoder.day_counts import calendar
from harvest_duck.errors import ProtocolError
from harvest_duck.planner.splits import changed_since
from harvest_duck.protocol.page import LARGEST_PAGE, page_size, with_page_size
from harvest_duck.protocol.request import next_request, numbered, with_params
from harvest_duck.pushdown.arrow_filter import matching
from harvest_duck.scanner.completeness import Repair, ServerClock, Tally, pause_s, repair
from harvest_duck.scanner.day_ranges import day_ranges, outside, shown, split
from harvest_duck.scanner.delivered_ids import DeliveredIds
from harvest_duck.scanner.fetched_page import discovered
from harvest_duck.scanner.incomplete import incomplete

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime

    from harvest_duck.catalog.model import Table
    from harvest_duck.protocol.request import Request
    from harvest_duck.scanner.day_ranges import DayRange
    from harvest_duck.scanner.fetched_page import FetchedPage, FetchedPages
    from harvest_duck.scanner.page_source import PageSource


@dataclass(slots=True)
class _Read:
    """One reading of a list: its first page, the tally of its records, and how many of them are on each day."""

    first: FetchedPage
    tally: Tally
    days: Counter[int | None]


class ListReader:
    """Reads the lists of one scan of `table`; a record that comes in a second list of one account is left out there."""

    def __init__(self, source: PageSource, table: Table) -> None:
        self._source = source
        self._table = table
        self._delivered: dict[int | None, DeliveredIds] = {}
        self._since: dict[int | None, datetime] = {}
        self._clock = ServerClock()
        self._params = {param.match: param.name for param in table.params}
        self._believes = source.scan.client.believes_totals

    async def read(self, first: FetchedPage) -> FetchedPages:
        """Yield all pages of the list that `first` begins; those that were asked for again have only what is new.

        Raises `ProtocolError` where the list changes so much that it is never known to be complete.
        """
        first = discovered(first)
        if first.request.paging is Paging.NONE:
            yield first
        elif self._table.parent is not None:
            # The children of one parent are not among those of another.
            yield self._read(first, DeliveredIds())
        else:
            yield self._read(first, self._delivered.setdefault(first.request.account_id, DeliveredIds()))

    async def catch_up(self, whole: Request) -> FetchedPages:
        """Yield what is new among the records of the list `whole` that changed since its first part was read."""
        since = self._since.get(whole.account_id)
        if since is not None:
            yield self._changed(whole, since, self._delivered[whole.account_id])

    async def _read(self, first: FetchedPage, delivered: DeliveredIds, *, whole: bool = True) -> FetchedPages:
        """Yield the pages of one list; only a `whole` one is cut into days, since another catch-up would follow."""
        days = Counter[int | None]()
        tallies: list[Tally] = []
        dated = whole and self._believes and Match.SINCE in self._params and self._table.day is not None
        reading, waited_s = first, 0.0
        while True:
            before = tallies[-1] if tallies else None
            read = self._begun(reading, days, delivered, before=before, settled=waited_s > 0)
            tallies.append(read.tally)
            yield self._once(read)
            if self._complete(read):
                return
            ranges = self._day_ranges(first.request, days) if dated else None
            what = _repair(tallies, dated=ranges is not None)
            if what is None:
                raise incomplete(first.request.where, tallies)
            if what is Repair.DAYS and ranges is not None:
                yield self._by_days(first.request, ranges, read, tallies[0])
                return
            waited_s = pause_s(tallies, largest=LARGEST_PAGE)
            await self._source.pause(waited_s)
            reading = await self._source.fetch(_largest(first.request))

    def _begun(
        self,
        first: FetchedPage,
        days: Counter[int | None],
        delivered: DeliveredIds,
        *,
        before: Tally | None = None,
        settled: bool = False,
    ) -> _Read:
        self._source.scan.progress.begins((first.page.total_pages or 1) - first.request.page)
        self._since.setdefault(first.request.account_id, first.horizon)
        tally = Tally(first.page.total_entries, first.horizon, delivered, before=before, settled=settled)
        return _Read(first, tally, days)

    def _complete(self, read: _Read) -> bool:
        """Return whether the list is known to be complete, or its pages were linked so that none can be missed.

        Two reads that bring the same records stand for the proof where the user takes them, and without a total.
        """
        tally = read.tally
        if tally.complete is None and read.first.request.paging is not Paging.PAGE:
            return True
        taken = tally.repeated and (tally.announced is None or not self._believes)
        return taken or tally.complete is True

    async def _once(self, read: _Read) -> AsyncGenerator[FetchedPage]:
        """Yield the pages of one reading, with what no earlier one delivered: numbered pages several at a time."""
        last = read.first
        yield self._admitted(last, read)
        if last.request.paging is Paging.PAGE and (total := last.page.total_pages or 1) > 1:
            async with aclosing(self._source.ahead(_numbered(last.request, total))) as pages:
                async for last in pages:
                    yield self._admitted(last, read)
                    if last.page.next_link is None and not last.page.records:
                        return
        async with aclosing(self._source.linked(last, _following)) as pages:
            async for fetched in pages:
                yield self._admitted(fetched, read)

    def _admitted(self, fetched: FetchedPage, read: _Read) -> FetchedPage:
        """Return the page without the rows of records that were delivered before."""
        page = fetched.page
        for clock in (read.tally.clock, self._clock):
            clock.observe(fetched.served_at, received_s=fetched.received_s, took_s=fetched.took_s)
        full = page.records >= page_size(fetched.request)
        mask = read.tally.admit(page.records, page.ids, page.updated_at, page.total_entries, full=full)
        if page.days is not None:
            read.days.update(page.days)
        if mask is None:
            return fetched
        rows = mask if page.owners is None else mask.take(page.owners)
        return replace(fetched, page=replace(page, batch=matching(page.batch, rows)))

    def _day_ranges(self, request: Request, days: Counter[int | None]) -> list[DayRange] | None:
        sent = dict(request.params)
        ends = [sent.get(self._params[match]) for match in (Match.FROM, Match.TO)]
        low, high = (date.fromisoformat(text) if text else None for text in ends)
        return day_ranges(calendar(days), (low, high), largest=LARGEST_PAGE)

    async def _by_days(self, request: Request, ranges: list[DayRange], read: _Read, tally: Tally) -> FetchedPages:
        """Yield what is new in ranges of the days of a list, each one answer, and among what changed since it began."""
        waiting = deque(ranges)
        while waiting:
            days = waiting.popleft()
            fetched = await self._source.fetch(self._within(request, days))
            _refuse_outside(fetched, days)
            parts = None if _following(fetched) is None else split(days, calendar(read.days))
            if parts is not None:
                waiting.extendleft(reversed(parts))
            elif _following(fetched) is not None:
                raise incomplete(fetched.request.where, [tally])
            else:
                read.days.update(fetched.page.days or {})
                yield self._read(fetched, tally.delivered_ids, whole=False)
        yield self._changed(request, tally.horizon, tally.delivered_ids)

    async def _changed(self, request: Request, since: datetime, delivered: DeliveredIds) -> FetchedPages:
        """Yield what is new among the records of a list that changed since a moment."""
        if not self._clock.steady:
            raise ProtocolError(
                f"{request.where}: the clock of the server jumped, so it cannot be asked what changed meanwhile; "
                "run the query again"
            )
        first = await self._source.fetch(changed_since(self._table, _largest(request), since))
        yield self._read(first, delivered, whole=False)

    def _within(self, request: Request, days: DayRange) -> Request:
        names = (self._params[Match.FROM], self._params[Match.TO])
        texts = {name: None if day is None else day.isoformat() for name, day in zip(names, days, strict=True)}
        return with_params(_largest(request), texts)


def _refuse_outside(fetched: FetchedPage, days: DayRange) -> None:
    """Raise `ProtocolError` if an answer for a range of days has records of others: ranges would never become small."""
    other = outside(calendar(fetched.page.days or {}), days)
    if other is not None:
        raise ProtocolError(
            f"{fetched.request.where}: records {shown(days)} were asked for, and one of {other} came: the server "
            "ignores from or to, so a list that changes cannot be read in parts; check BaseURL, or try again later"
        )


def _repair(tallies: list[Tally], *, dated: bool) -> Repair | None:
    last = tallies[-1]
    return repair(
        announced=last.announced or 0,
        largest=LARGEST_PAGE,
        reads=len(tallies),
        dated=dated,
        identified=last.identified,
    )


def _largest(request: Request) -> Request:
    """Return the request that begins the list of `request` anew, in pages of the largest size."""
    return with_page_size(replace(request, page=1, link=None), LARGEST_PAGE)


async def _numbered(first: Request, total: int) -> AsyncGenerator[Request]:
    for page in range(2, total + 1):
        yield numbered(first, page)


def _following(last: FetchedPage) -> Request | None:
    """Return the request for the page after `last`: its link, else the number that it names; None at the end."""
    page = last.page
    if page.next_link is not None:
        return next_request(last.request, page.next_link)
    if page.next_page is None and not page.linked and page.total_entries is None:
        if page.records >= page_size(last.request):
            raise ProtocolError(
                f"{last.request.where}: a full page does not say whether another one follows; try again"
            )
        return None
    if page.next_page is None or (page.linked and page.next_page <= last.request.page):
        return None
    if page.next_page <= last.request.page:
        raise ProtocolError(f"{last.request.where}: next_page is {page.next_page}; the list would never end")
    return numbered(last.request, page.next_page)
