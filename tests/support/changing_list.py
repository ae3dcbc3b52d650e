"""A dated list that changes while it is asked, and a copy of it: what the generator of a sync is driven against.

It is data: records with a day, an `updated_at` in whole seconds and a version, and every commit with its moment. So a
test can say what was in the list at any moment. A commit may be later than its `updated_at`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING

from harvest_duck.mirror.asks import (
    Bury,
    ChangedRead,
    CountAll,
    CountDays,
    Counted,
    DaysRead,
    Held,
    HeldRows,
    ReadChanged,
    ReadDays,
    ReadRunning,
)
from harvest_duck.mirror.periods import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from random import Random

    from harvest_duck.mirror.asks import Answer, Ask
    from harvest_duck.mirror.list_protocol import ListOutcome

BEGIN = datetime(2026, 11, 29, 12, tzinfo=UTC)
TODAY = BEGIN.date()
WHOLE = Period()


@dataclass(frozen=True)
class Record:
    """One version of a record; `updated_at` is in seconds after `BEGIN`."""

    id: int
    day: date | None
    updated_at: int
    version: int


@dataclass(frozen=True)
class Pace:
    """How many changes lie between two asks, how late they are committed at most, and how many are undated."""

    changes: float = 0.0
    late_s: float = 0.0
    undated: float = 0.0
    #: The part of the changes that make a record and delete it again at once.
    fleeting: float = 0.0
    #: The part of the changes by which a record enters with an old `updated_at`.
    entering: float = 0.0


@dataclass
class ChangingList:
    """Harvest's list: `at(moment)` is what it had then."""

    random: Random
    pace: Pace = Pace()
    now: float = 0.0
    commits: list[tuple[float, int, Record | None]] = field(default_factory=list)
    records: dict[int, Record] = field(default_factory=dict)
    _pending: list[tuple[float, int, Record | None]] = field(default_factory=list)
    _known: set[int] = field(default_factory=set)
    _ids: int = 0

    def insert(self, day: date | None, *, updated_at: float | None = None, at: float | None = None) -> int:
        """Add a record, and return its id."""
        self._ids += 1
        self._save(self._ids, day, updated_at, at)
        return self._ids

    def delete(self, record: int, at: float | None = None) -> None:
        """Remove a record."""
        self._pending.append((self.now if at is None else at, record, None))
        self._commit()

    def pass_time(self, seconds: float) -> None:
        """Let time pass and changes happen."""
        wanted = self.pace.changes
        while self.random.random() < wanted:
            wanted -= 1
            self._change(self.now + self.random.random() * seconds)
        self.now += seconds
        self._commit()

    def settle(self) -> None:
        """Let everything be committed, and change no more."""
        self.pace = replace(self.pace, changes=0.0)
        self.now += self.pace.late_s + 2
        self._commit()

    def at(self, moment: float) -> dict[int, Record]:
        """Return the records of a moment."""
        found: dict[int, Record] = {}
        for committed, record, version in self.commits:
            if committed <= moment:
                if version is None:
                    found.pop(record, None)
                else:
                    found[record] = version
        return found

    def random_day(self) -> date | None:
        """Return a day, more often a recent one."""
        if self.random.random() < self.pace.undated:
            return None
        return TODAY - timedelta(days=int(self.random.random() ** 3 * 400) - 3)

    def _change(self, moment: float) -> None:
        kind, known = self.random.random(), list(self.records)
        if kind < self.pace.fleeting:
            made = self.insert(self.random_day(), updated_at=moment, at=moment)
            self.delete(made, moment + self.random.random() * 2)
        elif kind < self.pace.fleeting + self.pace.entering:
            self.insert(self.random_day(), updated_at=moment - 10_000, at=moment)
        elif not known or self.random.random() < 0.3:
            self.insert(self.random_day(), updated_at=moment, at=self._late(moment))
        elif self.random.random() < 0.4:
            self.delete(self.random.choice(known), moment)
        else:
            record = self.random.choice(known)
            day = self.random_day() if self.random.random() < 0.5 else self.records[record].day
            self._save(record, day, moment, self._late(moment))

    def _late(self, moment: float) -> float:
        return moment + self.random.random() * self.pace.late_s

    def _save(self, record: int, day: date | None, updated_at: float | None, at: float | None) -> None:
        moment = self.now if updated_at is None else updated_at
        self._pending.append((self.now if at is None else at, record, Record(record, day, int(moment // 1), 0)))
        self._commit()

    def _commit(self) -> None:
        """Carry out what is due; what was deleted is not saved again."""
        self._pending.sort(key=lambda each: each[0])
        while self._pending and self._pending[0][0] <= self.now:
            moment, record, version = self._pending.pop(0)
            if record in self.records or (version is not None and record not in self._known):
                self._known.add(record)
                self._keep(moment, record, version)

    def _keep(self, moment: float, record: int, version: Record | None) -> None:
        saved = version and replace(version, version=len(self.commits) + 1)
        self.commits.append((moment, record, saved))
        if saved is None:
            del self.records[record]
        else:
            self.records[record] = saved


@dataclass
class Copy:
    """The rows of a copy, its tombstones and its watermark, and how it does what a generator asks."""

    source: ChangingList
    page_size: int
    watermark: datetime = BEGIN
    rows: dict[int, Record] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    #: What was asked, and for how many requests.
    asks: list[Ask] = field(default_factory=list)
    requests: int = 0
    #: At the last total of the whole list: the moment, and the ids that were held.
    counted: tuple[float, frozenset[int]] = (0.0, frozenset())
    changes: int = 0

    def by_day(self) -> dict[date | None, int]:
        """Return the number of rows of each day."""
        return dict(Counter(row.day for row in self.rows.values()))

    def run(self, generator: Generator[Ask, Answer, ListOutcome], *, stop_at: float = inf) -> ListOutcome | None:
        """Drive a generator to its end, or stop at an ask, before or after it was carried out."""
        answer: Answer = None
        self.asks = []
        try:
            while True:
                ask = generator.send(answer)
                self.asks.append(ask)
                if len(self.asks) >= stop_at:
                    if self.source.random.random() < 0.5:
                        self.answer(ask)
                    return None
                answer = self.answer(ask)
        except StopIteration as end:
            outcome: ListOutcome = end.value
            self.watermark = outcome.watermark
            return outcome

    def answer(self, ask: Ask) -> Answer:
        """Carry out an ask, and return its answer; the list changes before, and between pages."""
        source = self.source
        if isinstance(ask, Held):
            return HeldRows(self.by_day())
        if isinstance(ask, Bury):
            assert ask.ids <= self.rows.keys()
            return self._bury(ask)
        source.pass_time(source.random.uniform(0.05, 1.5))
        match ask:
            case CountAll():
                self.counted = source.now, frozenset(self.rows)
                return self._count(WHOLE)
            case CountDays(period):
                return self._count(period)
            case ReadDays(period):
                return self._read_days(period)
            case ReadChanged(since):
                first = (since - BEGIN).total_seconds()
                return self._read_changed(lambda record: record.updated_at >= first)
            case ReadRunning():
                return self._read_changed(lambda record: record.id == 1)
        raise AssertionError(ask)

    def _bury(self, ask: Bury) -> None:
        for record in ask.ids:
            del self.rows[record]
        self.changes += len(ask.ids)
        if ask.tombstones:
            self.deleted |= ask.ids

    def _count(self, period: Period) -> Counted:
        self.requests += 1
        return Counted(sum(record.day in period for record in self.source.records.values()), self._horizon())

    def _read_changed(self, matches: Callable[[Record], bool]) -> ChangedRead:
        horizon, came = self._read(matches)
        return ChangedRead(horizon, frozenset(came), self._apply(came))

    def _read_days(self, period: Period) -> DaysRead:
        horizon, came = self._read(lambda record: record.day in period)
        held = {record for record, row in self.rows.items() if row.day in period}
        return DaysRead(horizon, frozenset(came), self._apply(came), frozenset(held - came.keys()))

    def _read(self, matches: Callable[[Record], bool]) -> tuple[datetime, dict[int, Record]]:
        """Return what matches, of several moments where it is several pages; nothing of the first moment is lost."""
        source = self.source
        while True:
            horizon = self._horizon()
            first = [record for record in source.records.values() if matches(record)]
            self.requests += max(1, -(-len(first) // self.page_size))
            came = {record.id: record for record in first[: self.page_size]}
            if len(first) <= self.page_size:
                return horizon, came
            source.pass_time(source.random.uniform(0.05, 1.5))
            now = {record.id: record for record in source.records.values() if matches(record)}
            if all(record.id in now for record in first[self.page_size :]):
                return horizon, came | {record.id: now[record.id] for record in first[self.page_size :]}

    def _apply(self, came: dict[int, Record]) -> frozenset[int]:
        new = frozenset(came.keys() - self.rows.keys())
        self.changes += sum(self.rows.get(record) != row for record, row in came.items())
        self.rows |= came
        self.deleted -= came.keys()
        return new

    def _horizon(self) -> datetime:
        return BEGIN + timedelta(seconds=self.source.now - self.source.random.random())
