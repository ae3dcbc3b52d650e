"""The scans that fetch a region of a table, and what changed in it: requests for the rows that one query asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harvest_duck.cache.coverage import Region, domains_of, least, region_of
from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.model import Match
from harvest_duck.planner.countable import countable
from harvest_duck.pushdown.arrow_filter import Filter
from harvest_duck.pushdown.domain import Domain
from harvest_duck.pushdown.predicate import And, Not, Or, Predicate, Unknown
from harvest_duck.pushdown.ranges import Bound, Range
from harvest_duck.scanner.scan_request import named_accounts, plans_for

if TYPE_CHECKING:
    from datetime import datetime

    from harvest_duck.planner import Plan
    from harvest_duck.protocol.request import Request
    from harvest_duck.scanner.scan_request import ScanRequest

_ACCOUNT = "account_id"
_EVERY_ROW = Filter(And(()), frozenset())


def can_be_held(request: ScanRequest) -> bool:
    """Whether memory may answer a scan: not for records as Harvest sent them, nor where nothing has to be asked."""
    possible = request.domains is not None and request.plans != []
    return possible and not request.table.raw and not wanted(request).along.empty


def wanted(request: ScanRequest) -> Region:
    """Return the region whose rows a scan filters."""
    return region_of(request.table, request.domains or {}, request.branches)


def fetched(request: ScanRequest, region: Region) -> Region:
    """Return the largest region that costs the requests of `region`, which is part of what a scan wants."""
    listed = named_accounts(request.table, request.settings) is None

    def same(other: Region) -> bool:
        every_account = listed and _ACCOUNT in region.restriction and _ACCOUNT not in other.restriction
        return not every_account and _plans(request, other) == asked

    asked = _plans(request, region)
    return least(region, same)


def least_requests(request: ScanRequest, region: Region) -> int:
    """Return the requests for a region whose lists have a page each; of one account where nobody named them."""
    return sum(map(_least_requests, _plans(request, region)))


def _plans(request: ScanRequest, region: Region) -> list[Plan]:
    """Return the plans for a region; one for all accounts where only Harvest can list them."""
    table, accounts = request.table, named_accounts(request.table, request.settings)
    restriction = {name: each for name, each in region.restriction.items() if accounts is not None or name != _ACCOUNT}
    domains = domains_of(table, replace(region, restriction=restriction), request.domains or {})
    return plans_for(table, request.settings, domains, accounts or {None: ""}, request.branches)


def _least_requests(plan: Plan) -> int:
    if plan.alternative is None:
        return len(plan.requests) + (plan.whole is not None)
    # The list is counted, to choose between the two.
    return 1 + max(len(plan.requests), plan.alternative.sent)


def region_request(request: ScanRequest, region: Region) -> ScanRequest:
    """Return the scan for all columns of a region of the table that a scan asks for."""
    table, settings = request.table, replace(request.settings, max_rows=None)
    domains = domains_of(table, region, request.domains or {})
    accounts = named_accounts(table, settings)
    plans = None if accounts is None else plans_for(table, settings, domains, accounts, request.branches)
    return replace(
        request,
        settings=settings,
        names=schema_of(table).names,
        filter=_EVERY_ROW,
        domains=domains,
        plans=plans,
    )


def changes(request: ScanRequest, since: datetime) -> Region:
    """Return the region of what changed since a moment, in the accounts that a scan asks for."""
    updated = next(param.column for param in request.table.params if param.match is Match.SINCE)
    later = Domain((Range(low=Bound(since, inclusive=True)),), nulls=False)
    accounts = {name: domain for name, domain in (request.domains or {}).items() if name == _ACCOUNT}
    return Region({**accounts, updated: later})


def is_count(request: ScanRequest) -> bool:
    """Whether only the number of rows is wanted, and Harvest's totals may tell it."""
    terms, plans = request.counted_terms, request.plans
    if terms is None or not _is_read(request.filter.predicate):
        return False
    return plans is None or any(countable(plan, splits, terms) for plan in plans for splits in _ways(plan))


def account_of(request: ScanRequest) -> int | None:
    """Return the one account that the connection of a scan names, None where it names several or none."""
    accounts = request.settings.require_accounts() or ()
    return accounts[0] if len(accounts) == 1 else None


def _ways(plan: Plan) -> list[tuple[Request, ...]]:
    return [plan.requests, *([] if plan.alternative is None else [plan.alternative.requests])]


def _is_read(predicate: Predicate) -> bool:
    """Whether all terms of a predicate are known, so that equal ones keep the same rows."""
    waiting = [predicate]
    while waiting:
        match waiting.pop():
            case And(terms) | Or(terms):
                waiting.extend(terms)
            case Not(term):
                waiting.append(term)
            case Unknown():
                return False
    return True
