"""Pages: fetched ahead of the consumer, decoded, in threads where that helps, and cut down to what the predicate keeps.

One request goes out first, and when a second batch is asked for `MaxConnections` are under way at any time: a query
which stops early costs one request, and one that reads on waits for latency divided by the window. Pages come in the
order of their requests. Closing an iterator cancels what is under way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harvest_duck.auth import BoundUser
from harvest_duck.errors import ProtocolError
from harvest_duck.http.request_log import Journal
from harvest_duck.protocol.request import page_of, refuse_repeat
from harvest_duck.protocol.response import served_at
from harvest_duck.runtime import loop
from harvest_duck.scanner.progress import Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection
    from datetime import datetime

    import pyarrow as pa

    from harvest_duck.decoder.decoder import Decoder, Page
    from harvest_duck.http.request_log import Sent
    from harvest_duck.protocol.request import Request
    from harvest_duck.pushdown.predicate import Value
    from harvest_duck.scanner.client import Client

#: Arrow's reader works without the GIL: two threads decode 1.8 pages in the time of one.
_DECODING = 2
#: Bytes of a body that is read before a thread would have begun to.
_SMALL = 32_000
#: Requests under way when a second batch is asked for by who may not want it; a scan of 100 pages takes a round trip
#: longer with 2 than with 3.
_CAUTIOUS = 3
#: Pages asked for and not yet consumed, for each request that may travel at once: while some are decoded others do.
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page and the request that it answers; `kept` are its rows that are wanted, `served_at` the server's time.

    `received_s` is when it came, in seconds by a clock of this machine that never jumps.
    """

    request: Request
    page: Page
    kept: pa.RecordBatch
    sent: Sent
    served_at: datetime | None
    received_s: float

    @property
    def took_s(self) -> float:
        """The seconds that the answer took, 0 where there was none to wait for."""
        return (self.sent.elapsed_ms or 0) / 1000


class Pages:
    """The pages of one scan; `keep` cuts a batch down to the rows and columns that are wanted.

    `cautious` says that a second batch may be asked for by who does not want it.
    """

    def __init__(
        self,
        client: Client,
        decoder: Decoder,
        *,
        window: int,
        keep: Callable[[pa.RecordBatch], pa.RecordBatch] = lambda batch: batch,
        user: BoundUser | None = None,
        journal: Journal | None = None,
        scan: int = 0,
        progress: Progress | None = None,
        cautious: bool = False,
    ) -> None:
        self.client = client
        self.decoder = decoder
        self.window = window
        self.keep = keep
        self.user = user or BoundUser()
        self.journal = journal or Journal()
        self.scan = scan
        self.cautious = cautious
        self.progress = progress or Progress(decoder.table.name)
        self._opened = 1
        self._travelling = asyncio.Semaphore(window)
        self._decoding = asyncio.Lock()

    def within(self, decoder: Decoder) -> Pages:
        """Pages of another table for the same scan, none of them cut down."""
        pages = Pages(
            self.client,
            decoder,
            window=self.window,
            user=self.user,
            journal=self.journal,
            scan=self.scan,
            progress=self.progress,
            cautious=self.cautious,
        )
        pages._travelling, pages._decoding = self._travelling, self._decoding
        return pages

    def consumed(self) -> None:
        """Note that a batch was consumed and the next one is asked for, which opens the window."""
        cautious = self.cautious and self._opened == 1
        self._opened = min(_CAUTIOUS, self.window) if cautious else _AHEAD * self.window

    async def fetch(self, request: Request) -> Fetched:
        """The page that answers a request; without rows where the answer means that there are none."""
        sent = self.journal.begin(request, self.scan)
        self.progress.asks(self.client.now())
        async with self._travelling:
            answer = await self.client.get(request, self.user, sent)
        received_s = asyncio.get_running_loop().time()
        if answer is None:
            self.progress.came(0, (sent.elapsed_ms or 0) / 1000)
            page = self.decoder.empty()
            return Fetched(request, page, self.keep(page.batch), sent, None, received_s)
        page, kept = await self._read(answer.body, request)
        sent.records = page.records
        self.progress.came(page.records, (sent.elapsed_ms or 0) / 1000)
        return Fetched(request, page, kept, sent, served_at(answer.headers), received_s)

    async def ahead(self, requests: AsyncGenerator[Request]) -> AsyncGenerator[Fetched]:
        """The pages of `requests` in their order, with as many under way as the window is open."""
        under_way: deque[asyncio.Task[Fetched]] = deque()
        more = True
        try:
            while True:
                while more and len(under_way) < self._opened:
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
            await _cancelled(under_way)
            await requests.aclose()

    async def linked(self, first: Fetched, following: Callable[[Fetched], Request | None]) -> AsyncGenerator[Fetched]:
        """The pages after `first`, each asked for while the consumer works on the one before it.

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
            await _cancelled([pending] if pending is not None else [])

    def _pending(self, request: Request | None, came: set[str]) -> asyncio.Task[Fetched] | None:
        if request is None:
            return None
        refuse_repeat(request, came)
        came.add(page_of(request))
        return asyncio.create_task(self.fetch(request))

    async def _read(self, body: bytes, request: Request) -> tuple[Page, pa.RecordBatch]:
        pool = loop.own("decoding", _decoding_pool)
        if not self.decoder.holds_gil and len(body) > _SMALL:
            return await loop.apart(lambda: self._kept(self.decoder.decode(body, **_answered(request)), request), pool)
        # One after the other, and what came meanwhile first: that the next requests go out matters more.
        async with self._decoding:
            await asyncio.sleep(0)
            page = self.decoder.quick(body, **_answered(request))
            if page is not None:
                return self._kept(page, request)
        return await loop.apart(lambda: self._kept(self.decoder.thorough(body, **_answered(request)), request), pool)

    def _kept(self, page: Page, request: Request) -> tuple[Page, pa.RecordBatch]:
        if request.single and page.ids is not None and page.ids.null_count:
            raise ProtocolError(f"{request.where}: the answer is no such record; check BaseURL")
        return page, self.keep(page.batch)


def _answered(request: Request) -> dict[str, Any]:
    """What a decoder has to know of the request that a body answers."""
    values: dict[str, Value | None] = dict(request.values) | {"account_id": request.account_id}
    return {"values": values, "where": request.where, "single": request.single}


async def _cancelled(tasks: Collection[asyncio.Task[Fetched]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _decoding_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_DECODING, thread_name_prefix="harvest-duck decoding")
