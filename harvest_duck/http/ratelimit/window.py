"""Harvest's rate limits, kept exactly: never more than so many requests in any window of so many seconds.

A request counts from the moment it is sent until a whole window after its answer came, because Harvest saw it at some
moment between the two. A leaky bucket would let a burst and its refill through together, nearly twice the limit.

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
    """Where time comes from; seconds on a clock that only moves forward."""

    def now(self) -> float:
        """The present moment, in seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class SystemClock:
    """The clock of the machine, the same for all its processes until it starts anew."""

    def now(self) -> float:
        """The present moment, in seconds since an arbitrary one."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds; other tasks run meanwhile."""
        await asyncio.sleep(seconds)


class Window(Protocol):
    """What a client asks before it sends a request: this process alone, or together with others as `quota` does."""

    def slot(self) -> AbstractAsyncContextManager[float]:
        """A context in which one request may be sent; yields the seconds that were waited for it."""
        ...

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds, as a 429 asks; a longer pause stands."""
        ...

    def earliest_s(self, requests: int) -> float:
        """In how many seconds the last of so many further requests can go, if nobody else sends any."""
        ...


class SlidingWindow:
    """At most `requests` within any `window_s` seconds, first come first served.

    Used by one event loop. Harvest does not document whether it counts by token, user or account, so the client keeps
    one window for each token. Other processes are not counted: `quota` does that.
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
        asked = self._clock.now()
        async with self._turn:
            while (wait := self._wait_s()) > 0:
                if wait == float("inf"):
                    self._answer.clear()
                    await self._answer.wait()
                else:
                    await self._clock.sleep(wait)
            self._in_flight += 1
        try:
            yield self._clock.now() - asked
        finally:
            self._in_flight -= 1
            self._answered.append(self._clock.now())
            self._answer.set()

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds, as a 429 asks; a longer pause stands."""
        self._paused_until = max(self._paused_until, self._clock.now() + seconds)

    def earliest_s(self, requests: int) -> float:
        """In how many seconds the last of so many further requests can go, if nobody else sends any."""
        now = self._clock.now()
        paused_s = max(0.0, self._paused_until - now)
        used = [max(each + self._window_s - now, paused_s) for each in self._answered if each + self._window_s > now]
        free = self._requests - self._in_flight - len(used)
        if requests <= free or requests <= 0:
            return paused_s if requests > 0 else 0.0
        # When each place is free, for one request in every window from then on.
        places = [paused_s] * free + used + [max(self._window_s, paused_s)] * self._in_flight
        windows, place = divmod(requests - 1, self._requests)
        return places[place] + windows * self._window_s

    def _wait_s(self) -> float:
        """The seconds until the next request may go, 0 for now, infinite while only an answer can make room."""
        now = self._clock.now()
        while self._answered and self._answered[0] + self._window_s <= now:
            self._answered.popleft()
        if self._paused_until > now:
            return self._paused_until - now
        if self._in_flight + len(self._answered) < self._requests:
            return 0.0
        return self._answered[0] + self._window_s - now if self._answered else float("inf")
