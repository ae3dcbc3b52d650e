"""The values that each column can have in the rows that a predicate keeps.

A `Domain` is a superset: it contains every value of the rows for which the predicate is true, and says nothing about
other rows. AND intersects domains, OR unites them, and a term that cannot be read widens to everything.
The planner turns domains into request parameters, so a mistake here that narrows would lose rows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value
from harvest_duck.pushdown.ranges import (
    EVERY_VALUE,
    Bound,
    Range,
    Ranges,
    gaps,
    holds,
    kind,
    overlap,
    point,
    sorted_ranges,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Domain:
    """The values that a column can have: those in `ranges`, and NULL if `nulls`.

    The ranges are kept in order, apart from each other, and of one kind; so domains of the same values are equal.
    Booleans are always values of their own. Ranges of several kinds widen to every value.
    """

    ranges: Ranges = EVERY_VALUE
    nulls: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranges", sorted_ranges(self.ranges))

    @classmethod
    def of(cls, values: Iterable[Value], *, nulls: bool = False) -> Domain:
        """Return the domain of exactly these values."""
        return cls(tuple(point(value) for value in values), nulls)

    @property
    def empty(self) -> bool:
        """Whether nothing at all fits."""
        return not self.ranges and not self.nulls

    @property
    def everything(self) -> bool:
        """Whether anything fits, NULL too."""
        return self.nulls and self.ranges == EVERY_VALUE

    @property
    def values(self) -> frozenset[Value] | None:
        """All values that fit besides NULL, None where a range of them does."""
        found = [value for part in self.ranges if (value := part.single) is not None]
        return frozenset(found) if len(found) == len(self.ranges) else None

    @property
    def lowest(self) -> Bound | None:
        """The end below which no value fits, None where there is none or no value fits at all; NULL does not count."""
        return self.ranges[0].low if self.ranges else None

    @property
    def highest(self) -> Bound | None:
        """The end above which no value fits, None where there is none or no value fits at all; NULL does not count."""
        return self.ranges[-1].high if self.ranges else None

    def contains(self, value: Value | None) -> bool:
        """Whether a row may have `value`, where None is NULL; true for a value of another kind than the ranges."""
        return self.nulls if value is None else holds(self.ranges, value)

    def intersect(self, other: Domain) -> Domain:
        """Return the values that fit both domains; where their kinds differ, the ranges of this one."""
        return Domain(overlap(self.ranges, other.ranges), self.nulls and other.nulls)


_NULL = Domain((), nulls=True)
_NOT_NULL = Domain(nulls=False)
_BOOLEANS = frozenset({False, True})
_OPPOSITE = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LT: Op.GE, Op.GE: Op.LT, Op.GT: Op.LE, Op.LE: Op.GT}

#: The domain of each column that is restricted; None where no row can be.
_Domains = dict[str, Domain] | None


def domains(predicate: Predicate) -> Mapping[str, Domain] | None:
    """Return the domain of each column that `predicate` restricts; None if no row can satisfy it.

    A predicate nested too deep for Python's stack restricts nothing.
    """
    try:
        return _where_true(predicate)
    except RecursionError:
        return {}


def _where_true(predicate: Predicate) -> _Domains:
    match predicate:
        case And(terms):
            return all_of([_where_true(term) for term in terms])
        case Or(terms):
            return _any_of([_where_true(term) for term in terms])
        case Not(term):
            return _where_false(term)
        case Compare(column, op, value):
            return _restricted(column, _compared(op, value))
        case In(column, values):
            return _restricted(column, Domain.of(values))
        case IsNull(column):
            return {column: _NULL}
        case Unknown():
            return {}


def _where_false(predicate: Predicate) -> _Domains:
    """Return the domains of the rows for which the predicate is false; it is NULL, not false, for others."""
    match predicate:
        case And(terms):
            return _any_of([_where_false(term) for term in terms])
        case Or(terms):
            return all_of([_where_false(term) for term in terms])
        case Not(term):
            return _where_true(term)
        case Compare(column, op, value):
            return _restricted(column, _compared(_OPPOSITE[op], value))
        case In(column, values):
            # An empty list contains no value, and nor does it contain NULL: NOT IN is true of every row.
            return _restricted(column, _others(values) if values else Domain())
        case IsNull(column):
            return {column: _NOT_NULL}
        case Unknown():
            return {}


def _restricted(column: str, domain: Domain) -> _Domains:
    if domain.empty:
        return None
    return {} if domain.everything else {column: domain}


def _compared(op: Op, value: Value) -> Domain:
    end = Bound(value, inclusive=op in {Op.LE, Op.GE})
    match op:
        case Op.EQ:
            return Domain.of([value])
        case Op.NE:
            return _others(frozenset({value}))
        case Op.LT | Op.LE:
            return Domain((Range(high=end),), nulls=False)
        case Op.GT | Op.GE:
            return Domain((Range(low=end),), nulls=False)


def _others(values: frozenset[Value]) -> Domain:
    """Return the domain of `NOT IN (values)`: the other boolean, the numbers between, else anything but NULL.

    Only numbers keep the gaps, since those leave out accounts and parents; a day that is left out would cost a list on
    each side of it.
    """
    kinds = {kind(value) for value in values}
    if kinds == {"boolean"}:
        return Domain.of(_BOOLEANS - values)
    return _NOT_NULL if kinds != {"number"} else Domain(gaps(values), nulls=False)


def all_of(parts: Sequence[Mapping[str, Domain] | None]) -> _Domains:
    """Return the domains of the rows that lie within all of the parts; None where no row can."""
    found: dict[str, list[Domain]] = defaultdict(list)
    for part in parts:
        if part is None:
            return None
        for column, domain in part.items():
            found[column].append(domain)
    joined = {column: _intersection(each) for column, each in found.items()}
    return None if any(domain.empty for domain in joined.values()) else joined


def _any_of(parts: Sequence[_Domains]) -> _Domains:
    possible = [part for part in parts if part is not None]
    if not possible:
        return None
    shared = set.intersection(*map(set, possible))
    joined = {column: union([part[column] for part in possible]) for column in sorted(shared)}
    return {column: domain for column, domain in joined.items() if not domain.everything}


def _intersection(parts: Sequence[Domain]) -> Domain:
    """Return the values that fit all domains, by halves: one by one, every term would pass through a long list."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return _intersection(parts[:middle]).intersect(_intersection(parts[middle:]))


def union(parts: Sequence[Domain]) -> Domain:
    """Return the values that fit any of the domains."""
    ranges = tuple(chain.from_iterable(domain.ranges for domain in parts))
    return Domain(ranges, nulls=any(domain.nulls for domain in parts))
