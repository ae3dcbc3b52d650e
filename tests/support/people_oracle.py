"""What the ready views of people should say, by loops over people, days and time entries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from support.agency_oracle import ZERO, Person, days, share, week_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.agency_oracle import Entry, Records

__all__ = ["PersonDay", "approvals", "person_days", "timesheet_gaps", "utilization"]

_SATURDAY = 5
#: How far from a span time off may have been taken for its type to be known.
_NEARBY = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class PersonDay:
    """A day on which a person was there. `hours` is None where no work was written; `off` is part of `capacity`."""

    person: Person
    day: date
    is_working: bool
    capacity: Decimal | None
    off: Decimal
    hours: Decimal | None
    billable_hours: Decimal


class _Calendar:
    """The days off of everyone in a span, as the arguments of the views choose them."""

    def __init__(
        self, records: Records, span: tuple[date, date], holidays: list[date] | None, time_off: list[str] | None
    ) -> None:
        self._closed = None if holidays is None else set(holidays)
        self._tasks = time_off
        self._holidays = set(_holidays(records)) if holidays is None else set()
        self.requested: dict[tuple[int, date], list[Decimal | None]] = defaultdict(list)
        self._types: set[str] = set()
        for each in records.agency.records("pto_requests") if time_off is None else []:
            for off in each["request_days"]:
                day = date.fromisoformat(off["date"])
                if each["status"] != "approved":
                    continue
                if span[0] <= day <= span[1]:
                    self.requested[each["user"]["id"], day].append(off["hours"])
                if span[0] - _NEARBY <= day <= span[1] + _NEARBY:
                    self._types.add(each["pto_type"]["name"])

    def is_holiday(self, user_id: int, day: date) -> bool:
        """Whether nobody expects the person to work on the day."""
        return (user_id, day) in self._holidays if self._closed is None else day in self._closed

    def is_off(self, entry: Entry) -> bool:
        """Whether an entry is about time off."""
        if self._tasks is not None:
            return entry.task_name in self._tasks
        return entry.task_name in self._types or (not entry.billable and self.is_holiday(entry.user_id, entry.day))


def _holidays(records: Records) -> Iterator[tuple[int, date]]:
    """Yield each person and holiday of the calendar that the person has."""
    calendars = {each["id"]: each["entries"] for each in records.agency.records("pto_holiday_calendars")}
    for each in records.agency.records("pto_assignments"):
        if each["holiday_calendar"] is not None:
            for holiday in calendars[each["holiday_calendar"]["id"]]:
                yield each["user"]["id"], date.fromisoformat(holiday["date"])


def person_days(
    records: Records, first: date, last: date, *, holidays: list[date] | None = None, time_off: list[str] | None = None
) -> Iterator[PersonDay]:
    """Yield each day of each person who was there in a span."""
    calendar = _Calendar(records, (first, last), holidays, time_off)
    by_person: dict[int, list[Entry]] = defaultdict(list)
    for entry in records.entries_of(first, last):
        by_person[entry.user_id].append(entry)
    for identity in records.people.keys() | by_person.keys():
        entries = by_person[identity]
        person = records.people.get(identity) or _unlisted(entries[0])
        written = [each.day for each in entries]
        begin = max(first, min([person.created, *written]))
        end = last if person.is_active else max(written, default=date.min)
        for day in days(begin, end):
            yield _person_day(person, day, calendar, [each for each in entries if each.day == day])


def _unlisted(entry: Entry) -> Person:
    """Return the person of an entry whom Harvest does not list."""
    return Person(entry.user_id, entry.user_name, "", None, None, None, date.max)  # type: ignore[arg-type]


def _person_day(person: Person, day: date, calendar: _Calendar, entries: list[Entry]) -> PersonDay:
    is_working = day.weekday() < _SATURDAY and not calendar.is_holiday(person.id, day)
    work = [each for each in entries if not calendar.is_off(each)]
    empty = PersonDay(
        person,
        day,
        is_working,
        None,
        ZERO,
        sum((each.hours for each in work), ZERO) if work else None,
        sum((each.hours for each in work if each.billable), ZERO),
    )
    booked = sum((each.hours for each in entries if calendar.is_off(each)), ZERO)
    if person.weekly_capacity is None:
        return replace(empty, off=booked if is_working else ZERO)
    whole = (Decimal(person.weekly_capacity) / 3600 / 5).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    if not is_working:
        return replace(empty, capacity=ZERO)
    requested = calendar.requested.get((person.id, day), [])
    off = whole if None in requested else min(whole, max(booked, sum(requested, ZERO)))
    return replace(empty, capacity=whole, off=off)


def utilization(
    records: Records, first: date, last: date, *, starts: str = "Monday", **off: Any
) -> dict[tuple[date, int], dict[str, Any]]:
    """Return what `utilization` should say, by week and user."""
    weeks: dict[tuple[date, int], list[PersonDay]] = defaultdict(list)
    for each in person_days(records, first, last, **off):
        weeks[week_of(each.day, starts), each.person.id].append(each)
    return {key: _week(found) for key, found in weeks.items()}


def _week(found: list[PersonDay]) -> dict[str, Any]:
    person = found[0].person
    known = person.weekly_capacity is not None
    off = sum((each.off for each in found), ZERO)
    capacity = sum((each.capacity or ZERO for each in found), ZERO) - off if known else None
    hours = sum((each.hours or ZERO for each in found), ZERO)
    billable = sum((each.billable_hours for each in found), ZERO)
    return {
        "user_name": person.name,
        "is_contractor": person.is_contractor,
        "is_active": person.is_active,
        "working_days": sum(each.is_working for each in found),
        "capacity_hours": capacity,
        "hours": hours,
        "billable_hours": billable,
        "time_off_hours": off,
        "utilization": share(hours, capacity),
        "billable_utilization": share(billable, capacity),
    }


def timesheet_gaps(
    records: Records, first: date, last: date, *, at_least: Decimal = Decimal("0.8"), **off: Any
) -> dict[tuple[date, int], dict[str, Any]]:
    """Return what `timesheet_gaps` should say, by day and user, once the last day is over."""
    gaps = {}
    for each in person_days(records, first, last, **off):
        expected = (each.capacity or ZERO) - each.off
        hours = each.hours or ZERO
        if each.is_working and expected > 0 and hours < at_least * expected:
            gaps[each.day, each.person.id] = {
                "user_name": each.person.name,
                "email": each.person.email,
                "expected_hours": expected,
                "hours": hours,
                "missing_hours": expected - hours,
                "is_empty": each.hours is None,
            }
    return gaps


def approvals(
    records: Records, first: date, last: date, *, starts: str = "Monday"
) -> dict[tuple[date, int], dict[str, Any]]:
    """Return what `approvals` should say, by week and user."""
    rows: dict[tuple[date, int], dict[str, Any]] = {}
    names = ("hours", "unsubmitted_hours", "submitted_hours", "approved_hours", "running_timers")
    for each in records.entries_of(first, last):
        row = rows.setdefault((week_of(each.day, starts), each.user_id), dict.fromkeys(names, ZERO))
        status = each.record.get("approval_status") or ("approved" if each.record.get("is_closed") else "unsubmitted")
        row["hours"] += each.hours
        row[f"{status}_hours"] += each.hours
        row["running_timers"] += each.record["is_running"]
    return rows
