"""Arrow arrays of bytes, laid one after the other in each row: what rows are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pieces", "as_binary", "binaries", "bytes_of", "fixed", "joined", "mask", "offsets", "sized"]

EMPTY = pa.scalar(b"", pa.binary())


class Pieces(NamedTuple):
    """Arrays whose values, one after the other, are the bytes of each row, and the sizes of these."""

    arrays: list[pa.Array]
    sizes: NDArray[np.int64]


def sized(array: pa.Array, valid: NDArray[np.bool_] | None) -> Pieces:
    """Return binaries with their lengths before them; the length -1 is null, whatever stands there."""
    sizes = np.diff(offsets(array)).astype(np.int64)
    if valid is None:
        return Pieces([fixed(bytes_of(sizes, ">i4")), array], sizes + 4)
    if array.null_count == 0:
        bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
        array = pa.Array.from_buffers(pa.binary(), len(array), [bits, pa.py_buffer(offsets(array)), array.buffers()[2]])
    return Pieces([fixed(bytes_of(np.where(valid, sizes, -1), ">i4")), array], np.where(valid, sizes, 0) + 4)


def joined(arrays: list[pa.Array]) -> pa.Array:
    """Return the arrays' values put together row by row; null is nothing."""
    return pc.binary_join_element_wise(*arrays, EMPTY, null_handling="replace", null_replacement=b"")


def fixed(rows: NDArray[np.uint8]) -> pa.Array:
    """Return the rows of a matrix of bytes as binaries."""
    count, size = rows.shape
    ends = np.arange(count + 1, dtype=np.int32) * np.int32(size)
    return _array(ends, np.ascontiguousarray(rows))


def binaries(data: NDArray[np.uint8], sizes: NDArray[np.int64]) -> pa.Array:
    """Return bytes that lie one after the other as binaries of these sizes."""
    ends = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=ends[1:])
    return _array(ends, data)


def as_binary(array: pa.Array) -> pa.Array:
    """Return texts as the bytes that they are, without a copy where offsets are of 32 bits."""
    if pa.types.is_binary(array.type):
        return array
    if pa.types.is_string(array.type):
        return array.view(pa.binary())
    return array.cast(pa.binary())


def offsets(array: pa.Array) -> NDArray[np.int32]:
    """Return where the values of binaries or lists begin, and where the last ends."""
    return np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]


def mask(array: pa.Array) -> NDArray[np.bool_] | None:
    """Return which values are not null, or None where all are not."""
    return None if array.null_count == 0 else array.is_valid().to_numpy(zero_copy_only=False)


def bytes_of(numbers: NDArray[np.generic], form: str) -> NDArray[np.uint8]:
    """Return numbers as a matrix of their bytes in a form of numpy's, such as `>i4`."""
    return numbers.astype(form).view(np.uint8).reshape(len(numbers), -1)


def _array(ends: NDArray[np.int32], data: NDArray[np.uint8]) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(), len(ends) - 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])
