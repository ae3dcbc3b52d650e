"""Who has how many time entries on which day: work on weekdays and rarely on weekends, and absences.

The number of entries is exact. Each day of work or absence has an entry, and days of work have more by random weights.
An account with too few entries for that has four fifths of them in its last days, which so look like those of a busy
agency, and the rest in the years before.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.sandbox.data.absences import SATURDAY, Absences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile

# Entries are too few if a day of a person has fewer than this.
_USUAL_DENSITY = 1.2
_RECENT_SHARE = 0.8
_PRESENT_SHARE = {False: 0.97, True: 0.02}


class Shift(NamedTuple):
    """The number of a person's entries of one day, and the task of an absence."""

    person: Person
    day: date
    entries: int
    absence: str | None


class _PersonDay(NamedTuple):
    person: Person
    day: date
    absence: str | None
    weight: float


def shifts(profile: AccountProfile, staff: list[Person]) -> Iterator[Shift]:
    """Return the days on which someone has entries, oldest first; the counts sum up to `profile.time_entries`."""
    days = _person_days(profile, staff)
    for each, entries in zip(days, _counts(days, profile.time_entries), strict=True):
        if entries:
            yield Shift(each.person, each.day, entries, each.absence)


def _person_days(profile: AccountProfile, staff: list[Person]) -> list[_PersonDay]:
    """Return the days on which each person works or is absent, oldest first; nobody works on a public holiday."""
    rng, absences = profile.rng("shifts"), Absences(profile, staff)
    found = []
    for offset in range((profile.today - profile.since).days + 1):
        day = profile.since + timedelta(days=offset)
        weekend = day.weekday() >= SATURDAY
        if weekend and absences.is_holiday(day):
            continue
        for person in staff:
            if person.hired <= day and (person.left is None or day <= person.left):
                absence = absences.reason(person, day)
                if absence or rng.chance(_PRESENT_SHARE[weekend]):
                    found.append(_PersonDay(person, day, absence, 0.4 + rng.random()))
    return found


def _counts(days: list[_PersonDay], entries: int) -> list[int]:
    """Return the number of entries of each day: in the busy time one, and on days of work more by their weights."""
    sparse = entries < _USUAL_DENSITY * len(days)
    late = int(_RECENT_SHARE * entries) if sparse else entries
    first_busy = len(days) - int(late / _USUAL_DENSITY) if sparse else 0
    busy = days[first_busy:]
    more = _dealt([0.0 if each.absence else each.weight for each in busy], late - len(busy))
    return _dealt([each.weight for each in days[:first_busy]], entries - late) + [1 + count for count in more]


def _dealt(weights: list[float], whole: int) -> list[int]:
    """Return `whole` shared out by `weights`; the running sum is rounded, so that nothing is lost."""
    # Not by sum(), which adds up otherwise from Python 3.12 on.
    running = list(accumulate(weights))
    due = [int(each / (running[-1] or 1) * whole + 0.5) for each in running]
    return [after - before for before, after in pairwise([0, *due])]
