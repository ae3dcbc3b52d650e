"""What a query would ask of Harvest, as a table: its scans, step by step, out of their plans and the sizes of lists.

`probing` finds the sizes out; nothing here sends anything. What is said holds for scans that are read to their end, of
lists that do not change meanwhile, when every request is answered at once.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow as pa

from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.planner import LARGEST_PAGE, cost
from harvest_duck.planner.enforced import essential, follows, warranted
from harvest_duck.protocol.request import Request, accounts_request, with_params
from harvest_duck.pushdown.ranges import EVERY_VALUE
from harvest_duck.pushdown.sql import condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harvest_duck.connection import Connection
    from harvest_duck.planner import Plan
    from harvest_duck.scanner.scan_request import ScanRequest

#: The columns of `harvest_explain()`.
EXPLAINED = pa.schema(
    [
        ("scan", pa.int64()),
        ("table_name", pa.string()),
        ("account_id", pa.int64()),
        ("step", pa.string()),
        ("request", pa.string()),
        ("rate_limit", pa.string()),
        ("requests", pa.int64()),
        ("records", pa.int64()),
        ("earliest_s", pa.float64()),
        ("pushed", pa.list_(pa.string())),
        ("rechecked", pa.list_(pa.string())),
    ]
)

#: More requests that differ only in a number or a day are one row.
_SHOWN = 10
_PARTS = re.compile("([/?&=])")

#: How many records each list has that was asked; None where Harvest did not say.
Sizes = dict[Request, int | None]


@dataclass(frozen=True, slots=True)
class Planned:
    """A scan with its plans; `listed` says whether Harvest had to tell which accounts there are."""

    query: ScanRequest
    plans: Sequence[Plan]
    sizes: Sizes = field(default_factory=dict)
    listed: bool = False


class Purpose(StrEnum):
    """What requests of a scan are for."""

    LIST = "list"
    RECORD = "record"
    LOOK = "look"
    SWEEP = "sweep"
    PARENTS = "parents"
    CHILDREN = "children"
    REPORT = "report"
    ACCOUNTS = "accounts"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class _Step:
    """Requests for one purpose: how many will go, None where that cannot be known, and how many records they bring."""

    purpose: Purpose
    request: Request
    path: str
    requests: int | None
    records: int | None = None


def unknown(plan: Plan, sizes: Sizes) -> list[Request]:
    """The lists to look at next, so that it can be told what a plan sends; none where `sizes` says enough."""
    if plan.parents is not None:
        return unknown(plan.parents, sizes)
    if plan.alternative is not None and plan.requests[0] not in sizes:
        return list(plan.requests)
    shapes = Counter(map(_shape, _chosen(plan, sizes)))
    return [
        request
        for request in _chosen(plan, sizes)
        if request.paging is not Paging.NONE and request not in sizes and not _assumed(plan, shapes[_shape(request)])
    ]


def explained(scans: Iterable[Planned]) -> pa.Table:
    """The table of `EXPLAINED`: one row for each step of each scan, in their order."""
    clocks: dict[object, int] = {}
    rows = []
    for number, scan in enumerate(scans, 1):
        terms = _terms(scan)
        for step in _steps(scan):
            earliest = _earliest(scan.query.settings, step, clocks)
            rows.append({"scan": number, **_row(step), "earliest_s": earliest, **terms})
    return pa.Table.from_pylist(rows, schema=EXPLAINED)


def _row(step: _Step) -> dict[str, Any]:
    limited = step.purpose not in {Purpose.ACCOUNTS, Purpose.NOTHING}
    return {
        "table_name": step.request.table,
        "account_id": step.request.account_id,
        "step": step.purpose.value,
        "request": step.path or None,
        "rate_limit": step.request.limit.value if limited else None,
        "requests": step.requests,
        "records": step.records,
    }


def _terms(scan: Planned) -> dict[str, list[str]]:
    """The terms of the filter, as SQL: those that all requests answer exactly, and the others."""
    warrants = [warranted(plan, request) for plan in scan.plans for request in _possible(plan, scan.sizes)]
    found: dict[str, list[str]] = {"pushed": [], "rechecked": []}
    for term in essential(scan.query.terms):
        exact = all(follows(term, each) for each in warrants)
        found["pushed" if exact else "rechecked"].append(condition(term))
    return found


def _possible(plan: Plan, sizes: Sizes) -> tuple[Request, ...]:
    """The requests that may bring rows: of both ways, where it is not known which one will be chosen."""
    if plan.alternative is not None and plan.requests[0] not in sizes:
        return plan.requests + plan.alternative.requests
    return _chosen(plan, sizes) or plan.requests


def _chosen(plan: Plan, sizes: Sizes) -> tuple[Request, ...]:
    return plan.requests if plan.alternative is None else cost.chosen(plan, sizes.get(plan.requests[0]))


def _steps(scan: Planned) -> Iterator[_Step]:
    table, settings = scan.query.table, scan.query.settings
    if scan.listed:
        request = accounts_request(settings.id_url)
        yield _Step(Purpose.ACCOUNTS, request, request.path_and_query, 1)
    for plan in scan.plans:
        yield from _planned(plan, scan.sizes)
    if not scan.plans and not scan.listed:
        yield _Step(Purpose.NOTHING, Request(table.name, "", (), table.limit, table.paging), "", 0)


def _planned(plan: Plan, sizes: Sizes) -> Iterator[_Step]:
    if plan.parents is not None:
        yield from (replace(step, purpose=Purpose.PARENTS) for step in _planned(plan.parents, sizes))
        # A range may hold any number of the parents, and so may those that have children at all.
        every = plan.chosen.ranges == EVERY_VALUE and plan.table.parent is not None and plan.table.parent.only is None
        parents = sizes.get(plan.parents.requests[0]) if every else None
        yield from (_Step(Purpose.CHILDREN, each, each.path_and_query, parents) for each in plan.requests)
        return
    if plan.alternative is None:
        yield from _lists(plan, plan.requests, sizes)
        yield from _sweep(cost.swept(plan, plan.requests))
        return
    (whole,) = plan.requests
    look = cost.probe(whole)
    yield _Step(Purpose.LOOK, look, look.path_and_query, 1, sizes.get(whole))
    if whole in sizes:
        chosen = _chosen(plan, sizes)
        yield from _lists(plan, chosen, sizes)
        yield from _sweep(cost.swept(plan, chosen) if chosen else None)
        return
    for requests in (plan.requests, plan.alternative.requests):
        steps = [*_lists(plan, requests, sizes), *_sweep(cost.swept(plan, requests))]
        yield from (replace(step, requests=None) for step in steps)


def _sweep(whole: Request | None) -> Iterator[_Step]:
    """The request for what changed while parts of a list were read, since a moment that is not known yet."""
    if whole is not None:
        path = with_params(whole, {"updated_since": "T", "per_page": str(LARGEST_PAGE)}).path_and_query
        yield _Step(Purpose.SWEEP, whole, path.replace("updated_since=T", "updated_since=…"), 1)


def _lists(plan: Plan, requests: Sequence[Request], sizes: Sizes) -> Iterator[_Step]:
    """One step for each request, or for all that are alike where they are many."""
    alike: dict[object, list[Request]] = {}
    for request in requests:
        alike.setdefault(_shape(request), []).append(request)
    for group in alike.values():
        one_page = _assumed(plan, len(group))
        steps = [_list(plan, request, sizes, one_page=one_page) for request in group]
        if len(group) <= _SHOWN:
            yield from steps
        else:
            path = _common([step.path for step in steps])
            sent, records = _sum([step.requests for step in steps]), _sum([step.records for step in steps])
            yield replace(steps[0], path=path, requests=sent, records=records)


def _list(plan: Plan, request: Request, sizes: Sizes, *, one_page: bool) -> _Step:
    total = sizes.get(request)
    if request.paging is Paging.NONE or one_page:
        sent: int | None = 1
    else:
        sent = None if total is None else cost.pages(total, cost.page_size(request))
    return _Step(_purpose(plan, request), request, request.path_and_query, sent, total)


def _purpose(plan: Plan, request: Request) -> Purpose:
    if request.single:
        return Purpose.RECORD
    if request.limit is Limit.REPORTS:
        return Purpose.REPORT
    return Purpose.LIST if plan.table.parent is None else Purpose.CHILDREN


def _assumed(plan: Plan, many: int) -> bool:
    """Whether each of so many lists is taken to have one page rather than looked at: children and reports are short."""
    return many > _SHOWN and (plan.table.parent is not None or plan.table.limit is Limit.REPORTS)


def _shape(request: Request) -> tuple[object, ...]:
    """What requests have in common that differ only in numbers and days."""
    names = tuple(name for name, _ in request.params)
    return request.single, request.paging, urlsplit(request.url).path.count("/"), names


def _common(paths: Sequence[str]) -> str:
    """The paths as one, with … wherever they differ."""
    parts = zip(*(_PARTS.split(path) for path in paths), strict=True)
    return "".join(each[0] if len(set(each)) == 1 else "…" for each in parts)


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _earliest(settings: Connection, step: _Step, clocks: dict[object, int]) -> float | None:
    """The second at which the last request of the step can go, after all those before it; `clocks` counts them."""
    if not step.requests:
        return None
    reports = step.request.limit is Limit.REPORTS
    rate = settings.reports_rate_limit if reports else settings.rate_limit
    if rate is None or step.purpose is Purpose.ACCOUNTS:
        return 0.0
    window = (settings.base_url, settings.token, settings.oauth, rate, reports)
    clocks[window] = clocks.get(window, 0) + step.requests
    return float((clocks[window] - 1) // rate.requests * rate.window_s)
