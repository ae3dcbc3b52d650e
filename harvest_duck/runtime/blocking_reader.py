"""An asynchronous iterator of record batches, read from any thread by blocking until the next one is there.

Batches are pulled one at a time, so a reader that is slow, or stops, holds the requests back. When the blocking
iterator is freed, as DuckDB does at the end of a query, the asynchronous one is closed, which cancels its requests.
`RecordBatchReader.close` alone does not reach an iterator (pyarrow 18 to 26).
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from harvest_duck.runtime import interrupt, loop
from harvest_duck.runtime.interrupt import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future

#: A record batch, or several of them.
Item = TypeVar("Item")

_CLOSE_S = 5.0


class Readers:
    """The iterators that one connection of DuckDB reads and that have not ended."""

    def __init__(self) -> None:
        self._stops: set[Stop] = set()
        #: Another object after each `end`.
        self._generation = object()

    def end(self) -> None:
        """Cancel the requests of all of them; a thread that waits for a batch, or asks for another, gets an error.

        So does one of `unless_ended` that was opened before and has not begun.
        """
        self._generation = object()
        for stop in tuple(self._stops):
            stop.end(interrupt.ended())

    def unless_ended(self, items: Iterable[Item]) -> Iterator[Item]:
        """Return an iterator over `items` that raises an error if it begins after an `end` that is yet to come.

        DuckDB 1 opens the scans of a query together, and begins another one after the first was ended.
        """
        return self._of(self._generation, items)

    def _of(self, generation: object, items: Iterable[Item]) -> Iterator[Item]:
        if self._generation is not generation:
            raise interrupt.ended()
        yield from items

    @contextmanager
    def opened(self, stop: Stop) -> Iterator[None]:
        """Add an iterator, which `stop` ends, for as long as it is read."""
        self._stops.add(stop)
        try:
            yield
        finally:
            self._stops.discard(stop)
            interrupt.forget(stop)


def pulled(
    batches: Callable[[], AsyncGenerator[Item]],
    readers: Readers,
    meanwhile: Callable[[], None] = lambda: None,
) -> Generator[Item, None, None]:
    """The batches of `batches`, which is called when the first one is asked for; `readers` can end them.

    `meanwhile` is called a few times a second while one is awaited.
    """
    stop = Stop()
    # Now, because Ctrl-C may come while DuckDB plans the rest of the query.
    interrupt.add(stop)
    return _read(batches, stop, readers, meanwhile)


def _read(
    batches: Callable[[], AsyncGenerator[Item]], stop: Stop, readers: Readers, meanwhile: Callable[[], None]
) -> Generator[Item, None, None]:
    source = _Source(batches())
    with readers.opened(stop):
        try:
            while (batch := loop.run(source.next(), stop, meanwhile)) is not None:
                yield batch
        finally:
            if loop.running():
                _wait_for(loop.start(source.close()))


class _Source(Generic[Item]):
    """An iterator that can be closed while its next batch is awaited, as after a Ctrl-C."""

    def __init__(self, batches: AsyncGenerator[Item]) -> None:
        self._batches = batches
        self._waiting: asyncio.Task[object] | None = None

    async def next(self) -> Item | None:
        self._waiting = asyncio.current_task()
        return await anext(self._batches, None)

    async def close(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.cancel()
            await asyncio.wait([self._waiting])
        await self._batches.aclose()


def _wait_for(closed: Future[None]) -> None:
    # A reader that is collected as garbage on the thread of the loop is closed a moment later.
    if not loop.inside():
        try:
            closed.result(_CLOSE_S)
        except TimeoutError:
            closed.cancel()
