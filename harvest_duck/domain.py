"""What values each column can have in the rows that a predicate keeps.

A `Domain` is a superset: it never leaves out a value of a row for which the predicate is true, and says nothing about
rows for which it is not. AND intersects domains, OR takes their hull, and what cannot be read widens to everything.
The planner turns domains into request parameters, so a mistake here that narrows would lose rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any

from harvest_duck.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Bound", "Domain", "domains"]


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range."""

    value: Value
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Domain:
    """The values that a column can have: one of `values` where given, between `low` and `high`, NULL if `nulls`."""

    low: Bound | None = None
    high: Bound | None = None
    values: frozenset[Value] | None = None
    nulls: bool = True

    @property
    def empty(self) -> bool:
        """Whether nothing at all fits."""
        return self.values is not None and not self.values and not self.nulls

    @property
    def single(self) -> Value | None:
        """The only value that fits, None where there is another one, or NULL fits too."""
        if self.nulls or self.values is None or len(self.values) != 1:
            return None
        return next(iter(self.values))

    def contains(self, value: Value | None) -> bool:
        """Whether a row may have `value`, None standing for NULL."""
        if value is None:
            return self.nulls
        if self.values is not None:
            return value in self.values
        return _above(value, self.low) and _below(value, self.high)

    def intersect(self, other: Domain) -> Domain:
        """What fits both."""
        both = Domain(
            low=_tighter(self.low, other.low, low=True),
            high=_tighter(self.high, other.high, low=False),
            nulls=self.nulls and other.nulls,
        )
        given = [domain.values for domain in (self, other) if domain.values is not None]
        if given:
            values = reduce(frozenset.intersection, given)
            return Domain(values=frozenset(value for value in values if both.contains(value)), nulls=both.nulls)
        return _settled(both)

    def union(self, other: Domain) -> Domain:
        """A range or set that holds everything that fits either."""
        if self.values is not None and other.values is not None:
            # The ends of two enumerations say nothing that the values do not.
            return Domain(values=self.values | other.values, nulls=self.nulls or other.nulls)
        nulls = self.nulls or other.nulls
        spans = [(domain.lowest, domain.highest) for domain in (self, other) if domain.values != frozenset()]
        if not spans:
            return Domain(values=frozenset(), nulls=nulls)
        return Domain(
            low=_looser([s[0] for s in spans], low=True), high=_looser([s[1] for s in spans], low=False), nulls=nulls
        )

    @property
    def lowest(self) -> Bound | None:
        """The least value that fits, None where there is no end to them; NULL is not looked at."""
        return Bound(min(self.values, key=_ordered), inclusive=True) if self.values else self.low

    @property
    def highest(self) -> Bound | None:
        """The greatest value that fits, None where there is no end to them; NULL is not looked at."""
        return Bound(max(self.values, key=_ordered), inclusive=True) if self.values else self.high


ANY = Domain()
NULL_ONLY = Domain(values=frozenset(), nulls=True)


def domains(predicate: Predicate) -> Mapping[str, Domain] | None:
    """The domain of each column that `predicate` restricts; None when no row can satisfy it.

    A tree too deep for Python's stack restricts nothing.
    """
    try:
        return _domains(predicate)
    except RecursionError:
        return {}


def _domains(predicate: Predicate) -> Mapping[str, Domain] | None:
    match predicate:
        case And(terms):
            return _all_of([_domains(term) for term in terms])
        case Or(terms):
            return _any_of([_domains(term) for term in terms])
        case Compare(column, op, value):
            return _restricted(column, _compared(op, value))
        case In(column, values):
            return _restricted(column, _enumerated(values))
        case IsNull(column):
            return {column: NULL_ONLY}
        case Not(IsNull(column)):
            return {column: Domain(nulls=False)}
        case Not() | Unknown():
            return {}


def _restricted(column: str, domain: Domain) -> Mapping[str, Domain] | None:
    return None if domain.empty else {column: domain}


def _compared(op: Op, value: Value) -> Domain:
    match op:
        case Op.EQ:
            return _enumerated(frozenset({value}))
        case Op.NE:
            return Domain(nulls=False)
        case Op.LT | Op.LE:
            return Domain(high=Bound(value, inclusive=op is Op.LE), nulls=False)
        case Op.GT | Op.GE:
            return Domain(low=Bound(value, inclusive=op is Op.GE), nulls=False)


def _enumerated(values: frozenset[Value]) -> Domain:
    return Domain(values=values, nulls=False)


def _all_of(parts: list[Mapping[str, Domain] | None]) -> Mapping[str, Domain] | None:
    joined: dict[str, Domain] = {}
    for part in parts:
        if part is None:
            return None
        for column, domain in part.items():
            joined[column] = joined.get(column, ANY).intersect(domain)
    return None if any(domain.empty for domain in joined.values()) else joined


def _any_of(parts: list[Mapping[str, Domain] | None]) -> Mapping[str, Domain] | None:
    possible = [part for part in parts if part is not None]
    if not possible:
        return None
    shared = set.intersection(*(set(part) for part in possible))
    return {column: reduce(Domain.union, (part[column] for part in possible)) for column in sorted(shared)}


def _settled(domain: Domain) -> Domain:
    """The same domain, as an enumeration where its range holds one value or none."""
    low, high = domain.low, domain.high
    if low is None or high is None or not _comparable(low.value, high.value):
        return domain
    if _ordered(low.value) == _ordered(high.value) and low.inclusive and high.inclusive:
        return Domain(values=frozenset({low.value}), nulls=domain.nulls)
    crossed = _ordered(low.value) > _ordered(high.value)
    shut = _ordered(low.value) == _ordered(high.value)
    return Domain(values=frozenset(), nulls=domain.nulls) if crossed or shut else domain


def _ordered(value: Value) -> Any:  # noqa: ANN401 - only values of one type are ever compared, see _comparable
    return value


def _comparable(one: Value, other: Value) -> bool:
    """Whether `<` between the two means what SQL means by it."""
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return isinstance(one, bool) == isinstance(other, bool)
    return type(one) is type(other) and isinstance(one, str | date | datetime | time)


def _above(value: Value, low: Bound | None) -> bool:
    if low is None or not _comparable(value, low.value):
        return True
    return bool(_ordered(value) > low.value or (low.inclusive and value == low.value))


def _below(value: Value, high: Bound | None) -> bool:
    if high is None or not _comparable(value, high.value):
        return True
    return bool(_ordered(value) < high.value or (high.inclusive and value == high.value))


def _tighter(one: Bound | None, other: Bound | None, *, low: bool) -> Bound | None:
    if one is None or other is None:
        return one or other
    if not _comparable(one.value, other.value):
        return one
    if one.value == other.value:
        return one if not one.inclusive else other
    return one if (_ordered(one.value) > other.value) == low else other


def _looser(bounds: list[Bound | None], *, low: bool) -> Bound | None:
    widest = bounds[0]
    for bound in bounds[1:]:
        if widest is None or bound is None or not _comparable(widest.value, bound.value):
            return None
        if widest.value == bound.value:
            widest = widest if widest.inclusive else bound
        elif (_ordered(bound.value) < widest.value) == low:
            widest = bound
    return widest
