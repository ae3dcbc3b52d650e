"""When the records of one read that were updated lately were updated, so that the next read knows them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator


class RecentStamps:
    """The ids of records and the moments of their last update, in microseconds; None is no moment."""

    def __init__(self) -> None:
        # As they came: a dictionary is made only where a list is read again.
        self._pages: list[tuple[pa.Int64Array, pa.TimestampArray]] = []
        self._moments: dict[int, int] | None = None

    def add(self, ids: pa.Int64Array, updated_at: pa.TimestampArray) -> None:
        """Add records, each of which was not added before."""
        self._pages.append((ids, updated_at))
        self._moments = None

    def among(self, ids: pa.Int64Array, updated_at: pa.TimestampArray) -> int:
        """Return how many of some records were added with the same moment."""
        if not self._pages:
            return 0
        if self._moments is None:
            self._moments = dict(each for page in self._pages for each in _pairs(*page))
        moments = self._moments
        return sum(moments.get(record) == moment for record, moment in _pairs(ids, updated_at))


def _pairs(ids: pa.Int64Array, updated_at: pa.TimestampArray) -> Iterator[tuple[int, int]]:
    """Yield the id and the moment of each record that has one."""
    for record, moment in zip(ids.to_pylist(), updated_at.cast(pa.int64()).to_pylist(), strict=True):
        if moment is not None:
            yield record, moment
