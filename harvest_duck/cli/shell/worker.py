"""One thread for all that a shell asks of DuckDB, so that Ctrl-C is heard at once whatever DuckDB does.

Python raises KeyboardInterrupt in the main thread alone, between two of its own instructions. That thread only waits
here, and ends the query of the other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

__all__ = ["Worker", "started"]

T = TypeVar("T")

#: Seconds until a Ctrl-C takes effect, at most. A wait without an end is not ended by a signal that another thread of
#: the process receives, nor by any on Windows.
_SIGNAL_S = 0.1


class Worker:
    """Runs one call after the other on its thread."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def begin(self, call: Callable[[], T]) -> Future[T]:
        """Run a call on the thread, after those that were begun before; returns its future."""
        return self._pool.submit(call)

    @staticmethod
    def result(future: Future[T], stop: Callable[[], None] | None = None) -> T:
        """Wait for a call and return what it returns.

        Ctrl-C has `stop` end it, which raises KeyboardInterrupt here; without `stop` the call goes on.
        """
        stopped = False
        while True:
            try:
                while not wait([future], timeout=_SIGNAL_S).done:
                    # Again and again: the call may have stood between two queries, or between two requests of one.
                    if stopped and stop is not None:
                        stop()
                break
            except KeyboardInterrupt:
                if stop is None:
                    raise
                stopped = True
        if stopped:
            raise KeyboardInterrupt
        return future.result()


@contextmanager
def started() -> Iterator[Worker]:
    """A context with a worker, whose thread has ended at its end."""
    with ThreadPoolExecutor(1, thread_name_prefix="harvest-duck shell") as pool:
        yield Worker(pool)
