"""How long the lists are that queries would read: one look at each, which asks for one record and is told the total.

Looks go by the client, the rate limits and the errors of scans. What was sent is no scan's, and is in no journal.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from harvest_duck.auth import Pin
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.errors import QueryError
from harvest_duck.http.request_log import Journal
from harvest_duck.introspection.explain import Planned, Sizes, unknown
from harvest_duck.planner import cost
from harvest_duck.scanner.client import client_for
from harvest_duck.scanner.page_source import Fetched, Pages
from harvest_duck.scanner.scan import plans_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from harvest_duck.connection import Connection
    from harvest_duck.protocol.request import Request
    from harvest_duck.scanner.client import Client
    from harvest_duck.scanner.scan_request import ScanRequest


def planned(query: ScanRequest) -> Planned:
    """The plans of a query for which nothing has to be sent; `QueryError` where Harvest has to list the accounts."""
    if query.plans is None:
        raise QueryError(
            f"{query.table.name}: AccountId is *, and only Harvest can tell which accounts that is: "
            "name them, or allow requests (probe := true)"
        )
    return Planned(query, query.plans)


async def probed(queries: Sequence[ScanRequest]) -> list[Planned]:
    """The plans of queries with the sizes of the lists in them; a list that two of them read is looked at once."""
    known: dict[Connection, Sizes] = {}
    found = []
    for query in queries:
        sizes = known.setdefault(query.settings, {})
        async with client_for(query.settings) as client:
            found.append(await _probed(query, client, sizes))
    return found


async def _probed(query: ScanRequest, client: Client, sizes: Sizes) -> Planned:
    pin = Pin()
    scan = Planned(query, await plans_of(query, client, pin, Journal()), sizes, listed=query.plans is None)
    for plan in scan.plans:
        table = plan.table if plan.parents is None else plan.parents.table
        pages = Pages(client, Decoder(table, []), window=query.settings.max_connections, pin=pin)
        while wanted := unknown(plan, sizes):
            sizes |= await _looked(pages, wanted)
    return scan


async def _looked(pages: Pages, lists: Sequence[Request]) -> Sizes:
    found: list[int | None] = []
    async with aclosing(pages.ahead(_probes(lists))) as answers:
        async for fetched in answers:
            pages.consumed()
            found.append(_size(fetched))
    return dict(zip(lists, found, strict=True))


async def _probes(lists: Sequence[Request]) -> AsyncGenerator[Request]:
    for each in lists:
        yield cost.probe(each)


def _size(fetched: Fetched) -> int | None:
    """The announced total; nothing is in a list that is not there."""
    return 0 if fetched.sent.status in fetched.request.absent_on else fetched.page.total_entries
