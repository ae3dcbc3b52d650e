"""Notices when this process stands still, so that a time limit which runs out meanwhile is not held against the server.

A process that was stopped for a minute finds all its time limits over when it goes on, and they come before the answers
that lie in its sockets: an interrupted wait of Python's ends without looking once its time is over (PEP 475). It is the
same where another thread kept the event loop from running. The clock stands still with a machine that sleeps (Linux and
macOS; not on Windows, where this module notices that too).
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two looks at the clock.
_TICK_S = 1.0
#: Seconds by which a look is late when the process stood still. A busy machine delays one by less.
_STALL_S = 5.0


class StallWatch:
    """Looks at the clock of the running event loop for as long as anything is awaited."""

    def __init__(self) -> None:
        self._stalled_s = 0.0
        self._watching = 0
        self._tick: asyncio.TimerHandle | None = None

    @contextmanager
    def watching(self) -> Iterator[Callable[[], float]]:
        """A context that yields a function: it returns the seconds for which the process stood still in it."""
        before = self._stalled_s
        self._watching += 1
        if self._tick is None:
            self._look_again()
        try:
            yield lambda: self._stalled_s - before
        finally:
            self._watching -= 1
            if not self._watching and self._tick is not None:
                self._tick.cancel()
                self._tick = None

    def _look_again(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + _TICK_S
        self._tick = loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        # Timers that are due run in their order: this one is the earliest, and so before any time limit.
        late_s = asyncio.get_running_loop().time() - due
        if late_s > _STALL_S:
            self._stalled_s += late_s
        self._look_again()
