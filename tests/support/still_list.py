"""A large dated list that does not change while it is asked, and a copy that has rows which are gone, or lacks some."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar

from harvest_duck.mirror.asks import Bury, ChangedRead, CountAll, CountDays, Counted, DaysRead, Held, HeldRows, ReadDays
from harvest_duck.mirror.periods import rows_within
from harvest_duck.protocol.page import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from harvest_duck.mirror.asks import Answer, Ask

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TODAY = NOW.date()

Result = TypeVar("Result")


def working_days(rows: int, *, years: int = 5, seed: int = 1) -> dict[date | None, range]:
    """Return the ids of about so many rows, on the working days of some years."""
    random = Random(seed)  # noqa: S311 - no secret
    days = [TODAY - timedelta(days=number) for number in range(365 * years) if number % 7 < 5]
    weights = [max(0.1, random.gauss(1, 0.25)) for _ in days]
    found: dict[date | None, range] = {}
    begin = 0
    for day, weight in zip(days, weights, strict=True):
        found[day] = range(begin, begin := begin + round(rows * weight / sum(weights)))
    return found


@dataclass
class StillList:
    """The ids of each day, of which the copy lacks `unseen` and Harvest those that are `gone`."""

    days: Mapping[date | None, range]
    gone: Mapping[int, date | None] = field(default_factory=dict)
    unseen: Mapping[int, date | None] = field(default_factory=dict)
    page_size: int = LARGEST_PAGE
    #: How many records Harvest counts that it does not list.
    miscount: int = 0
    requests: int = 0
    asks: list[Ask] = field(default_factory=list)
    buried: set[int] = field(default_factory=set)
    entered: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        here, gone, unseen = Counter[date | None](), Counter(self.gone.values()), Counter(self.unseen.values())
        here.update({day: len(ids) for day, ids in self.days.items()})
        self._listed, self._held = dict(here - gone), dict(here - unseen)

    @property
    def held(self) -> dict[date | None, int]:
        """The number of rows that the copy holds for each day."""
        return dict(self._held)

    def run(self, generator: Generator[Ask, Answer, Result]) -> Result:
        """Drive a generator to its end."""
        answer: Answer = None
        while True:
            try:
                ask = generator.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            self.asks.append(ask)
            answer = self._answer(ask)

    def _answer(self, ask: Ask) -> Answer:
        match ask:
            case Held():
                return HeldRows(self.held)
            case Bury(ids):
                assert ids <= self.gone.keys() - self.buried
                self.buried |= ids
                for record in ids:
                    self._held[self.gone[record]] -= 1
                return None
            case ReadDays():
                return self._read(ask)
        self.requests += 1
        match ask:
            case CountAll():
                return Counted(sum(self._listed.values()) + self.miscount, NOW)
            case CountDays(period):
                return Counted(rows_within(self._listed, period), NOW)
        return ChangedRead(NOW, frozenset(), frozenset())

    def _read(self, ask: ReadDays) -> DaysRead:
        all_ids = frozenset().union(*(ids for day, ids in self.days.items() if day in ask.period))
        ids = all_ids - self.gone.keys()
        self.requests += max(1, -(-len(ids) // self.page_size))
        new = ids & (self.unseen.keys() - self.entered)
        self.entered |= new
        for record in new:
            self._held[self.unseen[record]] = self._held.get(self.unseen[record], 0) + 1
        return DaysRead(NOW, ids, new, all_ids & (self.gone.keys() - self.buried))
