"""A scan on its way into memory, which all who ask for the same rows meanwhile read together.

Whoever needs the next batch asks for it, so that nobody waits for another who reads slowly or not at all. Batches that
came are kept for those that join later. When the last reader leaves before the end the scan is closed, and nothing is
held: a query that stops early costs the requests that it costs without a cache.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from harvest_duck.http.request_log import RequestLog
from harvest_duck.runtime import loop
from harvest_duck.scanner.progress import RunningScans

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from datetime import datetime

    import pyarrow as pa

    from harvest_duck.cache.moment import Moment
    from harvest_duck.http.request_log import LoggedRequest
    from harvest_duck.protocol.request import Request

#: What is held of a scan after its end.
Held = TypeVar("Held")


class Fetch(Generic[Held]):
    """One scan for `what`, which `began` at a moment and brings the batches of `source`; used on the event loop.

    `done` is called when all of them have come, and `over` at the end in any case.
    """

    def __init__(
        self,
        what: object,
        source: AsyncGenerator[pa.RecordBatch],
        watched: Watched,
        began: Moment,
        *,
        done: Callable[[Fetch[Held]], None] = lambda _: None,
        over: Callable[[Fetch[Held]], None] = lambda _: None,
    ) -> None:
        self.what = what
        self.began = began
        self.batches: list[pa.RecordBatch] = []
        self._watched = watched
        #: What is held of it after its end.
        self.piece: Held | None = None
        self._source = source
        #: How many scans read it now.
        self.readers = 0
        self._next: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._ended = False
        self._done, self._over = done, over

    @property
    def horizon(self) -> datetime | None:
        """The moment before which a change is in all rows, None where nothing was asked of Harvest."""
        moments = [entry.horizon for entry in self._watched.sent if entry.horizon is not None]
        return min(moments, default=None)

    def progress(self) -> dict[str, Any]:
        """Return the row of the progress of the scan."""
        return self._watched.running_scans.row()

    async def read(self) -> AsyncGenerator[pa.RecordBatch]:
        """Yield all batches; those that have not come yet are asked for one by one."""
        self.readers += 1
        try:
            at = 0
            while True:
                while at < len(self.batches):
                    at += 1
                    yield self.batches[at - 1]
                if self._failure is not None:
                    raise self._failure
                if self._ended:
                    return
                # A reader that is interrupted does not take the batch from the others.
                await asyncio.shield(self._advancing())
        finally:
            self.readers -= 1
            if not self.readers:
                await self._leave()

    def _advancing(self) -> asyncio.Task[None]:
        if self._next is None:
            self._next = asyncio.create_task(self._advance())
        return self._next

    async def _advance(self) -> None:
        try:
            batch = await anext(self._source, None)
        except BaseException as error:
            self._failure = error
            self._end()
            raise
        self._next = None
        if batch is not None:
            self.batches.append(batch)
        else:
            self._done(self)
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._over(self)

    async def _leave(self) -> None:
        """Close the scan, unless it ends without a further request, or somebody joins meanwhile."""
        if self._next is None and not self._ended and self._watched.whole:
            await asyncio.wait([self._advancing()])
        if self.readers:
            return
        if not self._ended:
            self._end()
        if self._next is not None:
            await loop.cancel_all([self._next])
        await self._source.aclose()


class Watched(RequestLog):
    """The log of the requests of one scan, which passes them on to that of a connection of DuckDB."""

    def __init__(self, log: RequestLog, running: RunningScans) -> None:
        self.sent: list[LoggedRequest] = []
        self.running_scans = _Running(running)
        self._log = log

    def next_scan(self) -> int:
        """Return the number of a scan that begins now."""
        return self._log.next_scan()

    def add(self, request: Request, scan: int) -> LoggedRequest:
        """Add an entry for a request that will be sent, and return it."""
        entry = self._log.add(request, scan)
        self.sent.append(entry)
        return entry

    @property
    def whole(self) -> bool:
        """Whether one answer came and is all of the rows: what is one answer cannot have shifted."""
        answered = [entry for entry in self.sent if entry.horizon is not None]
        return len(answered) == 1 and self.running_scans.requests_left == 0


class _Running(RunningScans):
    """The running scans of a connection of DuckDB, to which one is added whose progress is asked for here."""

    def __init__(self, others: RunningScans) -> None:
        self._others = others
        #: The row of the progress of the one that was added, once it runs.
        self.row: Callable[[], dict[str, Any]] = dict

    @contextmanager
    def running(self, number: int, row: Callable[[], dict[str, Any]]) -> Iterator[None]:
        """Include the scan of that number while the context is open."""
        self.row = row
        with self._others.running(number, row):
            yield

    @property
    def requests_left(self) -> int | None:
        """The number of requests that are still to come, None where it is not known."""
        return self.row().get("requests_left")
