"""Intervals that a client gives for parameters, as literals of DuckDB: months, days and microseconds, as in PostgreSQL.

Texts are read as interval_in of PostgreSQL 15 reads them: `1 year 2 mons -3 days 04:05:06.7`, `P1Y2M3DT4H`, `1-2`.
"""

from __future__ import annotations

import re
import struct
from fractions import Fraction
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.parameters.calendar_days import DAY_US
from harvest_duck.servers.postgres.parameters.parameter_failures import out_of_range, unreadable, wrong_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["binary_interval", "text_of_interval"]

_NUMBER = r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})"
_PART = re.compile(
    rf"(?P<clock>(?P<sign>[+-]?)(?P<hours>[0-9]{{1,12}}):(?P<minutes>[0-9]{{1,2}})(?::(?P<seconds>[0-9]{{1,2}}(?:\.[0-9]{{0,20}})?))?)"
    r"|(?P<span>(?P<before>[+-]?)(?P<years>[0-9]{1,9})-(?P<months>[0-9]{1,2}))"
    rf"|(?P<count>{_NUMBER})(?:\s*(?P<unit>[A-Za-z]+))?",
)
_ISO = re.compile(rf"(?P<count>{_NUMBER})(?P<unit>[YMWDHS])")
_BETWEEN = " \t\r\n,"
_MONTH_DAYS = 30
#: Months and microseconds of one; a fraction of a month is days of 30, one of a day is hours of 24.
_UNITS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("microsecond", "microseconds", "us", "usec", "usecs"), ("us", 1)),
    **dict.fromkeys(("millisecond", "milliseconds", "ms", "msec", "msecs"), ("us", 1_000)),
    **dict.fromkeys(("second", "seconds", "s", "sec", "secs"), ("us", 1_000_000)),
    **dict.fromkeys(("minute", "minutes", "m", "min", "mins"), ("us", 60_000_000)),
    **dict.fromkeys(("hour", "hours", "h", "hr", "hrs"), ("us", 3_600_000_000)),
    **dict.fromkeys(("day", "days", "d"), ("days", 1)),
    **dict.fromkeys(("week", "weeks", "w"), ("days", 7)),
    **dict.fromkeys(("month", "months", "mon", "mons"), ("months", 1)),
    **dict.fromkeys(("year", "years", "y", "yr", "yrs"), ("months", 12)),
    **dict.fromkeys(("decade", "decades", "dec", "decs"), ("months", 120)),
    **dict.fromkeys(("century", "centuries", "cent", "c"), ("months", 1_200)),
    **dict.fromkeys(("millennium", "millennia", "mil", "mils"), ("months", 12_000)),
}
_ISO_DAYS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_ISO_HOURS = {"H": "hour", "M": "minute", "S": "second"}


def text_of_interval(text: str) -> str:
    """Return the literal of an interval."""
    parts = _iso(text) if text[:1] == "P" else _parts(text)
    months = days = microseconds = Fraction(0)
    for count, unit in parts:
        kind, factor = _UNITS[unit]
        amount = count * factor
        if kind == "months":
            whole = int(amount) if factor == 1 else round(amount)
            months += whole
            amount, kind = ((amount - whole) * _MONTH_DAYS, "days") if factor == 1 else (Fraction(0), "days")
        if kind == "days":
            days += int(amount)
            amount = (amount - int(amount)) * DAY_US
        microseconds += amount
    return _literal(int(months), int(days), round(microseconds), text)


def binary_interval(raw: bytes) -> str:
    """Return the literal of an interval."""
    if len(raw) != 16:  # noqa: PLR2004
        raise wrong_bytes("interval")
    microseconds, days, months = struct.unpack(">qii", raw)
    return _literal(months, days, microseconds, raw.hex())


def _literal(months: int, days: int, microseconds: int, shown: str) -> str:
    if any(not -(1 << bits) <= part < 1 << bits for part, bits in ((months, 31), (days, 31), (microseconds, 63))):
        raise out_of_range("interval", shown, "22008")
    return f"CAST('{months} months {days} days {microseconds} microseconds' AS INTERVAL)"


def _parts(text: str) -> list[tuple[Fraction, str]]:
    """Return the counts and units of PostgreSQL's own form and of the SQL standard's; `ago` turns all of them."""
    stripped = text.strip().removeprefix("@").strip()
    body = re.sub(r"(?i)\s+ago$", "", stripped)
    turned = -1 if body != stripped else 1
    parts: list[tuple[Fraction, str]] = []
    at = 0
    while at < len(body):
        read = _PART.match(body, at)
        if read is None or (read["unit"] and read["unit"].lower() not in _UNITS):
            raise unreadable("interval", text, "22007")
        parts += _of(read)
        at = read.end()
        while body[at : at + 1] in _BETWEEN and at < len(body):
            at += 1
        if read["count"] and not read["unit"] and at < len(body):
            # What it counts would depend on what follows.
            raise unreadable("interval", text, "22007")
    if not parts:
        raise unreadable("interval", text, "22007")
    return [(turned * count, unit) for count, unit in parts]


def _of(read: re.Match[str]) -> Iterator[tuple[Fraction, str]]:
    """Yield the counts and units of one part."""
    if read["clock"]:
        sign = -1 if read["sign"] == "-" else 1
        for unit in ("hours", "minutes", "seconds"):
            yield sign * Fraction(read[unit] or 0), unit
    elif read["span"]:
        sign = -1 if read["before"] == "-" else 1
        for unit in ("years", "months"):
            yield Fraction(sign * int(read[unit])), unit
    else:
        yield Fraction(read["count"]), (read["unit"] or "seconds").lower()


def _iso(text: str) -> list[tuple[Fraction, str]]:
    """Return the counts and units of ISO 8601's form."""
    date, marked, time = text[1:].partition("T")
    parts = []
    for body, names in ((date, _ISO_DAYS), (time, _ISO_HOURS)):
        at = 0
        while at < len(body):
            read = _ISO.match(body, at)
            if read is None or read["unit"] not in names:
                raise unreadable("interval", text, "22007")
            parts.append((Fraction(read["count"]), names[read["unit"]]))
            at = read.end()
    if not parts or (marked and not time):
        raise unreadable("interval", text, "22007")
    return parts
