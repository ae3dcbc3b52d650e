"""A clock for tests that costs no time, and the longest wait of a test for something real."""

from __future__ import annotations

import asyncio

__all__ = ["PATIENCE_S", "Clock"]

#: Seconds after which a process, thread or answer counts as lost: many times what any needs on a busy machine.
PATIENCE_S = 120


class Clock:
    """A clock that a sleep sets forward at once, and that remembers the sleeps."""

    def __init__(self) -> None:
        self.moment = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        """Return the sum of all sleeps."""
        return self.moment

    async def sleep(self, seconds: float) -> None:
        """Set the clock forward."""
        self.sleeps.append(seconds)
        self.moment += seconds
        await asyncio.sleep(0)
