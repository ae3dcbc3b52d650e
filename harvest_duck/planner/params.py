"""The parameters that narrow a list, sent only where the domain of a column shows that no row is lost."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil, floor
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import BIGINT, Match, Origin, Param, Table
from harvest_duck.pushdown.domain import Domain
from harvest_duck.pushdown.ranges import Bound, Range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harvest_duck.pushdown.predicate import Value

#: The domain of a column without a predicate.
ANY = Domain()
_POSITIVE = Domain((Range(low=Bound(1, inclusive=True)),), nulls=False)
_ONE_DAY = timedelta(days=1)

#: The years that are sent as bounds. A bound outside them is left out, which can only fetch more.
_YEARS = range(1900, 10_000)
#: The most ids to list one by one: Harvest answers so many requests in 25 minutes.
_MOST = 10_000

DaySpan = tuple[date | None, date | None]


def sends(table: Table, param: Param) -> bool:
    """Whether the parameter narrows a list; other parameters choose what a report computes, or are part of the path."""
    return table.column(param.column).origin not in (Origin.INPUT, Origin.PATH)


def narrowing(table: Table, param: Param, domains: Mapping[str, Domain]) -> Iterator[tuple[str, str]]:
    """Yield the parameter with its value, where the domain of its column allows to send it."""
    domain = domains.get(param.column, ANY)
    if domain.nulls or not sends(table, param):
        return
    match param.match:
        case Match.EQUAL:
            texts = equal_texts(table, param, domain)
            text = texts[0] if texts is not None and len(texts) == 1 else None
        case Match.FROM:
            text = day(_widened(param, first_day(domain.lowest), -1))
        case Match.TO:
            text = day(_widened(param, last_day(domain.highest), +1))
        case Match.SINCE:
            text = _since(domain.lowest)
    if text is not None:
        yield param.name, text


def _widened(param: Param, bound: date | None, outward: int) -> date | None:
    """Return a bound a day further out where Harvest does not say whether it includes the day itself."""
    if bound is None or param.exact:
        return bound
    try:
        return bound + outward * _ONE_DAY
    except OverflowError:
        return None


def equal_texts(table: Table, param: Param, domain: Domain) -> list[str] | None:
    """Return the values that the column can have, as Harvest writes them; None where they cannot be listed or sent."""
    if domain.nulls:
        return None
    if table.column(param.column).type is BIGINT:
        found = whole_numbers(domain)
        return None if found is None or (found and found[0] < 1) else [str(value) for value in found]
    if domain.values is None:
        return None
    texts = [_equal(value, param) for value in sorted(domain.values, key=str)]
    return None if None in texts else [text for text in texts if text is not None]


def _equal(value: Value, param: Param) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str) or not value.strip() or (param.values and value not in param.values):
        return None
    return value


def ids(domain: Domain) -> list[int] | None:
    """Return the ids that fit, in order; None where they are too many to list. No id is below 1."""
    return None if domain.nulls else whole_numbers(domain.intersect(_POSITIVE))


def whole_numbers(domain: Domain) -> list[int] | None:
    """Return the whole numbers that fit, in order; None where they are too many to list, or a range has no end."""
    found: list[int] = []
    for part in domain.ranges:
        low, high = _whole(part.low, ceil, +1), _whole(part.high, floor, -1)
        if low is None or high is None or len(found) + high - low >= _MOST:
            return None
        found.extend(range(low, high + 1))
    return found


def _whole(bound: Bound | None, rounded: Callable[[int | Decimal], int], inward: int) -> int | None:
    """Return the outermost whole number within a bound, None where there is no bound or it is no number."""
    if bound is None or not isinstance(bound.value, int | Decimal) or isinstance(bound.value, bool):
        return None
    whole = rounded(bound.value)
    return whole + inward if whole == bound.value and not bound.inclusive else whole


def day(value: date | None) -> str | None:
    """Return a day as Harvest writes it, None where it cannot be sent."""
    return value.isoformat() if value is not None and value.year in _YEARS else None


def first_day(bound: Bound | None) -> date | None:
    """Return the first day within a lower bound, None where there is no such day."""
    return _inclusive(bound, +1)


def last_day(bound: Bound | None) -> date | None:
    """Return the last day within an upper bound, None where there is no such day."""
    return _inclusive(bound, -1)


def _inclusive(bound: Bound | None, inward: int) -> date | None:
    if bound is None or not isinstance(bound.value, date) or isinstance(bound.value, datetime):
        return None
    try:
        return bound.value if bound.inclusive else bound.value + inward * _ONE_DAY
    except OverflowError:
        return None


def day_spans(domain: Domain) -> list[DaySpan]:
    """Return the days that fit, as spans from a first to a last day with at least a day between two of them."""
    spans: list[DaySpan] = []
    for part in domain.ranges:
        first, last = first_day(part.low), last_day(part.high)
        if first is not None and last is not None and first > last:
            continue
        before = spans[-1][1] if spans else None
        if spans and (before is None or first is None or (first - before).days <= 1):
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans


def _since(bound: Bound | None) -> str | None:
    """Return a lower bound on `updated_at`, a second early: Harvest does not say whether it includes the bound."""
    # https://help.getharvest.com/api-v2/introduction/overview/general/
    if bound is None or not isinstance(bound.value, datetime) or bound.value.year not in _YEARS:
        return None
    return f"{bound.value.replace(microsecond=0) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
