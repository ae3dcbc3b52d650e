"""The profile of an account before its records exist: identity, settings, size, and its fixed date of today."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from harvest_duck.sandbox.data.random_source import Ids, RandomSource, weighted
from harvest_duck.sandbox.data.time_rounding import Rounding, TimeRounding

#: The date of today in the sandbox, by default.
TODAY = date(2026, 11, 20)

#: The days of today that records can be made for.
DAYS = (date(2000, 1, 1), date(2099, 12, 31))
#: The choices of Harvest.
WEEK_STARTS = ("Saturday", "Sunday", "Monday")

YEARS = 5
# Five days of twelve hours are a long week.
_USUAL_HOURS, _MOST_HOURS = 35, 60


@dataclass(frozen=True)
class Settings:
    """The settings of the main account that can be chosen.

    `weekly_hours` are those of the account, and of most people in it; with None some have 32, some 35 and some 40.
    ValueError for a currency, a week start or a week that no agency has.
    """

    currency: str = "USD"
    time_rounding: TimeRounding = field(default_factory=lambda: TimeRounding(Rounding.UP, 15))
    week_start: str = "Monday"
    weekly_hours: float | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise ValueError("a currency has a code of three letters such as USD")
        if self.week_start not in WEEK_STARTS:
            raise ValueError(f"a week starts on {', '.join(WEEK_STARTS[:-1])} or {WEEK_STARTS[-1]}")
        if self.weekly_hours is not None and not 0 < self.weekly_hours <= _MOST_HOURS:
            raise ValueError(f"a week of work has more than 0 and at most {_MOST_HOURS} hours")

    @property
    def capacity(self) -> int:
        """The weekly capacity of the account in seconds."""
        return round((_USUAL_HOURS if self.weekly_hours is None else self.weekly_hours) * 3600)

    @property
    def capacities(self) -> tuple[int, ...]:
        """The weekly capacities of people, as often as they occur."""
        if self.weekly_hours is None:
            return weighted((126_000, 3), (144_000, 5), (115_200, 2))
        return weighted((self.capacity, 8), (round(self.capacity * 0.8), 2))


@dataclass(frozen=True)
class AccountProfile:
    """The settings and the size of an account; every count is a number of records to generate.

    A `european` account differs in formats, access and in the keys that some payloads lack. `capacities` are the weekly
    ones of people in seconds, as often as they occur; `capacity` is that of the account.
    Without `time_off` the account does not have that part of Harvest; without `recent_fields` its answers are those of
    an older Harvest.
    """

    account_id: int
    name: str
    domain: str
    european: bool
    currency: str
    clock: str
    time_rounding: TimeRounding
    approval: bool
    week_start: str
    capacity: int
    capacities: tuple[int, ...]
    seed: int
    today: date
    clients: int
    projects: int
    users: int
    time_entries: int
    expenses: int
    estimates: int
    time_off: bool = True
    recent_fields: bool = True
    since: date = field(init=False)

    def __post_init__(self) -> None:
        if not DAYS[0] <= self.today <= DAYS[1]:
            raise ValueError(f"today has to be a day from {DAYS[0]} to {DAYS[1]}")
        object.__setattr__(self, "since", self.today - timedelta(days=round(YEARS * 365.25)))

    def rng(self, stream: str) -> RandomSource:
        """Return the random source for one part of this account."""
        return RandomSource(self.seed, f"{self.account_id}/{stream}")

    def ids(self, table: str, start: int, gap: int = 40) -> Ids:
        """Return ascending ids for `table`, different from those of the other account."""
        shift = (self.account_id % 10 - 1) * 20_000_000
        return Ids(self.rng(f"{table} ids"), start + shift, gap)
