"""What a report is asked for: its period, the day to look from, a client or a person; and the days that takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Self

from harvest_duck.errors import QueryError
from harvest_duck.report_page.model import Choice, Period
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Options", "chosen"]

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: Harvest was founded in 2006, and a few years must be left before and after each day.
_DAYS = Period(date(1990, 1, 1), date(2199, 12, 31))
_YEAR = timedelta(days=364)
_WEEKS = timedelta(days=27)
_NAME = 60


@dataclass(frozen=True, slots=True)
class Options:
    """What a report shows: the figures of a period, from a day, of a client or a person by id or name."""

    period: Period
    as_of: date
    client: str | int | None = None
    person: str | int | None = None

    @classmethod
    def of(
        cls,
        today: date,
        *,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        as_of: date | str | None = None,
        client: str | int | None = None,
        person: str | int | None = None,
    ) -> Self:
        """Return the options that were given, and the defaults of others: the year so far, from today.

        Raises `QueryError` for what is no day, or a period that ends before it begins.
        """
        looked_from = _day("as_of", as_of) or today
        last = _day("to_date", to_date) or looked_from
        first = _day("from_date", from_date) or last.replace(month=1, day=1)
        if last < first:
            raise QueryError(f"the period of a report ends on {last}, before {first}: exchange from_date and to_date")
        return cls(Period(first, last), looked_from, client or None, person or None)

    @property
    def before(self) -> Period:
        """The same number of days just before the period."""
        last = self.period.first - timedelta(days=1)
        return Period(last - (self.period.last - self.period.first), last)

    @property
    def last_year(self) -> Period:
        """The same days a year earlier; 28 February for the 29th."""
        return Period(_year_before(self.period.first), _year_before(self.period.last))

    @property
    def year(self) -> Period:
        """The 365 days to `as_of`, of which uninvoiced work is told."""
        return Period(self.as_of - _YEAR, self.as_of)

    def weeks(self, week_starts: str | None) -> Period:
        """Return the four weeks that end with, or hold, the day before `as_of`, up to that day.

        A week begins on the day that is `week_starts` in /company: Monday, Sunday or Saturday.
        """
        last = self.as_of - timedelta(days=1)
        first = {"sunday": 6, "saturday": 5}.get((week_starts or "").lower(), 0)
        return Period(last - timedelta(days=(last.weekday() - first) % 7 + 21), last)

    @property
    def needed(self) -> Period:
        """The days of which time and expenses are needed for all that a report tells.

        They end with a year, so that what is read is the same tomorrow: time that is written in advance is little.
        """
        earliest = self.as_of - _WEEKS - timedelta(days=1)
        parts = (self.period, self.before, self.last_year, self.year, Period(earliest, self.as_of))
        last = max(part.last for part in parts)
        return Period(min(part.first for part in parts), last.replace(month=12, day=31))

    @property
    def days_off(self) -> Period:
        """The days of which holidays and time off are needed: views look a year around their period for names."""
        return Period(self.needed.first.replace(month=1, day=1) - 2 * _YEAR, self.needed.last + 2 * _YEAR)


def chosen(what: str, wanted: str | int | None, choices: Sequence[Choice]) -> Choice | None:
    """Return the client or person with that id or, in any case, that name; None where none is wanted.

    Raises `QueryError` where there is none, with the name that is most like it, or where several have that name.
    """
    if wanted is None:
        return None
    found = [each for each in choices if str(each.id) == str(wanted)]
    found = found or [each for each in choices if each.name.casefold() == str(wanted).casefold()]
    name = shortened(one_line(str(wanted)), _NAME)
    if not found:
        folded = str(wanted).casefold()
        names = {each.name.casefold(): each.name for each in choices}
        near = [each for each in names if folded in each] or get_close_matches(folded, names, n=1, cutoff=0.5)
        hint = (
            f"did you mean {shortened(one_line(names[near[0]]), _NAME)}?"
            if near
            else f"give the name or id of a {what}"
        )
        raise QueryError(f"the report knows no {what} {name}: {hint}")
    if len(found) > 1:
        ids = ", ".join(str(each.id) for each in found[:5])
        raise QueryError(f"the report knows {len(found)} of the name {name}: give the id of one {what}, such as {ids}")
    return found[0]


def _day(name: str, value: date | str | None) -> date | None:
    """Return a day that was given as one or as text; raises `QueryError` where it is none."""
    if value is None or value == "":
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except ValueError:
        text = shortened(one_line(str(value)), _NAME)
        raise QueryError(f"{name} of a report is no day: {text}: write it as in 2026-01-31") from None
    # A datetime is a date in Python.
    day = date(day.year, day.month, day.day)
    if not _DAYS.first <= day <= _DAYS.last:
        raise QueryError(f"{name} of a report is {day}: choose a day from {_DAYS.first} to {_DAYS.last}")
    return day


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
