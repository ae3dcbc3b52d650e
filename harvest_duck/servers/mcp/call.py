"""One call of an agent: a cursor and an allowance, and what ends it before its time."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread, Timer
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.engine.register import interrupt, last_error
from harvest_duck.errors import QueryError
from harvest_duck.servers.mcp.allowance import Allowance
from harvest_duck.servers.mcp.failures import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.servers.mcp.database import Database

__all__ = ["Call"]

#: Seconds between two interrupts of a query, of which the first may come before it runs.
_AGAIN_S = 0.05


class Call:
    """A call that may send `max_requests` requests and take `longest_s` seconds."""

    def __init__(self, database: Database, max_requests: int, longest_s: float) -> None:
        self.database = database
        self.allowance = Allowance(limit=max_requests)
        self.longest_s = longest_s
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._over = Event()

    def run(self, work: Callable[[duckdb.DuckDBPyConnection, Call], str]) -> str:
        """Return what `work` returns; raise `QueryError`, in one line, for whatever ends it."""
        too_long = f"ended after {self.longest_s:g} s without rows: narrow the query by days or ids, or aggregate"
        timer = Timer(self.longest_s, self.end, [too_long])
        timer.daemon = True
        timer.start()
        try:
            return self._answered(work)
        finally:
            timer.cancel()
            self._over.set()

    def end(self, reason: str) -> None:
        """End the call, from any thread: no request goes out any more, and the query is interrupted."""
        self.allowance.end(reason)
        Thread(target=self._interrupt, name="harvest-duck interrupt", daemon=True).start()

    def _answered(self, work: Callable[[duckdb.DuckDBPyConnection, Call], str]) -> str:
        try:
            with self.database.cursor(self.allowance) as cursor:
                self._cursor = cursor
                try:
                    return work(cursor, self)
                except Exception as error:
                    raise self._failure(error, cursor) from error
                finally:
                    # A cursor that is closed cannot be interrupted.
                    self._over.set()
        except QueryError:
            raise
        except Exception as error:
            raise QueryError(told(error)) from error

    def _failure(self, error: Exception, cursor: duckdb.DuckDBPyConnection) -> QueryError:
        """The error that the agent hears of."""
        return QueryError(self.allowance.ended or told(error, last_error(cursor)))

    def _interrupt(self) -> None:
        """Interrupt the query until it has ended."""
        while not self._over.wait(_AGAIN_S):
            if self._cursor is not None:
                with suppress(duckdb.Error, RuntimeError):
                    interrupt(self._cursor)
