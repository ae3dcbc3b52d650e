"""How much time off each person has: work schedules, assignments, allocations, and the balances that follow."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.holiday_calendars import calendar_records
from harvest_duck.sandbox.data.numbers import ZERO, amount_of, instant, number
from harvest_duck.sandbox.data.time_off import IN_LIEU, request_records, type_records
from harvest_duck.sandbox.data.words import SICK_LEAVE, VACATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.wire import Record

TABLES = (
    *("pto_types", "pto_requests", "pto_work_schedules", "pto_holiday_calendars", "pto_assignments"),
    "pto_allocations",
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
_WEEKEND = ("saturday", "sunday")
_FULL, _PART = 40, 32
_FRACTION = Decimal("0.0001")
# Of every seven people, the position of the one with more days than usual.
_SENIOR = 3


def time_off_tables(profile: AccountProfile, staff: list[Person], entries: list[Record]) -> dict[str, list[Record]]:
    """Return the tables of paid time off, which are empty in an account without it."""
    if not profile.time_off:
        return {name: [] for name in TABLES}
    types, calendars = type_records(profile), calendar_records(profile)
    schedules, requests = schedule_records(profile, staff), request_records(profile, staff, types, entries)
    return {
        "pto_types": types,
        "pto_requests": requests,
        "pto_work_schedules": schedules,
        "pto_holiday_calendars": calendars,
        "pto_assignments": assignment_records(staff, schedules, calendars[0]),
        "pto_allocations": allocation_records(profile, staff, types, requests),
    }


def schedule_records(profile: AccountProfile, staff: list[Person]) -> list[Record]:
    """Return the schedules of 40 and 32 hours, of which 40 is the default, and those of other weekly capacities."""
    ids = profile.ids("work schedules", 41_000, gap=9)
    made = instant(profile.since, 38_000)
    others = {_weekly_hours(person) for person in staff} - {_FULL, _PART}
    return [
        {
            "id": ids.next(),
            "name": f"{number(hours).normalize():f} hours",
            "is_default": hours == _FULL,
            "is_active": True,
            "weekly_hours": number(hours),
            **{f"{day}_hours": number(Decimal(hours) / len(_WEEKDAYS)) for day in _WEEKDAYS},
            **{f"{day}_hours": number(0) for day in _WEEKEND},
            "created_at": made,
            "updated_at": made,
        }
        for hours in (Decimal(_FULL), Decimal(_PART), *sorted(others, reverse=True))
    ]


def _weekly_hours(person: Person) -> Decimal:
    return Decimal(person.record["weekly_capacity"]) / 3600


def assignment_records(staff: list[Person], schedules: list[Record], calendar: Record) -> list[Record]:
    """Return the schedule and the calendar of everyone who is still there; those with the default name no schedule."""
    by_hours = {each["weekly_hours"]: each for each in schedules}
    records = []
    for person in staff:
        schedule = by_hours[_weekly_hours(person)]
        own = {key: schedule[key] for key in ("id", "name")}
        if person.left is None:
            records.append(
                {
                    "user": person.short,
                    "holiday_calendar": {key: calendar[key] for key in ("id", "name")},
                    "work_schedule": None if schedule["is_default"] else own,
                    "effective_work_schedule": {key: schedule[key] for key in ("name", "weekly_hours")},
                }
            )
    return records


def allocation_records(
    profile: AccountProfile, staff: list[Person], types: list[Record], requests: list[Record]
) -> list[Record]:
    """Return the days of last year and this year; what is left of vacation goes along, and contractors have hours."""
    ids = profile.ids("pto allocations", 620_000)
    records = []
    for position, person in enumerate(staff):
        names = (VACATION, SICK_LEAVE, IN_LIEU) if person.record["is_contractor"] else (VACATION, SICK_LEAVE)
        for kind in (each for each in types if each["name"] in names):
            left = ZERO
            for year in (profile.today.year - 1, profile.today.year):
                if person.hired.year <= year and (person.left is None or person.left.year >= year):
                    own = number(30) if position % 7 == _SENIOR and kind["name"] == VACATION else None
                    carried = min(left, amount_of(kind["max_carryover_days"]))
                    record = _allocation(ids.next(), person, kind, year, own=own, carried=carried)
                    records.append(record)
                    used = _taken(requests, person.record["id"], kind["id"], year, date(year, 12, 31))[0]
                    left = max(ZERO, record["effective_days_per_year"] + carried - used)
    return records


def _allocation(
    identity: int, person: Person, kind: Record, year: int, *, own: Decimal | None, carried: Decimal
) -> Record:
    made = instant(max(person.hired, date(year, 1, 1)), 9 * 3600)
    accrual = {key: value for key, value in kind.items() if key.startswith("accrual_")}
    return {
        "id": identity,
        "year": year,
        "user": person.short,
        "pto_type": {key: kind[key] for key in ("id", "name")},
        **accrual,
        "days_per_year": own,
        "carryover_days": number(carried),
        "requires_approval": None if own is None else False,
        "effective_days_per_year": own or kind["default_days_per_year"],
        "effective_accrual_type": kind["accrual_type"],
        "effective_accrual_schedule": kind["accrual_schedule"],
        "effective_requires_approval": own is None and kind["requires_approval"],
        "created_at": made,
        "updated_at": made,
    }


def balance(tables: dict[str, list[Record]], user: Record, year: int, as_of: date) -> Record:
    """Return the balances of a user on a day, as `/pto/balances` gives them, from the other tables of time off."""
    return {
        "user": {"id": user["id"], "name": f"{user.get('first_name')} {user.get('last_name')}"},
        "year": year,
        "as_of": as_of.isoformat(),
        "balances": [
            _balance(tables, user["id"], kind, year, as_of) for kind in tables["pto_types"] if kind.get("is_active")
        ],
    }


def _balance(tables: dict[str, list[Record]], user_id: int, kind: Record, year: int, as_of: date) -> Record:
    """Return the balance of one type: what is allocated and carried over, less the days that were taken or wait."""
    allocated = next(
        (
            each
            for each in tables["pto_allocations"]
            if (each["user"]["id"], each["pto_type"]["id"], each["year"]) == (user_id, kind["id"], year)
        ),
        {},
    )
    unlimited = kind.get("default_days_per_year") is None
    accrued, carried = amount_of(allocated.get("effective_days_per_year")), amount_of(allocated.get("carryover_days"))
    used, used_hours = _taken(tables["pto_requests"], user_id, kind["id"], year, as_of)
    pending, pending_hours = _taken(
        tables["pto_requests"], user_id, kind["id"], year, date(year, 12, 31), status="pending"
    )
    available = accrued + carried
    known = {"accrued_days": accrued, "carryover_days": carried, "available_days": available}
    known["remaining_days"] = available - used - pending
    shares = {"used_fraction": used, "pending_fraction": pending}
    return {
        "pto_type": {key: kind.get(key) for key in ("id", "name")},
        "is_requestable": True,
        "year": year,
        "as_of": as_of.isoformat(),
        "is_unlimited": unlimited,
        "requires_approval": allocated.get("effective_requires_approval", kind.get("requires_approval")),
        "effective_accrual_type": kind.get("accrual_type"),
        "accrual_schedule": kind.get("accrual_schedule"),
        **{key: None if unlimited else _text(value) for key, value in known.items()},
        "used_days": _text(used),
        "pending_days": _text(pending),
        "used_hours": _text(used_hours),
        "pending_hours": _text(pending_hours),
        **{key: _text((value / available).quantize(_FRACTION)) if available else None for key, value in shares.items()},
    }


def _text(value: Decimal) -> str:
    """Return a decimal as the text that balances have in place of a number: 25.0."""
    return f"{number(value):f}"


def _taken(
    requests: list[Record], user_id: int, type_id: int, year: int, last: date, *, status: str = "approved"
) -> tuple[Decimal, Decimal]:
    """Return the days and the hours of the requests in a year up to a day."""
    first, end = f"{year}-01-01", last.isoformat()
    found = [
        day
        for each in requests
        if each["status"] == status and (each["user"]["id"], each["pto_type"]["id"]) == (user_id, type_id)
        for day in each["request_days"]
        if first <= day["date"] <= end
    ]
    return sum((each["day_fraction"] for each in found), ZERO), sum((each["hours"] for each in found), ZERO)


def balance_days(today: date, year: int | None = None, as_of: date | None = None) -> tuple[int, date]:
    """Return the year and the day of a balance: the present ones unless they are given, a past year at its end."""
    year = year or (as_of or today).year
    usual = min(max(today, date(year, 1, 1)), date(year, 12, 31))
    return year, as_of or usual


def balances(tables: dict[str, list[Record]], users: list[Record], today: date) -> Iterator[Record]:
    """Yield the present balances of all users, each with the members around it."""
    for user in users:
        whole = balance(tables, user, *balance_days(today))
        for each in whole["balances"]:
            yield {"user_id": user["id"], "user": whole["user"], **each}
