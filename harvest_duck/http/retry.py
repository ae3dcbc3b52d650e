"""Which requests are tried again, and when: a short fault costs no row, and a dead server only seconds.

Three limits hold together. Each request has `ATTEMPTS`; the second follows whatever time the first one took, and none
after it begins later than `RETRY_S` after the first. A wait that the server asks for by `Retry-After` does not count in
that, and is limited on its own. And all requests of a client share one `RetryBudget`, so that a server which fails half
of the time does not get twice as many requests. After a 429, `scanner.client` also pauses the rate limiter, and so all
other requests of the token.

Two faults are no fault of the server. Time in which this process stood still is no time that an answer took. And a host
that answered a moment ago, and cannot be reached now, is tried for all of `RETRY_S`, as it costs the host nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random, wait_random_exponential

from harvest_duck.catalog.model import Limit
from harvest_duck.errors import HarvestDuckError, RateLimited, ResponseError, TransportError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from harvest_duck.http.ratelimit.window import Clock

#: The most tries of a request.
ATTEMPTS = 5
#: Seconds after the first try within which the third and later ones begin; the waits between `ATTEMPTS` take 8 at most.
RETRY_S = 60.0
#: Seconds that a request waits because the server asks for it, in all, unless its rate limit has a longer window.
PATIENCE_S = 60.0
#: The same after a 429: the window in which Harvest counts, and a little more.
LIMITED_PATIENCE_S = {Limit.GENERAL: PATIENCE_S, Limit.REPORTS: PATIENCE_S + 900}
#: Seconds without any request after a 429 that does not say how long to wait.
_UNADVISED_S = 5.0

_wait_s = wait_random_exponential(multiplier=0.5, max=8)
# Harvest counts in windows of 15 seconds: four such waits outlast one.
# https://help.getharvest.com/api-v2/introduction/overview/general/#rate-limiting
_limited_wait_s = wait_random(5, 10)


def pause_s(limit: Limit, advised_s: float | None) -> float:
    """Return the seconds without any request after a 429, which asks for `advised_s`, or for no certain time."""
    return _UNADVISED_S if advised_s is None else min(advised_s, LIMITED_PATIENCE_S[limit])


class RetryBudget:
    """The retries left to all requests of a client together: `most` at first, half of one more for each success.

    `answered_at` is the moment of the last success.
    """

    def __init__(self, most: float) -> None:
        self._most = self._left = most
        self.answered_at = float("-inf")

    def succeeded(self, now: float) -> None:
        """Count a request that was answered."""
        self._left = min(self._most, self._left + 0.5)
        self.answered_at = max(self.answered_at, now)

    def spend(self) -> bool:
        """Take one retry; returns whether there was one."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


def tries(
    clock: Clock,
    log: logging.Logger,
    *,
    patience_s: float = PATIENCE_S,
    budget: RetryBudget | None = None,
    waited_s: Callable[[], float] = lambda: 0.0,
) -> AsyncRetrying:
    """Return the attempts at a request: again after `retriable` errors, with growing pauses or when the server says.

    `patience_s` limits the waits that the server asks for after 429; after other errors they are limited to
    `PATIENCE_S` as well. `waited_s` returns the seconds that the attempts have waited for the rate limit, which do not
    count; nor do those in which the process stood still, as `TransportError.stalled_s` has them. The error is raised
    when a limit is reached, and when the server asks for a longer wait.
    """
    course = _Course(clock, log, patience_s, budget, waited_s, began=clock.now())
    return AsyncRetrying(
        sleep=clock.sleep,
        retry=retry_if_exception(lambda error: isinstance(error, HarvestDuckError) and error.retriable),
        stop=course.ends,
        wait=course.pause_s,
        reraise=True,
    )


@dataclass(slots=True)
class _Course:
    """The attempts at one request so far."""

    clock: Clock
    log: logging.Logger
    patience_s: float
    budget: RetryBudget | None
    waited_s: Callable[[], float]
    began: float
    advised_s: float = 0.0
    stalled_s: float = 0.0
    uncounted: int = 0

    def ends(self, state: RetryCallState) -> bool:
        """Whether the error of the last attempt is raised."""
        error = _error(state)
        self._excuse(error)
        made = state.attempt_number - self.uncounted
        self.log.warning("%s; try %d of %d failed", error, state.attempt_number, ATTEMPTS + self.uncounted)
        advised_s = self.advised_s + (_advice_s(error) or 0.0)
        patience_s = self.patience_s if isinstance(error, RateLimited) else min(self.patience_s, PATIENCE_S)
        if made >= ATTEMPTS or (made > 1 and self._late()) or advised_s > patience_s:
            return True
        self.advised_s = advised_s
        free = isinstance(error, TransportError) and (error.stalled_s > 0 or not error.reached)
        return not free and self.budget is not None and not self.budget.spend()

    def _excuse(self, error: BaseException | None) -> None:
        """Note that the last attempt does not count, where what failed is not the server."""
        if isinstance(error, TransportError):
            self.stalled_s += error.stalled_s
            vanished = not error.reached and self._answered_lately() and not self._late()
            self.uncounted += error.stalled_s > 0 or vanished

    def _late(self) -> bool:
        uncounted_s = self.advised_s + self.stalled_s + self.waited_s()
        return self.clock.now() - self.began - uncounted_s >= RETRY_S

    def _answered_lately(self) -> bool:
        return self.budget is not None and self.budget.answered_at >= self.began - RETRY_S

    @staticmethod
    def pause_s(state: RetryCallState) -> float:
        """Return the seconds until the next attempt."""
        error = _error(state)
        advice_s = _advice_s(error)
        if advice_s is not None:
            return advice_s
        return float((_limited_wait_s if isinstance(error, RateLimited) else _wait_s)(state))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _advice_s(error: BaseException | None) -> float | None:
    """Return the seconds that the server asks to wait, None if it does not."""
    return error.retry_after_s if isinstance(error, ResponseError) else None
