"""Sorted ranges of values: their union, their overlap, and whether they hold a value.

Values are compared as SQL compares them, which Python does only within one kind. Where kinds differ, the wider answer
is given: a value never lies outside of ranges that it cannot be compared with.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.pushdown.predicate import Value


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range."""

    value: Value
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Range:
    """The values between two ends, where None is no end."""

    low: Bound | None = None
    high: Bound | None = None

    @property
    def single(self) -> Value | None:
        """The only value of the range, None unless both ends are the same value."""
        low, high = self.low, self.high
        if low is None or high is None or not (low.inclusive and high.inclusive):
            return None
        return low.value if low.value == high.value and kind(low.value) == kind(high.value) else None

    def contains(self, value: Value) -> bool:
        """Whether `value` lies in the range; an end that it cannot be compared with does not exclude it."""
        low = self.low if self.low is not None and kind(self.low.value) == kind(value) else None
        high = self.high if self.high is not None and kind(self.high.value) == kind(value) else None
        return _start(Range(low, high)) < _place(value) < _end(Range(low, high))


#: Ranges of one kind, in order, with a value between any two of them; none where nothing fits.
Ranges: TypeAlias = tuple[Range, ...]

EVERY_VALUE: Ranges = (Range(),)


def point(value: Value) -> Range:
    """Return the range of one value."""
    end = Bound(value, inclusive=True)
    return Range(end, end)


def gaps(values: Iterable[Value]) -> Ranges:
    """Return what lies below, between and above values of one kind."""
    ends = [Bound(value, inclusive=False) for value in sorted(values)]
    return tuple(Range(low, high) for low, high in pairwise([None, *ends, None]))


def kind(value: Value) -> str:
    """Return the kind of a value: within one kind, `<` means the same in Python and in SQL."""
    match value:
        case bool():
            return "boolean"
        case int() | Decimal():
            return "number"
        case str():
            return "text"
        case datetime():
            return "timestamp" if value.utcoffset() is None else "timestamp with time zone"
        case date():
            return "date"
        case time():
            return "time" if value.utcoffset() is None else "time with time zone"


def sorted_ranges(parts: Iterable[Range]) -> Ranges:
    """Return the union of ranges, which may come in any order, overlap, and be empty.

    Ranges of booleans become their values. Ranges of several kinds become every value.
    """
    parts = tuple(parts)
    kinds = {kind(end.value) for part in parts for end in (part.low, part.high) if end is not None}
    if len(kinds) > 1 or Range() in parts:
        return EVERY_VALUE
    if kinds == {"boolean"}:
        return tuple(point(value) for value in (False, True) if any(part.contains(value) for part in parts))
    found: list[Range] = []
    for part in sorted((part for part in parts if _start(part) < _end(part)), key=_start):
        if found and _start(part) <= _end(found[-1]):
            found[-1] = Range(found[-1].low, max(found[-1], part, key=_end).high)
        else:
            found.append(part)
    return tuple(found)


def overlap(one: Ranges, other: Ranges) -> Ranges:
    """Return the values that lie in both; `one` where their kinds differ."""
    if len({_kind_of(one), _kind_of(other)} - {None}) > 1:
        return one
    found: list[Range] = []
    left = right = 0
    while left < len(one) and right < len(other):
        pair = one[left], other[right]
        found.append(Range(max(pair, key=_start).low, min(pair, key=_end).high))
        if _end(pair[0]) < _end(pair[1]):
            left += 1
        else:
            right += 1
    return sorted_ranges(found)


def holds(ranges: Ranges, value: Value) -> bool:
    """Whether `value` lies in one of the ranges."""
    if ranges and _kind_of(ranges) not in {None, kind(value)}:
        return True
    before = bisect(ranges, _place(value), key=_start)
    return before > 0 and _place(value) < _end(ranges[before - 1])


def _kind_of(ranges: Ranges) -> str | None:
    """Return the kind of the values of the ranges, None where it may be any."""
    end = (ranges[0].low or ranges[0].high) if ranges else None
    return None if end is None else kind(end.value)


# Sort keys: an end sorts just before its value (-1) or just after it (1), or beyond all values.


def _place(value: Value) -> tuple[Any, ...]:
    return (0, value, 0)


def _start(part: Range) -> tuple[Any, ...]:
    return (-1,) if part.low is None else (0, part.low.value, -1 if part.low.inclusive else 1)


def _end(part: Range) -> tuple[Any, ...]:
    return (1,) if part.high is None else (0, part.high.value, 1 if part.high.inclusive else -1)
