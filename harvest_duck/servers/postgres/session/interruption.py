"""What ends the statement that a session runs: a cancel request, a time limit, or the end of the session."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import duckdb

from harvest_duck.engine.register import interrupt
from harvest_duck.servers.postgres.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Interruption", "cancelled", "shut_down", "timed_out"]

P = ParamSpec("P")
T = TypeVar("T")

#: DuckDB forgets an interrupt that comes just before it begins: so it is repeated until the call has returned.
_AGAIN_S = 0.05


def cancelled() -> Failure:
    """Return the failure of a statement that somebody cancelled."""
    return Failure("57014", "canceling statement due to user request")


def timed_out() -> Failure:
    """Return the failure of a statement that took too long."""
    return Failure("57014", "canceling statement due to statement timeout")


def shut_down() -> Failure:
    """Return the failure of a session whose server ends."""
    return Failure("57P01", "terminating connection due to administrator command", fatal=True)


class Interruption:
    """The thread on which a session uses DuckDB, and what ends a call on it before its time.

    `woken` is called when a statement is to end, so that a wait for the client ends too.
    """

    def __init__(self, woken: Callable[[], None]) -> None:
        self._woken = woken
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="harvest-duck session")
        self._loop = asyncio.get_running_loop()
        self._reason: Failure | None = None
        self._final = False
        self._running = False
        self._in_statement = False
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what `call` returns, which runs on the session's thread; raise the reason where one ended it."""
        self.check()
        self._running = True
        try:
            made = await self._loop.run_in_executor(self._pool, lambda: call(*arguments, **named))
        except Exception:
            self.check()
            raise
        finally:
            self._running = False
        self.check()
        return made

    async def finish(self, call: Callable[[], None]) -> None:
        """Run a call that nothing ends on the session's thread: it closes what is open."""
        await self._loop.run_in_executor(self._pool, call)

    @contextmanager
    def using(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """A context in which the session's thread uses a cursor, so that this is what is interrupted."""
        self._cursor = cursor
        try:
            yield
        finally:
            self._cursor = None

    @contextmanager
    def statement(self, timeout_s: float | None) -> Iterator[None]:
        """A context in which a statement runs, which is to end after `timeout_s` seconds."""
        self._in_statement = True
        if timeout_s:
            self._timer = self._loop.call_later(timeout_s, self.stop, timed_out())
        try:
            yield
        finally:
            self._in_statement = False
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            if not self._final:
                self._reason = None

    def check(self) -> None:
        """Raise the reason for which the statement is to end, if there is one."""
        if self._reason is not None:
            raise self._reason

    def stop(self, reason: Failure) -> None:
        """End the statement that runs, if one does, for `reason`; the session goes on."""
        if self._in_statement and self._reason is None:
            self._end_for(reason)

    def stop_for_good(self, reason: Failure) -> None:
        """End what runs, and whatever would run, for `reason`."""
        if not self._final:
            self._final = True
            self._end_for(reason)

    def close(self) -> None:
        """End the thread, which nothing uses any more."""
        self._pool.shutdown(wait=False)

    def _end_for(self, reason: Failure) -> None:
        self._reason = reason
        self._woken()
        self._interrupt()

    def _interrupt(self) -> None:
        cursor = self._cursor
        if self._running and self._reason is not None:
            # One that closes at this moment is a RuntimeError (DuckDB 1.5).
            with suppress(duckdb.Error, RuntimeError):
                if cursor is not None:
                    interrupt(cursor)
            self._loop.call_later(_AGAIN_S, self._interrupt)
