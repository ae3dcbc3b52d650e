"""The sizes of the lists that queries would read: one count request each, which asks for one record and gets the total.

Count requests use the client, the rate limits and the errors of scans. They belong to no scan, and are in no request
log that a user sees.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from harvest_duck.cache.answer import expected
from harvest_duck.cache.expected import Expected
from harvest_duck.catalog.model import Limit
from harvest_duck.decoder.endpoint_decoder import decoder_for
from harvest_duck.errors import QueryError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.introspection.explain import SHOWN, Planned, unknown
from harvest_duck.scanner.client_pool import client_for
from harvest_duck.scanner.list_counter import counts
from harvest_duck.scanner.page_source import PageSource, ScanContext
from harvest_duck.scanner.scan import plans_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.connection import Connection
    from harvest_duck.protocol.request import Request
    from harvest_duck.scanner.scan_request import ScanRequest


def planned(query: ScanRequest) -> Planned:
    """Return the plans of a query without a request; raise `QueryError` where Harvest has to be asked for accounts."""
    asked = expected(query)
    if isinstance(asked, Expected):
        return Planned(query, (), cached=asked)
    query = asked
    if query.plans is None:
        given = "AccountId is *" if query.settings.account_id else "no AccountId is given"
        raise QueryError(
            f"{query.table.name}: {given}, and only Harvest can tell which accounts that is: "
            "name them in AccountId, or allow requests (probe := true)"
        )
    return Planned(query, query.plans)


def fewest_counts(queries: Sequence[ScanRequest]) -> int:
    """Return how many requests `counted` sends at least, without sending any."""
    probed, accounts = _probes_reports(queries), 0
    lists: set[tuple[Connection, Request]] = set()
    for each in queries:
        query = expected(each)
        if isinstance(query, Expected) or (query.table.limit is Limit.REPORTS and not probed):
            continue
        accounts += query.plans is None
        lists |= {(query.settings, count) for plan in query.plans or () for count in unknown(plan, {})}
    return accounts + len(lists)


async def counted(queries: Sequence[ScanRequest], request_log: RequestLog | None = None) -> list[Planned]:
    """Return the plans of queries with the sizes of the lists in them; a list that two of them read is counted once.

    Many reports are not counted, since that would take as many reports of what Harvest allows as to read them.
    `request_log` gets the requests.
    """
    probes_reports, log = _probes_reports(queries), request_log or RequestLog()
    known: dict[Connection, dict[Request, int | None]] = {}
    found = []
    for each in queries:
        query = expected(each)
        if isinstance(query, Expected):
            found.append(Planned(each, (), cached=query))
            continue
        sizes = known.setdefault(query.settings, {})
        async with client_for(query.settings) as client:
            probed = query.table.limit is not Limit.REPORTS or probes_reports
            context = ScanContext(client, query.table, query.settings.max_connections, log)
            found.append(await _counted(query, context, sizes, probed=probed))
    return found


def _probes_reports(queries: Sequence[ScanRequest]) -> bool:
    return sum(query.table.limit is Limit.REPORTS for query in queries) <= SHOWN


async def _counted(
    query: ScanRequest, context: ScanContext, sizes: dict[Request, int | None], *, probed: bool
) -> Planned:
    plans = await plans_of(query, context, afresh=True)
    if not probed:
        sizes |= {request: sizes.get(request) for plan in plans for request in plan.requests}
    for plan in plans:
        table = plan.table if plan.parents is None else plan.parents.table
        source = PageSource(context, decoder_for(table, []))
        while lists := unknown(plan, sizes):
            async with aclosing(counts(source, lists)) as pages:
                found = [counted.total async for counted in pages]
            sizes |= zip(lists, found, strict=True)
    return Planned(query, plans, sizes)
