"""Decimals of four digits out of the doubles in which Arrow's JSON reader reads the numbers of a page.

Arrow's reader makes decimals too, but takes a power of ten from beside its table where a number has more than 42 digits
behind the point, or an exponent that comes to that: 10e-416 is 0.0002 then, and 1e-10000000 ends the process (pyarrow
18 to 26). A double is either the one of a number of four digits, and that number is what the text rounds to, or the
page is left to the exact reader. Both take the same time.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.catalog.arrow_types import arrow_type
from harvest_duck.catalog.model import DECIMAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DECIMAL = arrow_type(DECIMAL)
_SCALE = 10.0**_DECIMAL.scale
#: Doubles below 10^11 lie at most 0.000016 apart: no text with such a double can round to another number.
_MOST = 10.0**11 * _SCALE
#: Holds every whole number of 64 bits, in as many bytes as a DECIMAL has.
_WIDE = pa.decimal128(19, 0)


@lru_cache(maxsize=1024)
def with_doubles(kind: pa.DataType) -> pa.DataType:
    """Return the type with a double in place of each DECIMAL."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(with_doubles(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(with_doubles(kind.value_type))
    return pa.float64() if kind == _DECIMAL else kind


def with_decimals(found: Sequence[pa.Array]) -> list[pa.Array]:
    """Return arrays with a DECIMAL in place of each double, also within arrays of objects.

    Raises `pyarrow.ArrowInvalid` where a double may stand for text that rounds to something else: it is of no number of
    four digits, or is too large.
    """
    doubles = [each for values in found for each in _doubles(values)]
    if not doubles:
        return list(found)
    # All columns at once: for the nine of a page of time entries one by one it takes twice as long.
    together = _decimals(pa.concat_arrays(doubles))
    starts = accumulate(map(len, doubles), initial=0)
    parts = (together.slice(start, len(each)) for start, each in zip(starts, doubles, strict=False))
    return [_replaced(values, parts) for values in found]


def _decimals(doubles: pa.DoubleArray) -> pa.Decimal128Array:
    scaled = pc.round(pc.multiply(doubles, _SCALE))
    if not pc.divide(scaled, _SCALE).equals(doubles):
        raise pa.ArrowInvalid("a number has more than four digits")
    if (pc.max(pc.abs(scaled)).as_py() or 0) >= _MOST:
        raise pa.ArrowInvalid("a number is too large")
    wide = scaled.cast(pa.int64()).cast(_WIDE)
    return pa.Array.from_buffers(_DECIMAL, len(wide), wide.buffers())


def _doubles(found: pa.Array) -> Iterator[pa.DoubleArray]:
    if pa.types.is_struct(found.type):
        for place in range(found.type.num_fields):
            yield from _doubles(found.field(place))
    elif pa.types.is_list(found.type):
        yield from _doubles(found.values)
    elif pa.types.is_float64(found.type):
        yield found


def _replaced(found: pa.Array, decimals: Iterator[pa.Array]) -> pa.Array:
    """Return the array with the next of `decimals` in place of each double."""
    if pa.types.is_float64(found.type):
        return next(decimals)
    missing = found.is_null() if found.null_count else None
    if pa.types.is_struct(found.type):
        members = [_replaced(found.field(place), decimals) for place in range(found.type.num_fields)]
        fields = [field.with_type(member.type) for field, member in zip(found.type, members, strict=True)]
        return pa.StructArray.from_arrays(members, fields=fields, mask=missing)
    if pa.types.is_list(found.type):
        return pa.ListArray.from_arrays(found.offsets, _replaced(found.values, decimals), mask=missing)
    return found
