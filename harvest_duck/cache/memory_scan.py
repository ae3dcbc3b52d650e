"""A scan that is answered from the memory of this process as far as that goes, and of Harvest for the rest.

What no piece holds is fetched as a scan without a cache would fetch it, passed on as it comes, and held once it was
read to its end. Pieces of different moments could hold a record twice that moved, or not at all. So before they answer
together, one request asks what changed since the oldest of them, and they become pieces of one state. That is for
lists of days; children stay with their parents, and every other list is one piece.

No list tells that a record was deleted, so one may be found for as long as the tolerance says.
"""

from __future__ import annotations

from contextlib import aclosing, closing, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.auth import BoundUser
from harvest_duck.cache.course import Part, apart, course_of, since, steady
from harvest_duck.cache.coverage import ANYWHERE
from harvest_duck.cache.delivery import Delivery, Rows
from harvest_duck.cache.expected import Expected
from harvest_duck.cache.fetch import Fetch, Watched
from harvest_duck.cache.memory import Counted, HeldTable, Piece, memory, new_state
from harvest_duck.cache.moment import now
from harvest_duck.cache.piece_rows import brought_up
from harvest_duck.cache.region_scan import account_of, can_be_held, changes, fetched, region_request, wanted
from harvest_duck.http.request_log import MEMORY
from harvest_duck.runtime.blocking_reader import pulled
from harvest_duck.scanner import scan as live
from harvest_duck.scanner.client_pool import client_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence

    import pyarrow as pa

    from harvest_duck.cache.course import Course
    from harvest_duck.cache.coverage import Region
    from harvest_duck.cache.moment import Moment
    from harvest_duck.http.request_log import RequestLog
    from harvest_duck.runtime.blocking_reader import Readers
    from harvest_duck.scanner.progress import RunningScans
    from harvest_duck.scanner.scan_request import ScanRequest


def batches(
    request: ScanRequest,
    request_log: RequestLog,
    running: RunningScans,
    readers: Readers,
    *,
    cautious: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[pa.RecordBatch]:
    """Return the batches of a scan, as `scanner.scan.batches` does, from memory where that is fresh enough."""
    if not can_be_held(request):
        return live.batches(request, request_log, running, readers, cautious=cautious, meanwhile=meanwhile)
    answering = _Answering(request, request_log, running, cautious=cautious)
    return _delivered(Delivery(request, request_log), pulled(answering.rows, readers, meanwhile))


def expected(request: ScanRequest) -> Expected | ScanRequest:
    """Return what memory would answer a scan, or the scan that Harvest would be asked for first; nothing is sent."""
    if not can_be_held(request):
        return request
    at, held = now(), memory().look(request.settings.identity, request.table.name)
    course = course_of(request, held, _tolerance_s(request), at)
    if course.counts and course.counted is None:
        return request
    if course.fetch is not None:
        return replace(region_request(request, course.fetch), filter=request.filter, names=request.names)
    began = [part.piece.began for part in course.parts] if course.counted is None else [course.counted.began]
    account = account_of(request)
    asked = 0 if not apart(request, course.parts) else None if account is None else 1
    return Expected(MEMORY, "", account, max(each.age_s(at) for each in began), asked)


def _delivered(delivery: Delivery, found: Generator[Rows, None, None]) -> Iterator[pa.RecordBatch]:
    try:
        with closing(found):
            for rows in found:
                yield from delivery.batches(rows)
                if delivery.full:
                    return
    finally:
        delivery.tell(now())


def _tolerance_s(request: ScanRequest) -> float:
    cache = request.settings.cache
    return 0.0 if cache is None else cache.tolerance_s


class _Answering:
    """The answer to one scan, on the event loop."""

    def __init__(self, request: ScanRequest, log: RequestLog, running: RunningScans, *, cautious: bool) -> None:
        self._request = request
        self._log, self._running, self._cautious = log, running, cautious
        self._tolerance_s = _tolerance_s(request)

    async def rows(self) -> AsyncGenerator[Rows]:
        """Yield the rows: those that are asked for first, so that a query that stops early takes what came."""
        await self._ask_who()
        table = memory().table(self._request.settings.identity, self._request.table.name)
        memory().wanted_for(table, self._tolerance_s)
        course = course_of(self._request, table, self._tolerance_s, now())
        if course.counted is not None:
            yield Rows(course.counted.batches, began=course.counted.began, counted=True)
            return
        found = self._count(table) if course.counts else self._together(table, course)
        async with aclosing(found):
            async for rows in found:
                yield rows

    async def _ask_who(self) -> None:
        """Forget the rows of somebody else who was signed in before; raise as a scan does if nobody is."""
        settings = self._request.settings
        if settings.stores_tokens:
            user = BoundUser()
            async with client_for(settings) as client:
                await client.bind(user)
            memory().belongs_to(settings.identity, user.person)

    async def _count(self, table: HeldTable) -> AsyncGenerator[Rows]:
        predicate = self._request.filter.predicate
        request = replace(self._request, settings=replace(self._request.settings, max_rows=None))

        def done(fetch: Fetch[Piece]) -> None:
            table.keep_count(predicate, Counted(tuple(fetch.batches), fetch.began))

        fetch, joined = self._fetch(table, ("count", predicate), request, done)
        async with aclosing(self._read(fetch, Rows((), began=joined, counted=True))) as found:
            async for rows in found:
                yield rows

    async def _together(self, table: HeldTable, course: Course) -> AsyncGenerator[Rows]:
        parts = course.parts
        if course.fetch is not None:
            along = course.fetch.along if parts else ANYWHERE
            fetch, joined = self._fetch_region(table, course.fetch)
            async with aclosing(self._read(fetch, Rows((), along, joined, may_come_again=bool(parts)))) as found:
                async for rows in found:
                    yield rows
            if parts and fetch.piece is not None and self._request.table.day is not None:
                parts = (*parts, Part(fetch.piece, along))
        if apart(self._request, parts):
            brought_up = await self._brought_up(table, parts)
            if brought_up is None:
                async with aclosing(self._anew(table)) as found:
                    async for rows in found:
                        yield rows
                return
            parts = brought_up
        for piece, along in parts:
            yield Rows(piece.batches, along, piece.began, may_have_come=course.fetch is not None)

    async def _anew(self, table: HeldTable) -> AsyncGenerator[Rows]:
        """Yield all rows, asked of Harvest, but for records that were delivered."""
        fetch, joined = self._fetch_region(table, fetched(self._request, wanted(self._request)))
        async with aclosing(self._read(fetch, Rows((), ANYWHERE, joined, may_have_come=True))) as found:
            async for rows in found:
                yield rows

    async def _read(self, fetch: Fetch[Piece], rows: Rows) -> AsyncGenerator[Rows]:
        """Yield the batches of a fetch as rows of a kind, and tell the progress, also of what another scan began."""
        told = nullcontext() if rows.began is None else self._running.running(self._log.next_scan(), fetch.progress)
        with told:
            async with aclosing(fetch.read()) as found:
                async for batch in found:
                    yield replace(rows, batches=(batch,))

    async def _brought_up(self, table: HeldTable, parts: Sequence[Part]) -> tuple[Part, ...] | None:
        """Return parts of one state, after a request for all that changed since the oldest of them.

        Return None where Harvest's clock went back meanwhile, so that it cannot tell what changed.
        """
        olds = [part.piece for part in parts]
        region = changes(self._request, since(olds))
        # Who joins needs what changed until now, so of the same pieces.
        what = ("changes", region, sorted(piece.state for piece in olds))
        fetch, _ = self._fetch(table, what, region_request(self._request, region))
        async with aclosing(fetch.read()) as found:
            changed = [batch async for batch in found]
        state, horizon = new_state(), fetch.horizon or min(piece.horizon for piece in olds)
        if not steady(horizon, olds):
            return None
        news = [brought_up(piece, changed, self._request.table, horizon, state) for piece in olds]
        table.replace(olds, news)
        return tuple(Part(piece, part.along) for piece, part in zip(news, parts, strict=True))

    def _fetch_region(self, table: HeldTable, region: Region) -> tuple[Fetch[Piece], Moment | None]:
        def done(fetch: Fetch[Piece]) -> None:
            if fetch.horizon is not None:
                fetch.piece = Piece(region, tuple(fetch.batches), fetch.began, fetch.horizon)
                table.keep(fetch.piece)

        return self._fetch(table, ("rows", region), region_request(self._request, region), done)

    def _fetch(
        self,
        table: HeldTable,
        what: object,
        request: ScanRequest,
        done: Callable[[Fetch[Piece]], None] = lambda _: None,
    ) -> tuple[Fetch[Piece], Moment | None]:
        """Return the fetch of something, and when it began, where another scan began it."""
        at = now()
        for fetch in table.fetches:
            if fetch.what == what and fetch.began.age_s(at) < self._tolerance_s:
                return fetch, fetch.began
        watched = Watched(self._log, self._running)
        source = partial(live.scanned, request, watched, watched.running_scans, cautious=self._cautious)
        fetch = Fetch(what, source(), watched, at, done=done, over=table.fetches.remove)
        table.fetches.append(fetch)
        return fetch, None
