"""An asynchronous iterator of record batches, read from any thread as Arrow's blocking reader.

Batches are pulled one at a time, so a consumer that is slow, or stops, holds the requests back. When the reader is let
go, as DuckDB does at the end of a query, the iterator is closed, which cancels its requests. `RecordBatchReader.close`
alone does not reach the iterator (pyarrow 18 to 26).
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.runtime import interrupt, loop
from harvest_duck.runtime.interrupt import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from concurrent.futures import Future

_CLOSE_S = 5.0


class Readers:
    """The readers of one connection of DuckDB that are not yet at their end."""

    def __init__(self) -> None:
        self._stops: set[Stop] = set()

    def end(self) -> None:
        """Cancel the requests of all of them; whoever waits for a batch, or asks for another, gets an error."""
        for stop in tuple(self._stops):
            stop.end(InterruptedError("Query interrupted"))

    @contextmanager
    def opened(self) -> Iterator[Stop]:
        """What ends one more reader, kept among the others for as long as it is open."""
        stop = Stop()
        self._stops.add(stop)
        try:
            yield stop
        finally:
            self._stops.discard(stop)
            interrupt.forget(stop)


def reader(
    schema: pa.Schema, batches: Callable[[], AsyncGenerator[pa.RecordBatch]], among: Readers | None = None
) -> pa.RecordBatchReader:
    """A reader over the batches of `batches`, which is called when the first one is asked for."""
    return pa.RecordBatchReader.from_batches(schema, _pulled(batches, among or Readers()))


def _pulled(batches: Callable[[], AsyncGenerator[pa.RecordBatch]], among: Readers) -> Iterator[pa.RecordBatch]:
    source = _Source(batches())
    with among.opened() as stop:
        try:
            while (batch := loop.run(source.next(), stop)) is not None:
                yield batch
        finally:
            if loop.running():
                _wait_for(loop.start(source.close()))


class _Source:
    """An iterator that can be closed while its next batch is waited for, as after a Ctrl-C."""

    def __init__(self, batches: AsyncGenerator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._waiting: asyncio.Task[object] | None = None

    async def next(self) -> pa.RecordBatch | None:
        self._waiting = asyncio.current_task()
        return await anext(self._batches, None)

    async def close(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.cancel()
            await asyncio.wait([self._waiting])
        await self._batches.aclose()


def _wait_for(closed: Future[None]) -> None:
    # A reader that is collected as garbage on the loop's own thread is closed a moment later.
    if not loop.inside():
        try:
            closed.result(_CLOSE_S)
        except TimeoutError:
            closed.cancel()
