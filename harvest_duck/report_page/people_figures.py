"""The figures about people: how full their weeks were, and which days have no time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from harvest_duck.report_page.model import Compared, Gaps, PersonDays, PersonHours, Utilization, Week
from harvest_duck.report_page.source import NONE, in_period, share, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from harvest_duck.report_page.model import Period
    from harvest_duck.report_page.source import Row, Source

__all__ = ["gaps", "utilization"]

_PERSON = "user_id, user_name, is_contractor, is_active"
_HOURS = ("capacity_hours", "hours", "billable_hours", "time_off_hours")
#: The default of the view, and one at which every day is a gap on which hours are expected.
_AT_LEAST, _EVERY_DAY = Decimal("0.8"), 99_999
_FRIDAY = 4


def utilization(source: Source) -> Utilization:
    """Return how full the weeks of the period were, by week and by person."""
    options = source.options
    now = source.people(f"SELECT {_PERSON}, week, {', '.join(_HOURS)} FROM {_view(source, options.period)}")
    periods = (now, _by_person(source, options.before), _by_person(source, options.last_year))
    totals = [_sums(_with_capacity(rows)) for rows in periods]
    people = [(rows[0], _sums(rows)) for rows in _grouped(now, "user_id").values()]
    return Utilization(
        **source.of_people("utilization"),
        capacity_hours=Compared(*(each["capacity_hours"] for each in totals)),
        hours=Compared(*(each["hours"] for each in totals)),
        billable_hours=Compared(*(each["billable_hours"] for each in totals)),
        utilization=Compared(*(share(each["hours"], each["capacity_hours"]) for each in totals)),
        billable_utilization=Compared(*(share(each["billable_hours"], each["capacity_hours"]) for each in totals)),
        weeks=tuple(_weeks(now)),
        people=tuple(
            sorted(
                (_person(row, sums) for row, sums in people if sums["capacity_hours"] or sums["hours"]), key=_most_sold
            )
        ),
    )


def _view(source: Source, period: Period) -> str:
    return in_period("utilization", period, week_starts=source.week_starts)


def _by_person(source: Source, period: Period) -> list[Row]:
    sums = ", ".join(f"sum({each}) AS {each}" for each in _HOURS)
    return source.people(f"SELECT user_id, {sums} FROM {_view(source, period)} GROUP BY user_id")


def _sums(rows: list[Row]) -> dict[str, Decimal]:
    """Return the sums of hours; who has no weekly capacity adds none."""
    return {name: total(rows, name) for name in _HOURS}


def _with_capacity(rows: list[Row]) -> list[Row]:
    """Return the rows of people with a weekly capacity, or all where nobody has one.

    The hours of others would be a part of the capacity of these.
    """
    return [row for row in rows if row["capacity_hours"] is not None] or rows


def _weeks(rows: list[Row]) -> Iterator[Week]:
    for first, of_week in sorted(_grouped(_with_capacity(rows), "week").items()):
        yield Week(first=first, **_sums(of_week))


def _grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _person(row: Row, sums: dict[str, Decimal]) -> PersonHours:
    return PersonHours(
        user_id=row["user_id"],
        name=row["user_name"] or "",
        is_contractor=bool(row["is_contractor"]),
        is_active=bool(row["is_active"]),
        **sums,
    )


def _most_sold(person: PersonHours) -> tuple[Decimal, str, int]:
    sold = person.billable_utilization
    return (Decimal(1) if sold is None else -sold, person.name, person.user_id)


def gaps(source: Source) -> Gaps:
    """Return the hours of each person and day of the last four weeks, and how many are missing."""
    period = source.options.weeks(source.week_starts)
    every_day = in_period("timesheet_gaps", period, at_least=str(_EVERY_DAY), as_of=source.options.as_of)
    rows = source.people(f"SELECT user_id, user_name, day, expected_hours, hours FROM {every_day}")
    every = (period.first + timedelta(n) for n in range((period.last - period.first).days + 1))
    working = tuple(each for each in every if each.weekday() <= _FRIDAY)
    people = [_days(found, working) for found in _grouped(rows, "user_id").values()]
    lost = [row for row in rows if _is_gap(row)]
    return Gaps(
        **source.of_people("gaps"),
        period=period,
        at_least=_AT_LEAST,
        missing_hours=sum(map(_missing, lost), NONE),
        gaps=len(lost),
        empty=sum(row["hours"] == 0 for row in lost),
        person_days=len(rows),
        days=working,
        people=tuple(sorted(people, key=lambda person: (-person.missing_hours, person.name, person.user_id))),
    )


def _is_gap(row: Row) -> bool:
    short: bool = row["hours"] < _AT_LEAST * row["expected_hours"]
    return short


def _missing(row: Row) -> Decimal:
    missing: Decimal = row["expected_hours"] - row["hours"]
    return missing


def _days(rows: list[Row], working: tuple[date, ...]) -> PersonDays:
    by_day = {row["day"]: row for row in rows}
    return PersonDays(
        user_id=rows[0]["user_id"],
        name=rows[0]["user_name"] or "",
        expected_hours=max(row["expected_hours"] for row in rows),
        hours=tuple(by_day[each]["hours"] if each in by_day else None for each in working),
        missing_hours=sum((_missing(row) for row in rows if _is_gap(row)), NONE),
    )
