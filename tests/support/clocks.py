"""Clocks that tests wait by, which nobody has to wait for."""

from __future__ import annotations

import asyncio

__all__ = ["Clock"]


class Clock:
    """A clock that is wherever the last sleep took it, and remembers the sleeps."""

    def __init__(self) -> None:
        self.moment = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        """The moment that the sleeps have reached."""
        return self.moment

    async def sleep(self, seconds: float) -> None:
        """Be there at once."""
        self.sleeps.append(seconds)
        self.moment += seconds
        await asyncio.sleep(0)
