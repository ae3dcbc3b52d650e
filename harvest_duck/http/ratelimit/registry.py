"""The rate limiters of a process: one for each server, credential and limit, shared by all its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.http.ratelimit import shared
from harvest_duck.http.ratelimit.window import Clock, SlidingWindow, SystemClock
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    import logging

    from harvest_duck.connection import RateLimit

_UNLIMITED = 1 << 62


def limiter(key: tuple[object, ...], rate: RateLimit | None, clock: Clock, log: logging.Logger) -> SlidingWindow:
    """Return the limiter that all clients with the same key, rate and clock share, without a limit if `rate` is None.

    By the clock of the machine it also counts the requests of other processes.
    """
    limiters = loop.own("limiters", dict[tuple[object, ...], SlidingWindow])
    full_key = (*key, rate, None if isinstance(clock, SystemClock) else clock)
    if full_key not in limiters:
        if rate is None:
            limiters[full_key] = SlidingWindow(_UNLIMITED, 0, clock)
        elif isinstance(clock, SystemClock):
            limiters[full_key] = shared.shared(key, rate.requests, rate.window_s, clock, log)
        else:
            limiters[full_key] = SlidingWindow(rate.requests, rate.window_s, clock)
    return limiters[full_key]
