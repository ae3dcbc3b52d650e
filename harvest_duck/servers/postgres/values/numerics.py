"""Numbers of any size as numeric_send of PostgreSQL 15's numeric.c writes them: groups of four decimal digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.values.pieces import as_binary, offsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: Bytes of all values, one after the other, and the size of each.
    Sent = tuple[NDArray[np.uint8], NDArray[np.int64]]

__all__ = ["check_digits", "decimal_bytes", "text_bytes"]

#: A group holds four digits.
BASE = 10_000
NEGATIVE = 0x4000
#: The words before the groups: their number, the weight of the first, the sign and the scale.
HEAD = 4
#: The digits of DuckDB's widest decimal.
WIDEST = 38
#: What numeric.c has room for before the point.
MOST_DIGITS = 131_072


def decimal_bytes(column: pa.Array) -> Sent:
    """Return a decimal column; what stands where it is null means nothing."""
    column = column.cast(pa.decimal128(WIDEST, column.type.scale))
    words = np.frombuffer(column.buffers()[1], np.uint64)[2 * column.offset : 2 * (column.offset + len(column))]
    low, high = words[0::2].copy(), words[1::2].copy()
    negative = (high >> np.uint64(63)).astype(bool)
    low[negative] = ~low[negative] + np.uint64(1)
    high[negative] = ~high[negative] + (low[negative] == 0)
    half, ones = np.uint64(32), np.uint64(0xFFFFFFFF)
    limbs = [high >> half, high & ones, low >> half, low & ones]
    limbs = _without_zeros(_scaled(limbs, 10 ** (-column.type.scale % 4)))
    groups = []
    while limbs:
        limbs, rest = _divided(limbs, BASE)
        groups.append(rest)
        limbs = _without_zeros(limbs)
    fraction = -(-column.type.scale // 4)
    groups += [np.zeros(len(column), np.uint64)] * (fraction - len(groups))
    if not groups:
        groups = [np.zeros(len(column), np.uint64)]
    matrix = np.stack(groups[::-1], axis=1)
    widths = np.full(len(column), len(groups))
    return _sent(matrix.reshape(-1), widths, fraction, negative, column.type.scale)


def text_bytes(column: pa.Array, name: str) -> Sent:
    """Return whole numbers of any size, which are written as text; raise Failure if one has too many digits."""
    texts = as_binary(column.fill_null("0"))
    negative = pc.starts_with(texts, b"-").to_numpy(zero_copy_only=False)
    texts = pc.replace_substring(texts, b"-", b"", max_replacements=1) if negative.any() else texts
    ends = offsets(texts)
    lengths = np.diff(ends)
    check_digits(lengths, name)
    widths = -(-lengths // 4)
    # Each number ends with a whole group, and has zeros before it up to one.
    places = np.arange(lengths.sum()) + np.repeat(4 * np.cumsum(widths) - np.cumsum(lengths), lengths)
    digits = np.zeros(4 * widths.sum(), np.uint16)
    digits[places] = np.frombuffer(texts.buffers()[2], np.uint8)[ends[0] : ends[-1]] - ord("0")
    return _sent(digits.reshape(-1, 4) @ np.array([1000, 100, 10, 1], np.uint16), widths, 0, negative, 0)


def check_digits(lengths: NDArray[np.integer], name: str) -> None:
    """Raise Failure if a whole number has more digits than PostgreSQL's numeric."""
    if lengths.max(initial=0) > MOST_DIGITS:
        raise Failure("22003", f"a number of column {name} has more than {MOST_DIGITS} digits; cast it to varchar")


def _sent(
    groups: NDArray[np.unsignedinteger],
    widths: NDArray[np.integer],
    fraction: int,
    negative: NDArray[np.bool_],
    scale: int,
) -> Sent:
    """Return the words of values from their groups, `widths` of each, of which `fraction` are behind the point.

    Groups of zeros at either end are not sent.
    """
    starts = np.cumsum(widths) - widths
    places = np.arange(len(groups)) - np.repeat(starts, widths)
    nonzero = groups != 0
    first = np.minimum.reduceat(np.where(nonzero, places, len(groups)), starts)
    last = np.maximum.reduceat(np.where(nonzero, places, -1), starts)
    counts = np.where(last >= 0, last - first + 1, 0)
    kept = (places >= np.repeat(first, widths)) & (places <= np.repeat(last, widths))
    heads = (HEAD * np.arange(len(widths)) + np.cumsum(counts) - counts)[:, None] + np.arange(HEAD)
    words = np.empty(HEAD * len(widths) + counts.sum(), ">i2")
    body = np.ones(len(words), bool)
    body[heads] = False
    words[body] = groups[kept]
    weights = np.where(counts > 0, widths - fraction - 1 - first, 0)
    signs = np.where(negative & (counts > 0), NEGATIVE, 0)
    words[heads] = np.stack([counts, weights, signs, np.full(len(widths), scale)], axis=1)
    return words.view(np.uint8), 2 * (HEAD + counts)


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
