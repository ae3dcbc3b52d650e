"""The context of a scan and the source of its pages: requests go out ahead of the consumer, pages come in order.

One request goes out first, and when a second batch is asked for `MaxConnections` are under way at any time: a query
that stops early costs one request, and one that reads on waits for latency divided by that number. Closing an iterator
cancels the requests under way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from harvest_duck.auth import BoundUser
from harvest_duck.http.request_log import RequestLog
from harvest_duck.protocol.request import page_of, refuse_repeat
from harvest_duck.protocol.response import served_at
from harvest_duck.runtime import loop
from harvest_duck.scanner.fetched_page import FetchedPage
from harvest_duck.scanner.progress import Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from harvest_duck.catalog.model import Table
    from harvest_duck.decoder.decoder import Decoder
    from harvest_duck.protocol.request import Request
    from harvest_duck.scanner.client import Client

#: Requests under way after the second batch where the consumer may not want it; a scan of 100 pages takes a round trip
#: longer with 2 than with 3.
_CAUTIOUS = 3
#: Pages asked for and not yet consumed, for two requests that may be in flight: some are decoded while others travel.
_AHEAD = 3


@dataclass(slots=True)
class ScanContext:
    """One scan of `table`, with at most `max_in_flight` requests under way at a time.

    `cautious` says that the consumer may ask for a second batch without wanting it.
    """

    client: Client
    table: Table
    max_in_flight: int
    request_log: RequestLog = field(default_factory=RequestLog)
    cautious: bool = False
    user: BoundUser = field(default_factory=BoundUser)
    progress: Progress = field(init=False)
    #: The number of the scan in its request log.
    number: int = field(init=False)
    in_flight: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Number the scan."""
        self.progress = Progress(self.table.name)
        self.number = self.request_log.next_scan()
        self.in_flight = asyncio.Semaphore(self.max_in_flight)

    def progress_row(self) -> dict[str, Any]:
        """Return the row of `PROGRESS` for this moment, and in `limit_s` how long the rate limit lets no request go."""
        earliest_s = partial(self.client.earliest_s, self.table.limit)
        row = self.progress.row(self.number, self.client.now(), earliest_s, max_in_flight=self.max_in_flight)
        return row | {"limit_s": earliest_s(1)}


class PageSource:
    """The pages of one table within a scan, read by one decoder."""

    def __init__(self, scan: ScanContext, decoder: Decoder) -> None:
        self.scan = scan
        self.decoder = decoder
        self._ahead = 1

    def consumed(self) -> None:
        """Note that the consumer asks for the batch after the one it got, so that more requests go out ahead."""
        cautious = self.scan.cautious and self._ahead == 1
        most = self.scan.max_in_flight
        self._ahead = min(_CAUTIOUS, most) if cautious else -(-_AHEAD * most // 2)

    async def fetch(self, request: Request) -> FetchedPage:
        """Return the page that answers a request; it has no rows where the answer means that there are none."""
        scan = self.scan
        entry = scan.request_log.add(request, scan.number)
        scan.progress.asks(scan.client.now())
        async with scan.in_flight:
            answer = await scan.client.get(entry, scan.user)
        received_at, received_s = datetime.now(UTC), asyncio.get_running_loop().time()
        if answer is None:
            fetched = FetchedPage(request, self.decoder.empty(), entry, None, received_at, received_s)
        else:
            page = await self.decoder.read(answer.body, request)
            entry.records = page.records
            fetched = FetchedPage(request, page, entry, served_at(answer.headers), received_at, received_s)
        entry.horizon = fetched.horizon
        scan.progress.came(fetched.page.records, fetched.took_s)
        return fetched

    async def pause(self, seconds: float) -> None:
        """Wait so many seconds before the next request; the progress tells it."""
        if seconds:
            with self.scan.progress.waits(self.scan.client.now() + seconds):
                await self.scan.client.sleep(seconds)

    async def ahead(self, requests: AsyncGenerator[Request]) -> AsyncGenerator[FetchedPage]:
        """Yield the pages of `requests` in their order, with as many requests ahead as `consumed` allows."""
        under_way: deque[asyncio.Task[FetchedPage]] = deque()
        more = True
        try:
            while True:
                while more and len(under_way) < self._ahead:
                    request = await anext(requests, None)
                    if request is None:
                        more = False
                    else:
                        under_way.append(asyncio.create_task(self.fetch(request)))
                if not under_way:
                    return
                fetched = await under_way[0]
                under_way.popleft()
                yield fetched
        finally:
            await loop.cancel_all(under_way)
            await requests.aclose()

    async def linked(
        self, first: FetchedPage, following: Callable[[FetchedPage], Request | None]
    ) -> AsyncGenerator[FetchedPage]:
        """Yield the pages after `first`, each asked for while the consumer works on the one before it.

        Raises `ProtocolError` where a link leads back to a page that came before.
        """
        came = {page_of(first.request)}
        pending = self._pending(following(first), came)
        try:
            while pending is not None:
                fetched = await pending
                pending = self._pending(following(fetched), came)
                yield fetched
        finally:
            await loop.cancel_all([] if pending is None else [pending])

    def _pending(self, request: Request | None, came: set[str]) -> asyncio.Task[FetchedPage] | None:
        if request is None:
            return None
        refuse_repeat(request, came)
        came.add(page_of(request))
        return asyncio.create_task(self.fetch(request))
