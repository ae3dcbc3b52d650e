"""The access of a token: each table of each account is asked for once.

Every answer is a sample of at most 20 rows. The requests use the plans, the client, the rate limits and the errors of
scans; they are in no request log, since they belong to no scan. `access_rules` decides what the answers mean.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from harvest_duck.catalog.model import Host, Paging
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import resolve
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.display.listing import listing
from harvest_duck.errors import Forbidden, InvalidRequest, NotFound, ResponseError
from harvest_duck.introspection import access_rules
from harvest_duck.introspection.access_rules import ACCESS, Outcome, Person
from harvest_duck.protocol.request import with_params
from harvest_duck.pushdown.domain import Domain
from harvest_duck.runtime import loop
from harvest_duck.scanner.client_pool import client_for
from harvest_duck.scanner.page_source import PageSource, ScanContext
from harvest_duck.scanner.scan import listed_accounts
from harvest_duck.scanner.scan_request import named_accounts, plans_for

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping

    import pyarrow as pa

    from harvest_duck.catalog.model import Table
    from harvest_duck.connection import Connection
    from harvest_duck.decoder.decoder import Page
    from harvest_duck.planner import Plan
    from harvest_duck.protocol.request import Request

T = TypeVar("T")

_SAMPLE = "20"
#: The length of the period of a report.
_DAYS = 30
_ME, _ACCOUNTS = TABLES["me"], TABLES["accounts"]


def access(connection: str = "", *, today: date | None = None, written_in_sql: bool = False) -> pa.Table:
    """The access of the token of `connection`: a table of `ACCESS`, one row for each account and table.

    Each table takes a request, except children whose parents cannot be read. Reports are asked for the 30 days that end
    with `today`, by default the day in UTC; children such as payments for one parent. `written_in_sql` says that the
    connection string is part of SQL. Raises the errors of a scan, except those which say that the user may not read a
    table.
    """
    settings = resolve(connection, written_in_sql=written_in_sql)
    settings.require_credentials()
    days = today or datetime.now(UTC).date()
    return listing(loop.run(_rows(settings, days)), ACCESS)


async def _rows(settings: Connection, today: date) -> list[dict[str, Any]]:
    accounts = named_accounts(_ME, settings)
    async with client_for(settings) as client:
        scan = ScanContext(client, _ME, settings.max_connections)
        if accounts is None:
            accounts = await listed_accounts(settings, scan)
        samples = _Samples(scan, asyncio.Semaphore(settings.max_connections))
        # Harvest ID lists the accounts of the token whichever of them is asked about.
        (listed,) = plans_for(_ACCOUNTS, settings, {}, named_accounts(_ACCOUNTS, settings) or {})
        reached = await samples.sample(_ACCOUNTS, listed.requests[0])
        planned = plans(settings, accounts, today)
        found = await _together(samples.account(planned[number]) for number in accounts)
    names = access_rules.account_names(reached)
    return [
        access_rules.row(
            number, accounts[number] or names.get(number or 0), person, table, {**outcomes, "accounts": reached}[name]
        )
        for number, (person, outcomes) in zip(accounts, found, strict=True)
        for name, table in TABLES.items()
    ]


def plans(settings: Connection, accounts: Mapping[int | None, str], today: date) -> dict[int | None, dict[str, Plan]]:
    """The plan for each table of each account, by account and name; of a report, for the 30 days that end `today`."""
    ends = {"from_date": today - timedelta(days=_DAYS - 1), "to_date": today}
    period = {name: Domain.of([day]) for name, day in ends.items()}
    found: dict[int | None, dict[str, Plan]] = {number: {} for number in accounts}
    for table in TABLES.values():
        if table.host is Host.API:
            restricted = {} if table.max_span_days is None else period
            for number, plan in zip(accounts, plans_for(table, settings, restricted, accounts), strict=True):
                found[number][table.name] = plan
    return found


@dataclass(frozen=True, slots=True)
class _Samples:
    """Asks for samples of tables, as many at a time as there are `slots`."""

    scan: ScanContext
    slots: asyncio.Semaphore

    async def account(self, plans: Mapping[str, Plan]) -> tuple[Person, dict[str, Outcome]]:
        """The user of an account, and the outcome for each of its tables: the user first, children last."""
        me = await self._page(_ME, plans[_ME.name].requests[0])
        outcomes = {_ME.name: Outcome(me)}
        waiting = [plan for name, plan in plans.items() if name not in outcomes]
        for stage in (False, True):
            asked = [plan for plan in waiting if (plan.parents is not None) is stage]
            answers = await _together(self._planned(plan, outcomes) for plan in asked)
            outcomes |= {plan.table.name: answer for plan, answer in zip(asked, answers, strict=True)}
        return Person.of(me), outcomes

    async def sample(self, table: Table, request: Request) -> Outcome:
        """A sample of the rows that a request for a table returns, or the refusal to let the user read them."""
        try:
            return Outcome(await self._page(table, request))
        except (Forbidden, NotFound, InvalidRequest) as error:
            if not _refuses(table, error):
                raise
            return Outcome(reason=str(error), refused=True)

    async def _planned(self, plan: Plan, outcomes: Mapping[str, Outcome]) -> Outcome:
        if plan.parents is None:
            return await self.sample(plan.table, plan.requests[0])
        parents = outcomes[plan.parents.table.name]
        parent_id = access_rules.parent_in(plan.table, parents)
        if parent_id is None:
            return access_rules.without_parent(plan.table, parents)
        return await self.sample(plan.table, next(plan.for_parent(parent_id)))

    async def _page(self, table: Table, request: Request) -> Page:
        if request.paging is not Paging.NONE:
            request = with_params(request, {"per_page": _SAMPLE})
        async with self.slots:
            fetched = await PageSource(self.scan, Decoder(table, access_rules.sampled(table))).fetch(request)
        return fetched.page


def _refuses(table: Table, error: ResponseError) -> bool:
    """Whether an error means that the user may not read a table, rather than that the request is wrong."""
    if not isinstance(error, InvalidRequest):
        return True
    # A user who is no manager, any more, has no teammates: https://help.getharvest.com/api-v2/users-api/users/teammates/
    return table.parent is not None and error.status in table.parent.absent_on


async def _together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all of them; the first error cancels the others."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await loop.cancel_all(tasks)
