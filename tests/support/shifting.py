"""A list that changes between any two requests, cut into pages like those of Harvest, with a record of its changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum

#: A place in an order; records come in the order of their places.
Place = tuple[float, ...]
Span = tuple[date | None, date | None]

_FIRST_DAY = date(2026, 1, 1)
_DAYS = 60
_START = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Style(Enum):
    """How a page refers to the next one."""

    NUMBERED = "by positions in the current list"
    CURSOR = "after the place of its last record"


@dataclass(frozen=True, slots=True)
class Record:
    """A record; `chance` is its place in the random order."""

    id: int
    day: date
    created_at: datetime
    updated_at: datetime
    chance: float


#: The orders that Harvest may use for a list.
ORDERS: Mapping[str, Callable[[Record], Place]] = {
    "by day, the latest first": lambda record: (-record.day.toordinal(), -record.id),
    "by id": lambda record: (record.id,),
    "by id, the latest first": lambda record: (-record.id,),
    "random": lambda record: (record.chance, record.id),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a page by its number, or for the one after a place, with filters by day and by `updated_since`."""

    per_page: int
    number: int = 1
    after: Place | None = None
    days: Span = (None, None)
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One page; `following` requests the next one, None at the end. `served_at` is the header `Date`.

    `took_s` is the duration of the request.
    """

    records: list[Record]
    total_entries: int
    following: Asked | None
    served_at: datetime
    took_s: float


class ShiftingList:
    """A list in one of the `ORDERS`; `change` modifies it before each request.

    The share `recent` of its records was created in the last half minute. `wanted` is the range of days of the whole
    read: `throughout` has the ids of the records with such a day at every moment since the first request, `ever` those
    of all that had one at some moment. Times are stored in whole seconds, and the clocks of the servers are up to two
    seconds off.
    """

    def __init__(
        self,
        seed: int,
        *,
        size: int,
        style: Style,
        order: str,
        change: Change,
        wanted: Span = (None, None),
        recent: float = 1 / 40,
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self.now = _START
        self.style = style
        self.wanted = wanted
        self.requests: list[Asked] = []
        #: The place of the last served record, where changes do most harm.
        self.served: Place | None = None
        self._key = ORDERS[order]
        self._change = change
        self._records: dict[int, Record] = {}
        self._next_id = 1
        self.throughout: set[int] = set()
        self.ever: set[int] = set()
        for _ in range(size):
            age_s = (30 if self.random.random() < recent else 100_000) * self.random.random()
            self.now = _START - timedelta(seconds=age_s)
            self.insert()
        self.now = _START

    def ask(self, asked: Asked) -> Answer:
        """Change the list, then return the requested page."""
        self._pass(3 * self.random.random())
        self._change(self)
        if not self.requests:
            self.throughout, self.ever = self._wanted_ids(), self._wanted_ids()
        self.requests.append(asked)
        sent = self.now
        self._pass(self.random.random())
        chosen = [record for record in self.ordered() if _chosen(record, asked)]
        start = (asked.number - 1) * asked.per_page if self.style is Style.NUMBERED else self._after(chosen, asked)
        records = chosen[start : start + asked.per_page]
        self.served = self._key(records[-1]) if records else self.served
        self._pass(self.random.choice((1, 1, 1, 8)) * self.random.random())
        clock = self.now + timedelta(seconds=self.random.uniform(-2, 2))
        more = start + asked.per_page < len(chosen)
        return Answer(
            records,
            total_entries=len(chosen),
            following=replace(asked, number=asked.number + 1, after=self.served) if more else None,
            served_at=clock.replace(microsecond=0),
            took_s=(self.now - sent).total_seconds(),
        )

    def wait(self, seconds: float) -> None:
        """Let so much time pass, in which nothing is asked."""
        self._pass(seconds)

    def ordered(self) -> list[Record]:
        """Return the current records, in order."""
        return sorted(self._records.values(), key=self._key)

    def place(self, record: Record) -> Place:
        """Return the place of a record in the order."""
        return self._key(record)

    def insert(self, day: date | None = None, chance: float | None = None) -> Record:
        """Insert a record, with a random day by default, and return it."""
        moment = self.now.replace(microsecond=0)
        spot = self.random.random() if chance is None else chance
        record = Record(self._next_id, day or self._any_day(), moment, moment, spot)
        self._next_id += 1
        self._records[record.id] = record
        self._note()
        return record

    def delete(self, record: Record) -> None:
        """Delete a record."""
        del self._records[record.id]
        self._note()

    def move(self, record: Record, day: date | None = None) -> None:
        """Move a record to another day."""
        self._records[record.id] = replace(
            record, day=day or self._any_day(), updated_at=self.now.replace(microsecond=0)
        )
        self._note()

    def _any_day(self) -> date:
        return _FIRST_DAY + timedelta(days=self.random.randrange(_DAYS))

    def _after(self, chosen: list[Record], asked: Asked) -> int:
        after = asked.after
        return 0 if after is None else sum(self._key(record) <= after for record in chosen)

    def _wanted_ids(self) -> set[int]:
        return {record.id for record in self._records.values() if _chosen(record, Asked(0, days=self.wanted))}

    def _note(self) -> None:
        wanted = self._wanted_ids()
        self.throughout &= wanted
        self.ever |= wanted

    def _pass(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def _chosen(record: Record, asked: Asked) -> bool:
    low, high = asked.days
    late = asked.since is None or record.updated_at >= asked.since
    return late and (low is None or low <= record.day) and (high is None or record.day <= high)


#: A change of a list before a request.
Change = Callable[[ShiftingList], None]


def still(_: ShiftingList) -> None:
    """Change nothing."""


def churn(rate: float) -> Change:
    """Insert, delete and move records, each with the probability `rate`, at random days and places."""

    def change(shifting: ShiftingList) -> None:
        if shifting.random.random() < rate:
            shifting.insert()
        for work in (shifting.delete, shifting.move):
            if shifting.random.random() < rate and (records := shifting.ordered()):
                work(shifting.random.choice(records))

    return change


def compensating(rate: float) -> Change:
    """Delete a served record and insert one that was not served, so that the total stays and a record is lost."""

    def change(shifting: ShiftingList) -> None:
        past = [record for record in shifting.ordered() if shifting.served and shifting.place(record) < shifting.served]
        if past and shifting.random.random() < rate:
            shifting.delete(shifting.random.choice(past))
            shifting.insert(day=_FIRST_DAY, chance=1)

    return change


def moving(rate: float) -> Change:
    """Move each record to another day with the probability `rate`; the total stays the same."""

    def change(shifting: ShiftingList) -> None:
        for record in shifting.ordered():
            if shifting.random.random() < rate:
                shifting.move(record)

    return change


def after_the_first_page(change: Change) -> Change:
    """Make the same change, but only between the first page and the second."""

    def changed(shifting: ShiftingList) -> None:
        if len(shifting.requests) == 1:
            change(shifting)

    return changed


def leaving(rate: float) -> Change:
    """Delete records."""

    def change(shifting: ShiftingList) -> None:
        if shifting.random.random() < rate and (records := shifting.ordered()):
            shifting.delete(shifting.random.choice(records))

    return change
