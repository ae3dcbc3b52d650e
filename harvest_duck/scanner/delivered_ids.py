"""The ids of the records that a scan has delivered, so that one which comes again is left out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

#: Runs of one level that become one run of the next.
_MERGED = 4
#: How many times longer a run may be to be read through, and how few ids are searched for one by one.
_DENSE = 4
_FEW = 32
#: How far the ids of a run may lie apart to be kept in four bytes each.
_CLOSE = 2**32 - 1


class _Run(NamedTuple):
    """Sorted ids, as what they are more than the first one."""

    first: int
    offsets: memoryview

    @classmethod
    def of(cls, ids: pa.Int64Array) -> _Run:
        """The run of ids that are sorted; four bytes for each, if they are close enough."""
        first, last = ids[0].as_py(), ids[-1].as_py()
        if last - first > _CLOSE:
            return cls(0, _view(ids, "q"))
        return cls(first, _view(pc.subtract(ids, first).cast(pa.uint32()), "I"))

    def ids(self) -> pa.Int64Array:
        """The ids themselves."""
        kind = pa.uint32() if self.offsets.itemsize == 4 else pa.int64()  # noqa: PLR2004 - bytes
        offsets = pa.Array.from_buffers(kind, len(self.offsets), [None, pa.py_buffer(self.offsets)])
        return pc.add(offsets.cast(pa.int64()), self.first)

    def shared(self, ids: pa.Int64Array) -> list[int]:
        """Those of the sorted `ids` that are in the run."""
        among = _view(ids, "q")
        low = bisect_left(among, self.first + self.offsets[0])
        high = bisect_right(among, self.first + self.offsets[-1])
        if low == high:
            return []
        moved = _view(pc.subtract(ids[low:high], self.first), "q")
        return [self.first + each for each in _shared(moved, self.offsets)]


class Seen:
    """The ids that were delivered, 4 bytes each where they are close; tells at once whether an id of a page is one.

    Pages are kept sorted, and merged into runs of up to 64. Where ids follow the order of the list a page meets few
    others, which takes 0.1 ms; where days of work and of entry differ, 1 ms; in random order 5 ms, of 200 pages.
    """

    def __init__(self) -> None:
        self._levels: tuple[list[_Run], ...] = ([], [], [], [])

    @property
    def empty(self) -> bool:
        """Whether nothing was delivered yet."""
        return not any(self._levels)

    def admit(self, ids: pa.Int64Array) -> pa.BooleanArray | None:
        """Whether each of `ids` comes for the first time, None when all do; from now on they are known.

        A null is no id, and comes for the first time every time.
        """
        run = ids.drop_null().sort()
        if len(run) > 1 and pc.any(pc.equal(run[1:], run[:-1])).as_py():
            return self._admit_each(ids)
        known = self._known(run)
        if not known:
            self._add(run)
            return None
        new = pc.invert(pc.is_in(ids, value_set=pa.array(known, pa.int64())))
        self._add(ids.filter(new).drop_null().sort())
        return new

    def _admit_each(self, ids: pa.Int64Array) -> pa.BooleanArray:
        """The same for a page which has an id twice."""
        firsts = ids.unique()
        new = self.admit(firsts)
        waiting = set((firsts if new is None else firsts.filter(new)).to_pylist())
        mask = []
        for each in ids.to_pylist():
            mask.append(each is None or each in waiting)
            waiting.discard(each)
        return pa.array(mask, pa.bool_())

    def _known(self, ids: pa.Int64Array) -> list[int]:
        """Those of the sorted `ids` which were delivered before."""
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
    """The values of an array without nulls, in place."""
    if not len(ids):
        return memoryview(b"").cast(kind)
    values = memoryview(ids.buffers()[1]).cast(kind)
    return values[ids.offset : ids.offset + len(ids)]


def _shared(one: memoryview, other: memoryview) -> list[int]:
    """What two sorted sequences have in common, quickly where they hardly overlap."""
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
