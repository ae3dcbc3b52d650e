"""What a scan has to ask: a table, the domains of its columns and a target become requests.

Every plan fetches a superset of the rows that the predicate keeps; the scan applies the predicate itself. A parameter
is sent only where it cannot lose such a row, so what is not understood costs requests and never rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, TypeGuard

from harvest_duck.domain import Bound, Domain
from harvest_duck.errors import QueryError
from harvest_duck.protocol import Request
from harvest_duck.table import BIGINT, Host, Match, Origin, Paging, Param, PathWhen, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harvest_duck.predicate import Value

__all__ = ["Plan", "Target", "plan", "refuse_unseen"]

_ANY = Domain()
_ONE_DAY = timedelta(days=1)

#: The years that are sent as bounds. A bound outside them is left out, which can only fetch more.
_YEARS = range(1900, 10_000)


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, for which account, and how large a page they ask for."""

    base_url: str
    id_url: str
    account_id: int | None
    page_size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests that begin the lists of one scan.

    Without `parents` they are complete. With them each request is a template, whose path waits for the id of a parent:
    it is asked for every row of the plan `parents` that `chosen` holds of, see `for_parent`.
    """

    table: Table
    requests: tuple[Request, ...]
    parents: Plan | None = None
    chosen: Domain = _ANY

    def for_parent(self, parent_id: int) -> Iterator[Request]:
        """The requests for the children of one parent; none where the predicate rules it out."""
        if self.table.parent is not None and self.chosen.contains(parent_id):
            for request in self.requests:
                yield _fill(request, self.table.parent.param, parent_id)


def plan(table: Table, tables: Mapping[str, Table], domains: Mapping[str, Domain] | None, target: Target) -> Plan:
    """The plan for the rows of `table` within `domains`; no requests where no row can be.

    Raises `QueryError` where an input that Harvest requires is missing or ambiguous.
    """
    if domains is None or not domains.get("account_id", _ANY).contains(target.account_id):
        return Plan(table, ())
    requests = tuple(_requests(table, domains, target))
    if table.parent is None or not requests:
        return Plan(table, requests)
    chosen = domains.get(table.parent.param, _ANY)
    if chosen.values is None:
        return Plan(table, requests, plan(tables[table.parent.table], tables, {}, target), chosen)
    ids = sorted(int(value) for value in chosen.values if _whole(value) and int(value) > 0)
    return Plan(table, tuple(_fill_known(request, table, parent_id) for parent_id in ids for request in requests))


def refuse_unseen(table: Table, names: Iterable[str], domains: Mapping[str, Domain] | None) -> None:
    """Nothing, unless the query looks at an option of a report that it does not choose by a predicate that was seen.

    Such a column has no value of its own, so a condition that DuckDB keeps to itself, as it does with `NOT option`,
    would find nothing. A query for all columns passes. Raises `QueryError`.
    """
    wanted = set(names)
    if domains is None or all(column.name in wanted for column in table.columns):
        return
    for param in table.params:
        optional = (
            table.column(param.column).origin is Origin.INPUT and not param.required and not _varies(table, param)
        )
        chosen = domains.get(param.column, _ANY)
        if optional and param.column in wanted and (chosen.nulls or not chosen.values):
            raise QueryError(
                f"{table.name}: the query uses {param.column} without choosing it: "
                f"add {param.column} = true or {param.column} = false"
            )


def _requests(table: Table, domains: Mapping[str, Domain], target: Target) -> Iterator[Request]:
    base = target.base_url if table.host is Host.API else f"{target.id_url}/api/v2"
    shortcut = _shortcut(table, domains)
    path, paging = (shortcut.path, shortcut.paging) if shortcut else (table.path, table.paging)
    allowed = shortcut.params if shortcut else [param.name for param in table.params]
    params = [pair for param in table.params if param.name in allowed for pair in _narrowing(table, param, domains)]
    if paging is not Paging.NONE:
        params.append(("per_page", str(target.page_size)))
    request = Request(table.name, base + path, (), table.limit, paging)
    if shortcut:
        request = replace(_fill_columns(request, shortcut, domains), absent_on=frozenset({404}))
    for inputs in _inputs(table, domains):
        yield replace(request, params=(*inputs.params, *params), values=inputs.values)


def _shortcut(table: Table, domains: Mapping[str, Domain]) -> PathWhen | None:
    """A path to just the records with the one value that the predicate leaves, where Harvest has one for a list."""
    for path in table.alternates:
        if path.paging is not Paging.NONE and all(_positive(domains.get(name, _ANY).single) for name in path.columns):
            return path
    return None


def _fill_columns(request: Request, shortcut: PathWhen, domains: Mapping[str, Domain]) -> Request:
    url = request.url
    for name in shortcut.columns:
        url = url.replace(f"{{{name}}}", str(domains[name].single))
    return replace(request, url=url)


def _fill(request: Request, param: str, parent_id: int) -> Request:
    url = request.url.replace(f"{{{param}}}", str(parent_id))
    return replace(request, url=url, values=((param, parent_id), *request.values))


def _fill_known(request: Request, table: Table, parent_id: int) -> Request:
    """The request for a parent that the query names, which need not exist, nor have children to give."""
    assert table.parent is not None  # noqa: S101 - only asked for children
    # A user who is no manager has no teammates: https://help.getharvest.com/api-v2/users-api/users/teammates/
    absent = {404, 422} if table.parent.only else {404}
    return replace(_fill(request, table.parent.param, parent_id), absent_on=frozenset(absent))


# Parameters that narrow


def _narrowing(table: Table, param: Param, domains: Mapping[str, Domain]) -> Iterator[tuple[str, str]]:
    """The parameter with its value, where the domain of its column allows to send it."""
    column = table.column(param.column)
    domain = domains.get(param.column, _ANY)
    if domain.nulls or column.origin in (Origin.INPUT, Origin.PATH):
        return
    match param.match:
        case Match.EQUAL:
            text = _equal(domain.single, param, column.type is BIGINT)
        case Match.FROM:
            text = _day(domain.lowest, +1)
        case Match.TO:
            text = _day(domain.highest, -1)
        case Match.SINCE:
            text = _since(domain.lowest)
    if text is not None:
        yield param.name, text


def _equal(value: Value | None, param: Param, is_id: bool) -> str | None:  # noqa: FBT001 - one use, one line away
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_id:
        return str(value) if _positive(value) else None
    if not isinstance(value, str) or not value.strip() or (param.values and value not in param.values):
        return None
    return value


def _whole(value: Value) -> TypeGuard[int | Decimal]:
    """Whether an id can equal `value`, which an expression of Arrow may give as a decimal."""
    return isinstance(value, int | Decimal) and value == int(value)


def _positive(value: Value | None) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _day(bound: Bound | None, outward: int) -> str | None:
    """A date bound as Harvest takes it, the day itself included; None where it cannot be sent."""
    day = _inclusive(bound, outward)
    return day.isoformat() if day is not None and day.year in _YEARS else None


def _inclusive(bound: Bound | None, inward: int) -> date | None:
    if bound is None or not isinstance(bound.value, date) or isinstance(bound.value, datetime):
        return None
    try:
        return bound.value if bound.inclusive else bound.value + inward * _ONE_DAY
    except OverflowError:
        return None


def _since(bound: Bound | None) -> str | None:
    """A lower bound on `updated_at`, a second early, since Harvest does not say whether it includes the bound."""
    # https://help.getharvest.com/api-v2/introduction/overview/general/
    if bound is None or not isinstance(bound.value, datetime) or bound.value.year not in _YEARS:
        return None
    return f"{bound.value.replace(microsecond=0) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"


# Parameters that choose what is computed


@dataclass(frozen=True, slots=True)
class _Inputs:
    """One choice of input parameters, and the columns that repeat it in every row."""

    params: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, Value | None], ...] = ()


def _inputs(table: Table, domains: Mapping[str, Domain]) -> Iterator[_Inputs]:
    spans = _spans(table, domains) if table.max_span_days is not None else [_Inputs()]
    for parts in product(spans, _options(table, domains), _variants(table, domains)):
        yield _joined(parts)


def _options(table: Table, domains: Mapping[str, Domain]) -> list[_Inputs]:
    """The optional inputs: sent as the predicate leaves them, otherwise what Harvest takes by itself."""
    chosen = [_Inputs()]
    for param in table.params:
        if (
            table.column(param.column).origin is not Origin.INPUT
            or param.match is not Match.EQUAL
            or _varies(table, param)
        ):
            continue
        wanted = domains.get(param.column, _ANY)
        values = sorted(value for value in wanted.values or () if isinstance(value, bool))
        choices = [_option(param, value) for value in values] if not wanted.nulls and values else [_option(param, None)]
        chosen = [_joined(parts) for parts in product(chosen, choices)]
    return chosen


def _option(param: Param, value: bool | None) -> _Inputs:  # noqa: FBT001 - the value of a flag
    if value is None:
        return _Inputs((), ((param.column, param.default),))
    return _Inputs(((param.name, "true" if value else "false"),), ((param.column, value),))


def _joined(parts: Iterable[_Inputs]) -> _Inputs:
    parts = tuple(parts)
    return _Inputs(
        params=tuple(pair for part in parts for pair in part.params),
        values=tuple(pair for part in parts for pair in part.values),
    )


def _varies(table: Table, param: Param) -> bool:
    return any(param.name in variant for variant in table.variants)


def _variants(table: Table, domains: Mapping[str, Domain]) -> list[_Inputs]:
    """The parameter sets that are each asked for, less those that the predicate rules out."""
    columns = {param.column: param.name for param in table.params if _varies(table, param)}
    found = []
    for variant in table.variants:
        values = tuple((column, variant.get(name) == "true") for column, name in columns.items())
        if all(domains.get(column, _ANY).contains(value) for column, value in values):
            found.append(_Inputs(tuple(variant.items()), values))
    return found


def _spans(table: Table, domains: Mapping[str, Domain]) -> list[_Inputs]:
    """The reporting periods that the predicate asks for, one report each; empty where they run backwards."""
    ends = {param.match: param for param in table.params if param.required}
    starts = _report_days(table, ends[Match.FROM], domains)
    stops = _report_days(table, ends[Match.TO], domains)
    return [_span(table, ends, start, stop) for start, stop in product(starts, stops) if start <= stop]


def _report_days(table: Table, param: Param, domains: Mapping[str, Domain]) -> list[date]:
    domain = domains.get(param.column, _ANY)
    if domain.values is not None:
        return sorted(day for day in domain.values if isinstance(day, date))
    start = param.match is Match.FROM
    day = _inclusive(domain.low, +1) if start else _inclusive(domain.high, -1)
    if day is None or (domain.high if start else domain.low) is not None:
        raise QueryError(_span_wanted(table, param.column, missing=day is None))
    return [day]


def _span_wanted(table: Table, column: str, *, missing: bool) -> str:
    fault = f"needs {column}" if missing else f"needs one day as {column}, not a range"
    return (
        f"{table.name}: the report {fault}: add e.g. WHERE from_date = '2026-01-01' AND to_date = '2026-12-31' "
        "(both days are included)"
    )


def _span(table: Table, ends: Mapping[Match, Param], start: date, stop: date) -> _Inputs:
    assert table.max_span_days is not None  # noqa: S101 - only asked for reports with a period
    if (stop - start).days > table.max_span_days:
        raise QueryError(
            f"{table.name}: {start} to {stop} is longer than the year that Harvest reports on at once; "
            f"the last day may be {start + timedelta(days=table.max_span_days - 1)}: ask year by year"
        )
    days: Iterable[tuple[Param, date]] = ((ends[Match.FROM], start), (ends[Match.TO], stop))
    # Every example of Harvest's documentation writes the days of a report without hyphens.
    # https://help.getharvest.com/api-v2/reports-api/reports/time-reports/
    return _Inputs(
        params=tuple((param.name, day.isoformat().replace("-", "")) for param, day in days),
        values=tuple((param.column, day) for param, day in days),
    )
