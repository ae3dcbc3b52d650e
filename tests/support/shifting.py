"""A list that changes between any two requests, cut into pages as Harvest cuts them, with all that happened to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum

__all__ = [
    "ORDERS",
    "Answer",
    "Asked",
    "Change",
    "Place",
    "Record",
    "ShiftingList",
    "Style",
    "after_the_first_page",
    "churn",
    "compensating",
    "leaving",
    "moving",
    "still",
]

#: A place in an order; records come in the order of their places.
Place = tuple[float, ...]
Span = tuple[date | None, date | None]

_FIRST_DAY = date(2026, 1, 1)
_DAYS = 60
_START = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Style(Enum):
    """How a page says where the next one begins."""

    NUMBERED = "by positions in the list as it is now"
    CURSOR = "after the place of its last record"


@dataclass(frozen=True, slots=True)
class Record:
    """A record; `chance` is its place in the order that has no meaning."""

    id: int
    day: date
    created_at: datetime
    updated_at: datetime
    chance: float


#: What Harvest may order a list by.
ORDERS: Mapping[str, Callable[[Record], Place]] = {
    "by day, the latest first": lambda record: (-record.day.toordinal(), -record.id),
    "by id": lambda record: (record.id,),
    "by id, the latest first": lambda record: (-record.id,),
    "random": lambda record: (record.chance, record.id),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: a page by its number, or the one after a place; which days, and updated since when."""

    per_page: int
    number: int = 1
    after: Place | None = None
    days: Span = (None, None)
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One page; `following` asks for the next one, None at the end. `served_at` is the header `Date`.

    `took_s` is how long the one who asks waited for it.
    """

    records: list[Record]
    total_entries: int
    following: Asked | None
    served_at: datetime
    took_s: float


class ShiftingList:
    """A list in one of the `ORDERS`, on which `change` works before each request.

    A share of its records, `recent`, came in the last half minute. `wanted` are the days that the whole read is about:
    `throughout` has the ids of the records with such a day at every moment since the first request, `ever` those of
    all that had one for a while. Times are saved in whole seconds, and the servers that answer have clocks up to two
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
        #: The place of the last record that was given out, where changes hurt most.
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
        """The page that a request gets, after something has changed."""
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

    def ordered(self) -> list[Record]:
        """The records as they stand now, in order."""
        return sorted(self._records.values(), key=self._key)

    def place(self, record: Record) -> Place:
        """Where a record stands in the order."""
        return self._key(record)

    def insert(self, day: date | None = None, chance: float | None = None) -> Record:
        """A new record, of any day unless it is said."""
        moment = self.now.replace(microsecond=0)
        spot = self.random.random() if chance is None else chance
        record = Record(self._next_id, day or self._any_day(), moment, moment, spot)
        self._next_id += 1
        self._records[record.id] = record
        self._note()
        return record

    def delete(self, record: Record) -> None:
        """One record less."""
        del self._records[record.id]
        self._note()

    def move(self, record: Record, day: date | None = None) -> None:
        """Another day for a record."""
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


#: What happens to a list before a request.
Change = Callable[[ShiftingList], None]


def still(_: ShiftingList) -> None:
    """Nothing."""


def churn(rate: float) -> Change:
    """Records come, go and move, each with the probability `rate`, by day and by place without a pattern."""

    def change(shifting: ShiftingList) -> None:
        if shifting.random.random() < rate:
            shifting.insert()
        for work in (shifting.delete, shifting.move):
            if shifting.random.random() < rate and (records := shifting.ordered()):
                work(shifting.random.choice(records))

    return change


def compensating(rate: float) -> Change:
    """One record goes that was given out and one comes that was not, so that the total stays and a record is lost."""

    def change(shifting: ShiftingList) -> None:
        past = [record for record in shifting.ordered() if shifting.served and shifting.place(record) < shifting.served]
        if past and shifting.random.random() < rate:
            shifting.delete(shifting.random.choice(past))
            shifting.insert(day=_FIRST_DAY, chance=1)

    return change


def moving(rate: float) -> Change:
    """Each record moves to another day with the probability `rate`, of which the total says nothing."""

    def change(shifting: ShiftingList) -> None:
        for record in shifting.ordered():
            if shifting.random.random() < rate:
                shifting.move(record)

    return change


def after_the_first_page(change: Change) -> Change:
    """The same change, but only between the first page and the second."""

    def changed(shifting: ShiftingList) -> None:
        if len(shifting.requests) == 1:
            change(shifting)

    return changed


def leaving(rate: float) -> Change:
    """Records go, and none come."""

    def change(shifting: ShiftingList) -> None:
        if shifting.random.random() < rate and (records := shifting.ordered()):
            shifting.delete(shifting.random.choice(records))

    return change
