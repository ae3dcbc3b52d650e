"""Harvest's rate limits: a number of requests in a sliding window, by token and account, separate for reports.

https://help.getharvest.com/api-v2/introduction/overview/general/#rate-limiting gives the numbers. It does not say
whether Harvest counts by token, user or account; the sandbox counts by token and account.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


@dataclass(frozen=True, slots=True)
class Window:
    """At most `requests` within any `seconds`."""

    requests: int
    seconds: float


GENERAL = Window(100, 15)
REPORTS = Window(100, 15 * 60)


class Limiter:
    """Counts the recent requests of each sender by `clock`, which counts seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sent: dict[Hashable, deque[float]] = {}

    def admit(self, sender: Hashable, window: Window) -> int | None:
        """Return None and count the request if it is within the limit, else the whole seconds to wait."""
        now = self._clock()
        sent = self._sent.setdefault(sender, deque())
        while sent and sent[0] <= now - window.seconds:
            sent.popleft()
        if len(sent) < window.requests:
            sent.append(now)
            return None
        return max(1, math.ceil(sent[0] + window.seconds - now))
