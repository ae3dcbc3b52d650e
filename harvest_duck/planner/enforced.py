"""Which terms of a filter the requests of a scan answer exactly, so that no record comes that fails one of them.

A request warrants the values of some columns: of those in its path, of the inputs of a report, of the account, and of
each parameter that Harvest is known to apply as SQL would. A term that follows from that was pushed; the others are
left to the scan. Saying too little is safe, since the scan applies the whole filter anyway.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import BIGINT, BOOLEAN, Match, Param, Table
from harvest_duck.catalog.path import ids_in
from harvest_duck.pushdown.domain import Domain, domains
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate
from harvest_duck.pushdown.ranges import Bound, Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harvest_duck.planner import Plan
    from harvest_duck.protocol.request import Request
    from harvest_duck.pushdown.predicate import Value

#: What a request says of the columns of every row that it brings.
Warrants = dict[str, Domain]


def essential(terms: Iterable[Predicate]) -> list[Predicate]:
    """The terms, each once, less the `IS NOT NULL` that another one says as well.

    DuckDB adds one to many a comparison, by its version.
    """
    terms = list(dict.fromkeys(terms))
    others = [domains(term) or {} for term in terms if _not_null(term) is None]
    valued = {column for other in others for column, domain in other.items() if not domain.nulls}
    return [term for term in terms if _not_null(term) not in valued]


def _not_null(term: Predicate) -> str | None:
    return term.term.column if isinstance(term, Not) and isinstance(term.term, IsNull) else None


def follows(term: Predicate, warrants: Warrants) -> bool:
    """Whether `term` is sure to be true of every row of which `warrants` holds."""
    try:
        columns = set(_columns(term))
        if len(columns) == 1 and _definite(term):
            (column,) = columns
            wanted = (domains(term) or {}).get(column)
            return wanted is not None and column in warrants and warrants[column].intersect(wanted) == warrants[column]
        match term:
            case And(terms):
                return all(follows(each, warrants) for each in terms)
            case Or(terms):
                return any(follows(each, warrants) for each in terms)
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
    """Whether the domain of a term on one column has no value of which the term is not true."""
    match term:
        case Compare(_, op, value):
            return op is not Op.NE or isinstance(value, bool)
        case Not(Compare(_, op, value)):
            return op is not Op.EQ or isinstance(value, bool)
        case In() | IsNull() | Not(IsNull()):
            return True
        case And(terms) | Or(terms):
            return all(map(_definite, terms))
        case _:
            return False


def warranted(plan: Plan, request: Request) -> Warrants:
    """What one of the requests of `plan`, or of its alternative, says of the columns of its rows."""
    table = plan.table
    found = {"account_id": _exactly(request.account_id)}
    found |= {column: _exactly(value) for column, value in request.values}
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
    """The values of its column that a parameter leaves."""
    match param.match:
        case Match.FROM:
            return Domain((Range(low=Bound(date.fromisoformat(text), inclusive=True)),), nulls=False)
        case Match.TO:
            return Domain((Range(high=Bound(date.fromisoformat(text), inclusive=True)),), nulls=False)
        case Match.SINCE:
            return Domain()
    kind = table.column(param.column).type
    return Domain.of([int(text) if kind is BIGINT else text == "true" if kind is BOOLEAN else text])
