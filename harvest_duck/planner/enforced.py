"""The terms of a filter that the requests of a scan enforce; the others are the residual filter.

A request enforces the domains of some columns: of those in its path, of the inputs of a report, of the account, and of
each parameter that Harvest is known to apply as SQL would. A term that follows from these domains is enforced. It is
safe to find too few such terms, since the scan applies the whole filter anyway; too many would miscount lists that are
counted and not read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import BIGINT, BOOLEAN, Match, Param, Table
from harvest_duck.catalog.path import ids_in
from harvest_duck.pushdown.domain import Domain, domains
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate
from harvest_duck.pushdown.ranges import Bound, Range, kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harvest_duck.planner import Plan
    from harvest_duck.protocol.request import Request
    from harvest_duck.pushdown.predicate import Value

#: The kinds of values of which the domain of `<>` leaves out no more and no less than the value.
_OPPOSITES = {"boolean", "number"}


def distinct_terms(terms: Iterable[Predicate]) -> list[Predicate]:
    """Return the terms, each once, without each `IS NOT NULL` that another term implies.

    Some versions of DuckDB add one to every comparison.
    """
    terms = list(dict.fromkeys(terms))
    others = [domains(term) or {} for term in terms if _not_null(term) is None]
    valued = {column for other in others for column, domain in other.items() if not domain.nulls}
    return [term for term in terms if _not_null(term) not in valued]


def _not_null(term: Predicate) -> str | None:
    return term.term.column if isinstance(term, Not) and isinstance(term.term, IsNull) else None


def is_enforced(term: Predicate, enforced: Mapping[str, Domain]) -> bool:
    """Whether `term` is certainly true of every row whose columns lie within the domains `enforced`."""
    try:
        columns = set(_columns(term))
        if len(columns) == 1 and _definite(term):
            (column,) = columns
            wanted = (domains(term) or {}).get(column)
            return wanted is not None and column in enforced and enforced[column].intersect(wanted) == enforced[column]
        match term:
            case And(terms):
                return all(is_enforced(each, enforced) for each in terms)
            case Or(terms):
                return any(is_enforced(each, enforced) for each in terms)
    except RecursionError:
        pass
    return False


def _columns(term: Predicate) -> Iterator[str]:
    match term:
        case Compare(column) | In(column) | IsNull(column):
            yield column
        case And(terms) | Or(terms):
            for each in terms:
                yield from _columns(each)
        case Not(each):
            yield from _columns(each)


def _definite(term: Predicate) -> bool:
    """Whether a term on one column is true of every value of its domain."""
    match term:
        case Compare(_, op, value):
            return op is not Op.NE or kind(value) in _OPPOSITES
        case Not(Compare(_, op, value)):
            return op is not Op.EQ or kind(value) in _OPPOSITES
        case In() | IsNull() | Not(IsNull()):
            return True
        case And(terms) | Or(terms):
            return all(map(_definite, terms))
        case _:
            return False


def enforced_domains(plan: Plan, request: Request) -> dict[str, Domain]:
    """Return the domains that a request of `plan`, or of its alternative, enforces on the columns of its rows."""
    table = plan.table
    found = {"account_id": _exactly(request.account_id)}
    doubtful = {param.column for param in table.params if not param.exact}
    found |= {column: _exactly(value) for column, value in request.values if column not in doubtful}
    for path in table.paths:
        found |= {column: _exactly(number) for column, number in ids_in(path, request.url).items()}
    if plan.parents is not None and table.parent is not None:
        found[table.parent.param] = replace(plan.chosen, nulls=False)
    sent = dict(request.params)
    for param in table.params:
        if param.exact and param.name in sent and param.column not in dict(request.values):
            domain = _sent(table, param, sent[param.name])
            found[param.column] = found.get(param.column, Domain()).intersect(domain)
    return found


def _exactly(value: Value | None) -> Domain:
    return Domain((), nulls=True) if value is None else Domain.of([value])


def _sent(table: Table, param: Param, text: str) -> Domain:
    """Return the domain that a parameter leaves its column."""
    match param.match:
        case Match.FROM:
            return Domain((Range(low=Bound(date.fromisoformat(text), inclusive=True)),), nulls=False)
        case Match.TO:
            return Domain((Range(high=Bound(date.fromisoformat(text), inclusive=True)),), nulls=False)
        case Match.SINCE:
            return Domain()
    sql_type = table.column(param.column).type
    return Domain.of([int(text) if sql_type is BIGINT else text == "true" if sql_type is BOOLEAN else text])
