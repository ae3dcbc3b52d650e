"""A rate limit as Harvest counts it: never more than so many requests in any window of so many seconds.

A request counts from the moment it is sent until a whole window after its answer came, because Harvest counted it at
some moment between the two. A leaky bucket would let a burst and its refill through together, nearly twice the limit.

Source: https://help.getharvest.com/api-v2/introduction/overview/general/#rate-limiting
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager


class Clock(Protocol):
    """A clock that only moves forward, in seconds."""

    def now(self) -> float:
        """Return the present moment, in seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class SystemClock:
    """The clock of the machine, the same for all its processes until it restarts."""

    def now(self) -> float:
        """Return the present moment, in seconds since an arbitrary one."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds; other tasks run meanwhile."""
        await asyncio.sleep(seconds)


class Window(Protocol):
    """A rate limit, of this process alone or, as `shared` makes them, of all processes of the user."""

    def slot(self) -> AbstractAsyncContextManager[float]:
        """A context in which one request may be sent; yields the seconds that were waited for it."""
        ...

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds, as a 429 asks; a longer pause stays."""
        ...

    def earliest_s(self, requests: int) -> float:
        """Return in how many seconds the last of so many further requests can go, if no other process sends any."""
        ...


class SlidingWindow:
    """At most `requests` within any `window_s` seconds, first come first served.

    Used by one event loop. Harvest does not document whether it counts by token, user or account, so the client keeps
    one window for each token. It does not count the requests of other processes: `SharedWindow` does that.
    """

    def __init__(self, requests: int, window_s: float, clock: Clock) -> None:
        self._requests = requests
        self._window_s = window_s
        self._clock = clock
        self._turn = asyncio.Lock()
        self._in_flight = 0
        self._answered: deque[float] = deque()
        self._answer = asyncio.Event()
        self._paused_until = float("-inf")

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """A context in which one request may be sent; yields the seconds that were waited for it."""
        began = self._clock.now()
        async with self._turn:
            while (wait := self._wait_s()) > 0:
                if wait == float("inf"):
                    self._answer.clear()
                    await self._answer.wait()
                else:
                    await self._clock.sleep(wait)
            self._in_flight += 1
        try:
            yield self._clock.now() - began
        finally:
            self._in_flight -= 1
            self._answered.append(self._clock.now())
            self._answer.set()

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds, as a 429 asks; a longer pause stays."""
        self._paused_until = max(self._paused_until, self._clock.now() + seconds)

    def earliest_s(self, requests: int) -> float:
        """Return in how many seconds the last of so many further requests can go, if no other process sends any."""
        now = self._clock.now()
        paused_s = max(0.0, self._paused_until - now)
        used = [max(each + self._window_s - now, paused_s) for each in self._answered if each + self._window_s > now]
        free = self._requests - self._in_flight - len(used)
        if requests <= free or requests <= 0:
            return paused_s if requests > 0 else 0.0
        # The seconds until each place is free; from then on it takes one request in every window.
        places = [paused_s] * free + used + [max(self._window_s, paused_s)] * self._in_flight
        windows, place = divmod(requests - 1, self._requests)
        return places[place] + windows * self._window_s

    def _wait_s(self) -> float:
        """Return the seconds until the next request may go, infinity while only an answer can make room."""
        now = self._clock.now()
        while self._answered and self._answered[0] + self._window_s <= now:
            self._answered.popleft()
        if self._paused_until > now:
            return self._paused_until - now
        if self._in_flight + len(self._answered) < self._requests:
            return 0.0
        return self._answered[0] + self._window_s - now if self._answered else float("inf")
