"""The executor of plans: it reads lists, parents before their children, and adds up the pieces of reports."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Paging
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.planner.splits import ways
from harvest_duck.protocol.page import count_request
from harvest_duck.scanner.fetched_page import flattened
from harvest_duck.scanner.list_counter import ListCounter
from harvest_duck.scanner.list_reader import ListReader
from harvest_duck.scanner.page_source import PageSource
from harvest_duck.scanner.report_merge import summed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    import pyarrow as pa

    from harvest_duck.catalog.model import Table
    from harvest_duck.planner import Plan
    from harvest_duck.planner.splits import Way
    from harvest_duck.protocol.request import Request
    from harvest_duck.pushdown.predicate import Predicate
    from harvest_duck.scanner.fetched_page import FetchedPages


class Scan:
    """One read of a table, by one plan for each account; `keep` cuts a batch down to the wanted rows and columns.

    `counted_terms` are the terms of the filter where only the number of rows is wanted: lists are counted then, not
    read, where that is the same.
    """

    def __init__(
        self,
        table: Table,
        plans: Sequence[Plan],
        source: PageSource,
        keep: Callable[[pa.RecordBatch], pa.RecordBatch] = lambda batch: batch,
        counted_terms: Sequence[Predicate] | None = None,
    ) -> None:
        self._table = table
        self._plans = plans
        self._source = source
        self._keep = keep
        self._counted_terms = counted_terms
        self._catch_ups: list[Request] = []
        self._sums: list[FetchedPages] = []

    async def batches(self) -> AsyncGenerator[pa.RecordBatch]:
        """Yield the batches with rows: page by page, or report by report where reports were asked for in pieces."""
        found = self._merged() if any(map(_in_pieces, self._plans)) else self._page_by_page()
        async with aclosing(found):
            async for batch in found:
                if batch.num_rows:
                    yield batch

    async def _page_by_page(self) -> AsyncGenerator[pa.RecordBatch]:
        async with aclosing(flattened(self._pages(self._source))) as pages:
            async for fetched in pages:
                yield fetched.page.batch if fetched.counted else self._keep(fetched.page.batch)
                self._source.consumed()

    async def _merged(self) -> AsyncGenerator[pa.RecordBatch]:
        """Yield one batch for each report; its sums decide which rows are wanted."""
        names = [column.name for column in self._source.decoder.columns]
        names += [name for name in self._table.subject if name not in names]
        source = PageSource(self._source.scan, Decoder(self._table, names))
        report: tuple[object, ...] | None = None
        pieces: list[pa.RecordBatch] = []
        async with aclosing(flattened(self._pages(source))) as pages:
            async for fetched in pages:
                source.consumed()
                if pieces and report != _report(fetched.request):
                    yield self._keep(summed(self._table, source.decoder.schema, pieces))
                    pieces = []
                report = _report(fetched.request)
                pieces.append(fetched.page.batch)
        if pieces:
            yield self._keep(summed(self._table, source.decoder.schema, pieces))

    async def _pages(self, source: PageSource) -> FetchedPages:
        lists = ListReader(source, self._table)
        counter = ListCounter(source, lists, self._counted_terms)
        async with aclosing(source.ahead(self._splits(source, counter))) as firsts:
            async for first in firsts:
                yield counter.read(first)
        for counted in self._sums:
            yield counted
        # Not before all lists were read: a record may have moved from one that was still to come to one that was read.
        for whole in self._catch_ups:
            yield lists.catch_up(whole)

    async def _splits(self, source: PageSource, counter: ListCounter) -> AsyncGenerator[Request]:
        """Yield the splits of all plans, or what counts their lists; tell the progress as soon as no more can come."""
        progress = source.scan.progress
        progress.planning += 1
        more = True
        for plan in self._plans:
            async with aclosing(self._splits_of(plan, source, counter)) as splits:
                async for request, last in splits:
                    progress.waiting += request.paging is not Paging.NONE and not counter.is_count(request)
                    if more and last and plan is self._plans[-1]:
                        more = False
                        progress.planning -= 1
                    yield request
        progress.planning -= more

    async def _splits_of(
        self, plan: Plan, source: PageSource, counter: ListCounter
    ) -> AsyncGenerator[tuple[Request, bool]]:
        """Yield the splits of a plan, each with whether it is known to be the last one."""
        if plan.parents is not None:
            counts = counter.can_count(plan, plan.requests)
            async with aclosing(self._parents(plan.parents)) as ids:
                async for parent_id in ids:
                    for request in plan.for_parent(parent_id):
                        yield counter.request(request) if counts else request, False
            return
        way = await self._way(plan, source)
        counts = counter.can_count(plan, way.splits)
        if way.catch_up is not None:
            if counts and (rows := await counter.sum_of(way)) is not None:
                self._sums.append(rows)
                return
            counts = False
            self._catch_ups.append(way.catch_up)
        for request in way.splits:
            yield counter.request(request) if counts else request, request is way.splits[-1]

    async def _way(self, plan: Plan, source: PageSource) -> Way:
        """Return the way to the rows of a plan; where there are two, the length of the list decides."""
        sizes: dict[Request, int | None] = {}
        if plan.alternative is not None:
            (whole,) = plan.requests
            sizes[whole] = (await source.fetch(count_request(whole))).total
        (way,) = ways(plan, sizes)
        return way

    async def _parents(self, plan: Plan) -> AsyncGenerator[int]:
        """Yield the ids of the parents that can have children, as they come in."""
        parent = self._table.parent
        assert parent is not None  # noqa: S101 - only called for a plan with parents
        source = PageSource(self._source.scan, Decoder(plan.table, parent.read))
        async with aclosing(Scan(plan.table, [plan], source).batches()) as batches:
            async for batch in batches:
                for record in batch.to_pylist():
                    if parent.has_children(record):
                        yield record[parent.column]


def _report(request: Request) -> tuple[object, ...]:
    return request.account_id, request.values


def _in_pieces(plan: Plan) -> bool:
    reports = [_report(request) for request in plan.requests]
    return plan.table.max_span_days is not None and len(set(reports)) < len(reports)
