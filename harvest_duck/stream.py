"""An asynchronous iterator of record batches, read from any thread as Arrow's blocking reader.

Batches are pulled one at a time, so a consumer that is slow, or stops, holds the requests back. When the reader is let
go, as DuckDB does at the end of a query, the iterator is closed, which cancels its requests. `RecordBatchReader.close`
alone does not reach the iterator (pyarrow 18 to 26).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck import background

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from concurrent.futures import Future

__all__ = ["reader"]

_CLOSE_S = 5.0


def reader(schema: pa.Schema, batches: Callable[[], AsyncGenerator[pa.RecordBatch]]) -> pa.RecordBatchReader:
    """A reader over the batches of `batches`, which is called when the first one is asked for."""
    return pa.RecordBatchReader.from_batches(schema, _pulled(batches))


def _pulled(batches: Callable[[], AsyncGenerator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    source = batches()
    try:
        while (batch := background.run(_next(source))) is not None:
            yield batch
    finally:
        if background.running():
            _wait_for(background.start(source.aclose()))


async def _next(source: AsyncGenerator[pa.RecordBatch]) -> pa.RecordBatch | None:
    return await anext(source, None)


def _wait_for(closed: Future[None]) -> None:
    # A reader that is collected as garbage on the loop's own thread is closed a moment later.
    if not background.inside():
        try:
            closed.result(_CLOSE_S)
        except TimeoutError:
            closed.cancel()
