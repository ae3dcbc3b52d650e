"""The counter of lists: where only the number of rows is wanted, Harvest's total of a list stands for its pages.

A list whose answer has no total that can be believed is read after all. Several lists of one plan are not counted at
one moment, and a record that moved from one to another meanwhile would count twice or not at all. So their sum holds
only if nothing changed since the first of them was counted, which one more request tells; otherwise they are read.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.planner.countable import countable
from harvest_duck.planner.splits import changed_since
from harvest_duck.protocol.page import count_request
from harvest_duck.scanner.completeness import ServerClock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from harvest_duck.planner import Plan
    from harvest_duck.planner.splits import Way
    from harvest_duck.protocol.request import Request
    from harvest_duck.pushdown.predicate import Predicate
    from harvest_duck.scanner.fetched_page import FetchedPage, FetchedPages
    from harvest_duck.scanner.list_reader import ListReader
    from harvest_duck.scanner.page_source import PageSource

#: Rows without columns that are returned at once: they take no memory here, but the reader may add columns.
_ROWS = 8192


class ListCounter:
    """Counts the lists of one scan; `terms` are those of its filter, None where more than the count is wanted."""

    def __init__(self, source: PageSource, lists: ListReader, terms: Sequence[Predicate] | None) -> None:
        self._source = source
        self._lists = lists
        self._terms = terms
        self._counted: dict[Request, Request] = {}

    def can_count(self, plan: Plan, splits: Sequence[Request]) -> bool:
        """Whether the lists of a plan that `splits` begin can be counted."""
        return self._terms is not None and countable(plan, splits, self._terms)

    def request(self, split: Request) -> Request:
        """Return the request to send for `split`: one that counts its list, unless a list before it had no total."""
        if self._terms is None:
            return split
        count = count_request(split)
        self._counted[count] = split
        return count

    def is_count(self, request: Request) -> bool:
        """Whether a request that is to go out counts a list."""
        return request in self._counted

    async def read(self, first: FetchedPage) -> FetchedPages:
        """Yield the rows of the list that `first` belongs to: counted where it was asked for to that end, else read."""
        split = self._counted.pop(first.request, None)
        if split is None:
            yield self._lists.read(first)
        elif first.total is None:
            self._terms = None
            self._source.scan.progress.waiting += 1
            yield self._lists.read(await self._source.fetch(split))
        else:
            yield _rows(first, first.total)

    async def sum_of(self, way: Way) -> FetchedPages | None:
        """Return the rows of all lists of a way with a catch-up request; None where their totals cannot be added up."""
        assert way.catch_up is not None  # noqa: S101 - the lists of any other way are counted one by one
        clock, moments, rows = ServerClock(), list[datetime](), 0
        async with aclosing(counts(self._source, way.splits)) as pages:
            async for counted in pages:
                if counted.total is None:
                    return None
                clock.observe(counted.served_at, received_s=counted.received_s, took_s=counted.took_s)
                moments.append(counted.horizon)
                rows += counted.total
        changes = changed_since(self._source.decoder.table, count_request(way.catch_up), min(moments))
        changed = await self._source.fetch(changes)
        clock.observe(changed.served_at, received_s=changed.received_s, took_s=changed.took_s)
        return _rows(changed, rows) if changed.total == 0 and clock.steady else None


async def counts(source: PageSource, lists: Sequence[Request]) -> AsyncGenerator[FetchedPage]:
    """Yield the answer to a count request for each list, in their order."""
    async with aclosing(source.ahead(_count_requests(lists))) as pages:
        async for counted in pages:
            source.consumed()
            yield counted


async def _count_requests(lists: Sequence[Request]) -> AsyncGenerator[Request]:
    for each in lists:
        yield count_request(each)


async def _rows(counted: FetchedPage, rows: int) -> AsyncGenerator[FetchedPage]:
    """Yield so many rows without columns, in the place of the record that came with a count."""
    most = pa.record_batch([pa.nulls(_ROWS)], ["_"]).select([])
    for start in range(0, max(1, rows), _ROWS):
        batch = most.slice(0, rows - start)
        yield replace(counted, page=replace(counted.page, batch=batch), counted=True)
