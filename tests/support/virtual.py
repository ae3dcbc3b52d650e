"""Time that takes no time: an event loop whose clock moves on instead of waiting, and requests that are made in it."""

from __future__ import annotations

import asyncio
import selectors
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor

    from harvest_duck.http.ratelimit.window import SlidingWindow

__all__ = ["Job", "Sent", "VirtualClock", "VirtualLoop", "most_within", "run", "served"]

T = TypeVar("T")


class Skipping(selectors.DefaultSelector):
    """Waits for nothing: instead of sleeping, the clock of the loop moves on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; time passes at once."""
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("every task waits for another one")
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds take no time."""

    def __init__(self) -> None:
        self._skipping = Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """The present moment, in whole seconds as long as all sleeps are."""
        return self._skipping.now

    def run_in_executor(self, _executor: Executor | None, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """What the call comes to, which is made at once, and heard of a little later: a thread would take its time."""
        future: asyncio.Future[T] = self.create_future()
        try:
            found = func(*args)
        except Exception as error:  # noqa: BLE001 - for whoever waits
            self.call_soon(lambda failed=error: future.done() or future.set_exception(failed))
        else:
            self.call_soon(lambda: future.done() or future.set_result(found))
        return future


class VirtualClock:
    """The clock of the running virtual loop."""

    def now(self) -> float:
        """The present moment."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of the loop."""
        assert seconds > 0
        await asyncio.sleep(seconds)


def run(work: Coroutine[None, None, T]) -> T:
    """What `work` comes to, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


class Sent(NamedTuple):
    """One request: which one came to the window, when it did, was sent and answered, and the wait that was reported."""

    number: int
    asked: float
    sent: float
    answered: float
    waited: float


class Job(NamedTuple):
    """A request to make: when it is asked for, and how long its answer takes."""

    at: float
    takes: float


async def served(window: SlidingWindow, jobs: list[Job], among: list[Sent] | None = None) -> list[Sent]:
    """The requests in the order in which they were sent, `among` those of other windows where these are given."""
    clock = VirtualClock()
    done = [] if among is None else among
    arrivals = count()

    async def serve(job: Job) -> None:
        await asyncio.sleep(job.at)
        asked, number = clock.now(), next(arrivals)
        async with window.slot() as waited:
            sent = clock.now()
            place = len(done)
            done.append(Sent(number, asked, sent, sent, waited))
            if job.takes:
                await clock.sleep(job.takes)
            done[place] = done[place]._replace(answered=clock.now())

    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(serve(job))
    return done


def most_within(window_s: float, done: list[Sent]) -> int:
    """The most requests that Harvest can have counted in one window, wherever each fell between sending and answer.

    Requests whose spans all come closer to one moment than the window is long can be pushed into one window together.
    """
    return max(
        sum(1 for other in done if other.sent < start.answered + window_s and other.answered >= start.answered)
        for start in done
    )
