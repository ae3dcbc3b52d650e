"""The profile of an account before its records exist: identity, settings, size, and its fixed date of today."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from harvest_duck.sandbox.data.random_source import Ids, RandomSource

#: The date of today in the sandbox, by default.
TODAY = date(2026, 11, 20)

YEARS = 5


@dataclass(frozen=True)
class AccountProfile:
    """The settings and the size of an account; every count is a number of records to generate.

    Without `time_off` the account does not have that part of Harvest; without `recent_fields` its answers are those of
    an older Harvest.
    """

    account_id: int
    name: str
    domain: str
    currency: str
    clock: str
    rounds_up: bool
    approval: bool
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
        object.__setattr__(self, "since", self.today - timedelta(days=round(YEARS * 365.25)))

    def rng(self, stream: str) -> RandomSource:
        """Return the random source for one part of this account."""
        return RandomSource(self.seed, f"{self.account_id}/{stream}")

    def ids(self, table: str, start: int, gap: int = 40) -> Ids:
        """Return ascending ids for `table`, different from those of the other account."""
        shift = (self.account_id % 10 - 1) * 20_000_000
        return Ids(self.rng(f"{table} ids"), start + shift, gap)
