"""Record batches as DataRow messages, a column at a time: no loop of Python over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.numerics import groups_of_decimals, groups_of_texts, numeric_rows
from harvest_duck.servers.postgres.types import (
    BOOL,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    NUMERIC,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.types import ColumnType

__all__ = ["data_rows"]

#: From 1970-01-01 to 2000-01-01, where PostgreSQL's days and microseconds begin.
DAYS, MICROSECONDS = 10_957, 946_684_800_000_000
#: How a value of one size lies in Arrow's buffer, and how it is sent.
FIXED = {
    INT2: (np.int16, ">i2"),
    INT4: (np.int32, ">i4"),
    INT8: (np.int64, ">i8"),
    FLOAT4: (np.float32, ">f4"),
    FLOAT8: (np.float64, ">f8"),
    DATE: (np.int32, ">i4"),
    TIME: (np.int64, ">i8"),
    TIMESTAMP: (np.int64, ">i8"),
    TIMESTAMPTZ: (np.int64, ">i8"),
}


class Pieces(NamedTuple):
    """Arrays whose values, one after the other, are the bytes of a column in each row, and the sizes of these."""

    arrays: list[pa.Array]
    sizes: np.ndarray


def data_rows(
    batch: pa.RecordBatch, types: Sequence[ColumnType], formats: Sequence[int], names: Sequence[str] = ()
) -> memoryview:
    """Return the DataRow messages of a batch that a projection of `projection.py` handed over.

    Raise Failure if PostgreSQL has no such value. It names the column by `names`, or else by its place.
    """
    rows = batch.num_rows
    columns = [
        _column(batch.column(place), kind, formats[place], names[place] if names else str(place + 1))
        for place, kind in enumerate(types)
    ]
    sizes = np.full(rows, 6, np.int64)
    for column in columns:
        sizes += column.sizes
    head = np.empty((rows, 7), np.uint8)
    head[:, 0] = ord("D")
    head[:, 1:5] = _bytes(sizes.astype(">i4"))
    head[:, 5:] = np.frombuffer(len(types).to_bytes(2, "big"), np.uint8)
    return _joined([_fixed(head), *(array for column in columns for array in column.arrays)])


def _column(array: pa.Array, kind: ColumnType, binary: int, name: str) -> Pieces:
    valid = None if array.null_count == 0 else array.is_valid().to_numpy(zero_copy_only=False)
    if kind.oid == BOOL:
        truth = array.cast(pa.uint8()).fill_null(0).to_numpy()
        letters = truth if binary else np.where(truth, ord("t"), ord("f")).astype(np.uint8)
        return _values(letters.reshape(-1, 1), valid)
    if binary and kind.oid in FIXED:
        return _values(_bytes(_numbers(array, kind.oid)), valid)
    if binary and kind.oid == NUMERIC:
        groups, negative, scale = (
            groups_of_decimals(array) if pa.types.is_decimal(array.type) else groups_of_texts(array)
        )
        data, sizes = numeric_rows(groups, negative, scale, valid)
        return Pieces([_binary(data, sizes)], sizes)
    return _texts(array, valid, name, check=kind.oid != NUMERIC and not pa.types.is_binary(array.type))


def _numbers(array: pa.Array, oid: int) -> np.ndarray:
    kind, sent = FIXED[oid]
    values = np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]
    if oid == DATE:
        values = values - DAYS
    if oid in {TIMESTAMP, TIMESTAMPTZ}:
        values = values - MICROSECONDS
    return values.astype(sent)


def _values(data: np.ndarray, valid: np.ndarray | None) -> Pieces:
    """Return values of one size, each with its length before it; null is the length -1."""
    rows, size = data.shape
    if valid is None:
        whole = np.empty((rows, 4 + size), np.uint8)
        whole[:, :4] = np.frombuffer(size.to_bytes(4, "big"), np.uint8)
        whole[:, 4:] = data
        return Pieces([_fixed(whole)], np.full(rows, 4 + size, np.int64))
    lengths = np.where(valid, size, -1).astype(">i4")
    sizes = np.where(valid, size, 0)
    return Pieces([_fixed(_bytes(lengths)), _binary(data[valid].reshape(-1), sizes)], sizes + 4)


def _texts(array: pa.Array, valid: np.ndarray | None, name: str, *, check: bool) -> Pieces:
    array = array.cast(pa.binary())
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    if check and array.buffers()[2] is not None:
        data = np.frombuffer(array.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
        if not data.all():
            raise Failure("22021", f"a text of column {name} has a character 0, which no text of PostgreSQL has")
    sizes = np.diff(offsets)
    if valid is None:
        return Pieces([_fixed(_bytes(sizes.astype(">i4"))), array], sizes + 4)
    lengths = np.where(valid, sizes, -1).astype(">i4")
    return Pieces([_fixed(_bytes(lengths)), array], np.where(valid, sizes, 0) + 4)


def _joined(arrays: list[pa.Array]) -> memoryview:
    joined = pc.binary_join_element_wise(
        *arrays, pa.scalar(b"", pa.binary()), null_handling="replace", null_replacement=b""
    )
    offsets = np.frombuffer(joined.buffers()[1], np.int32)[joined.offset : joined.offset + len(joined) + 1]
    if len(joined) == 0:
        return memoryview(b"")
    return memoryview(joined.buffers()[2])[offsets[0] : offsets[-1]]


def _fixed(rows: np.ndarray) -> pa.Array:
    """Return the rows of a matrix of bytes as binaries."""
    count, size = rows.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(size)
    return pa.Array.from_buffers(
        pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))]
    )


def _binary(data: np.ndarray, sizes: np.ndarray) -> pa.Array:
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return pa.Array.from_buffers(pa.binary(), len(sizes), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _bytes(numbers: np.ndarray) -> np.ndarray:
    """Return numbers as a matrix of their bytes."""
    return np.ascontiguousarray(numbers).view(np.uint8).reshape(len(numbers), -1)
