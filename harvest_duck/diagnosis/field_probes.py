"""Reads one record of each endpoint, so that its fields can be held against the columns of the catalog.

Each endpoint is asked once, for a page of one record; children for those of one parent, reports about 30 days. What the
user may not read, and what has no record, is left out of the comparison.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.model import Paging
from harvest_duck.catalog.tables import TABLES
from harvest_duck.diagnosis.facts import Exchange, Outcome, Sample
from harvest_duck.introspection.access import plans
from harvest_duck.protocol.page import with_page_size
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import date
    from typing import TypeAlias

    from harvest_duck.catalog.model import Table
    from harvest_duck.connection import Connection
    from harvest_duck.planner import Plan
    from harvest_duck.protocol.request import Request

    Ask: TypeAlias = Callable[[Request], Awaitable[Exchange]]

#: Seconds for all records together.
_PATIENCE_S = 20.0


async def samples(
    ask: Ask, connection: Connection, account_id: int, today: date, known: Mapping[str, Exchange | None]
) -> tuple[Sample, ...]:
    """Return a record of each endpoint of an account, asked by `ask`, parents before their children.

    `known` has the answers that came before, by table. An endpoint whose answer did not come in time has no record.
    """
    found = {name: _sample(TABLES[name], answer) for name, answer in known.items() if answer is not None}
    waiting = {
        name: plan
        for name, plan in plans(connection, {account_id: ""}, today)[account_id].items()
        if name not in found and not any(TABLES[other].path == TABLES[name].path for other in _before(name))
    }
    slots = asyncio.Semaphore(connection.max_connections)

    async def read(plan: Plan) -> None:
        name, request = plan.table.name, _request(plan, found)
        if request is None and plan.parents is not None:
            parent = found.get(plan.parents.table.name)
            found[name] = Sample(name, Outcome.NO_ANSWER if parent is None else parent.outcome)
        elif request is not None:
            async with slots:
                found[name] = _sample(plan.table, await ask(request))

    tasks: list[asyncio.Task[None]] = []
    with suppress(TimeoutError):
        try:
            async with asyncio.timeout(_PATIENCE_S):
                for _, due in groupby(sorted(waiting.values(), key=_generation), key=_generation):
                    tasks = [asyncio.create_task(read(plan)) for plan in due]
                    await asyncio.gather(*tasks)
        finally:
            await loop.cancel_all(tasks)
    return tuple(found.get(name) or Sample(name, Outcome.NO_ANSWER) for name in TABLES if name in {*found, *waiting})


def _generation(plan: Plan) -> int:
    return 0 if plan.parents is None else 1 + _generation(plan.parents)


def _before(name: str) -> list[str]:
    names = list(TABLES)
    return names[: names.index(name)]


def _request(plan: Plan, found: Mapping[str, Sample]) -> Request | None:
    """Return the request for one record of a table; for a child, of the parent that was read, None without one."""
    request: Request | None = plan.requests[0]
    if plan.parents is not None and plan.table.parent is not None:
        parent, table = found.get(plan.parents.table.name), plan.parents.table
        record = {} if parent is None else parent.record or {}
        values = {name: _at(record, table.column(name).path) for name in plan.table.parent.read}
        parent_id = values[plan.table.parent.column]
        there = isinstance(parent_id, int) and plan.table.parent.has_children(values)
        request = next(plan.for_parent(parent_id)) if there else None
    return request if request is None or request.paging is Paging.NONE else with_page_size(request, 1)


def _sample(table: Table, answer: Exchange) -> Sample:
    """Return the first record of an answer: of its one list, where that has another key than the catalog says."""
    record: Any = answer.answer
    if table.body_key is not None:
        lists = [value for value in record.values() if isinstance(value, list)]
        listed = record.get(table.body_key, lists[0] if len(lists) == 1 else None)
        record = listed[0] if isinstance(listed, list) and listed else None
    there = answer.outcome is Outcome.ANSWERED and isinstance(record, dict)
    return Sample(table.name, answer.outcome, record if there else None)


def _at(record: Mapping[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401 - a value of JSON
    found: Any = record
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
