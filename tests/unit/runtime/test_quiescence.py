"""Where a thread stands: the call of a query is told from every other wait."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from harvest_duck.runtime import quiescence

if TYPE_CHECKING:
    from collections.abc import Callable


class Connection:
    """Has a method of DuckDB's that returns when the test says so, and another one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.execute = self._lock.acquire
        self.wait = self._lock.acquire
        self.end = self._lock.release


def _queries(con: Connection) -> None:
    con.execute()


def _queries_in_an_expression(con: Connection) -> None:
    str(
        con
        .execute(timeout=60)
    ).upper()  # fmt: skip


def _waits(con: Connection) -> None:
    if con is None:
        con.execute()
    con.wait()


@pytest.mark.parametrize(("work", "queries"), [(_queries, True), (_queries_in_an_expression, True), (_waits, False)])
def test_the_call_of_a_query_is_known(work: Callable[[Connection], None], queries: bool) -> None:
    con = Connection()
    thread = threading.Thread(target=work, args=(con,))
    thread.start()
    try:
        frame = sys._current_frames()[thread.ident or 0]
        while frame.f_code is not work.__code__ or quiescence._called(frame.f_code, frame.f_lasti) is None:
            frame = sys._current_frames()[thread.ident or 0]
        assert quiescence._place(frame).queries == queries
    finally:
        con.end()
        thread.join()
