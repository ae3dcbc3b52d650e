"""A rate limit that a process shares with others: `SlidingWindow`, with the requests of all processes counted."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.http.ratelimit.lock_files import Unavailable
from harvest_duck.http.ratelimit.window import SlidingWindow
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from harvest_duck.http.ratelimit.participant import Entry, Participant
    from harvest_duck.http.ratelimit.window import Clock

#: Seconds after which a request that waits tries again, at most: other processes may have died, or given up.
_RETRY_S = 1.0
#: Seconds until sharing is tried again after it failed.
_SHARE_AGAIN_S = 30.0


class SharedWindow:
    """At most `requests` within any `window_s` seconds, those of all participants of the ledger together.

    Within this process first come is first served; among all processes the one that has waited longest is next. The
    requests of a killed process count for a second and a window longer at most. While nothing can be shared, this
    process keeps the limit for itself, and `warn` is called with the reason. Used by one event loop.
    """

    def __init__(
        self, requests: int, window_s: float, clock: Clock, participant: Participant, warn: Callable[[str], None]
    ) -> None:
        self._requests = requests
        self._window_s = window_s
        self._clock = clock
        self._participant = participant
        self._warn = warn
        self._own = SlidingWindow(requests, window_s, clock)
        self._turn = asyncio.Lock()
        self._waiting: list[Entry] = []
        self._alone_until = float("-inf")
        self._unpublished = False
        self._publishing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """A context in which one request may be sent; yields the seconds that were waited for it."""
        began = self._clock.now()
        async with self._own.slot():
            entry = await self._entered()
            try:
                yield self._clock.now() - began
            finally:
                entry.answered = self._clock.now()
                self._publish()

    def pause(self, seconds: float) -> None:
        """Let no process send anything for so many seconds, as a 429 asks; a longer pause stays."""
        self._own.pause(seconds)
        self._participant.pause(self._clock.now() + seconds)
        self._publish()

    def earliest_s(self, requests: int) -> float:
        """Return in how many seconds the last of so many further requests can go, if no other process sends any."""
        return self._own.earliest_s(requests)

    async def _entered(self) -> Entry:
        """Return a request that there is room for, after waiting for it."""
        entry = self._participant.enter(self._window_s)
        self._waiting.append(entry)
        try:
            async with self._turn:
                await self._admitted(entry)
        except BaseException:
            # The thread that takes the room may still be doing so.
            self._participant.withdraw(entry)
            self._publish()
            raise
        finally:
            self._waiting.remove(entry)
        return entry

    async def _admitted(self, entry: Entry) -> None:
        # Not since the slot was asked for: a process with many requests waiting would then be before all others.
        since = self._clock.now()
        while not entry.admitted and (wait_s := await self._take(entry, since)) > 0:
            await self._clock.sleep(min(wait_s, _RETRY_S))

    async def _take(self, entry: Entry, since: float) -> float:
        if self._clock.now() >= self._alone_until:
            # One exchange for all that wait: 16 of them one after the other took 45 ms while pages were decoded.
            behind = [each for each in self._waiting if each is not entry and not each.admitted]
            try:
                return await loop.apart(partial(self._participant.take, entry, self._requests, since, behind))
            except Unavailable as reason:
                self._fall_back(reason)
        return self._participant.take_alone(entry)

    def _fall_back(self, reason: Unavailable) -> None:
        self._alone_until = self._clock.now() + _SHARE_AGAIN_S
        self._warn(str(reason))

    def _publish(self) -> None:
        """Start to publish; nothing waits for it, because until then a request counts as under way."""
        self._unpublished = True
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.ensure_future(self._published())

    async def _published(self) -> None:
        while self._unpublished:
            self._unpublished = False
            try:
                await loop.apart(self._participant.publish)
                self._alone_until = float("-inf")
            except Unavailable as reason:
                self._fall_back(reason)
                self._unpublished = True
                await self._clock.sleep(_SHARE_AGAIN_S)
