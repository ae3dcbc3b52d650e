"""Time Rounding: the rule of an account by which `rounded_hours` follow from `hours`.

An account rounds up or to the nearest 6, 15 or 30 minutes, each entry by itself, or not at all. There is no rounding
down: https://support.getharvest.com/hc/en-us/articles/360053116772-How-does-time-rounding-work
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import lru_cache

from harvest_duck.sandbox.data.numbers import number


class Rounding(StrEnum):
    """The direction of Time Rounding; halves go up in `NEAREST`."""

    NONE = "none"
    UP = "up"
    NEAREST = "nearest"


_DIRECTIONS = {Rounding.UP: ROUND_CEILING, Rounding.NEAREST: ROUND_HALF_UP}
#: The choices of Harvest.
MINUTES = (6, 15, 30)


@dataclass(frozen=True, slots=True)
class TimeRounding:
    """A rule: `rounding` to a multiple of `minutes`, which `Rounding.NONE` ignores; ValueError for other minutes."""

    rounding: Rounding = Rounding.NONE
    minutes: int = 15

    def __post_init__(self) -> None:
        if self.minutes not in MINUTES:
            raise ValueError(f"Harvest rounds time to 6, 15 or 30 minutes, not to {self.minutes}")

    def rounded(self, hours: Decimal) -> Decimal:
        """Return the `hours` of one entry, rounded."""
        return _rounded(hours, self.rounding, self.minutes)


@lru_cache(maxsize=4096)
def _rounded(hours: Decimal, rounding: Rounding, minutes: int) -> Decimal:
    if rounding is Rounding.NONE:
        return hours
    step = Decimal(minutes) / 60
    return number((hours / step).quantize(Decimal(1), _DIRECTIONS[rounding]) * step)
