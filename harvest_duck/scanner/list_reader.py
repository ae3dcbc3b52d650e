"""One list of Harvest's, read to its end: each record that was in it all the time is delivered, and once.

`completeness` says whether that is so, and what to ask again where it is not: the list itself, in larger pages, or
windows of its days that each fit into one answer.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Match, Paging
from harvest_duck.decoder.day_counts import calendar
from harvest_duck.errors import ProtocolError
from harvest_duck.planner import LARGEST_PAGE, cost
from harvest_duck.protocol.request import next_request, numbered, with_params
from harvest_duck.pushdown.arrow_filter import matching
from harvest_duck.scanner.completeness import Repair, ServerClock, Tally, horizon, incomplete, repair
from harvest_duck.scanner.day_ranges import split, windows
from harvest_duck.scanner.delivered_ids import Seen

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from harvest_duck.catalog.model import Table
    from harvest_duck.protocol.request import Request
    from harvest_duck.scanner.day_ranges import Window
    from harvest_duck.scanner.page_source import Fetched, Pages


@dataclass(slots=True)
class _Read:
    """One reading of a list: its first page, what has come of it, and on which days its records are."""

    first: Fetched
    tally: Tally
    days: Counter[int | None]


class Lists:
    """The lists of one scan of `table`; a record that comes in a second list of one account is left out there."""

    def __init__(self, pages: Pages, table: Table) -> None:
        self._pages = pages
        self._table = table
        self._seen: dict[int | None, Seen] = {}
        self._since: dict[int | None, datetime] = {}
        self._clock = ServerClock()
        self._narrows = {param.match: param.name for param in table.params}

    async def read(self, first: Fetched) -> AsyncGenerator[Fetched]:
        """All pages of the list that `first` begins; those that were asked for again have only what is new.

        Raises `ProtocolError` where the list changes so much that it cannot be told to be complete.
        """
        if first.request.paging is Paging.NONE:
            yield first
            return
        # The children of one parent are not among those of another.
        alone = self._table.parent is not None
        seen = Seen() if alone else self._seen.setdefault(first.request.account_id, Seen())
        async with aclosing(self._read(first, seen)) as found:
            async for fetched in found:
                yield fetched

    async def sweep(self, whole: Request) -> AsyncGenerator[Fetched]:
        """What is new among the records of the list `whole` that changed since the first of its parts was read."""
        since = self._since.get(whole.account_id)
        if since is not None:
            async with aclosing(self._swept(whole, since, self._seen[whole.account_id])) as found:
                async for fetched in found:
                    yield fetched

    async def _read(self, first: Fetched, seen: Seen, *, swept: bool = False) -> AsyncGenerator[Fetched]:
        """The same for one list; what was `swept` is not cut into windows, after which it would be swept again."""
        days = Counter[int | None]()
        tallies: list[Tally] = []
        dated = not swept and Match.SINCE in self._narrows and self._table.day is not None
        reading = first
        while True:
            read = self._begun(reading, days, seen)
            tallies.append(read.tally)
            async with aclosing(self._once(read)) as found:
                async for fetched in found:
                    yield fetched
            if _complete(read):
                return
            what = _repair(tallies, dated=dated)
            if what is Repair.WINDOWS and (cut := self._windows(first.request, days)) is not None:
                async with aclosing(self._in_windows(first, cut, read, tallies[0])) as found:
                    async for fetched in found:
                        yield fetched
                return
            if what is Repair.WINDOWS:
                dated = False
                what = _repair(tallies, dated=dated)
            if what is None:
                raise incomplete(first.request.where, tallies)
            again = with_params(_beginning(first.request), {"per_page": str(LARGEST_PAGE)})
            reading = await self._pages.fetch(again)

    def _begun(self, first: Fetched, days: Counter[int | None], seen: Seen) -> _Read:
        self._pages.progress.begins((first.page.total_pages or 1) - first.request.page)
        moment = horizon(first.served_at, took_s=first.took_s, received=datetime.now(UTC))
        self._since.setdefault(first.request.account_id, moment)
        return _Read(first, Tally(first.page.total_entries, moment, seen), days)

    async def _once(self, read: _Read) -> AsyncGenerator[Fetched]:
        """The pages of one reading, with what no earlier one has delivered."""
        yield self._admitted(read.first, read)
        async with aclosing(self._rest(read.first)) as pages:
            async for fetched in pages:
                yield self._admitted(fetched, read)

    def _admitted(self, fetched: Fetched, read: _Read) -> Fetched:
        page = fetched.page
        for clock in (read.tally.clock, self._clock):
            clock.tells(fetched.served_at, received_s=fetched.received_s, took_s=fetched.took_s)
        mask = read.tally.admit(page.records, page.ids, page.updated_at, page.total_entries)
        if page.days is not None:
            read.days.update(page.days)
        if mask is None:
            return fetched
        rows = mask if page.owners is None else mask.take(page.owners)
        return replace(fetched, kept=self._pages.keep(matching(page.batch, rows)))

    async def _rest(self, first: Fetched) -> AsyncGenerator[Fetched]:
        """The pages of a list after its first: numbered ones several at a time, others link by link."""
        last = first
        if first.request.paging is Paging.PAGE and (total := first.page.total_pages or 1) > 1:
            async with aclosing(self._pages.ahead(_numbered(first.request, total))) as pages:
                async for last in pages:
                    yield last
                    if last.page.next_link is None and not last.page.records:
                        return
        async with aclosing(self._pages.linked(last, _following)) as pages:
            async for page in pages:
                yield page

    def _windows(self, request: Request, days: Counter[int | None]) -> list[Window] | None:
        sent = dict(request.params)
        ends = [sent.get(self._narrows[match]) for match in (Match.FROM, Match.TO)]
        low, high = (date.fromisoformat(text) if text else None for text in ends)
        return windows(calendar(days), (low, high), largest=LARGEST_PAGE)

    async def _in_windows(
        self, first: Fetched, cut: list[Window], read: _Read, tally: Tally
    ) -> AsyncGenerator[Fetched]:
        """What is new in windows of the days of a list, each one answer, and among what changed since it was begun."""
        waiting = deque(cut)
        while waiting:
            window = waiting.popleft()
            fetched = await self._pages.fetch(self._windowed(first.request, window))
            parts = None if _following(fetched) is None else split(window, calendar(read.days))
            if parts is not None:
                waiting.extendleft(reversed(parts))
            elif _following(fetched) is not None:
                raise incomplete(fetched.request.where, [tally])
            else:
                alone = self._begun(fetched, read.days, tally.seen)
                yield self._admitted(fetched, alone)
                if not _complete(alone):
                    raise incomplete(fetched.request.where, [alone.tally])
        async with aclosing(self._swept(first.request, tally.horizon, tally.seen)) as found:
            async for fetched in found:
                yield fetched

    async def _swept(self, request: Request, since: datetime, seen: Seen) -> AsyncGenerator[Fetched]:
        if not self._clock.steady:
            raise ProtocolError(
                f"{request.where}: the clock of the server jumped, so it cannot be asked what changed meanwhile; "
                "run the query again"
            )
        changed = {self._narrows[Match.SINCE]: f"{since:%Y-%m-%dT%H:%M:%SZ}", "per_page": str(LARGEST_PAGE)}
        first = await self._pages.fetch(with_params(_beginning(request), changed))
        async with aclosing(self._read(first, seen, swept=True)) as found:
            async for fetched in found:
                yield fetched

    def _windowed(self, request: Request, window: Window) -> Request:
        names = (self._narrows[Match.FROM], self._narrows[Match.TO])
        texts = {name: None if day is None else day.isoformat() for name, day in zip(names, window, strict=True)}
        return with_params(_beginning(request), texts | {"per_page": str(LARGEST_PAGE)})


def _complete(read: _Read) -> bool:
    """Whether the list is known to be complete, or its pages were linked so that none can be missed."""
    if read.tally.complete is None and read.first.request.paging is Paging.PAGE:
        raise ProtocolError(
            f"{read.first.request.where}: total_entries is missing, so nothing tells whether all pages came; try again"
        )
    return read.tally.complete is not False


def _repair(tallies: list[Tally], *, dated: bool) -> Repair | None:
    last = tallies[-1]
    return repair(
        announced=last.announced or 0,
        largest=LARGEST_PAGE,
        reads=len(tallies),
        dated=dated,
        identified=last.identified,
    )


def _beginning(request: Request) -> Request:
    return replace(request, page=1, link=None)


async def _numbered(first: Request, total: int) -> AsyncGenerator[Request]:
    for page in range(2, total + 1):
        yield numbered(first, page)


def _following(last: Fetched) -> Request | None:
    """The request for the page after `last`: its link, else the number that it names; None at the end."""
    page = last.page
    if page.next_link is not None:
        return next_request(last.request, page.next_link)
    if page.next_page is None and not page.linked and page.total_entries is None:
        if page.records >= cost.page_size(last.request):
            raise ProtocolError(
                f"{last.request.where}: a full page does not say whether another one follows; try again"
            )
        return None
    if page.next_page is None or (page.linked and page.next_page <= last.request.page):
        return None
    if page.next_page <= last.request.page:
        raise ProtocolError(f"{last.request.where}: next_page is {page.next_page}; the list would never end")
    return numbered(last.request, page.next_page)
