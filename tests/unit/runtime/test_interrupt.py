"""Which scans a signal ends: those that a query needs when it comes, whatever their threads do at that moment.

The tests write the number of the signal where Python does, so that the main thread gets no KeyboardInterrupt: inside
DuckDB it does not either, until DuckDB looks.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.clocks import PATIENCE_S

from harvest_duck.runtime import interrupt, loop
from harvest_duck.runtime.blocking_reader import Readers, pulled
from harvest_duck.runtime.interrupt import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator


@pytest.fixture(autouse=True)
def _watched() -> None:
    interrupt.watch_sigint()
    # A loop that begins leaves out the signals before.
    loop.start(_read()).result(PATIENCE_S)


async def _read() -> None:
    # What is ready when the loop looks runs before what is started now.
    for _ in range(3):
        await asyncio.sleep(0)


def ctrl_c() -> None:
    """Return when the loop has read a SIGINT."""
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    os.write(descriptor, bytes([signal.SIGINT]))
    loop.start(_read()).result(PATIENCE_S)


async def _numbers() -> AsyncGenerator[Any]:
    for number in range(3):
        yield number


def reader() -> Iterator[Any]:
    """Return an iterator over three numbers, read as DuckDB reads batches."""
    return pulled(_numbers, Readers())


def test_a_signal_that_comes_before_the_request_is_known_ends_the_wait() -> None:
    stop, under_way = Stop(), Future[None]()

    def wait() -> None:
        with interrupt.waiting(stop):
            ctrl_c()
            stop.wait_for(under_way)

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert under_way.cancelled()


def test_a_signal_between_two_batches_of_a_running_query_ends_its_scan() -> None:
    """Both steps are at one call of a function in C, as both happen at one call of `execute`."""
    batches = reader()
    for step in (partial(next, batches), partial(ctrl_c)):
        step()
    with pytest.raises(KeyboardInterrupt):
        next(batches)


def test_a_signal_before_the_first_batch_of_a_running_query_ends_its_scan() -> None:
    begun: list[Iterator[Any]] = []
    for step in (partial(begun.extend, map(pulled, [_numbers], [Readers()])), partial(ctrl_c)):
        step()
    with pytest.raises(KeyboardInterrupt):
        next(begun[0])


def test_a_reader_that_is_left_half_read_or_unread_goes_on_after_a_signal() -> None:
    half, unread = reader(), reader()
    assert next(half) == 0
    ctrl_c()
    assert (list(half), list(unread)) == ([1, 2], [0, 1, 2])


def test_a_scan_that_is_never_read_is_kept_by_nothing() -> None:
    before = len(interrupt._state.stops)
    reader()
    assert len(interrupt._state.stops) == before


@pytest.mark.parametrize("collects", [True, False])
def test_looking_where_threads_stand_leaves_the_garbage_collector_as_it_is(collects: bool) -> None:
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        frames = interrupt.frames_of_threads()
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()
    assert frames[threading.get_ident()].f_code.co_name == "frames_of_threads"


@pytest.mark.parametrize(
    ("error", "interrupted"),
    [
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), True),
        (OSError("INTERRUPT Error: Interrupted!"), True),
        (duckdb.Error("Invalid Input Error: arrow_scan: get_next failed(): Query interrupted"), True),
        (duckdb.Error("Invalid Input Error: reading the rows of 'clients' failed: KeyboardInterrupt"), True),
        (duckdb.Error("Conversion Error: Could not convert string 'KeyboardInterrupt' to INT32"), False),
        (duckdb.Error("Parser Error: syntax error\n\nLINE 1: SELECT Query interrupted"), False),
    ],
)
def test_an_interrupt_is_known_by_what_duckdb_says_and_not_by_what_it_repeats(
    error: Exception, interrupted: bool
) -> None:
    assert interrupt.is_interrupt(error) is interrupted
