"""The ids of the records that a scan has delivered, so that a record that comes again is left out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

#: Runs of one level that become one run of the next.
_MERGED = 4
#: A run up to so many times longer than the other is read through; so few ids are searched for one by one.
_DENSE = 4
_FEW = 32
#: The ids of a run that lie no further apart are stored in four bytes each.
_CLOSE = 2**32 - 1


class _Run(NamedTuple):
    """Sorted ids, as their differences from `first`."""

    first: int
    offsets: memoryview

    @classmethod
    def of(cls, ids: pa.Int64Array) -> _Run:
        """Return the run of sorted ids, with four bytes for each if they are close enough."""
        first, last = ids[0].as_py(), ids[-1].as_py()
        if last - first > _CLOSE:
            return cls(0, _view(ids, "q"))
        return cls(first, _view(pc.subtract(ids, first).cast(pa.uint32()), "I"))

    def ids(self) -> pa.Int64Array:
        """Return the ids."""
        kind = pa.uint32() if self.offsets.itemsize == 4 else pa.int64()  # noqa: PLR2004 - bytes
        offsets = pa.Array.from_buffers(kind, len(self.offsets), [None, pa.py_buffer(self.offsets)])
        return pc.add(offsets.cast(pa.int64()), self.first)

    def shared(self, ids: pa.Int64Array) -> list[int]:
        """Return those of the sorted `ids` that are in the run."""
        among = _view(ids, "q")
        low = bisect_left(among, self.first + self.offsets[0])
        high = bisect_right(among, self.first + self.offsets[-1])
        if low == high:
            return []
        moved = _view(pc.subtract(ids[low:high], self.first), "q")
        return [self.first + each for each in _shared(moved, self.offsets)]


class DeliveredIds:
    """The ids that were delivered, in 4 bytes each where they are close.

    The ids of each page are sorted and merged into runs of up to 64 pages. A page takes 0.1 ms where ids follow the
    order of the list, 1 ms where days of work and of entry differ, and 5 ms in random order, after 200 pages.
    """

    def __init__(self) -> None:
        self._levels: tuple[list[_Run], ...] = ([], [], [], [])

    @property
    def empty(self) -> bool:
        """Whether nothing was delivered yet."""
        return not any(self._levels)

    def lacks(self, ids: pa.Int64Array) -> bool:
        """Whether one of `ids`, none of which is null, was not delivered yet."""
        distinct = ids.unique().sort()
        return len(self._known(distinct)) < len(distinct)

    def admit(self, ids: pa.Int64Array) -> pa.BooleanArray | None:
        """Add `ids`, none of which is null; return for each whether it came for the first time, None when all did."""
        run = ids.sort()
        if len(run) > 1 and pc.any(pc.equal(run[1:], run[:-1])).as_py():
            return self._admit_each(ids)
        known = self._known(run)
        if not known:
            self._add(run)
            return None
        new = pc.invert(pc.is_in(ids, value_set=pa.array(known, pa.int64())))
        self._add(ids.filter(new).sort())
        return new

    def _admit_each(self, ids: pa.Int64Array) -> pa.BooleanArray:
        """Do the same for a page that has an id twice."""
        firsts = ids.unique()
        new = self.admit(firsts)
        waiting = set((firsts if new is None else firsts.filter(new)).to_pylist())
        mask = []
        for each in ids.to_pylist():
            mask.append(each in waiting)
            waiting.discard(each)
        return pa.array(mask, pa.bool_())

    def _known(self, ids: pa.Int64Array) -> list[int]:
        """Return those of the sorted `ids` that were delivered before."""
        return [each for level in self._levels for run in level for each in run.shared(ids)]

    def _add(self, run: pa.Int64Array) -> None:
        if not len(run):
            return
        self._levels[0].append(_Run.of(run))
        for level, above in pairwise(self._levels):
            if len(level) == _MERGED:
                above.append(_Run.of(pa.concat_arrays([each.ids() for each in level]).sort()))
                level.clear()


def _view(ids: pa.Array, kind: Literal["q", "I"]) -> memoryview:
    """Return a view of the values of an array without nulls."""
    if not len(ids):
        return memoryview(b"").cast(kind)
    values = memoryview(ids.buffers()[1]).cast(kind)
    return values[ids.offset : ids.offset + len(ids)]


def _shared(one: memoryview, other: memoryview) -> list[int]:
    """Return the values that two sorted sequences share, quickly where they hardly overlap."""
    if not len(one) or not len(other) or one[0] > other[-1] or other[0] > one[-1]:
        return []
    few, many = sorted((one, other), key=len)
    many = many[bisect_left(many, few[0]) : bisect_right(many, few[-1])]
    if len(many) <= _DENSE * len(few):
        return list(set(few).intersection(many))
    if len(few) <= _FEW:
        return [each for each in few if many[min(bisect_left(many, each), len(many) - 1)] == each]
    middle = len(few) // 2
    return [*_shared(few[:middle], many), *_shared(few[middle:], many)]
