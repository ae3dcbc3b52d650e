"""The days on which nobody works: public holidays, vacations and sick days, as most agencies have them in a year."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.holiday_calendars import AMERICAN, GERMAN, holiday_dates
from harvest_duck.sandbox.data.words import HOLIDAY, SICK_LEAVE, VACATION

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.random_source import RandomSource

SATURDAY = 5
_SICK_SHARE = 0.015


class Absences:
    """The absences of everyone: public holidays, the planned vacations, and sick days by chance."""

    def __init__(self, profile: AccountProfile, staff: list[Person]) -> None:
        self._calendar = GERMAN if profile.european else AMERICAN
        self._today = profile.today
        self._rng = profile.rng("sick days")
        self._vacations = planned_vacations(profile, staff)

    def reason(self, person: Person, day: date) -> str | None:
        """Return the task of an absence of `person` on `day`, None if the person may work.

        Each call draws sick days; nobody is sick today.
        """
        if self.is_holiday(day):
            return HOLIDAY
        if day.weekday() >= SATURDAY:
            return None
        if day in self._vacations[person.record["id"]]:
            return VACATION
        return SICK_LEAVE if day < self._today and self._rng.chance(_SICK_SHARE) else None

    def is_holiday(self, day: date) -> bool:
        """Return whether `day` is a public holiday of the account."""
        return day in holiday_dates(self._calendar, day.year)


def planned_vacations(profile: AccountProfile, staff: list[Person]) -> dict[int, frozenset[date]]:
    """Return the days of vacation by the id of the person, up to the end of this year, weekends among them."""
    rng = profile.rng("vacations")
    years = range(profile.since.year, profile.today.year + 1)
    return {person.record["id"]: frozenset(day for year in years for day in _vacation(rng, year)) for person in staff}


def _vacation(rng: RandomSource, year: int) -> list[date]:
    """Return the days of a year's vacation: two weeks in summer, one at another time, and the end of the year."""
    summer = date(year, 6, 15) + timedelta(weeks=rng.between(0, 9))
    other = date(year, rng.pick((2, 3, 4, 10)), 1) + timedelta(weeks=rng.between(0, 3))
    spans = ((summer, 14), (other, 7), (date(year, 12, 27), 5))
    return [start + timedelta(days=offset) for start, length in spans for offset in range(length)]
