"""Regions of a table: which rows a query asks for, which are held, and which are still to fetch.

A region is bounded by the domains of the columns that narrow requests. Along one column of a table, its *place*,
regions are cut and put together: the day of a dated list, the parent of what Harvest lists by parent. By all other
columns a held region either contains what is wanted or is of no use. Every answer here errs towards fetching more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.catalog.model import DATE, Match, Origin
from harvest_duck.catalog.path import places
from harvest_duck.planner.params import first_day, last_day, whole_numbers
from harvest_duck.pushdown.domain import Domain
from harvest_duck.pushdown.ranges import Bound, Range, Ranges, kind, overlap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harvest_duck.catalog.model import Table

ANYWHERE = Domain()


@dataclass(frozen=True, slots=True)
class Region:
    """The rows whose columns lie within `restriction`, by column, and whose place lies within `along`.

    `inputs` is what chooses what Harvest computes: rows for other inputs are other rows.
    """

    restriction: Mapping[str, Domain] = field(default_factory=dict)
    along: Domain = ANYWHERE
    inputs: tuple[object, ...] = ()

    def within(self, other: Region) -> bool:
        """Whether all rows of this region are certainly rows of the other."""
        return self.narrows(other) and difference(self.along, other.along).empty

    def narrows(self, other: Region) -> bool:
        """Whether the rows of this region at the places of the other are certainly rows of the other."""
        return self.inputs == other.inputs and all(
            _is_within(self.restriction.get(column, ANYWHERE), domain) for column, domain in other.restriction.items()
        )


class Share(NamedTuple):
    """The places at which a held region, by its number, answers a query."""

    number: int
    along: Domain


class Split(NamedTuple):
    """A wanted region as shares of held ones, and the places that none holds; None where all are held."""

    shares: tuple[Share, ...]
    missing: Domain | None


@cache
def place_of(table: Table) -> str | None:
    """Return the column along which regions of a table are cut, None where each is fetched as a whole.

    Days are, of lists that tell what changed: a record may move to another day. A child stays with its parent. Rows
    within a record are not: where a record lost all of its rows, what changed has none of them.
    """
    if table.items is not None:
        return None
    if table.day is not None:
        tells_changes = any(param.match is Match.SINCE for param in table.params)
        return table.day.name if tells_changes and table.identity is not None else None
    return None if table.parent is None else table.parent.param


def region_of(
    table: Table, domains: Mapping[str, Domain], branches: Sequence[Mapping[str, Domain]] | None = None
) -> Region:
    """Return the region that a query asks for, by the domains of its filter, and of its branches for a report."""
    place, inputs = place_of(table), _inputs(table)
    narrowing = _narrowing(table) - inputs - {place}
    along = domains.get(place, ANYWHERE) if place else ANYWHERE
    parts = [domains, *(branches or ())]
    return Region(
        {column: domain for column, domain in domains.items() if column in narrowing},
        _discrete(along, _kind(table, place)) if place else ANYWHERE,
        tuple(tuple(sorted((name, part[name]) for name in inputs & part.keys())) for part in parts) if inputs else (),
    )


def domains_of(table: Table, region: Region, inputs: Mapping[str, Domain]) -> dict[str, Domain]:
    """Return the domains of the rows of a region; `inputs` has those of its inputs, among others."""
    found = dict(region.restriction)
    place = place_of(table)
    if place is not None and not region.along.everything:
        found[place] = region.along
    return found | {name: inputs[name] for name in _inputs(table) & inputs.keys()}


def split(wanted: Region, held: Sequence[Region]) -> Split:
    """Return what held regions, the best first, have of a wanted one; one that has all of it answers alone."""
    useful = [index for index, each in enumerate(held) if wanted.narrows(each)]
    for index in useful:
        if difference(wanted.along, held[index].along).empty:
            return Split((Share(index, wanted.along),), None)
    shares, missing = [], wanted.along
    for index in useful:
        shared = _shared(missing, held[index].along)
        if shared is not None:
            shares.append(Share(index, shared))
            missing = difference(missing, shared)
            if missing.empty:
                return Split(tuple(shares), None)
    return Split(tuple(shares), missing)


def least(region: Region, same: Callable[[Region], bool]) -> Region:
    """Return the region without what narrows no request; `same` says whether another one costs the same requests."""
    found = region
    for column in region.restriction:
        wider = replace(found, restriction={name: each for name, each in found.restriction.items() if name != column})
        found = wider if same(wider) else found
    wider = replace(found, along=ANYWHERE)
    return wider if not found.along.everything and same(wider) else found


def _is_within(inner: Domain, outer: Domain) -> bool:
    """Whether each value of a domain certainly lies in another one."""
    if outer.everything:
        return True
    if inner.nulls and not outer.nulls:
        return False
    kinds = _kinds(inner.ranges) | _kinds(outer.ranges)
    return len(kinds) <= 1 and overlap(inner.ranges, outer.ranges) == inner.ranges


def difference(whole: Domain, part: Domain) -> Domain:
    """Return the places of `whole` that are not in `part`, all of it where they cannot be compared."""
    if len(_kinds(whole.ranges) | _kinds(part.ranges)) > 1:
        return whole
    left = overlap(whole.ranges, _outside(part.ranges))
    return Domain(tuple(filter(_holds_any, left)), whole.nulls and not part.nulls)


def _shared(one: Domain, other: Domain) -> Domain | None:
    """Return the places of both, None where there are none or they cannot be compared."""
    if len(_kinds(one.ranges) | _kinds(other.ranges)) > 1:
        return None
    shared = one.intersect(other)
    return shared if shared.nulls or any(map(_holds_any, shared.ranges)) else None


def _outside(ranges: Ranges) -> Ranges:
    """Return the values below, between and above ranges."""
    lows = [None, *(_beyond(part.high) for part in ranges)]
    highs = [*(_beyond(part.low) for part in ranges), None]
    # Nothing lies below a range without a low end, or above one without a high end.
    first, last = bool(ranges and ranges[0].low is None), bool(ranges and ranges[-1].high is None)
    return tuple(map(Range, lows, highs))[first : len(lows) - last]


def _beyond(end: Bound | None) -> Bound | None:
    return None if end is None else replace(end, inclusive=not end.inclusive)


def _holds_any(part: Range) -> bool:
    """Whether a range holds a day or a whole number."""
    if isinstance(part.single, date | int):
        return True
    if _kinds((part,)) == {"date"}:
        first, last = first_day(part.low), last_day(part.high)
        known = (first is not None or part.low is None) and (last is not None or part.high is None)
        return known and (first is None or last is None or first <= last)
    return whole_numbers(Domain((part,), nulls=False)) != []


def _kinds(ranges: Ranges) -> set[str]:
    return {kind(end.value) for part in ranges for end in (part.low, part.high) if end is not None}


def _discrete(along: Domain, expected: str) -> Domain:
    """Return places without ranges that hold none; all places where they are no days, or no whole numbers."""
    ends = [end.value for part in along.ranges for end in (part.low, part.high) if end is not None]
    if any(kind(value) != expected or isinstance(value, Decimal) for value in ends):
        return ANYWHERE
    return Domain(tuple(filter(_holds_any, along.ranges)), along.nulls)


def _kind(table: Table, place: str | None) -> str:
    return "date" if place is not None and table.column(place).type is DATE else "number"


@cache
def _inputs(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns if column.origin is Origin.INPUT)


@cache
def _narrowing(table: Table) -> frozenset[str]:
    """Return the columns whose domains the planner looks at."""
    in_paths = {name for path in table.paths for name in places(path)}
    parent = set() if table.parent is None else {table.parent.param}
    return frozenset({"account_id", *(param.column for param in table.params), *in_paths, *parent})
