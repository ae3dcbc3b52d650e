"""Dates and times that a client gives for parameters, as literals of DuckDB.

Texts are read as PostgreSQL 15 reads them with DateStyle ISO, where it matters that nobody takes a day for a month:
`01/02/2026` is refused. The bytes are those of date.c and timestamp.c, which count from 2000-01-01.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.parameters.calendar_days import (
    DAY_US,
    date_text,
    day_number,
    days_in_month,
    time_text,
    timestamp_text,
)
from harvest_duck.servers.postgres.parameters.parameter_failures import out_of_range, unreadable, wrong_bytes

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.failure import Failure

__all__ = [
    "binary_date",
    "binary_time",
    "binary_timestamp",
    "binary_timetz",
    "text_of_date",
    "text_of_time",
    "text_of_timestamp",
    "text_of_timetz",
]

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{0,40}))?)?"
_AWAY = r"(?P<zone_hour>\d{1,2})(?::?(?P<zone_minute>\d{2})(?::?(?P<zone_second>\d{2}))?)?"
_ZONE = rf"(?P<zone>Z|UTC|GMT|(?P<west>[+-]){_AWAY})"
_NAMED = r"(?P<named>[A-Za-z]+(?:/[A-Za-z0-9_+-]+)+)"
_OF_DAY = re.compile(rf"T?{_TIME}\s*(?:{_ZONE})?", re.ASCII | re.IGNORECASE)
# pgJDBC sends a date as `2026-01-01 +00`.
_MOMENT = re.compile(
    rf"(?:(?P<year>\d{{4,7}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})|(?P<compact>\d{{8}}))"
    rf"(?:(?:\s*T\s*|\s+){_TIME}\s*(?:{_ZONE}|{_NAMED})?|\s+{_ZONE.replace('P<', 'P<only_')})?(?:\s*(?P<era>BC|AD))?",
    re.ASCII | re.IGNORECASE,
)
_ENDLESS = {"infinity": "infinity", "-infinity": "-infinity"}
_EPOCH = "epoch"
_TO_2000 = day_number(2000, 1, 1)
#: The first and the last day of PostgreSQL's dates and the first of its timestamps, and DuckDB's last timestamp.
_DAYS = range(day_number(-4713, 11, 24), day_number(5874898, 1, 1))
_MOMENTS = range(day_number(-4713, 11, 24) * DAY_US, (1 << 63) - 2)
_INT32, _INT64 = (1 << 31) - 1, (1 << 63) - 1
_ZONES = range(-57599, 57600)
_DATE, _TIMESTAMP, _TIMESTAMPTZ = "date", "timestamp", "timestamp with time zone"


def text_of_date(text: str) -> str:
    """Return the literal of a date; a time and a zone after it are left out, as PostgreSQL does."""
    if (endless := _ENDLESS.get(text.lower())) is not None:
        return f"CAST('{endless}' AS DATE)"
    if text.lower() == _EPOCH:
        return _date(0, text)
    read = _MOMENT.fullmatch(text)
    if read is None:
        raise unreadable(_DATE, text, "22007")
    if read["hour"] is not None:
        _microseconds(read, text)
    return _date(_day(read, text), text)


def binary_date(raw: bytes) -> str:
    """Return the literal of a date."""
    if len(raw) != 4:  # noqa: PLR2004
        raise wrong_bytes(_DATE)
    days = int.from_bytes(raw, "big", signed=True)
    if days in (_INT32, -_INT32 - 1):
        return f"CAST('{'-' if days < 0 else ''}infinity' AS DATE)"
    return _date(days + _TO_2000, str(days))


def _date(number: int, shown: str) -> str:
    if number not in _DAYS:
        raise _beyond(shown)
    return f"CAST('{date_text(number)}' AS DATE)"


def text_of_timestamp(text: str, *, zoned: bool) -> str:
    """Return the literal of a timestamp. Without a zone of its own one with time zone is in that of the session."""
    name, duckdb = (_TIMESTAMPTZ, "TIMESTAMPTZ") if zoned else (_TIMESTAMP, "TIMESTAMP")
    if (endless := _ENDLESS.get(text.lower())) is not None:
        return f"CAST('{endless}' AS {duckdb})"
    if text.lower() == _EPOCH:
        return f"CAST('1970-01-01 00:00:00{'+00' if zoned else ''}' AS {duckdb})"
    read = _MOMENT.fullmatch(text)
    if read is None:
        raise unreadable(name, text, "22007")
    moment = _day(read, text) * DAY_US + (0 if read["hour"] is None else _microseconds(read, text))
    zone = _offset(read, text)
    shown = ""
    if zoned and read["named"]:
        shown = f" {read['named']}"
    elif zoned and zone is not None:
        moment, shown = moment - zone * 1_000_000, "+00"
    if moment not in _MOMENTS:
        raise _beyond(text)
    return f"CAST('{timestamp_text(moment)}{shown}' AS {duckdb})"


def binary_timestamp(raw: bytes, *, zoned: bool) -> str:
    """Return the literal of a timestamp."""
    name, duckdb = (_TIMESTAMPTZ, "TIMESTAMPTZ") if zoned else (_TIMESTAMP, "TIMESTAMP")
    if len(raw) != 8:  # noqa: PLR2004
        raise wrong_bytes(name)
    count = int.from_bytes(raw, "big", signed=True)
    if count in (_INT64, -_INT64 - 1):
        return f"CAST('{'-' if count < 0 else ''}infinity' AS {duckdb})"
    moment = count + _TO_2000 * DAY_US
    if moment not in _MOMENTS:
        raise _beyond(str(count))
    return f"CAST('{timestamp_text(moment)}{'+00' if zoned else ''}' AS {duckdb})"


def text_of_time(text: str) -> str:
    """Return the literal of a time of day; a zone after it is left out, as PostgreSQL does."""
    read = _OF_DAY.fullmatch(text)
    if read is None:
        raise unreadable("time", text, "22007")
    return f"CAST('{time_text(_within_day(_microseconds(read, text), text))}' AS TIME)"


def binary_time(raw: bytes) -> str:
    """Return the literal of a time of day."""
    if len(raw) != 8:  # noqa: PLR2004
        raise wrong_bytes("time")
    count = int.from_bytes(raw, "big", signed=True)
    return f"CAST('{time_text(_within_day(count, str(count)))}' AS TIME)"


def text_of_timetz(text: str) -> str:
    """Return the literal of a time of day with its zone, which has to be given."""
    read = _OF_DAY.fullmatch(text)
    zone = None if read is None else _offset(read, text)
    if read is None or zone is None:
        raise unreadable("time with time zone", text, "22007")
    return _timetz(_microseconds(read, text), zone, text)


def binary_timetz(raw: bytes) -> str:
    """Return the literal of a time of day with its zone, which is given in seconds west of Greenwich."""
    if len(raw) != 12:  # noqa: PLR2004
        raise wrong_bytes("time with time zone")
    count, west = struct.unpack(">qi", raw)
    return _timetz(count, -west, str(count))


def _timetz(of_day: int, zone: int, shown: str) -> str:
    if zone not in _ZONES:
        raise _beyond(shown)
    away = time_text(abs(zone) * 1_000_000)
    return f"CAST('{time_text(_within_day(of_day, shown))}{'-' if zone < 0 else '+'}{away}' AS TIMETZ)"


def _day(read: re.Match[str], text: str) -> int:
    """Return the number of the day that was read."""
    compact = read["compact"]
    parts = (compact[:4], compact[4:6], compact[6:]) if compact else (read["year"], read["month"], read["day"])
    year, month, day = map(int, parts)
    if year == 0:
        raise _beyond(text)
    if (read["era"] or "").upper() == "BC":
        year = 1 - year
    if not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):  # noqa: PLR2004
        raise _beyond(text)
    return day_number(year, month, day)


def _microseconds(read: re.Match[str], text: str) -> int:
    """Return the microseconds since midnight that were read: 24:00:00 is a time, and so is a second 60."""
    hour, minute, second = (int(read[part] or 0) for part in ("hour", "minute", "second"))
    digits = read["fraction"] or ""
    fraction = int(digits[:6].ljust(6, "0")) + (digits[6:7] >= "5")
    count = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    if minute > 59 or second > 60 or count > DAY_US:  # noqa: PLR2004
        raise _beyond(text)
    return count


def _offset(read: re.Match[str], text: str) -> int | None:
    """Return the seconds that a zone is ahead of UTC, None where none was read."""
    named = read.re.groupindex
    only = "only_" if "only_zone" in named and read["only_zone"] else ""
    if not read[f"{only}zone"]:
        return None
    hour, minute, second = (int(read[f"{only}zone_{part}"] or 0) for part in ("hour", "minute", "second"))
    away = (hour * 60 + minute) * 60 + second
    if minute > 59 or second > 59 or away not in _ZONES:  # noqa: PLR2004
        raise _beyond(text)
    return -away if read[f"{only}west"] == "-" else away


def _within_day(count: int, shown: str) -> int:
    if not 0 <= count <= DAY_US:
        raise _beyond(shown)
    return count


def _beyond(shown: str) -> Failure:
    return out_of_range("date or time", shown, "22008")
