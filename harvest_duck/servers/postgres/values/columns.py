"""A column that a projection handed over, as the bytes that PostgreSQL sends for it: no loop of Python over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.values.arrays import array_bytes, array_texts
from harvest_duck.servers.postgres.values.numerics import check_digits, decimal_bytes, text_bytes
from harvest_duck.servers.postgres.values.pieces import (
    Pieces,
    as_binary,
    binaries,
    bytes_of,
    mask,
    offsets,
    prefixed,
    sized,
)
from harvest_duck.servers.postgres.values.types import (
    BOOL,
    BYTEA,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    NUMERIC,
    OID,
    REGCLASS,
    REGNAMESPACE,
    REGPROC,
    REGTYPE,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    element_type,
    format_type,
    is_array,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["column_pieces", "column_texts"]

#: How a value of one size lies in Arrow's buffer, and how it is sent.
FIXED = {
    INT2: (np.int16, ">i2"),
    INT4: (np.int32, ">i4"),
    INT8: (np.int64, ">i8"),
    OID: (np.uint32, ">u4"),
    REGCLASS: (np.uint32, ">u4"),
    REGPROC: (np.uint32, ">u4"),
    REGTYPE: (np.uint32, ">u4"),
    REGNAMESPACE: (np.uint32, ">u4"),
    FLOAT4: (np.float32, ">f4"),
    FLOAT8: (np.float64, ">f8"),
    DATE: (np.int32, ">i4"),
    TIME: (np.int64, ">i8"),
    TIMESTAMP: (np.int64, ">i8"),
    TIMESTAMPTZ: (np.int64, ">i8"),
}
#: Where PostgreSQL's days and microseconds begin, 2000-01-01, and its least and last values, all since 1970; DuckDB has
#: more (src/include/datatype/timestamp.h of PostgreSQL 15).
DAYS = (10_957, -2_440_588, 2_145_042_541 - 1)
MICROSECONDS = (946_684_800_000_000, -210_866_803_200_000_000, 9_224_318_016_000_000_000 - 1)


def column_pieces(array: pa.Array, kind: ColumnType, binary: int, name: str) -> Pieces:
    """Return the lengths and the bytes of a column's values; raise Failure if PostgreSQL has no such value."""
    if not binary:
        texts = column_texts(array, kind, name)
        return sized(texts, mask(texts))
    valid = mask(array)
    if kind.oid == BOOL:
        return _values(bytes_of(array.cast(pa.uint8()).fill_null(0).to_numpy(), "u1"), valid)
    if kind.oid in FIXED:
        return _values(_numbers(array, kind, name, valid), valid)
    if kind.oid == NUMERIC:
        data, sizes = decimal_bytes(array) if pa.types.is_decimal(array.type) else text_bytes(array, name)
        return sized(binaries(data, sizes), valid)
    if is_array(kind):
        element = element_type(kind)
        return sized(array_bytes(array, kind, column_pieces(array.values, element, 1, name)), valid)
    if kind.oid != BYTEA and not pa.types.is_binary(array.type):
        return sized(_checked(array, kind, name), valid)
    return sized(as_binary(array), valid)


def column_texts(array: pa.Array, kind: ColumnType, name: str) -> pa.Array:
    """Return the texts of a column's values as binaries; raise Failure if PostgreSQL has no such value."""
    if kind.oid == BOOL:
        return pc.if_else(array, pa.scalar(b"t", pa.binary()), pa.scalar(b"f", pa.binary()))
    if is_array(kind):
        return array_texts(array, kind, column_texts(array.values, element_type(kind), name))
    return _checked(array, kind, name)


def _checked(array: pa.Array, kind: ColumnType, name: str) -> pa.Array:
    """Return texts as binaries. Raise Failure if one has a character 0, which no text of PostgreSQL has."""
    binary = as_binary(array)
    data, ends = binary.buffers()[2], offsets(binary)
    if kind.duckdb == "BIGNUM":
        check_digits(np.diff(ends), name)
    if data is None or kind.oid == NUMERIC:
        return binary
    if np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].all():
        return binary
    if kind.oid in {DATE, TIME, TIMESTAMP, TIMESTAMPTZ}:
        raise _beyond(kind, name)
    raise Failure("22021", f"a text of column {name} has a character 0, which no text of PostgreSQL has")


def _beyond(kind: ColumnType, name: str) -> Failure:
    words = f"a {format_type(kind.oid, -1)} of column {name} is beyond PostgreSQL's range or its microseconds"
    return Failure("22008", f"{words}; cast it to varchar")


def _numbers(array: pa.Array, kind: ColumnType, name: str, valid: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    lies, sent = FIXED[kind.oid]
    values = np.frombuffer(array.buffers()[1], lies)[array.offset : array.offset + len(array)]
    if kind.oid == TIME and (values[valid] if valid is not None else values).min(initial=0) < 0:
        raise _beyond(kind, name)
    if kind.oid == DATE:
        values = _since_2000(values, kind, name, valid)
    if kind.oid in {TIMESTAMP, TIMESTAMPTZ}:
        values = _since_2000(values, kind, name, valid)
    return bytes_of(values, sent)


def _since_2000(
    values: NDArray[np.signedinteger], kind: ColumnType, name: str, valid: NDArray[np.bool_] | None
) -> NDArray[np.signedinteger]:
    """Return days or microseconds since 1970 as those since 2000; infinity is the largest and the least of them."""
    epoch, first, last = DAYS if kind.oid == DATE else MICROSECONDS
    most = np.iinfo(values.dtype).max
    fits = (values >= first) & (values <= min(last, most - 1))
    if fits.all():
        return values - epoch
    infinite, negative = values == most, values == -most
    known = fits | infinite | negative
    if not (known if valid is None else known | ~valid).all():
        raise _beyond(kind, name)
    moved = np.where(fits, values, epoch) - epoch
    return np.select([infinite, negative], [most, -most - 1], moved)


def _values(data: NDArray[np.uint8], valid: NDArray[np.bool_] | None) -> Pieces:
    """Return values of one size, each with its length before it."""
    if valid is None:
        return prefixed(data)
    return sized(binaries(data[valid].reshape(-1), np.where(valid, data.shape[1], 0)), valid)
