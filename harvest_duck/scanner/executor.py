"""Plans as record batches: lists chosen, parents read before their children, and the pieces of a report added up."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Paging
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.planner import cost
from harvest_duck.scanner.list_reader import Lists
from harvest_duck.scanner.report_merge import summed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    import pyarrow as pa

    from harvest_duck.catalog.model import Table
    from harvest_duck.planner import Plan
    from harvest_duck.protocol.request import Request
    from harvest_duck.scanner.page_source import Fetched, Pages


class Scan:
    """One read of a table, by one plan for each account."""

    def __init__(self, table: Table, plans: Sequence[Plan], pages: Pages) -> None:
        self._table = table
        self._plans = plans
        self._pages = pages
        self._sweeps: list[Request] = []

    async def batches(self) -> AsyncGenerator[pa.RecordBatch]:
        """The batches with rows: page by page, or report by report where reports were asked for in pieces."""
        found = self._added_up() if any(map(_in_pieces, self._plans)) else self._page_by_page()
        async with aclosing(found):
            async for batch in found:
                if batch.num_rows:
                    yield batch

    async def _page_by_page(self) -> AsyncGenerator[pa.RecordBatch]:
        async with aclosing(self._fetched(self._pages)) as pages:
            async for fetched in pages:
                yield fetched.kept
                self._pages.consumed()

    async def _added_up(self) -> AsyncGenerator[pa.RecordBatch]:
        """One batch for each report; what is kept is decided by its sums."""
        names = [column.name for column in self._pages.decoder.columns]
        names += [name for name in self._table.subject if name not in names]
        pages = self._pages.within(Decoder(self._table, names))
        report: tuple[object, ...] | None = None
        pieces: list[pa.RecordBatch] = []
        async with aclosing(self._fetched(pages)) as found:
            async for fetched in found:
                pages.consumed()
                if pieces and report != _report(fetched.request):
                    yield self._sum(pages, pieces)
                    pieces = []
                report = _report(fetched.request)
                pieces.append(fetched.kept)
        if pieces:
            yield self._sum(pages, pieces)

    def _sum(self, pages: Pages, pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
        return self._pages.keep(summed(self._table, pages.decoder.schema, pieces))

    async def _fetched(self, pages: Pages) -> AsyncGenerator[Fetched]:
        lists = Lists(pages, self._table)
        async with aclosing(pages.ahead(self._requests(pages))) as firsts:
            async for first in firsts:
                async with aclosing(lists.read(first)) as found:
                    async for fetched in found:
                        yield fetched
        # Not before all lists were read: it has what moved from one that was still to come to one that was read.
        for whole in self._sweeps:
            async with aclosing(lists.sweep(whole)) as found:
                async for fetched in found:
                    yield fetched

    async def _requests(self, pages: Pages) -> AsyncGenerator[Request]:
        """The request that begins each list."""
        progress = pages.progress
        progress.planning += 1
        more = True
        for plan in self._plans:
            async with aclosing(self._planned(plan, pages)) as requests:
                async for request, last in requests:
                    progress.waiting += request.paging is not Paging.NONE
                    if more and last and plan is self._plans[-1]:
                        more = False
                        progress.planning -= 1
                    yield request
        progress.planning -= more

    async def _planned(self, plan: Plan, pages: Pages) -> AsyncGenerator[tuple[Request, bool]]:
        """The requests that begin the lists of a plan, each with whether it is known to be the last."""
        if plan.parents is not None:
            async with aclosing(self._parents(plan.parents)) as ids:
                async for parent_id in ids:
                    for request in plan.for_parent(parent_id):
                        yield request, False
            return
        requests = plan.requests
        if plan.alternative is not None:
            (whole,) = plan.requests
            look = await pages.fetch(cost.probe(whole))
            requests = cost.chosen(plan, look.page.total_entries)
        if (parted := cost.swept(plan, requests)) is not None:
            self._sweeps.append(parted)
        for request in requests:
            yield request, request is requests[-1]

    async def _parents(self, plan: Plan) -> AsyncGenerator[int]:
        """The ids of the parents that can have children, as they come in."""
        parent = self._table.parent
        assert parent is not None  # noqa: S101 - only called for a plan with parents
        names = [parent.column] + ([parent.only[0]] if parent.only else [])
        scan = Scan(plan.table, [plan], self._pages.within(Decoder(plan.table, names)))
        async with aclosing(scan.batches()) as batches:
            async for batch in batches:
                for parent_id, *held in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    if parent.only is None or parent.only[1] in (held[0] or ()):
                        yield parent_id


def _report(request: Request) -> tuple[object, ...]:
    return request.account_id, request.values


def _in_pieces(plan: Plan) -> bool:
    reports = [_report(request) for request in plan.requests]
    return plan.table.max_span_days is not None and len(set(reports)) < len(reports)
