"""The public holidays of the United States that the agency keeps, and those of all of Germany.

Time entries and paid time off both follow them.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.numbers import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.wire import Record

#: The calendars: that of the main account, which applies to everyone in it, and that of the European one.
AMERICAN, GERMAN = "United States", "Germany"
_FIXED = {
    AMERICAN: ((1, 1, "New Year's Day"), (7, 4, "Independence Day"), (12, 25, "Christmas Day")),
    GERMAN: (
        *((1, 1, "Neujahr"), (5, 1, "Tag der Arbeit"), (10, 3, "Tag der Deutschen Einheit")),
        *((12, 25, "1. Weihnachtstag"), (12, 26, "2. Weihnachtstag")),
    ),
}
# Days after Easter Sunday.
_BY_EASTER = ((-2, "Karfreitag"), (1, "Ostermontag"), (39, "Christi Himmelfahrt"), (50, "Pfingstmontag"))


def holidays(calendar: str, year: int) -> list[tuple[date, str]]:
    """Return the holidays of a calendar in a year with their names, in order."""
    found = [(date(year, month, day), name) for month, day, name in _FIXED[calendar]]
    if calendar == AMERICAN:
        memorial = date(year, 5, 31)
        found.append((memorial - timedelta(days=memorial.weekday()), "Memorial Day"))
        found.append((_weekday(year, 9, weekday=0, count=1), "Labor Day"))
        found.append((_weekday(year, 11, weekday=3, count=4), "Thanksgiving Day"))
    else:
        found += [(_easter(year) + timedelta(days=after), name) for after, name in _BY_EASTER]
    return sorted(found)


@cache
def holiday_dates(calendar: str, year: int) -> frozenset[date]:
    """Return the days of the holidays of a calendar in a year."""
    return frozenset(day for day, _ in holidays(calendar, year))


def _weekday(year: int, month: int, *, weekday: int, count: int) -> date:
    """Return the `count`-th `weekday` of a month, Monday being 0."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def _easter(year: int) -> date:
    """Return Easter Sunday, by Gauss's rule, which holds from 1900 to 2099."""
    moon = (19 * (year % 19) + 24) % 30
    sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7
    days = 22 + moon + sunday
    if (moon, sunday) == (29, 6) or (moon == 28 and sunday == 6 and year % 19 > 10):  # noqa: PLR2004 - the rule's own
        days -= 7
    return date(year, 3, 1) + timedelta(days=days - 1)


def calendar_records(profile: AccountProfile) -> list[Record]:
    """Return both calendars, with their holidays of last year, this year and the next one."""
    ids, entry_ids = profile.ids("holiday calendars", 31_000), profile.ids("holidays", 410_000, gap=5)
    made = instant(profile.since, 36_000)
    records = []
    for name in (AMERICAN, GERMAN):
        entries = [
            {"id": entry_ids.next(), "name": holiday, "date": day.isoformat()}
            for year in range(profile.today.year - 1, profile.today.year + 2)
            for day, holiday in holidays(name, year)
        ]
        records.append(
            {
                "id": ids.next(),
                "name": name,
                "entries_count": len(entries),
                "entries": entries,
                "created_at": made,
                "updated_at": made,
            }
        )
    return records


def calendar_entries(calendars: list[Record]) -> Iterator[Record]:
    """Yield the holidays of each calendar as records of their own, with the id of the calendar and its instants."""
    for calendar in calendars:
        moments = {key: calendar.get(key) for key in ("created_at", "updated_at")}
        for entry in calendar.get("entries") or ():
            yield {"pto_holiday_calendar_id": calendar["id"], **entry, **moments}
