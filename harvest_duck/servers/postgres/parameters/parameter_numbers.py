"""Numbers that a client gives for parameters, as literals of DuckDB that have exactly these values.

The texts and bytes are those of PostgreSQL 15's int.c, float.c and numeric.c. DuckDB's literals of more digits than a
DECIMAL has are DOUBLE: so every number is a cast of its text to the type that holds it.
"""

from __future__ import annotations

import math
import re
import struct
from typing import NamedTuple

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.parameters.parameter_failures import out_of_range, unreadable, wrong_bytes

__all__ = ["Whole", "binary_float", "binary_numeric", "binary_whole", "float_text", "numeric_text", "whole_text"]

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)\.?(?P<fraction>(?<=\.)[0-9]*|)(?:[eE](?P<exponent>[+-]?[0-9]{1,9}))?"
)
_INFINITE = re.compile(r"(?P<sign>[+-]?)(?:inf|infinity)", re.IGNORECASE)
#: The longest DECIMAL of DuckDB.
_MOST_DIGITS = 38
#: More characters than a number that anybody writes has.
_LONGEST = 1_000
_NEGATIVE, _NAN, _INFINITY, _NEGATIVE_INFINITY = 0x4000, 0xC000, 0xD000, 0xF000
_BASE, _BASE_DIGITS = 10_000, 4


class Whole(NamedTuple):
    """A type of whole numbers: its names in PostgreSQL and DuckDB, and its range."""

    name: str
    duckdb: str
    size: int
    signed: bool = True

    @property
    def range(self) -> range:
        """The numbers that it holds."""
        bits = 8 * self.size
        return range(-1 << bits - 1, 1 << bits - 1) if self.signed else range(1 << bits)


def whole_text(text: str, kind: Whole) -> str:
    """Return the literal of a whole number."""
    if not _WHOLE.fullmatch(text):
        raise unreadable(kind.name, text)
    if len(text) > _LONGEST or int(text) not in kind.range:
        raise out_of_range(kind.name, text)
    return f"CAST({int(text)} AS {kind.duckdb})"


def binary_whole(raw: bytes, kind: Whole) -> str:
    """Return the literal of a whole number."""
    if len(raw) != kind.size:
        raise wrong_bytes(kind.name)
    return f"CAST({int.from_bytes(raw, 'big', signed=kind.signed)} AS {kind.duckdb})"


def float_text(text: str, name: str, duckdb: str) -> str:
    """Return the literal of a floating-point number, the nearest one of its type."""
    if (special := _special(text)) is not None:
        return f"CAST('{special}' AS {duckdb})"
    number = _NUMBER.fullmatch(text)
    if number is None or not (number["whole"] or number["fraction"]):
        raise unreadable(name, text)
    nearest = float(text)
    if (
        math.isinf(nearest)
        or _lost(nearest, number)
        or (duckdb == "REAL" and _lost(_single(nearest, name, text), number))
    ):
        raise out_of_range(name, text)
    # DuckDB rounds the text itself: for REAL that is another number than the DOUBLE rounded once more.
    return f"CAST('{text if len(text) <= _LONGEST else repr(nearest)}' AS {duckdb})"


def _single(number: float, name: str, text: str) -> float:
    try:
        nearest: float = struct.unpack(">f", struct.pack(">f", number))[0]
    except OverflowError:
        raise out_of_range(name, text) from None
    return nearest


def _lost(nearest: float, number: re.Match[str]) -> bool:
    """Return whether a number that is not 0 was too small for its type."""
    return nearest == 0 and bool((number["whole"] + number["fraction"]).strip("0"))


def binary_float(raw: bytes, name: str, duckdb: str) -> str:
    """Return the literal of a floating-point number."""
    form = ">f" if duckdb == "REAL" else ">d"
    if len(raw) != struct.calcsize(form):
        raise wrong_bytes(name)
    # The text of a float4 is that of a float8 that has its value, so that rounding it gives the same float4.
    return f"CAST('{struct.unpack(form, raw)[0]!r}' AS {duckdb})"


def _special(text: str) -> str | None:
    """Return what DuckDB calls a number that is not finite, or None where the text is none."""
    if text.lower() == "nan":
        return "nan"
    infinite = _INFINITE.fullmatch(text)
    return None if infinite is None else infinite["sign"].strip("+") + "inf"


def numeric_text(text: str) -> str:
    """Return the literal of a decimal number, with the digits that it was given after the point."""
    if (special := _special(text)) is not None:
        return f"CAST('{special}' AS DOUBLE)"
    number = _NUMBER.fullmatch(text)
    if number is None or not (number["whole"] or number["fraction"]):
        raise unreadable("numeric", text)
    exponent = int(number["exponent"] or 0)
    return _decimal(number["sign"] == "-", number["whole"] + number["fraction"], len(number["fraction"]) - exponent)


def binary_numeric(raw: bytes) -> str:
    """Return the literal of a decimal number: its digits stand in groups of four (numeric_recv)."""
    if len(raw) < 8:  # noqa: PLR2004
        raise wrong_bytes("numeric")
    count, weight, sign, scale = struct.unpack(">HhHH", raw[:8])
    if len(raw) != 8 + 2 * count or scale & ~0x3FFF:
        raise wrong_bytes("numeric")
    if sign in (_NAN, _INFINITY, _NEGATIVE_INFINITY):
        return f"CAST('{ {_NAN: 'nan', _INFINITY: 'inf', _NEGATIVE_INFINITY: '-inf'}[sign] }' AS DOUBLE)"
    groups = struct.unpack(f">{count}H", raw[8:])
    if sign not in (0, _NEGATIVE) or any(group >= _BASE for group in groups):
        raise wrong_bytes("numeric")
    digits = "".join(f"{group:04d}" for group in groups)
    # The last digit is worth 10 to the power of -after.
    after = _BASE_DIGITS * (count - weight - 1) if count else 0
    if after > scale:
        # PostgreSQL leaves out what is beyond the scale.
        digits = digits[: max(0, len(digits) - (after - scale))]
        after = scale
    return _decimal(sign == _NEGATIVE, digits, after, scale)


def _decimal(negative: bool, digits: str, after: int, scale: int = 0) -> str:  # noqa: FBT001
    """Return a literal of `digits`, of which `after` stand after the point, with at least `scale` digits there."""
    digits = digits.lstrip("0")
    if digits and len(digits) - after > _MOST_DIGITS:
        raise _too_long()
    wanted = max(after, scale, 0)
    digits, after = digits and digits + "0" * (wanted - after), wanted
    # A zero at the end is no part of the value: it may go where there are too many digits.
    zeros = len(digits) - len(digits.rstrip("0")) if digits else after
    surplus = max(0, min(max(len(digits), after + 1) - _MOST_DIGITS, zeros, after))
    digits, after = digits[: max(0, len(digits) - surplus)], after - surplus
    if max(len(digits), after) > _MOST_DIGITS:
        raise _too_long()
    # One digit before the point if there is room: DuckDB 2.0 shows a DECIMAL(2, 2) as `.05`.
    width = min(max(len(digits), after + 1), _MOST_DIGITS)
    padded = digits.rjust(after + 1, "0")
    text = padded[: len(padded) - after] + (f".{padded[len(padded) - after :]}" if after else "")
    return f"CAST('{'-' if negative else ''}{text}' AS DECIMAL({width}, {after}))"


def _too_long() -> Failure:
    return Failure("22003", f"a numeric parameter has at most {_MOST_DIGITS} digits here, before and after the point")
