"""The records of one table in the order of the API, with indexes by id and by date."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvest_duck.sandbox.wire import Record


class TableIndex:
    """The records of one table, sorted by the text field `sort`: latest first unless `ascending`, ties by falling id.

    Without `sort` the records keep their order. Records whose field is null or missing come last, or first if
    ascending.
    """

    def __init__(self, records: list[Record], sort: str | None = None, *, ascending: bool = False) -> None:
        self.records = records
        self._sort = sort
        self._ascending = ascending

    @cached_property
    def ordered(self) -> list[Record]:
        """The records in the order of the API."""
        if self._sort is None:
            return list(self.records)
        by_id = sorted(self.records, key=lambda record: record["id"], reverse=True)
        return sorted(by_id, key=self._value, reverse=not self._ascending)

    def _value(self, record: Record) -> str:
        return (self._sort and record.get(self._sort)) or ""

    @cached_property
    def by_id(self) -> dict[int, Record]:
        """The records by id."""
        return {record["id"]: record for record in self.records}

    @cached_property
    def _ascending_values(self) -> list[str]:
        values = [self._value(record) for record in self.ordered]
        return values if self._ascending else values[::-1]

    def between(self, low: str | None, high: str | None) -> list[Record]:
        """Return the records whose sort field lies from `low` to `high`, both included, in order; None is no bound."""
        values = self._ascending_values
        first = bisect_right(values, "") if low is None else bisect_left(values, low)
        last = len(values) if high is None else bisect_right(values, high)
        if self._ascending:
            return self.ordered[first:last]
        return self.ordered[len(values) - last : len(values) - first] if first < last else []


class Selection:
    """The records that match one request, before they are cut into pages; cached for the following pages."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {record["id"]: position for position, record in enumerate(self.records)}

    def position(self, identity: int) -> int:
        """Return the position of the record with that id; if it is gone, that of the next older one."""
        found = self._positions.get(identity)
        if found is not None:
            return found
        older = (position for position, record in enumerate(self.records) if record["id"] < identity)
        return next(older, len(self.records))
