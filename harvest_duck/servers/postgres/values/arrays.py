"""Lists as PostgreSQL's arrays of one dimension: array_out and array_send of PostgreSQL 15's arrayfuncs.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.servers.postgres.values.pieces import binaries, bytes_of, joined, mask, offsets
from harvest_duck.servers.postgres.values.types import INT2VECTOR, OIDVECTOR, element_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harvest_duck.servers.postgres.values.pieces import Pieces
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["array_bytes", "array_texts"]

#: What has to stand in double quotes in an array: nothing, NULL, and what has a character with a meaning there.
QUOTED = r'^$|^(?i:null)$|[\x09-\x0d "\\{},]'
#: Their elements are counted from 0, and an empty one has a dimension too.
VECTORS = {INT2VECTOR, OIDVECTOR}


def array_texts(lists: pa.Array, kind: ColumnType, elements: pa.Array) -> pa.Array:
    """Return `{1,NULL,"a b"}` for each list, or `1 2` for a vector, from the texts of all elements."""
    if kind.oid in VECTORS:
        return _bracketed(lists, elements, b"", b" ", b"")
    quotes = pc.match_substring_regex(elements, QUOTED)
    escaped = pc.replace_substring_regex(elements, rb'(["\\])', rb"\\\1")
    quote = _scalar(b'"')
    quoted = pc.binary_join_element_wise(quote, escaped, quote, _scalar(b""))
    texts = pc.if_else(quotes, quoted, elements).fill_null(b"NULL")
    return _bracketed(lists, texts, b"{", b",", b"}")


def array_bytes(lists: pa.Array, kind: ColumnType, elements: Pieces) -> pa.Array:
    """Return array_send of each list, from the bytes of all elements with their lengths."""
    ends = offsets(lists)
    counts = np.diff(ends)
    present = mask(lists.values)
    nulls = np.zeros(len(lists.values) + 1, np.int64)
    if present is not None:
        np.cumsum(~present, out=nulls[1:])
    vector = kind.oid in VECTORS
    dimensions = np.where(counts > 0, 1, int(vector))
    head = np.stack(
        [dimensions, nulls[ends[1:]] > nulls[ends[:-1]], np.full(len(counts), element_type(kind).oid)], axis=1
    )
    bounds = np.stack([counts, np.full(len(counts), int(not vector))], axis=1)
    sized = np.where(dimensions > 0, 8, 0)
    return joined(
        [
            _words(head),
            binaries(_words(bounds)[dimensions > 0].reshape(-1), sized),
            _by_list(lists, joined(elements.pieces)),
        ]
    )


def _bracketed(lists: pa.Array, elements: pa.Array, opening: bytes, comma: bytes, closing: bytes) -> pa.Array:
    """Return the elements of each list with a comma between them and brackets around them."""
    first = np.zeros(len(elements), bool)
    ends = offsets(lists)
    begins = ends[:-1][np.diff(ends) > 0]
    first[begins] = True
    before = pc.if_else(pa.array(first), _scalar(b""), _scalar(comma))
    inner = _by_list(lists, joined([before, elements]))
    texts = pc.binary_join_element_wise(_scalar(opening), inner, _scalar(closing), _scalar(b""))
    valid = mask(lists)
    return texts if valid is None else pc.if_else(pa.array(valid), texts, _scalar(None))


def _by_list(lists: pa.Array, elements: pa.Array) -> pa.Array:
    """Return the bytes of all elements of each list as one binary, where they lie."""
    starts = offsets(elements)[offsets(lists)]
    data = elements.buffers()[2] or pa.py_buffer(b"")
    return pa.Array.from_buffers(pa.binary(), len(lists), [None, pa.py_buffer(starts), data])


def _words(numbers: NDArray[np.generic]) -> NDArray[np.uint8]:
    return bytes_of(numbers, ">i4")


def _scalar(value: bytes | None) -> pa.Scalar:
    return pa.scalar(value, pa.binary())
