"""The requests that a query would send, as a table: step by step for each scan, from its plans and the sizes of lists.

`list_sizes` finds the sizes; nothing here sends anything. The table holds for scans that are read to their end, of
lists that do not change meanwhile, when every request is answered at once. A scan that a cache answers has one step.
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
from harvest_duck.display.listing import listing
from harvest_duck.http.request_log import HARVEST
from harvest_duck.planner.countable import countable
from harvest_duck.planner.enforced import distinct_terms, enforced_domains, is_enforced
from harvest_duck.planner.splits import Sizes, Way, ways
from harvest_duck.protocol.page import LARGEST_PAGE, count_request, page_count, page_size, with_page_size
from harvest_duck.protocol.request import Request, accounts_request, with_params
from harvest_duck.pushdown.ranges import EVERY_VALUE
from harvest_duck.pushdown.sql import condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harvest_duck.cache.expected import Expected
    from harvest_duck.catalog.model import Table
    from harvest_duck.connection import Connection
    from harvest_duck.planner import Plan
    from harvest_duck.pushdown.predicate import Predicate
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
        ("source", pa.string()),
        ("age_s", pa.float64()),
        ("hint", pa.string()),
    ]
)

#: More requests than these that differ only in a number or a day are one row.
SHOWN = 10
_PARTS = re.compile("([/?&=])")


@dataclass(frozen=True, slots=True)
class Planned:
    """A scan with its plans and the sizes of their lists, or with what its cache does."""

    query: ScanRequest
    plans: Sequence[Plan]
    sizes: Sizes = field(default_factory=dict[Request, int | None])
    cached: Expected | None = None

    @property
    def asks_for_accounts(self) -> bool:
        """Whether Harvest has to be asked which accounts there are."""
        return self.query.plans is None and self.cached is None


class Purpose(StrEnum):
    """The purposes of the requests of a scan, as the column `step` names them."""

    LIST = "list"
    RECORD = "record"
    LOOK = "look"
    COUNT = "count"
    CATCH_UP = "sweep"
    PARENTS = "parents"
    CHILDREN = "children"
    REPORT = "report"
    ACCOUNTS = "accounts"
    NOTHING = "nothing"
    CACHED = "cached"
    SYNC = "sync"


@dataclass(frozen=True, slots=True)
class _Step:
    """Requests for one purpose: how many go out, None where it cannot be known, and how many records they bring."""

    purpose: Purpose
    request: Request
    path: str
    requests: int | None
    records: int | None = None


def unknown(plan: Plan, sizes: Sizes) -> list[Request]:
    """Return the lists to count next, so that the requests of a plan are known; none where `sizes` is enough."""
    if plan.parents is not None:
        return unknown(plan.parents, sizes)
    way, *other = ways(plan, sizes)
    if other:
        return list(plan.requests)
    shapes = Counter(map(_shape, way.splits))
    return [
        request
        for request in way.splits
        if request.paging is not Paging.NONE and request not in sizes and not _assumed(plan, shapes[_shape(request)])
    ]


def explained(
    scans: Iterable[Planned], hints: Sequence[str | None], files: Sequence[tuple[Table, Expected]] = ()
) -> pa.Table:
    """Return the table of `EXPLAINED`: one row for each step of each scan, in their order; each scan has its hint.

    `files` are the tables that DuckDB reads from a file by itself: a row for each, after the scans.
    """
    clocks: dict[object, int] = {}
    rows = []
    for number, (scan, hint) in enumerate(zip(scans, hints, strict=True), 1):
        said = {**_terms(scan), **_source(scan.cached), "hint": hint}
        for step in _steps(scan):
            earliest = _earliest(scan.query.settings, step, clocks)
            rows.append({"scan": number, **_row(step), "earliest_s": earliest, **said})
    for number, (table, cached) in enumerate(files, len(hints) + 1):
        rows.append({"scan": number, **_row(_cached(table, cached)), **_source(cached), "pushed": [], "rechecked": []})
    return listing(rows, EXPLAINED)


def _source(cached: Expected | None) -> dict[str, Any]:
    """Return where the rows of a scan would come from, and how old they would be."""
    if cached is None:
        return {"source": HARVEST, "age_s": 0.0}
    return {"source": cached.source, "age_s": cached.age_s}


def _row(step: _Step) -> dict[str, Any]:
    limited = step.purpose not in {Purpose.ACCOUNTS, Purpose.NOTHING, Purpose.CACHED}
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
    """Return the terms of the filter, as SQL: those that all requests answer exactly, and the others."""
    enforced = [enforced_domains(plan, request) for plan in scan.plans for request in _possible(plan, scan.sizes)]
    found: dict[str, list[str]] = {"pushed": [], "rechecked": []}
    for term in distinct_terms(scan.query.terms):
        exact = all(is_enforced(term, each) for each in enforced)
        found["pushed" if exact else "rechecked"].append(condition(term))
    return found


def _possible(plan: Plan, sizes: Sizes) -> tuple[Request, ...]:
    """Return the requests that may bring rows: those of both ways, where it is not known which one will be chosen."""
    return tuple(split for way in ways(plan, sizes) for split in way.splits) or plan.requests


def _steps(scan: Planned) -> Iterator[_Step]:
    table, settings = scan.query.table, scan.query.settings
    if scan.cached is not None:
        yield _cached(table, scan.cached)
        return
    if scan.asks_for_accounts:
        request = accounts_request(settings.id_url)
        yield _Step(Purpose.ACCOUNTS, request, request.path_and_query, 1)
    for plan in scan.plans:
        yield from _planned(plan, scan.sizes, scan.query.counted_terms)
    if not scan.plans and not scan.asks_for_accounts:
        yield _Step(Purpose.NOTHING, Request(table.name, "", (), table.limit, table.paging), "", 0)


def _cached(table: Table, cached: Expected) -> _Step:
    purpose = Purpose.CACHED if cached.requests == 0 else Purpose.SYNC
    request = Request(table.name, "", (), table.limit, table.paging, account_id=cached.account_id)
    return _Step(purpose, request, cached.place, cached.requests)


def _planned(plan: Plan, sizes: Sizes, counted: Sequence[Predicate] | None) -> Iterator[_Step]:
    """Yield the steps of a plan; `counted` are the terms of the filter where only the number of rows is wanted."""
    if plan.parents is not None:
        yield from (replace(step, purpose=Purpose.PARENTS) for step in _planned(plan.parents, sizes, None))
        # A range may hold any number of the parents, and so may those that have children at all.
        every = plan.chosen.ranges == EVERY_VALUE and plan.table.parent is not None and plan.table.parent.only is None
        parents = sizes.get(plan.parents.requests[0]) if every else None
        purpose = Purpose.COUNT if _counts(plan, plan.requests, counted) else Purpose.CHILDREN
        yield from (_Step(purpose, each, _path(purpose, each), parents) for each in plan.requests)
        return
    if plan.alternative is not None:
        (whole,) = plan.requests
        yield _Step(Purpose.LOOK, whole, _path(Purpose.LOOK, whole), 1, sizes.get(whole))
    found = ways(plan, sizes)
    for way in found:
        for step in _on_way(plan, way, sizes, counted):
            yield step if len(found) == 1 else replace(step, requests=None)


def _on_way(plan: Plan, way: Way, sizes: Sizes, counted: Sequence[Predicate] | None) -> Iterator[_Step]:
    """Yield the steps of one way: its lists are counted, and read where that is not enough."""
    if _counts(plan, way.splits, counted):
        yield from _lists(plan, way.splits, sizes, counting=True)
        if all(sizes.get(split, 0) is not None for split in way.splits):
            yield from _catch_up(way.catch_up, 1)
            return
    yield from _lists(plan, way.splits, sizes)
    yield from _catch_up(way.catch_up, LARGEST_PAGE)


def _counts(plan: Plan, splits: Sequence[Request], counted: Sequence[Predicate] | None) -> bool:
    return counted is not None and countable(plan, splits, counted)


def _catch_up(whole: Request | None, size: int) -> Iterator[_Step]:
    """Yield the catch-up request for a list, since a moment that is not known yet."""
    if whole is not None:
        path = with_params(with_page_size(whole, size), {"updated_since": "T"}).path_and_query
        yield _Step(Purpose.CATCH_UP, whole, path.replace("updated_since=T", "updated_since=…"), 1)


def _lists(plan: Plan, requests: Sequence[Request], sizes: Sizes, *, counting: bool = False) -> Iterator[_Step]:
    """Yield one step for each request, or for all that are alike where they are many."""
    alike: dict[object, list[Request]] = {}
    for request in requests:
        alike.setdefault(_shape(request), []).append(request)
    for group in alike.values():
        if counting:
            steps = [_Step(Purpose.COUNT, each, _path(Purpose.COUNT, each), 1, sizes.get(each)) for each in group]
        else:
            steps = [_list(plan, each, sizes, one_page=_assumed(plan, len(group))) for each in group]
        if len(group) <= SHOWN:
            yield from steps
        else:
            path = _common([step.path for step in steps])
            sent, records = _sum([step.requests for step in steps]), _sum([step.records for step in steps])
            yield replace(steps[0], path=path, requests=sent, records=records)


def _path(purpose: Purpose, request: Request) -> str:
    """Return the path and the query of the request that serves the purpose for a list."""
    counts = purpose in {Purpose.LOOK, Purpose.COUNT}
    return (count_request(request) if counts else request).path_and_query


def _list(plan: Plan, request: Request, sizes: Sizes, *, one_page: bool) -> _Step:
    total = sizes.get(request)
    # A report of unknown size is one that was not probed.
    if request.paging is Paging.NONE or one_page or (request.limit is Limit.REPORTS and sizes.get(request, 0) is None):
        sent: int | None = 1
    else:
        sent = None if total is None else page_count(total, page_size(request))
    return _Step(_purpose(plan, request), request, request.path_and_query, sent, total)


def _purpose(plan: Plan, request: Request) -> Purpose:
    if request.single:
        return Purpose.RECORD
    if request.limit is Limit.REPORTS:
        return Purpose.REPORT
    return Purpose.LIST if plan.table.parent is None else Purpose.CHILDREN


def _assumed(plan: Plan, many: int) -> bool:
    """Return whether each of so many lists is assumed to have one page, uncounted: children and reports are short."""
    return many > SHOWN and (plan.table.parent is not None or plan.table.limit is Limit.REPORTS)


def _shape(request: Request) -> tuple[object, ...]:
    """Return what requests that differ only in numbers and days have in common."""
    names = tuple(name for name, _ in request.params)
    return request.single, request.paging, urlsplit(request.url).path.count("/"), names


def _common(paths: Sequence[str]) -> str:
    """Return the paths as one, with … wherever they differ."""
    parts = zip(*(_PARTS.split(path) for path in paths), strict=True)
    return "".join(each[0] if len(set(each)) == 1 else "…" for each in parts)


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _earliest(settings: Connection, step: _Step, clocks: dict[object, int]) -> float | None:
    """Return the second at which the last request of the step can go; `clocks` counts the requests before it."""
    if not step.requests:
        return None
    reports = step.request.limit is Limit.REPORTS
    rate = settings.reports_rate_limit if reports else settings.rate_limit
    if rate is None or step.purpose is Purpose.ACCOUNTS:
        return 0.0
    limit = (settings.base_url, settings.token, settings.oauth, rate, reports)
    clocks[limit] = clocks.get(limit, 0) + step.requests
    return float((clocks[limit] - 1) // rate.requests * rate.window_s)
