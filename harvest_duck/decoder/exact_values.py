"""The values that JSON values mean in a column of each type: exactly, or a `Misfit`.

Numbers are taken from their text, so no digit is lost on the way. Empty text means that there is no date, time or
number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, DECIMAL, TIME, TIMESTAMP, VARCHAR, Scalar
from harvest_duck.protocol.time_of_day import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STEP = Decimal("0.0001")
_ZERO = Decimal("0.0000")
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6))
_TOO_LARGE = Decimal(10) ** 14
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:[eE]([+-]?)0*([0-9]+))?")
#: An exponent that the digits of a body, which has at most 128 MiB, cannot make up for.
_FAR = 400_000_000
_INT64 = range(-(2**63), 2**63)
#: Characters of a whole number that fits 64 bits.
_LONGEST_INT64 = 20
_LEAP_SECOND = re.compile(r"(.+[T ][0-9]{2}:[0-9]{2}:)60(.*)")
_END_OF_DAY = re.compile(r"(.+[T ])24(:00(?::00(?:[.,]0+)?)?(?:Z|[+-].+)?)")


class Misfit(ValueError):
    """A value that does not fit, before its record is known; `path` leads to it."""

    def __init__(self, wanted: str, value: object, path: tuple[str, ...] = ()) -> None:
        super().__init__(wanted)
        self.wanted, self.value, self.path = wanted, value, path


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number that Python has no exact number for, as its text."""

    text: str


def whole_number(text: str) -> int | Number:
    """Return the whole number in a text of JSON, as its text where it has more digits than any column."""
    return int(text) if len(text) <= _LONGEST_INT64 else Number(text)


def scalar_value(value: object, wanted: Scalar) -> Any:  # noqa: ANN401 - a value of any column
    """Return what a JSON value other than null means in a column of the type; raise `Misfit` if it does not fit."""
    return None if value == "" and wanted in _NONE_IF_EMPTY else _SCALARS[wanted](value)


def identifier(value: object) -> str:
    """Return an identifier that is text; a bare number is one by its own text. Raises `Misfit` for other values."""
    if isinstance(value, Number):
        return value.text
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def rounded(text: str) -> Decimal:
    """Return the decimal of a JSON number's text, half-even at four digits; raise ValueError if it needs over 18."""
    value = _exact(text)
    if not value or value.adjusted() < _STEP.adjusted() - 1:
        return _ZERO
    if value.adjusted() >= _TOO_LARGE.adjusted():
        raise ValueError("too large")
    value = value.quantize(_STEP, context=_CONTEXT)
    if abs(value) >= _TOO_LARGE:
        raise ValueError("too large")
    return value


def _exact(text: str) -> Decimal:
    """Return the number that a text of JSON is, with an exponent of at most `_FAR`; raise ValueError for other text."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError("no number")
    digits, sign, exponent = found[1], found[2] or "", found[3] or "0"
    # Python makes no number of more than 4,300 digits.
    near = int(exponent) if len(exponent) <= len(str(_FAR)) else _FAR
    return Decimal(f"{digits}e{sign}{min(near, _FAR)}")


def _bigint(value: object) -> int:
    whole = _integral(value.text) if isinstance(value, Number) else value
    if isinstance(whole, int) and not isinstance(whole, bool) and whole in _INT64:
        return whole
    raise Misfit("a whole number of 64 bits", value)


def _integral(text: str) -> int | None:
    """Return the whole number that a text such as 126000.0 or 1.26e5 is, None where it is none or too large."""
    number = _exact(text)
    if not number:
        return 0
    # Python would write out all digits of 1e400000000.
    if not 0 <= number.adjusted() < _LONGEST_INT64:
        return None
    return int(number) if number == number.to_integral_value() else None


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Misfit("true or false", value)


def _decimal(value: object) -> Decimal:
    # Harvest documents the price of an expense category as text as well as a number, and both occur.
    # https://help.getharvest.com/api-v2/expenses-api/expenses/expenses/
    if isinstance(value, bool) or not isinstance(value, int | Number | str):
        raise Misfit("a number", value)
    try:
        return rounded(str(value.text if isinstance(value, Number) else value))
    except ValueError as error:
        wanted = (
            "a number below 10^14, the largest that DECIMAL(18,4) holds" if str(error) == "too large" else "a number"
        )
        raise Misfit(wanted, value) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Misfit("text", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Misfit("text of whole characters", value) from None
    return value


def _timestamp(value: object) -> datetime:
    try:
        return _instant(value if isinstance(value, str) else "")
    except (ValueError, OverflowError):
        raise Misfit("an ISO 8601 timestamp", value) from None


def _instant(text: str) -> datetime:
    """Return the instant in a text of ISO 8601, without what lies behind the microsecond.

    A leap second and 24:00 are the midnight that they lead to.
    """
    later = timedelta(0)
    leap, end = _LEAP_SECOND.fullmatch(text), _END_OF_DAY.fullmatch(text)
    if leap is not None:
        text, later = f"{leap[1]}59{leap[2]}", timedelta(seconds=1)
    elif end is not None:
        text, later = f"{end[1]}00{end[2]}", timedelta(days=1)
    moment = datetime.fromisoformat(text)
    # Harvest writes every instant in UTC, so one without a zone can only mean that.
    # https://help.getharvest.com/api-v2/introduction/overview/general/
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC) + later
    if leap is not None and (moment.hour, moment.minute, moment.second) != (0, 0, 0):
        raise ValueError("a minute has 60 seconds but at the end of a day in UTC")
    return moment


def _checked(check: Callable[[str], object], wanted: str) -> Callable[[object], str]:
    def checked(value: object) -> str:
        try:
            check(value if isinstance(value, str) else "")
        except ValueError:
            raise Misfit(wanted, value) from None
        return str(value)

    return checked


def _iso_date(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text)


_NONE_IF_EMPTY = {BIGINT, DATE, DECIMAL, TIME, TIMESTAMP}
_SCALARS: Mapping[Scalar, Callable[[object], Any]] = {
    BIGINT: _bigint,
    BOOLEAN: _boolean,
    DATE: _checked(_iso_date, "a date like 2026-01-31"),
    DECIMAL: _decimal,
    TIME: _checked(parse_time, "a time of day like 2:59pm or 14:59"),
    TIMESTAMP: _timestamp,
    VARCHAR: _text,
}
