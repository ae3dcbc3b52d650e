"""What waits for the event loop: an interrupt that comes as soon as a request is under way ends it too."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.clocks import PATIENCE_S

from harvest_duck.runtime import loop
from harvest_duck.runtime.interrupt import Stop

if TYPE_CHECKING:
    from concurrent.futures import Future


class Request:
    """A coroutine that waits for ever, and tells that it was cancelled."""

    def __init__(self) -> None:
        self.begun, self.cancelled = threading.Event(), threading.Event()

    async def sent(self) -> None:
        """Wait until it is cancelled."""
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


class Interrupted(Stop):
    """What Ctrl-C reaches when a request is under way, and before it is known what to cancel."""

    def wait_for(self, future: Future[Any]) -> None:  # noqa: ARG002, D102 - as in Stop
        assert REQUEST.begun.wait(PATIENCE_S)
        raise KeyboardInterrupt


REQUEST = Request()


def test_an_interrupt_right_after_the_start_ends_the_request() -> None:
    with pytest.raises(KeyboardInterrupt):
        loop.run(REQUEST.sent(), Interrupted())
    assert REQUEST.cancelled.wait(PATIENCE_S)


def test_a_request_whose_future_is_not_known_yet_is_cancelled() -> None:
    request = Request()
    coroutine = request.sent()
    loop.start(coroutine)
    assert request.begun.wait(PATIENCE_S)

    async def cancel() -> None:
        loop._cancel(coroutine)

    loop.run(cancel())
    assert request.cancelled.wait(PATIENCE_S)


def test_a_request_that_nobody_has_started_is_closed() -> None:
    coroutine = Request().sent()

    async def cancel() -> None:
        loop._cancel(coroutine)

    loop.run(cancel())
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
