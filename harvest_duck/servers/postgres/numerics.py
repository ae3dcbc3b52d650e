"""Numbers of any size as numeric_send of PostgreSQL 15's numeric.c writes them: groups of four decimal digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    #: Groups, the most significant first; which values are negative; the scale of all.
    Groups = tuple[np.ndarray, np.ndarray, int]

__all__ = ["groups_of_decimals", "groups_of_texts", "numeric_rows"]

#: A group holds four digits.
BASE = 10_000
NEGATIVE = 0x4000
#: The words before the groups: the length, the number of groups, the weight of the first, the sign and the scale.
HEAD = 6


def groups_of_decimals(column: pa.Array) -> Groups:
    """Return the groups of a decimal128 column; the last ends where the scale does, filled with zeros."""
    words = np.frombuffer(column.buffers()[1], np.uint64)[2 * column.offset : 2 * (column.offset + len(column))]
    low, high = words[0::2].copy(), words[1::2].copy()
    negative = (high >> np.uint64(63)).astype(bool)
    low[negative] = ~low[negative] + np.uint64(1)
    high[negative] = ~high[negative] + (low[negative] == 0)
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    limbs = [high >> half, high & mask, low >> half, low & mask]
    limbs = _without_zeros(_scaled(limbs, 10 ** (-column.type.scale % 4)))
    groups = []
    while limbs:
        limbs, rest = _divided(limbs, BASE)
        groups.append(rest)
        limbs = _without_zeros(limbs)
    groups += [np.zeros(len(column), np.uint64)] * (-(-column.type.scale // 4) - len(groups))
    matrix = np.stack(groups[::-1], axis=1) if groups else np.zeros((len(column), 0), np.uint64)
    return matrix, negative, column.type.scale


def groups_of_texts(column: pa.Array) -> Groups:
    """Return the groups of whole numbers that are written as text, for they may be wider than any decimal."""
    texts = column.cast(pa.binary()).fill_null(b"0")
    negative = pc.starts_with(texts, b"-").to_numpy(zero_copy_only=False)
    digits = pc.replace_substring(texts, b"-", b"", max_replacements=1)
    width = -(-int(pc.max(pc.binary_length(digits)).as_py() or 0) // 4)
    matrix = np.zeros((len(column), 4 * width), np.uint8)
    lengths = pc.binary_length(digits).to_numpy()
    offsets = np.frombuffer(digits.buffers()[1], np.int32)[digits.offset : digits.offset + len(digits) + 1]
    data = np.frombuffer(digits.buffers()[2], np.uint8)[offsets[0] : offsets[-1]] - ord("0")
    matrix[np.arange(4 * width) >= (4 * width - lengths)[:, None]] = data
    return matrix.reshape(len(column), width, 4) @ np.array([1000, 100, 10, 1], np.uint16), negative, 0


def numeric_rows(
    groups: np.ndarray, negative: np.ndarray, scale: int, valid: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of all values with their lengths before them, row after row, and the size of each."""
    rows, width = groups.shape
    nonzero = groups != 0
    first = np.where(nonzero.any(axis=1), nonzero.argmax(axis=1), width)
    last = width - np.where(nonzero.any(axis=1), nonzero[:, ::-1].argmax(axis=1), width)
    count = np.maximum(last - first, 0)
    words = np.empty((rows, HEAD + width), ">i2")
    words[:, 0] = 0
    words[:, 1] = 8 + 2 * count
    words[:, 2] = count
    words[:, 3] = np.where(count > 0, width - -(-scale // 4) - 1 - first, 0)
    words[:, 4] = np.where(negative, NEGATIVE, 0)
    words[:, 5] = scale
    words[:, HEAD:] = groups
    places = np.arange(width)
    used = np.empty(words.shape, bool)
    used[:, :HEAD] = True
    used[:, HEAD:] = (places >= first[:, None]) & (places < last[:, None])
    if valid is not None:
        words[~valid, :2] = -1
        used[~valid, 2:] = False
        count = np.where(valid, count, -4)
    return words[used].view(np.uint8), 2 * HEAD + 2 * count


def _scaled(limbs: list[np.ndarray], factor: int) -> list[np.ndarray]:
    """Return numbers of 32-bit limbs, the most significant first, times a factor of less than 32 bits."""
    if factor == 1:
        return limbs
    scaled: list[np.ndarray] = []
    carry = np.zeros_like(limbs[0])
    for limb in reversed(limbs):
        product = limb * np.uint64(factor) + carry
        scaled.append(product & np.uint64(0xFFFFFFFF))
        carry = product >> np.uint64(32)
    return [carry, *scaled[::-1]]


def _divided(limbs: list[np.ndarray], divisor: int) -> tuple[list[np.ndarray], np.ndarray]:
    rest = np.zeros_like(limbs[0])
    quotient = []
    for limb in limbs:
        value = (rest << np.uint64(32)) | limb
        quotient.append(value // np.uint64(divisor))
        rest = value % np.uint64(divisor)
    return quotient, rest


def _without_zeros(limbs: list[np.ndarray]) -> list[np.ndarray]:
    while limbs and not limbs[0].any():
        limbs = limbs[1:]
    return limbs
