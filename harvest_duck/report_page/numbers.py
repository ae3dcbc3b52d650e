"""Figures as the text that people read, with the separators of their account."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from harvest_duck.report_page.model import Period

#: What stands where a figure is not known: an en dash.
UNKNOWN = "\u2013"
_NO_BREAK = "\u00a0"
_MINUS = "\u2212"
# Not those of the module calendar, which are in the language of the process.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The way in which an account writes numbers."""

    thousands: str
    decimal: str

    def number(self, value: Decimal | int | None, digits: int = 0) -> str:
        """Return the number, rounded half up to these digits."""
        if value is None:
            return UNKNOWN
        rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        whole, _, part = f"{abs(rounded):,f}".partition(".")
        sign = _MINUS if rounded < 0 else ""
        written = whole.replace(",", self.thousands.replace(" ", _NO_BREAK))
        return f"{sign}{written}{self.decimal}{part}" if part else f"{sign}{written}"

    def hours(self, value: Decimal | None) -> str:
        """Return hours for a table, with a digit after the decimal symbol."""
        return self.number(value, 1)

    def cents(self, value: Decimal | None) -> str:
        """Return money for a table, without its currency."""
        return self.number(value, 2)

    def percent(self, share: Decimal | None, digits: int = 0) -> str:
        """Return a share as a percentage."""
        return UNKNOWN if share is None else f"{self.number(share * 100, digits)}{_NO_BREAK}%"

    def short(self, value: Decimal | int | None) -> str:
        """Return a large number in thousands (k) or millions (m), with three digits or so."""
        if value is None:
            return UNKNOWN
        size = abs(Decimal(value))
        if size >= Decimal(999_500):
            return self.number(value / Decimal(1_000_000), 2 if size < Decimal(99_995_000) else 0) + "m"
        if size >= Decimal(9_950):
            return self.number(value / Decimal(1_000)) + "k"
        if size >= Decimal(1_000):
            return self.number(value / Decimal(1_000), 1) + "k"
        return self.number(value)

    def money(self, amount: Decimal | None, currency: str) -> str:
        """Return money of a currency as short as `short` is."""
        return f"{currency}{_NO_BREAK}{self.short(amount)}"


def month(day: date) -> str:
    """Return the name of the month of a day, in three letters."""
    return _MONTHS[day.month - 1][:3]


def month_of_year(day: date) -> str:
    """Return month and year of a day: `November 2026`."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def weekday(day: date) -> str:
    """Return the name of the day of the week."""
    return _WEEKDAYS[day.weekday()]


def short_day(day: date | None) -> str:
    """Return a day without its year: `20 Nov`."""
    return UNKNOWN if day is None else f"{day.day}{_NO_BREAK}{month(day)}"


def full_day(day: date | None) -> str:
    """Return a day with its year: `20 November 2026`."""
    return UNKNOWN if day is None else f"{day.day}{_NO_BREAK}{month_of_year(day)}"


def days(period: Period) -> str:
    """Return the first and the last day of a period; the year is said once where both have the same."""
    first, last = period.first, period.last
    if first == last:
        return full_day(last)
    begin = f"{first.day}{_NO_BREAK}{_MONTHS[first.month - 1]}" if first.year == last.year else full_day(first)
    return f"{begin} to {full_day(last)}"
