"""The bytes of columns, laid one after the other in each row: what rows are put together from."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    #: Bytes of as many rows: a matrix where all rows have as many, or else binaries. Matrices cost less.
    Piece: TypeAlias = NDArray[np.uint8] | pa.Array

__all__ = ["Pieces", "as_binary", "binaries", "bytes_of", "joined", "mask", "offsets", "prefixed", "sized"]

EMPTY = pa.scalar(b"", pa.binary())


class Pieces(NamedTuple):
    """Pieces that are the bytes of each row one after the other, and how many bytes that are."""

    pieces: list[Piece]
    sizes: NDArray[np.int64]


def sized(array: pa.Array, valid: NDArray[np.bool_] | None) -> Pieces:
    """Return binaries with their lengths before them; the length -1 is null, whatever stands there."""
    ends = offsets(array)
    sizes = np.diff(ends).astype(np.int64)
    if valid is None:
        if len(sizes) and (sizes == sizes[0]).all():
            return prefixed(
                np.frombuffer(array.buffers()[2] or b"", np.uint8)[ends[0] : ends[-1]].reshape(len(sizes), -1)
            )
        return Pieces([bytes_of(sizes, ">i4"), array], sizes + 4)
    if not valid.any():
        return Pieces([np.full((len(sizes), 4), 0xFF, np.uint8)], np.full(len(sizes), 4, np.int64))
    if array.null_count == 0:
        bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
        array = pa.Array.from_buffers(pa.binary(), len(array), [bits, pa.py_buffer(ends), array.buffers()[2]])
    return Pieces([bytes_of(np.where(valid, sizes, -1), ">i4"), array], np.where(valid, sizes, 0) + 4)


def prefixed(rows: NDArray[np.uint8]) -> Pieces:
    """Return values of one size, none of which is null, with their lengths before them."""
    count, size = rows.shape
    whole = np.empty((count, 4 + size), np.uint8)
    whole[:, :4] = np.frombuffer(size.to_bytes(4, "big"), np.uint8)
    whole[:, 4:] = rows
    return Pieces([whole], np.full(count, 4 + size, np.int64))


def joined(pieces: Sequence[Piece]) -> pa.Array:
    """Return the pieces put together row by row, as binaries; null is nothing."""
    arrays: list[pa.Array] = []
    for matrices, run in groupby(pieces, lambda piece: isinstance(piece, np.ndarray)):
        found = list(run)
        arrays += [_fixed(np.concatenate(found, axis=1))] if matrices else found
    return pc.binary_join_element_wise(*arrays, EMPTY, null_handling="replace", null_replacement=b"")


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
    sent = numbers.astype(form).reshape(len(numbers), math.prod(numbers.shape[1:]))
    return sent.view(np.uint8)


def _array(ends: NDArray[np.int32], data: NDArray[np.uint8]) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(), len(ends) - 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def _fixed(rows: NDArray[np.uint8]) -> pa.Array:
    """Return the rows of a matrix as binaries."""
    count, size = rows.shape
    return _array(np.arange(count + 1, dtype=np.int32) * np.int32(size), rows)
