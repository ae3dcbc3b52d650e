"""The types of paid time off, and the requests for it: those that time entries bear out, and those still to come.

A day with time on the task of a type is a day off that was approved. A request that was denied is about days on which
the person worked. A vacation that goes on after today is one request. Requests for the next months are approved or
wait.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.sandbox.data.absences import SATURDAY, planned_vacations
from harvest_duck.sandbox.data.holiday_calendars import AMERICAN, holiday_dates
from harvest_duck.sandbox.data.numbers import instant, number
from harvest_duck.sandbox.data.words import SICK_LEAVE, TIME_OFF, VACATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.random_source import Ids, RandomSource
    from harvest_duck.sandbox.wire import Record

#: The names of the types on which no time is booked. Those of the others are the names of their tasks.
UNPAID, IN_LIEU = "Unpaid Leave", "Time in Lieu"
_WORK = "Work"
_WORKING_DAYS = 5


class _Span(NamedTuple):
    """The days of one request, and how far it has come."""

    person: Person
    kind: str
    days: list[date]
    status: str


class _RequestContext(NamedTuple):
    """The inputs of every request."""

    profile: AccountProfile
    rng: RandomSource
    ids: Ids
    day_ids: Ids
    types: dict[str, Record]
    reviewers: list[Person]


def type_records(profile: AccountProfile) -> list[Record]:
    """Return vacation, sick leave, unpaid leave without a limit, time in lieu by the hour, and an archived type."""
    ids = profile.ids("pto types", 21_000, gap=9)
    made = instant(profile.since, 37_000)
    usual = {"accrual_type": "fixed", "accrual_schedule": "yearly", "accrual_first_payday": None}
    hourly = {
        "accrual_type": "hourly",
        "accrual_schedule": "biweekly",
        "accrual_first_payday": profile.since.isoformat(),
    }
    kinds = (
        (VACATION, "#fa5d00", "palm_tree", number(25), number(5), usual),
        (SICK_LEAVE, "#2b78c2", "thermometer", number(10), number(0), usual),
        (UNPAID, "#777777", "calendar", None, None, {"accrual_type": "unlimited", "accrual_schedule": None}),
        (IN_LIEU, "#22a079", "clock", number(0), number(0), hourly),
        ("Sabbatical", "#8a57c2", "compass", None, None, {"accrual_type": "unlimited", "accrual_schedule": None}),
    )
    return [
        {"id": ids.next(), "name": name, "color": color, "icon": icon, "accrual_first_payday": None}
        | accrual
        | {
            "accrual_leave_hours": number(1) if accrual is hourly else None,
            "accrual_worked_hours": number(30) if accrual is hourly else None,
            "accrual_max_hours_per_year": number(80) if accrual is hourly else None,
            "default_days_per_year": days,
            "max_carryover_days": most,
            "requires_approval": name != SICK_LEAVE,
            "visible_to_all": name == VACATION,
            "is_active": name != "Sabbatical",
            "created_at": made,
            "updated_at": made,
        }
        for name, color, icon, days, most, accrual in kinds
    ]


def request_records(
    profile: AccountProfile, staff: list[Person], types: list[Record], entries: list[Record]
) -> list[Record]:
    """Return the requests of last year and this year, oldest first; `entries` are all time entries."""
    context = _RequestContext(
        profile,
        profile.rng("pto requests"),
        profile.ids("pto requests", 910_000),
        profile.ids("pto request days", 5_200_000, gap=7),
        {each["name"]: each for each in types},
        staff[:2],
    )
    days = _days_booked(profile, entries)
    taken = list(_taken(profile, staff, days))
    spans = [*taken, *_asked_for(context, staff, taken, days)]
    return [
        _request(context, span) for span in sorted(spans, key=lambda span: (span.days[0], span.person.record["id"]))
    ]


def _days_booked(profile: AccountProfile, entries: list[Record]) -> dict[tuple[int, str], set[date]]:
    """Return the weekdays of last year and this year with time, by user and by the name of the time off or `_WORK`."""
    first = date(profile.today.year - 1, 1, 1).isoformat()
    days: dict[tuple[int, str], set[date]] = {}
    for entry in entries:
        if entry["spent_date"] >= first:
            task, day = entry["task"]["name"], date.fromisoformat(entry["spent_date"])
            if day.weekday() < SATURDAY:
                days.setdefault((entry["user"]["id"], task if task in TIME_OFF else _WORK), set()).add(day)
    return days


def _taken(profile: AccountProfile, staff: list[Person], days: dict[tuple[int, str], set[date]]) -> Iterator[_Span]:
    """Yield the days off on which time was booked, in a row where only days without work lie between them."""
    planned = planned_vacations(profile, staff)
    for person in staff:
        identity = person.record["id"]
        vacation = sorted(days.get((identity, VACATION), ()))
        yield from _spans(person, VACATION, vacation + _rest(vacation, planned[identity], profile.today))
        yield from _spans(person, SICK_LEAVE, sorted(days.get((identity, SICK_LEAVE), ())))


def _rest(taken: list[date], planned: frozenset[date], today: date) -> list[date]:
    """Return the days after today of a vacation that has begun."""
    rest: list[date] = []
    day = _next_working_day(taken[-1]) if taken else today
    while day > today and day in planned:
        rest.append(day)
        day = _next_working_day(day)
    return rest


def _spans(person: Person, kind: str, days: list[date]) -> Iterator[_Span]:
    row: list[date] = []
    for day in days:
        if row and (day != _next_working_day(row[-1]) or day.year != row[-1].year):
            yield _Span(person, kind, row, "approved")
            row = []
        row.append(day)
    if row:
        yield _Span(person, kind, row, "approved")


def _next_working_day(day: date) -> date:
    while True:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY and day not in holiday_dates(AMERICAN, day.year):
            return day


def _asked_for(
    context: _RequestContext, staff: list[Person], taken: list[_Span], days: dict[tuple[int, str], set[date]]
) -> Iterator[_Span]:
    """Yield a request of everyone for the next months, and some of the last ones that were denied or withdrawn."""
    rng, today = context.rng, context.profile.today
    last = {span.person.record["id"]: span.days[-1] for span in sorted(taken, key=lambda span: span.days)}
    for position, person in enumerate(staff):
        if person.left is not None:
            continue
        start = max(today + timedelta(days=rng.between(5, 90)), last.get(person.record["id"], today))
        kind = UNPAID if position % 6 == 4 else VACATION  # noqa: PLR2004 - the contractor of every six people
        count = rng.between(1, 10) if position % 4 else 1
        yield _Span(person, kind, _days(start, count), "pending" if position % 2 else "approved")
        if position % 3 == 1:
            denied, count = today - timedelta(days=rng.between(30, 200)), rng.between(1, 4)
            status = rng.pick(("denied", "denied", "cancelled"))
            worked = _in_a_row(denied, count, days.get((person.record["id"], _WORK), set()))
            if worked:
                yield _Span(person, VACATION, worked, status)


def _days(start: date, count: int) -> list[date]:
    """Return so many working days of one year, the first of them after `start`."""
    found = [_next_working_day(start)]
    while len(found) < count and (day := _next_working_day(found[-1])).year == found[0].year:
        found.append(day)
    return found


def _in_a_row(start: date, count: int, days: set[date]) -> list[date]:
    """Return the first of `days` from `start` on, and up to `count` of them with nothing but days off between them."""
    first = min((day for day in days if day >= start), default=None)
    found = [] if first is None else [first]
    while found and len(found) < count and (day := _next_working_day(found[-1])) in days:
        found.append(day)
    return found


def _request(context: _RequestContext, span: _Span) -> Record:
    """Return one request as `/pto/requests` gives it."""
    rng, (person, kind, days, status) = context.rng, span
    half = len(days) == 1 and days[0] > context.profile.today
    first = min(days[0], context.profile.today)
    asked = instant(max(person.hired, first - timedelta(days=0 if kind == SICK_LEAVE else rng.between(7, 60))), 30_000)
    reviewed = None if status == "pending" else max(asked, instant(first - timedelta(days=rng.between(1, 5)), 50_000))
    reviewer = next(each for each in context.reviewers if each is not person)
    changed = reviewed or asked
    return {
        "id": context.ids.next(),
        "status": status,
        "start_date": days[0].isoformat(),
        "end_date": days[-1].isoformat(),
        "days": number(Decimal("0.5")) if half else number(len(days)),
        "business_days_at_submission": len(days),
        "start_time_minutes": 13 * 60 if half else None,
        "end_time_minutes": 17 * 60 if half else None,
        "notes": rng.pick(("Family visit", "", None, "Summer!", "Moving house")),
        "review_reason": "Too many of us are away" if status == "denied" else None,
        "reviewed_at": reviewed,
        "created_at": asked,
        "updated_at": changed,
        "user": person.short,
        "pto_type": {key: context.types[kind][key] for key in ("id", "name", "color", "icon")},
        "reviewer": reviewer.short if reviewed else None,
        "request_days": [_day(context, person, day, asked, half=half) for day in days],
    }


def _day(context: _RequestContext, person: Person, day: date, asked: str, *, half: bool) -> Record:
    """Return one day of a request; a whole one has a fifth of the person's week."""
    fraction = Decimal("0.5") if half else Decimal(1)
    hours = Decimal(person.record["weekly_capacity"]) / 3600 / _WORKING_DAYS * fraction
    return {
        "id": context.day_ids.next(),
        "date": day.isoformat(),
        "hours": number(hours),
        "day_fraction": number(fraction),
        "created_at": asked,
        "updated_at": asked,
    }


def request_days(requests: list[Record]) -> Iterator[Record]:
    """Yield the days of all requests, each with the id of its request."""
    for request in requests:
        for day in request.get("request_days") or ():
            yield {"pto_request_id": request["id"], **day}
