"""Which operators on a column become part of a request: the planner is asked about a sample of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, TIMESTAMP, VARCHAR, Column, Host, Match, Origin, Table
from harvest_duck.catalog.path import ids_in, places
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import QueryError
from harvest_duck.planner import Target, plan
from harvest_duck.protocol.page import LARGEST_PAGE
from harvest_duck.pushdown.domain import Domain, domains
from harvest_duck.pushdown.predicate import Compare, In, Op

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harvest_duck.catalog.model import Type
    from harvest_duck.protocol.request import Request
    from harvest_duck.pushdown.predicate import Value

#: In the order in which they are listed.
_OPERATORS = ("=", "IN", "<", "<=", ">", ">=")
#: Nobody writes `is_active < true`, and ids of a range are asked for one by one only where it is short.
_LISTED: Mapping[Type, tuple[str, ...]] = {BOOLEAN: ("=",), BIGINT: ("=", "IN")}
_SAMPLES: Mapping[Type, tuple[Value, Value]] = {
    BIGINT: (7, 8),
    BOOLEAN: (True, False),
    DATE: (date(2024, 2, 1), date(2024, 3, 1)),
    TIMESTAMP: (datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
    VARCHAR: ("7", "8"),
}
#: The ends of a period around the sample days.
_PERIOD = {Match.FROM: Domain.of([date(2024, 1, 1)]), Match.TO: Domain.of([date(2024, 3, 31)])}
#: Of the record or list around.
_ID = Domain.of([3])
_TARGET = Target("", "", account_id=1, page_size=LARGEST_PAGE)


@dataclass(frozen=True, slots=True)
class Pushed:
    """The part of a request that answers a predicate on a column: `sent` is a parameter, a path, or a header.

    The answer is `exact` where every record in it fits the predicate; otherwise the scan has to drop some.
    """

    operators: tuple[str, ...]
    sent: str
    exact: bool


def pushed(table: Table, column: Column) -> list[Pushed]:
    """Return each part of a request that answers a predicate on the column, in the order of the table; often none.

    A part answers an operator if a predicate with that operator changes the part in the requests of the plan.
    """
    if column.origin is Origin.ACCOUNT:
        # No request is made for another account, and none for an account is made to Harvest ID.
        return [] if table.host is Host.ID else [Pushed(("=", "IN"), "Harvest-Account-Id", exact=True)]
    parts = {path: True for path in table.paths if _ends_with(column, path)}
    parts |= {param.name: param.exact for param in table.params_of(column.name)}
    if not parts:
        return []
    beside = _beside(table, column)
    plain = _requests(table, beside)
    asked = [(operator, _requests(table, {**beside, column.name: domain})) for operator, domain in _samples(column)]
    found = {
        part: tuple(operator for operator, requests in asked if _read(part, requests) != _read(part, plain))
        for part in parts
    }
    return [Pushed(operators, part, parts[part]) for part, operators in found.items() if operators]


def operators(table: Table, column: Column) -> list[str]:
    """Return the operators on a column that become part of a request, as SQL writes them."""
    found = {operator for part in pushed(table, column) for operator in part.operators}
    return [operator for operator in _OPERATORS if operator in found]


def _ends_with(column: Column, path: str) -> bool:
    return places(path)[-1:] == (column.name,)


def _beside(table: Table, column: Column) -> dict[str, Domain]:
    """Return what else the query has to say: a period, and the other ids of a path that ends with the column."""
    period = {param.column: _PERIOD[param.match] for param in table.params if param.required}
    ids = {name: _ID for path in table.paths if _ends_with(column, path) for name in places(path)}
    return period | ids | {column.name: Domain()}


def _samples(column: Column) -> Iterator[tuple[str, Domain]]:
    """The operators that are listed for a column, and the domain that a predicate with each leaves it."""
    values = column.values[:2] or _SAMPLES[column.type]
    for operator in _LISTED.get(column.type, _OPERATORS):
        yield operator, _domain(operator, values)


@cache
def _domain(operator: str, values: tuple[Value, Value]) -> Domain:
    term = In("", frozenset(values)) if operator == "IN" else Compare("", Op(operator), values[0])
    return (domains(term) or {})[""]


def _requests(table: Table, wanted: Mapping[str, Domain]) -> tuple[Request, ...]:
    """Return every request that the plan may send first; none where the planner refuses the query."""
    try:
        found = plan(table, TABLES, wanted, _TARGET)
    except QueryError:
        return ()
    return found.requests if found.alternative is None else (*found.requests, *found.alternative.requests)


def _read(part: str, requests: tuple[Request, ...]) -> list[object]:
    """Return what each request has as the part: the ids in a path, or the value of a parameter."""
    if part.startswith("/"):
        return [ids_in(part, request.url) for request in requests]
    return [dict(request.params).get(part) for request in requests]
