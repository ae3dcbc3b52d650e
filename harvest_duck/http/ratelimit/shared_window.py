"""A rate limit that a process shares with others: `SlidingWindow`, with the requests of all processes counted."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.http.ratelimit.lock_files import Busy, Unavailable
from harvest_duck.http.ratelimit.participant import LOOK_S
from harvest_duck.http.ratelimit.window import SlidingWindow
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from harvest_duck.http.ratelimit.participant import Entry, Participant
    from harvest_duck.http.ratelimit.window import Clock

_ALONE = (
    "the rate limits are kept for this process alone, others with the same token count apart: {}; "
    "set HARVEST_DUCK_CONFIG_DIR to a directory of your own, or give each process its share by RateLimit"
)
_LOST = (
    "the record of the rate limits, {} while it was in use: it is made again from what each program knows of it; "
    "let no program remove or change the files in that directory"
)
#: The name of the task that looks after the ledger, for as long as requests of this process count.
LOOKING = "harvest-duck rate limit"
#: Seconds until sharing is tried again after it failed.
_SHARE_AGAIN_S = 30.0
#: Seconds for which a lock that somebody else keeps is waited for.
_BUSY_S = 20.0
_BUSY_RETRY_S = 0.1


class SharedWindow(SlidingWindow):
    """At most `requests` within any `window_s` seconds, those of all participants of the ledger together.

    Within this process first come is first served; among all processes the one that has waited longest is next. The
    requests of a killed process count for a second and a window longer at most. While nothing can be shared, this
    process keeps a part of the limit for itself, and `warn` is called with the reason; so it is where the ledger was
    lost. Used by one event loop.
    """

    def __init__(
        self, requests: int, window_s: float, clock: Clock, participant: Participant, warn: Callable[[str], None]
    ) -> None:
        super().__init__(requests, window_s, clock)
        self._participant = participant
        self._warn = warn
        self._taking = asyncio.Lock()
        self._waiting: list[Entry] = []
        self._alone_until = float("-inf")
        self._busy_since: float | None = None
        self._unpublished = False
        self._publishing: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """A context in which one request may be sent; yields the seconds that were waited for it."""
        began = self._clock.now()
        async with super().slot():
            entry = await self._entered()
            try:
                yield self._clock.now() - began
            finally:
                entry.answered = self._clock.now()
                self._publish()

    def pause(self, seconds: float) -> None:
        """Let no process send anything for so many seconds, as a 429 asks; a longer pause stays."""
        super().pause(seconds)
        self._participant.pause(self._clock.now() + seconds)
        self._publish()

    async def _entered(self) -> Entry:
        """Return a request that there is room for, after waiting for it."""
        entry = self._participant.enter(self._window_s)
        self._waiting.append(entry)
        try:
            async with self._taking:
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
            await self._clock.sleep(min(wait_s, LOOK_S))

    async def _take(self, entry: Entry, since: float) -> float:
        if self._clock.now() >= self._alone_until:
            # One exchange for all that wait: 16 of them one after the other took 45 ms while pages were decoded.
            behind = [each for each in self._waiting if each is not entry and not each.admitted]
            try:
                wait_s = await loop.apart(partial(self._participant.take, entry, self._requests, since, behind))
            except Unavailable as reason:
                if self._is_worth_waiting(reason):
                    return _BUSY_RETRY_S
                self._fall_back(reason)
            else:
                self._shared()
                return wait_s
        return await loop.apart(partial(self._participant.take_alone, entry, self._requests, since))

    def _is_worth_waiting(self, reason: Unavailable) -> bool:
        """Whether somebody keeps a lock, and has not for long: a program that copies files, or one that was stopped."""
        now = self._clock.now()
        if not isinstance(reason, Busy):
            return False
        self._busy_since = now if self._busy_since is None else self._busy_since
        return now < self._busy_since + _BUSY_S

    def _shared(self) -> None:
        self._busy_since = None
        self._alone_until = float("-inf")
        lost, self._participant.lost = self._participant.lost, None
        if lost is not None:
            self._warn(_LOST.format(lost))

    def _fall_back(self, reason: Unavailable) -> None:
        self._alone_until = self._clock.now() + _SHARE_AGAIN_S
        self._warn(_ALONE.format(reason))

    def _publish(self) -> None:
        """Start to publish; nothing waits for it, because until then a request counts as under way."""
        self._unpublished = True
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.ensure_future(self._published())
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._looked_after(), name=LOOKING)

    async def _published(self) -> None:
        while self._unpublished:
            self._unpublished = False
            try:
                await loop.apart(self._participant.publish)
            except Unavailable as reason:
                self._unpublished = True
                if self._is_worth_waiting(reason):
                    await self._clock.sleep(_BUSY_RETRY_S)
                else:
                    self._fall_back(reason)
                    await self._clock.sleep(_SHARE_AGAIN_S)
            else:
                self._shared()

    async def _looked_after(self) -> None:
        """Publish again where the ledger was lost, for as long as it has requests of this process that count."""
        while self._participant.counts():
            await self._clock.sleep(LOOK_S)
            if await loop.apart(self._participant.looks_again):
                self._publish()
