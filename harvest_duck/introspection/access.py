"""What a token sees: each table of each account asked for once, and what came of it.

Every answer is a sample of at most 20 rows. The requests go by the plans, the client, the rate limits and the errors of
scans; they are in no request log, as they belong to no scan. What the answers mean is decided by `permissions`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from harvest_duck.catalog.model import Host, Paging
from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.errors import Forbidden, InvalidRequest, NotFound, ResponseError
from harvest_duck.introspection.access_rules import (
    ACCESS,
    Outcome,
    Person,
    account_names,
    looked_at,
    parent_in,
    row,
    without_parent,
)
from harvest_duck.protocol.request import with_params
from harvest_duck.pushdown.arrow_filter import Filter
from harvest_duck.pushdown.domain import domains
from harvest_duck.pushdown.predicate import And, Compare, Op
from harvest_duck.runtime import loop
from harvest_duck.scanner.client_pool import client_for
from harvest_duck.scanner.page_source import PageSource
from harvest_duck.scanner.scan_context import ScanContext
from harvest_duck.scanner.scan_request import Query, query

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping

    from harvest_duck.catalog.model import Table
    from harvest_duck.decoder.decoder import Page
    from harvest_duck.planner import Plan
    from harvest_duck.protocol.request import Request

T = TypeVar("T")

_SAMPLE = "20"
#: The days that reports are asked for.
_DAYS = 30
_EVERYTHING = Filter(And(()), frozenset())
_ME, _ACCOUNTS = TABLES["me"], TABLES["accounts"]


def access(connection: str = "", *, today: date | None = None) -> pa.Table:
    """What the token of `connection` sees: a table of `ACCESS`, one row for each account and table.

    It takes a request for each table, but for children whose parents cannot be read. Reports are asked for the 30 days
    that end with `today`, by default the day in UTC; children such as payments for one parent. Raises the errors of a
    scan, but for those that say that the user may not read a table.
    """
    days = today or datetime.now(UTC).date()
    queries = _queries(query(_ME, connection, looked_at(_ME), _EVERYTHING), days)
    return pa.Table.from_pylist(loop.run(_rows(queries)), schema=ACCESS)


def _queries(me: Query, today: date) -> dict[str, Query]:
    """What to ask of each table over the connection of `me`."""
    ends = {"from_date": today - timedelta(days=_DAYS - 1), "to_date": today}
    report = Filter(And(tuple(Compare(name, Op.EQ, day) for name, day in ends.items())), frozenset(ends))
    found = {}
    for table in TABLES.values():
        read = _EVERYTHING if table.max_span_days is None else report
        restricted = domains(read.predicate)
        found[table.name] = replace(me, table=table, names=looked_at(table), filter=read, restricted=restricted)
    return found


async def _rows(queries: Mapping[str, Query]) -> list[dict[str, Any]]:
    me = queries[_ME.name]
    async with client_for(me.settings) as client:
        scan = ScanContext(client, _ME, me.settings.max_connections)
        accounts = await me.known_accounts(client, scan.user, scan.request_log)
        looks = _Looks(scan, asyncio.Semaphore(me.settings.max_connections))
        return await _looked(looks, queries, accounts)


async def _looked(
    looks: _Looks, queries: Mapping[str, Query], accounts: Mapping[int | None, str]
) -> list[dict[str, Any]]:
    apart: dict[int | None, dict[str, Plan]] = {number: {} for number in accounts}
    for table, asked in queries.items():
        if asked.table.host is Host.API:
            for number, plan in zip(accounts, asked.plans(accounts), strict=True):
                apart[number][table] = plan
    # Harvest ID tells the accounts of the token whichever of them is asked about.
    (listed,) = queries[_ACCOUNTS.name].plans(queries[_ACCOUNTS.name].accounts or {})
    reached = await looks.look(_ACCOUNTS, listed.requests[0])
    names = account_names(reached)
    found = await _together(looks.account(plans) for plans in apart.values())
    return [
        row(number, accounts[number] or names.get(number or 0), person, table, {**outcomes, "accounts": reached}[name])
        for number, (person, outcomes) in zip(accounts, found, strict=True)
        for name, table in TABLES.items()
    ]


@dataclass(frozen=True, slots=True)
class _Looks:
    """Looks at tables, as many at a time as there are `slots`."""

    scan: ScanContext
    slots: asyncio.Semaphore

    async def account(self, plans: Mapping[str, Plan]) -> tuple[Person, dict[str, Outcome]]:
        """The user of an account, and what came of each of its tables: the user first, children last."""
        me = await self._page(_ME, plans[_ME.name].requests[0])
        outcomes = {_ME.name: Outcome(me)}
        waiting = [plan for name, plan in plans.items() if name not in outcomes]
        for stage in (False, True):
            asked = [plan for plan in waiting if (plan.parents is not None) is stage]
            answers = await _together(self._planned(plan, outcomes) for plan in asked)
            outcomes |= {plan.table.name: answer for plan, answer in zip(asked, answers, strict=True)}
        return Person.of(me), outcomes

    async def look(self, table: Table, request: Request) -> Outcome:
        """A sample of the rows that a request for a table brings, or that the user may not read them."""
        try:
            return Outcome(await self._page(table, request))
        except (Forbidden, NotFound, InvalidRequest) as error:
            if not _refuses(table, error):
                raise
            return Outcome(reason=str(error), refused=True)

    async def _planned(self, plan: Plan, outcomes: Mapping[str, Outcome]) -> Outcome:
        if plan.parents is None:
            return await self.look(plan.table, plan.requests[0])
        parents = outcomes[plan.parents.table.name]
        parent_id = parent_in(plan.table, parents)
        if parent_id is None:
            return without_parent(plan.table, parents)
        return await self.look(plan.table, next(plan.for_parent(parent_id)))

    async def _page(self, table: Table, request: Request) -> Page:
        if request.paging is not Paging.NONE:
            request = with_params(request, {"per_page": _SAMPLE})
        async with self.slots:
            fetched = await PageSource(self.scan, Decoder(table, looked_at(table))).fetch(request)
        return fetched.page


def _refuses(table: Table, error: ResponseError) -> bool:
    """Whether an answer says that the user may not read a table, and not that the request is wrong."""
    if not isinstance(error, InvalidRequest):
        return True
    # A user who is no manager, any more, has no teammates: https://help.getharvest.com/api-v2/users-api/users/teammates/
    return error.status == 422 and table.parent is not None and table.parent.only is not None  # noqa: PLR2004


async def _together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What all of them return; the first error ends the others."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await loop.cancel_all(tasks)
