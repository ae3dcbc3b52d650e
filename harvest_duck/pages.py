"""A plan as record batches: pages fetched ahead of the consumer, decoded, and cut down to what the predicate keeps.

One request goes out first. Each batch that is asked for opens the window further, so that a query which stops early
costs few requests and one that reads on has `MaxConnections` of them under way. Batches come in the order of Harvest's
lists. Closing the iterator cancels what is under way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harvest_duck import background
from harvest_duck.auth import Pin
from harvest_duck.decode import Decoder, Page
from harvest_duck.errors import ProtocolError
from harvest_duck.protocol import next_request, numbered
from harvest_duck.table import Paging

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import pyarrow as pa

    from harvest_duck.client import Client
    from harvest_duck.planner import Plan
    from harvest_duck.predicate import Value
    from harvest_duck.protocol import Request

__all__ = ["Scan"]

#: Arrow's reader works without the GIL: two threads decode 1.8 pages in the time of one.
_DECODING = 2


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page, and the request that it answers."""

    request: Request
    page: Page


class Scan:
    """One read of a table; `keep` cuts a batch down to the rows and columns that are wanted."""

    def __init__(
        self,
        plan: Plan,
        decoder: Decoder,
        client: Client,
        *,
        window: int,
        account_id: int | None,
        keep: Callable[[pa.RecordBatch], pa.RecordBatch] = lambda batch: batch,
        pin: Pin | None = None,
    ) -> None:
        self._plan = plan
        self._decoder = decoder
        self._client = client
        self._window = window
        self._account_id = account_id
        self._keep = keep
        self._pin = pin or Pin()
        self._opened = 1

    async def batches(self) -> AsyncGenerator[pa.RecordBatch]:
        """The batches with rows, page by page."""
        async with aclosing(self._pages()) as pages:
            async for fetched in pages:
                if fetched.page.batch.num_rows:
                    yield fetched.page.batch
                self._opened = min(self._opened * 2, self._window)

    async def _pages(self) -> AsyncGenerator[Fetched]:
        async with aclosing(self._ahead(self._lists())) as firsts:
            async for first in firsts:
                yield first
                async with aclosing(self._rest(first)) as others:
                    async for other in others:
                        yield other

    async def _lists(self) -> AsyncGenerator[Request]:
        """The request that begins each list; for children, as their parents come in."""
        if self._plan.parents is None:
            for request in self._plan.requests:
                yield request
            return
        async with aclosing(self._parents(self._plan.parents)) as ids:
            async for parent_id in ids:
                for request in self._plan.for_parent(parent_id):
                    yield request

    async def _parents(self, plan: Plan) -> AsyncGenerator[int]:
        parent = self._plan.table.parent
        assert parent is not None  # noqa: S101 - only called for a plan with parents
        names = [parent.column] + ([parent.only[0]] if parent.only else [])
        scan = Scan(
            plan,
            Decoder(plan.table, names),
            self._client,
            window=self._window,
            account_id=self._account_id,
            pin=self._pin,
        )
        async with aclosing(scan.batches()) as batches:
            async for batch in batches:
                for parent_id, *held in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    if parent.only is None or parent.only[1] in (held[0] or ()):
                        yield parent_id

    async def _rest(self, first: Fetched) -> AsyncGenerator[Fetched]:
        """The pages of a list after its first: numbered ones several at a time, others link by link."""
        last = first
        if first.request.paging is Paging.PAGE and (total := first.page.total_pages or 1) > 1:
            async with aclosing(self._ahead(_numbered(first.request, total))) as pages:
                async for last in pages:
                    yield last
                    if last.page.next_link is None and not last.page.records:
                        return
        async with aclosing(self._linked(last)) as pages:
            async for page in pages:
                yield page

    async def _linked(self, last: Fetched) -> AsyncGenerator[Fetched]:
        """The pages after `last`, each asked for while the consumer works on the one before it."""
        pending = self._pending(_following(last))
        try:
            while pending is not None:
                fetched = await pending
                pending = self._pending(_following(fetched))
                yield fetched
        finally:
            if pending is not None:
                pending.cancel()
                await asyncio.gather(pending, return_exceptions=True)

    def _pending(self, request: Request | None) -> asyncio.Task[Fetched] | None:
        return None if request is None else asyncio.create_task(self._fetch(request))

    async def _ahead(self, requests: AsyncGenerator[Request]) -> AsyncGenerator[Fetched]:
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
                        under_way.append(asyncio.create_task(self._fetch(request)))
                if not under_way:
                    return
                fetched = await under_way[0]
                under_way.popleft()
                yield fetched
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            await requests.aclose()

    async def _fetch(self, request: Request) -> Fetched:
        body = await self._client.get(request, self._pin)
        if body is None:
            return Fetched(request, self._decoder.empty())
        pool = background.own("decoding", _decoding_pool)
        return Fetched(request, await background.apart(lambda: self._decoded(body, request), pool))

    def _decoded(self, body: bytes, request: Request) -> Page:
        values: dict[str, Value | None] = dict(request.values) | {"account_id": self._account_id}
        page = self._decoder.decode(body, values=values, where=request.where)
        return replace(page, batch=self._keep(page.batch))


def _decoding_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_DECODING, thread_name_prefix="harvest-duck decoding")


async def _numbered(first: Request, total: int) -> AsyncGenerator[Request]:
    for page in range(2, total + 1):
        yield numbered(first, page)


def _following(last: Fetched) -> Request | None:
    """The request for the page after `last`: its link, else the number that it names; None at the end."""
    page = last.page
    if page.next_link is not None:
        return next_request(last.request, page.next_link)
    if page.next_page is None or (page.linked and page.next_page <= last.request.page):
        return None
    if page.next_page <= last.request.page:
        raise ProtocolError(f"{last.request.where}: next_page is {page.next_page}; the list would never end")
    return numbered(last.request, page.next_page)
