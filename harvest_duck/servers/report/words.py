"""What the live report says of its figures: how old they are, how far a reading is, and why one failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harvest_duck.cache.freshness import age
from harvest_duck.display.progress_line import progress_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["age_of", "failure_of", "reading"]


def age_of(read_at: datetime) -> str:
    """Return how long ago figures were read, and when by the clock of this machine."""
    return f"read {age(read_at)} ago, on {read_at.astimezone():%Y-%m-%d at %H:%M}"


def reading(scans: Sequence[dict[str, Any]]) -> str:
    """Return how far a reading is: the requests of all scans that are left, then each of them.

    `scans` are rows of `harvest_duck.progress`.
    """
    left = sum(row["requests_left"] or 0 for row in scans)
    if not left:
        return "Harvest is being asked." + (f" {progress_line(scans)}." if scans else "")
    at_least = "at least " if any(row["requests_left"] is None for row in scans) else ""
    requests = "request is" if left == 1 else "requests are"
    return f"Harvest is being asked: {at_least}{left:,} {requests} left. {progress_line(scans)}."


def failure_of(reason: str) -> str:
    """Return why the figures that are shown are no newer ones."""
    return f"Harvest could not be asked again, and these are the earlier figures: {reason}"
