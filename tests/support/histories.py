"""Made-up histories of an account of the sandbox: what its people change, drawn from a seed, as its clock goes on."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from support.account_changes import WEIGHTS

from harvest_duck.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.sandbox.data.account import Account

__all__ = ["PAGE_SIZE", "TODAY", "Clock", "History", "agency"]

Record = dict[str, Any]

#: The last day of the agency's records, which has to be in the past of the machine that the tests run on.
TODAY = date(2025, 3, 31)
#: The records of a page, few of them, so that 360 time entries are a list that is not read whole.
PAGE_SIZE = 40


class Clock:
    """The clock of a sandbox, which goes on only when told."""

    def __init__(self) -> None:
        self.moment = datetime(TODAY.year, TODAY.month, TODAY.day, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.moment

    def go(self, **time: float) -> None:
        """Go on by some `days`, `hours`, `minutes` or `seconds`."""
        self.moment += timedelta(**time)


def agency(clock: Clock, seed: int = 7) -> Sandbox:
    """Return a sandbox of 360 time entries and 19 invoices, whose moment is that of `clock`."""
    return Sandbox(seed=seed, scale=0.02, today=TODAY, now=clock, limits=False)


@dataclass(frozen=True, slots=True)
class Commit:
    """A record was saved at a `moment` with an `updated_at`."""

    moment: datetime
    table: str
    identity: int
    updated_at: datetime


@dataclass
class History:
    """What happens to an `account`; the same seed draws the same changes of the same records."""

    seed: int
    account: Account
    clock: Clock
    #: What was changed, in words.
    told: list[str] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    #: The ids that each table ever had.
    ever: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 - drawn from a seed
        for table in self.account.tables:
            self.ever[table] |= {each["id"] for each in self.account.records(table) if "id" in each}

    def changes(self, number: int) -> None:
        """Make some changes."""
        for _ in range(number):
            self.change()

    def change(self) -> None:
        """Make one change that is possible now; the clock goes on by at most two seconds."""
        self.clock.go(seconds=self.rng.choice((0, 0, 1, 2)))
        before = self.account.state
        while True:
            (draw,) = self.rng.choices(list(WEIGHTS), list(WEIGHTS.values()))
            try:
                told = draw(self)
            except (LookupError, ValueError):
                # Nothing to draw from, or Harvest refuses it.
                continue
            if told:
                break
        self.told.append(f"{self.clock():%m-%d %H:%M:%S} {draw.__name__.strip('_')} {told}")
        for table, records in self.account.state.tables.items():
            if records is not before.tables[table]:
                self._note(table, before.tables[table], records)

    def _note(self, table: str, before: list[Record], after: list[Record]) -> None:
        old = {each["id"]: each for each in before if "id" in each}
        for each in after:
            known = old.get(each.get("id", 0), {})
            if "id" in each and known is not each and known.get("updated_at") != each.get("updated_at"):
                self.ever[table].add(each["id"])
                updated_at = datetime.fromisoformat(each["updated_at"])
                self.commits.append(Commit(self.clock(), table, each["id"], updated_at))

    def pick(self, table: str, which: Callable[[Record], bool] = lambda _: True) -> Record:
        """Return a record of a table; IndexError if none is `which`."""
        return self.rng.choice([each for each in self.account.records(table) if which(each)])

    def day(self) -> str:
        """Return a day on which somebody works: mostly of the last weeks, or of all five years."""
        days = self.rng.choice((3, 30, 60, 1800))
        return (self.clock().date() - timedelta(days=self.rng.randrange(days))).isoformat()

    def late(self) -> Record:
        """Return an `updated_at` of some minutes ago, for a change that is saved late; often none."""
        if self.rng.random() > 1 / 3:
            return {}
        return {"updated_at": f"{self.clock() - timedelta(seconds=self.rng.randrange(600)):%Y-%m-%dT%H:%M:%SZ}"}

    def insert(self, table: str, fields: Record) -> str:
        """Create a record, and return its id."""
        return str(self.account.insert(table, fields | self.late())["id"])

    def edit(self, table: str, record: Record, fields: Record) -> str:
        """Edit a record, and return that; its `updated_at` never goes back."""
        late = {key: moment for key, moment in self.late().items() if moment > record["updated_at"]}
        self.account.edit(table, record["id"], fields | late)
        return f"{table} {record['id']} {fields}"

    def delete(self, table: str, *records: Record) -> str:
        """Delete records, and return their ids."""
        for record in records:
            self.account.delete(table, record["id"])
        return f"{table} {', '.join(str(record['id']) for record in records)}"
