"""Moments by two clocks, so that rows are never taken for younger than they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from harvest_duck.scanner.client_pool import pool


class Moment(NamedTuple):
    """A moment by the clock of the requests, which stands while the machine sleeps, and by the time of day."""

    clock_s: float
    at: datetime

    def age_s(self, now: Moment) -> float:
        """Return the seconds until `now`: as many as either clock says, so that neither makes rows younger."""
        return max(now.clock_s - self.clock_s, (now.at - self.at).total_seconds())

    def shown(self, now: Moment) -> datetime:
        """Return the moment as the time of day."""
        return now.at - timedelta(seconds=self.age_s(now))


def now() -> Moment:
    """Return the present moment."""
    return Moment(pool().clock.now(), datetime.now(UTC))
