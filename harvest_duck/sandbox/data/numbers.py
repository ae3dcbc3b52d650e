"""Numbers, days and instants as Harvest writes them, from and to the values that the sandbox computes with.

Decimals stay `decimal.Decimal` in records and are written with their exact text. Harvest writes 100, 100.0 and 33.35
alike, so `number` gives the form with one digit at least, which is by far the most common, and `whole` the bare form.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

CENT = Decimal("0.01")
TENTH = Decimal("0.1")
QUARTER = Decimal("0.25")
ZERO = Decimal(0)


@lru_cache(maxsize=65536)
def number(value: Decimal | str | int) -> Decimal:
    """`value` with as few decimals as it needs and one at least: 1.25, 7.5, 100.0."""
    exact = Decimal(value)
    if exact == exact.quantize(TENTH):
        return exact.quantize(TENTH)
    return exact.normalize()


def whole(value: Decimal | str | int) -> Decimal:
    """`value` without decimals, such as 5000; for budgets, which Harvest also writes so."""
    return Decimal(int(Decimal(value)))


def cents(value: Decimal) -> Decimal:
    """`value` to two decimals, halves away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


def total(value: Decimal) -> Decimal:
    """A sum as reports and invoices write it: two decimals at most, one at least."""
    return number(cents(value))


@lru_cache(maxsize=4096)
def rounded_up(hours: Decimal) -> Decimal:
    """`hours` rounded up to the next quarter, one of the choices of Harvest's Time Rounding."""
    return number(-(-hours // QUARTER) * QUARTER)


def amount_of(value: object) -> Decimal:
    """`value` as an exact decimal, zero where it is null or missing; floats by their shortest text."""
    match value:
        case Decimal():
            return value
        case None:
            return ZERO
        case _:
            return Decimal(str(value))


def instant(day: date, second: int = 0) -> str:
    """`second` seconds into `day`, UTC, as Harvest writes instants: 2026-11-20T08:30:00Z."""
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
