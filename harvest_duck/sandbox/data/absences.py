"""The days on which nobody works: public holidays, vacations and sick days, as most agencies have them in a year."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.words import HOLIDAY, SICK_LEAVE, VACATION

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.random_source import RandomSource

SATURDAY = 5
_SICK_SHARE = 0.015
_FIXED = {True: ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)), False: ((1, 1), (7, 4), (12, 25))}
# Month, weekday from Monday, and which one of the month: Memorial Day, Labor Day, Thanksgiving.
_MOVABLE = ((5, 0, 4), (9, 0, 1), (11, 3, 4))


@cache
def public_holidays(year: int, *, european: bool) -> frozenset[date]:
    """Return the public holidays of a year: some of Germany in a European account, of the United States in another."""
    fixed = {date(year, month, day) for month, day in _FIXED[european]}
    if european:
        return frozenset(fixed)
    return frozenset(fixed | {_weekday(year, *rule) for rule in _MOVABLE})


def _weekday(year: int, month: int, weekday: int, count: int) -> date:
    """Return the `count`-th `weekday` of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


class Absences:
    """The absences of everyone: two weeks of vacation in summer, one at another time, and the end of the year."""

    def __init__(self, profile: AccountProfile, staff: list[Person]) -> None:
        self._european = profile.european
        self._rng = profile.rng("sick days")
        rng = profile.rng("vacations")
        years = range(profile.since.year, profile.today.year + 1)
        self._vacations = {
            person.record["id"]: frozenset(day for year in years for day in _vacation(rng, year)) for person in staff
        }

    def reason(self, person: Person, day: date) -> str | None:
        """Return the task of an absence of `person` on `day`, None if the person works; each call draws sick days."""
        if day.weekday() >= SATURDAY:
            return None
        if day in public_holidays(day.year, european=self._european):
            return HOLIDAY
        if day in self._vacations[person.record["id"]]:
            return VACATION
        return SICK_LEAVE if self._rng.chance(_SICK_SHARE) else None


def _vacation(rng: RandomSource, year: int) -> list[date]:
    """Return the days of a year's vacation, weekends among them."""
    summer = date(year, 6, 15) + timedelta(weeks=rng.between(0, 9))
    other = date(year, rng.pick((2, 3, 4, 10)), 1) + timedelta(weeks=rng.between(0, 3))
    spans = ((summer, 14), (other, 7), (date(year, 12, 27), 5))
    return [start + timedelta(days=offset) for start, length in spans for offset in range(length)]
