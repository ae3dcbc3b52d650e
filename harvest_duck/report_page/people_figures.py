"""The figures about people: how full their weeks were, and which days have no time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.pushdown.sql import text
from harvest_duck.report_page.model import Compared, Gaps, PersonDays, PersonHours, Utilization, Week
from harvest_duck.report_page.source import NONE, days, share

if TYPE_CHECKING:
    from datetime import date

    from harvest_duck.report_page.model import Period
    from harvest_duck.report_page.source import Row, Source

__all__ = ["gaps", "utilization"]

_HOURS = ("capacity_hours", "hours", "billable_hours", "time_off_hours")
#: The default of the view, and one at which every day is a gap on which hours are expected.
_AT_LEAST, _EVERY_DAY = Decimal("0.8"), 99_999
_FRIDAY = 4


def utilization(source: Source) -> Utilization:
    """Return how full the weeks of the period were, by week and by person."""
    options = source.options
    now, before, last_year = (_weeks(source, each) for each in (options.period, options.before, options.last_year))
    totals = [next(row for row in rows if row["is_total"]) for rows in (now, before, last_year)]
    people = [row for row in now if row["user_id"] is not None and (row["capacity_hours"] or row["hours"])]
    return Utilization(
        **source.of_people("utilization"),
        capacity_hours=Compared(*(row["capacity_hours"] for row in totals)),
        hours=Compared(*(row["hours"] for row in totals)),
        billable_hours=Compared(*(row["billable_hours"] for row in totals)),
        utilization=Compared(*(share(row["hours"], row["capacity_hours"]) for row in totals)),
        billable_utilization=Compared(*(share(row["billable_hours"], row["capacity_hours"]) for row in totals)),
        weeks=tuple(
            Week(first=row["week"], **_hours(row))
            for row in sorted((row for row in now if row["week"] is not None), key=lambda row: row["week"])
        ),
        people=tuple(_person(row) for row in sorted(people, key=_most_sold)),
    )


def _weeks(source: Source, period: Period) -> list[Row]:
    """Return a row of hours for each week, for each person, and for all."""
    sums = ", ".join(f"coalesce(sum({each}), 0)::DECIMAL(18, 4) AS {each}" for each in _HOURS)
    view = f"harvest.main.utilization({days(period)}, week_starts := {text(source.week_starts)})"
    return source.people(
        "SELECT week, user_id, any_value(user_name) AS name, any_value(is_contractor) AS is_contractor, "
        f"any_value(is_active) AS is_active, grouping(week, user_id) = 3 AS is_total, {sums} "
        f"FROM {view} GROUP BY GROUPING SETS ((week), (user_id), ())"
    )


def _hours(row: Row) -> dict[str, Decimal]:
    return {name: row[name] for name in _HOURS}


def _person(row: Row) -> PersonHours:
    return PersonHours(
        user_id=row["user_id"],
        name=row["name"] or "",
        is_contractor=bool(row["is_contractor"]),
        is_active=bool(row["is_active"]),
        **_hours(row),
    )


def _most_sold(row: Row) -> tuple[Decimal, str, int]:
    sold = share(row["billable_hours"], row["capacity_hours"])
    return (Decimal(1) if sold is None else -sold, row["name"] or "", row["user_id"])


def gaps(source: Source) -> Gaps:
    """Return the hours of each person and day of the last four weeks, and how many are missing."""
    period = source.options.weeks(source.week_starts)
    rows = source.people(
        f"SELECT user_id, user_name, day, expected_hours, hours FROM harvest.main.timesheet_gaps({days(period)}, "
        f"at_least := {_EVERY_DAY})"
    )
    every = (period.first + timedelta(n) for n in range((period.last - period.first).days + 1))
    working = tuple(each for each in every if each.weekday() <= _FRIDAY)
    by_person: dict[int, list[Row]] = {}
    for row in rows:
        by_person.setdefault(row["user_id"], []).append(row)
    people = [_days(found, working) for found in by_person.values()]
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
