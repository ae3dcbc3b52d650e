"""Days and microseconds as the text of DuckDB's dates and timestamps, for the years that Python's datetime has not.

A day is a number, 0 for 1970-01-01, in the Gregorian calendar without a beginning.
"""

from __future__ import annotations

__all__ = ["DAY_US", "date_text", "day_number", "days_in_month", "time_text", "timestamp_text"]

DAY_US = 86_400_000_000
#: The days of 400 years, and from 0000-03-01 to 1970-01-01.
_ERA, _TO_1970 = 146_097, 719_468
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def days_in_month(year: int, month: int) -> int:
    """Return how many days a month has; the year before the year 1 is 0."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if leap and month == 2 else _MONTHS[month - 1]  # noqa: PLR2004


def day_number(year: int, month: int, day: int) -> int:
    """Return the number of a day (days_from_civil, https://howardhinnant.github.io/date_algorithms.html)."""
    # A year begins in March, so that its longest day is its last.
    year -= month <= 2  # noqa: PLR2004
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * _ERA + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _TO_1970


def date_text(number: int) -> str:
    """Return the date of a day, as DuckDB reads it (civil_from_days, the same page)."""
    era, of_era = divmod(number + _TO_1970, _ERA)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    day, month = of_year - (153 * shifted + 2) // 5 + 1, (shifted + 2) % 12 + 1
    year += 400 * era + (month <= 2)  # noqa: PLR2004
    return f"{year:04d}-{month:02d}-{day:02d}" if year > 0 else f"{1 - year:04d}-{month:02d}-{day:02d} (BC)"


def time_text(of_day: int) -> str:
    """Return the time of day of microseconds since midnight."""
    seconds, fraction = divmod(of_day, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}" + (f".{fraction:06d}" if fraction else "")


def timestamp_text(microseconds: int) -> str:
    """Return the date and the time of microseconds since 1970-01-01."""
    number, of_day = divmod(microseconds, DAY_US)
    return f"{date_text(number)} {time_text(of_day)}"
