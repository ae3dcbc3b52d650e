"""Times of day as Harvest writes them."""

from __future__ import annotations

import re
from datetime import time
from functools import lru_cache

# https://help.getharvest.com/api-v2/timesheets-api/timesheets/time-entries/ ; the form follows company.clock
_TIME = re.compile(r"([01]?[0-9]|2[0-3])(?::([0-5][0-9])(?::([0-5][0-9]))?)?(?:\s*([AaPp][Mm]))?")

_NOON = 12


# A day has 1,440 minutes, each written in a few ways at most, and every page has the same ones.
@lru_cache(maxsize=4096)
def parse_time(text: str) -> time:
    """Return the time of day that "2:59pm", "2pm" or "14:59" means; ValueError for other text, such as "13:00pm"."""
    found = _TIME.fullmatch(text)
    if found is None or not (found[2] or found[4]):
        raise ValueError(f"not a time of day: {text!r}")
    hour, minute, second = (int(found[group] or 0) for group in (1, 2, 3))
    if found[4]:
        if not 1 <= hour <= _NOON:
            raise ValueError(f"not a time of day: {text!r}")
        hour = hour % _NOON + (_NOON if found[4].lower() == "pm" else 0)
    return time(hour, minute, second)
