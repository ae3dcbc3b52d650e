"""A scan of one table as record batches: requests go out as batches are read, and every batch is filtered.

Here begins what needs HTTP, which takes longer to load than DuckDB: the engine loads it with the first query.
"""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.decoder.endpoint_decoder import decoder_for
from harvest_duck.protocol.request import accounts_request
from harvest_duck.pushdown.arrow_filter import matching
from harvest_duck.runtime.blocking_reader import pulled
from harvest_duck.scanner.client_pool import client_for
from harvest_duck.scanner.executor import Scan
from harvest_duck.scanner.page_source import PageSource, ScanContext
from harvest_duck.scanner.scan_request import plans_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence

    import pyarrow as pa
    import pyarrow.compute as pc

    from harvest_duck.connection import Connection
    from harvest_duck.http.request_log import RequestLog
    from harvest_duck.planner import Plan
    from harvest_duck.runtime.blocking_reader import Readers
    from harvest_duck.scanner.progress import RunningScans
    from harvest_duck.scanner.scan_request import ScanRequest


def batches(
    request: ScanRequest,
    request_log: RequestLog,
    running: RunningScans,
    readers: Readers,
    *,
    cautious: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[pa.RecordBatch]:
    """Return the batches of a scan, which are requested as the iterator is read, and no longer once it is closed.

    `request_log` gets the requests, `running` shows the progress of the scan, and `readers` can interrupt it.
    `cautious` says that the reader may ask for a second batch without wanting it. `meanwhile` is called a few times a
    second while a batch is awaited.
    """
    return pulled(partial(scanned, request, request_log, running, cautious=cautious), readers, meanwhile)


async def plans_of(request: ScanRequest, context: ScanContext, *, afresh: bool = False) -> Sequence[Plan]:
    """Return the plans of a scan for all accounts; a list of them from Harvest ID serves a minute, if not `afresh`."""
    if request.plans is not None:
        return request.plans
    ask = partial(listed_accounts, request.settings, context)
    if afresh:
        accounts = await ask()
    else:
        await context.client.bind(context.user)
        accounts = await context.client.account_list.get(context.user.person, ask)
    return plans_for(request.table, request.settings, request.domains, accounts, request.branches)


async def listed_accounts(settings: Connection, context: ScanContext) -> Mapping[int | None, str]:
    """Return the accounts that Harvest ID lists for the token now, with their names."""
    entry = context.request_log.add(accounts_request(settings.id_url), context.number)
    return {account.id: account.name for account in await context.client.accounts(entry, context.user)}


async def scanned(
    request: ScanRequest, request_log: RequestLog, running: RunningScans, *, cautious: bool
) -> AsyncGenerator[pa.RecordBatch]:
    """Yield the batches of a scan, on the event loop; see `batches`."""
    table, settings = request.table, request.settings
    keep = partial(_kept, request.names, request.filter.keep)
    async with client_for(settings) as client:
        context = ScanContext(client, table, settings.max_connections, request_log, cautious=cautious)
        with running.running(context.number, context.progress_row):
            plans = await plans_of(request, context)
            scan = Scan(
                table, plans, PageSource(context, decoder_for(table, request.fields)), keep, request.counted_terms
            )
            async with aclosing(_first(settings.max_rows, scan.batches())) as found:
                async for batch in found:
                    yield batch


def _kept(names: Sequence[str], expression: pc.Expression | None, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns `names` of the rows of a decoded batch for which the filter is true."""
    return (batch if expression is None else matching(batch, expression)).select(names)


async def _first(rows: int | None, batches: AsyncGenerator[pa.RecordBatch]) -> AsyncGenerator[pa.RecordBatch]:
    """The batches until `rows` rows have come, all of them where `rows` is None."""
    async with aclosing(batches):
        async for batch in batches:
            yield batch if rows is None else batch.slice(0, rows)
            if rows is not None and (rows := rows - batch.num_rows) <= 0:
                return
