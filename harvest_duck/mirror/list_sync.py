"""The list of one table, brought up to date by the steps of `list_protocol`, which are carried out here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

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

if TYPE_CHECKING:
    from collections.abc import Generator

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.asks import Answer, Ask
    from harvest_duck.mirror.list_protocol import ListOutcome
    from harvest_duck.mirror.periods import Period
    from harvest_duck.mirror.run import Run
    from harvest_duck.scanner.table_reader import ReadRows


def carry_out(run: Run, table: Table, steps: Generator[Ask, Answer, ListOutcome]) -> ListOutcome:
    """Carry out the steps of the list protocol against Harvest and the copy, and return what they end with.

    Each step is a transaction of the copy. Raises the errors of the scan, and `DeletesRefused`.
    """
    driver = _Driver(run, table)
    answer: Answer = None
    while True:
        try:
            ask = steps.send(answer)
        except StopIteration as end:
            outcome: ListOutcome = end.value
            return outcome
        answer = driver.answer(ask)


class _Driver:
    def __init__(self, run: Run, table: Table) -> None:
        self._run = run
        self._table = table
        self._seen_at = datetime.now(UTC)

    def answer(self, ask: Ask) -> Answer:
        """Return the answer to one step."""
        match ask:
            case ReadChanged(since):
                return self._changed(self._run.read(self._table, _since(self._table, since)))
            case ReadRunning():
                return self._changed(self._run.read(self._table, pc.field("is_running")))
            case ReadDays(period):
                return self._days(period)
            case CountAll():
                return Counted(*self._run.count(self._table))
            case CountDays(period):
                return Counted(*self._run.count(self._table, within(self._table, period)))
            case Held():
                return HeldRows(self._run.copy.counts_by_day(self._table))
            case Bury(ids):
                with self._run.copy.transaction():
                    self._run.bury(self._table, ids, self._seen_at)
        return None

    def _changed(self, read: ReadRows) -> ChangedRead:
        with self._run.copy.transaction():
            applied = self._run.apply(self._table, read)
        self._seen_at = read.horizon
        return ChangedRead(read.horizon, _ids(read), frozenset(applied.new_ids.to_pylist()))

    def _days(self, period: Period) -> DaysRead:
        read = self._run.read(self._table, within(self._table, period))
        with self._run.copy.transaction():
            held = self._run.copy.ids(self._table, period)
            applied = self._run.apply(self._table, read)
        self._seen_at = read.horizon
        came = _ids(read)
        missing = frozenset(held.to_pylist()) - came
        return DaysRead(read.horizon, came, frozenset(applied.new_ids.to_pylist()), missing)


def within(table: Table, period: Period) -> pc.Expression | None:
    """Return the filter for the records of a range of days, None where the range has no end."""
    assert table.day is not None  # noqa: S101 - only asked for tables with a day
    day = pc.field(table.day.name)
    terms = []
    if period.first is not None:
        terms.append(day >= _day(period.first))
    if period.last is not None:
        terms.append(day <= _day(period.last))
    return reduce(and_, terms) if terms else None


def _since(table: Table, moment: datetime) -> pc.Expression:
    assert table.updates is not None  # noqa: S101 - only asked for tables that tell when a record changed
    return pc.field(table.updates.name) >= pa.scalar(moment, pa.timestamp("us", "UTC"))


def _day(day: date) -> pa.Scalar:
    return pa.scalar(day, pa.date32())


def _ids(read: ReadRows) -> frozenset[int]:
    return frozenset(read.rows["id"].to_pylist())
