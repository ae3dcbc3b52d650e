"""A rate limit that a process keeps together with others: `SlidingWindow` with the requests of all counted in."""

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

    from harvest_duck.http.ratelimit.participant import Entry, Member
    from harvest_duck.http.ratelimit.window import Clock

#: How often one who waits looks again: others may have died, or given up.
_LOOK_S = 1.0
#: How often it is tried again to share, where it failed.
_TRY_AGAIN_S = 30.0


class SharedWindow:
    """At most `requests` within any `window_s` seconds, those of all members of the ledger together.

    In this process first come is first served, and among all whoever waits longest is next. A process that is killed
    counts for a second and a window longer at most. While nothing can be shared, which `tell` is told the reason of,
    this process keeps the limit for itself. Used by one event loop.
    """

    def __init__(
        self, requests: int, window_s: float, clock: Clock, member: Member, tell: Callable[[str], None]
    ) -> None:
        self._requests = requests
        self._window_s = window_s
        self._clock = clock
        self._member = member
        self._tell = tell
        self._own = SlidingWindow(requests, window_s, clock)
        self._turn = asyncio.Lock()
        self._waiting: list[Entry] = []
        self._alone_until = float("-inf")
        self._news = False
        self._telling: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """A context in which one request may be sent; yields the seconds that were waited for it."""
        asked = self._clock.now()
        async with self._own.slot():
            entry = await self._entered()
            try:
                yield self._clock.now() - asked
            finally:
                entry.answered = self._clock.now()
                self._publish()

    def pause(self, seconds: float) -> None:
        """Let no process send anything for so many seconds, as a 429 asks; a longer pause stands."""
        self._own.pause(seconds)
        self._member.pause(self._clock.now() + seconds)
        self._publish()

    def earliest_s(self, requests: int) -> float:
        """In how many seconds the last of so many further requests can go, if no other process sends any."""
        return self._own.earliest_s(requests)

    async def _entered(self) -> Entry:
        """A request that has room, which was waited for."""
        entry = self._member.enter(self._window_s)
        self._waiting.append(entry)
        try:
            async with self._turn:
                await self._admitted(entry)
        except BaseException:
            # The thread that takes the room may be at it still.
            self._member.withdraw(entry)
            self._publish()
            raise
        finally:
            self._waiting.remove(entry)
        return entry

    async def _admitted(self, entry: Entry) -> None:
        # Not since it was asked for: who has many waiting would be before all others.
        since = self._clock.now()
        while not entry.admitted and (wait_s := await self._take(entry, since)) > 0:
            await self._clock.sleep(min(wait_s, _LOOK_S))

    async def _take(self, entry: Entry, since: float) -> float:
        if self._clock.now() >= self._alone_until:
            # One exchange for all who wait: 16 of them one after the other took 45 ms while pages were decoded.
            behind = [each for each in self._waiting if each is not entry and not each.admitted]
            try:
                return await loop.apart(partial(self._member.take, entry, self._requests, since, behind))
            except Unavailable as reason:
                self._fall_back(reason)
        return self._member.take_alone(entry)

    def _fall_back(self, reason: Unavailable) -> None:
        self._alone_until = self._clock.now() + _TRY_AGAIN_S
        self._tell(str(reason))

    def _publish(self) -> None:
        """Have the others know soon; nobody waits for it, as until then a request counts as under way."""
        self._news = True
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._published())

    async def _published(self) -> None:
        while self._news:
            self._news = False
            try:
                await loop.apart(self._member.publish)
                self._alone_until = float("-inf")
            except Unavailable as reason:
                self._fall_back(reason)
                self._news = True
                await self._clock.sleep(_TRY_AGAIN_S)
