"""Numbers, days and instants as Harvest writes them.

Decimals stay `decimal.Decimal` in records and are written with their exact text. Harvest writes 100, 100.0 and 33.35
alike: `number` gives the most common form, with at least one decimal, and `whole` the form without.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

CENT = Decimal("0.01")
TENTH = Decimal("0.1")
ZERO = Decimal(0)


@lru_cache(maxsize=65536)
def number(value: Decimal | str | int) -> Decimal:
    """Return `value` with as few decimals as it needs and at least one: 1.25, 7.5, 100.0."""
    exact = Decimal(value)
    if exact == exact.quantize(TENTH):
        return exact.quantize(TENTH)
    return exact.normalize()


def whole(value: Decimal | str | int) -> Decimal:
    """Return `value` without decimals, such as 5000; Harvest writes some budgets so."""
    return Decimal(int(Decimal(value)))


def cents(value: Decimal) -> Decimal:
    """Return `value` rounded to two decimals, halves away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


def total(value: Decimal) -> Decimal:
    """Return a sum as reports and invoices write it: at most two decimals, at least one."""
    return number(cents(value))


def amount_of(value: object) -> Decimal:
    """Return `value` as an exact decimal, zero if it is null or missing; floats by their shortest text."""
    match value:
        case Decimal():
            return value
        case None:
            return ZERO
        case _:
            return Decimal(str(value))


def friendly(value: Decimal) -> Decimal:
    """Return a positive `value` as a person would plan it: two and a half digits, such as 435, 43.5 or 12500."""
    step = Decimal(5).scaleb(value.adjusted() - 2)
    return number((value / step).quantize(Decimal(1), ROUND_HALF_UP) * step)


def instant(day: date, second: int = 0) -> str:
    """Return the moment `second` seconds into `day`, UTC, as Harvest writes it: 2026-11-20T08:30:00Z."""
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
