"""Five years of time entries, by person, project and day, with start and end times.

A day has about a fifth of the person's weekly hours, and its entries follow each other from the morning on. Those who
work in the office, and everyone now and then, book internal time; an absence is booked there as well.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.sandbox.data.absences import SATURDAY
from harvest_duck.sandbox.data.bookings import Booking, BookingCalendar, approval
from harvest_duck.sandbox.data.numbers import CENT, number
from harvest_duck.sandbox.data.people import Person, rate_on
from harvest_duck.sandbox.data.random_source import Ids, RandomSource, weighted
from harvest_duck.sandbox.data.shifts import Shift, shifts
from harvest_duck.sandbox.data.words import NOTES, TIME_OFF

if TYPE_CHECKING:
    from datetime import date

    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.wire import Record

LOCKED_AFTER_DAYS = 120
MORNING = 8 * 60
MIDNIGHT = 24 * 60
NOON = 12
# Shares of the entries of a day: internal time, by whether the person works in the office; meetings of a project.
_INTERNAL_SHARES, _MEETING_SHARE = {False: 0.1, True: 0.5}, 0.06
# Shares of all entries: those with a start and an end, and those that name a ticket.
TIMED_SHARE, LINKED_SHARE = 0.8, 0.08
# Up to these shares of entries of one minute, then of those to the minute.
_MINUTE_SHARE, _EXACT_SHARE = 0.01, 0.25
# Beyond the range of a 32-bit integer, as the ids of Harvest.
FIRST_ID = 2_150_000_000
_TIMERS = 2


class _EntryContext(NamedTuple):
    """The inputs of every entry."""

    profile: AccountProfile
    rng: RandomSource
    ids: Ids


class _Slot(NamedTuple):
    """The time of one entry: its day, and the minutes since midnight at which it starts and ends."""

    day: date
    start: int
    end: int


def time_entry_records(profile: AccountProfile, staff: list[Person], calendar: BookingCalendar) -> list[Record]:
    """Return `profile.time_entries` time entries, oldest first; the last ones of two people are running."""
    context = _EntryContext(profile, profile.rng("time entries"), profile.ids("time entries", FIRST_ID, gap=7))
    records: list[Record] = []
    for shift in shifts(profile, staff):
        _write_day(context, shift, calendar.open_to(shift.person, shift.day), records)
    _start_timers(profile, records)
    return records


def _write_day(context: _EntryContext, shift: Shift, bookings: list[Booking], records: list[Record]) -> None:
    """Append the entries of one person's day."""
    rng, person = context.rng, shift.person
    start = MORNING + 15 * int(rng.random() * 8)
    cost_rate = rate_on(person.cost_rates, shift.day)
    for minutes in _durations(rng, shift):
        slot = _Slot(shift.day, start, start + minutes)
        if shift.absence:
            booking, task = bookings[0], bookings[0].absences[shift.absence]
        else:
            booking = _booking(rng, person, bookings)
            task = booking.meeting if rng.random() < _MEETING_SHARE else rng.pick(booking.tasks)
        record = _entry(context, booking, task, slot, cost_rate=cost_rate)
        records.append(record | {"notes": None, "external_reference": None} if shift.absence else record)
        start = slot.end


def _durations(rng: RandomSource, shift: Shift) -> list[int]:
    """Return the minutes of each entry of a day, which together are about a fifth of the person's week."""
    usual = shift.person.record["weekly_capacity"] / 300
    if shift.absence is None:
        usual *= (0.3 if shift.day.weekday() >= SATURDAY else 0.9) + 0.2 * rng.random()
    weights = [1.0] if shift.entries == 1 else [0.4 + rng.random() for _ in range(shift.entries)]
    scale = usual / fsum(weights)
    if shift.absence:
        return [round(weight * scale) for weight in weights]
    shortest = 1 if shift.entries > 1 else round(usual)
    return [_duration(rng, weight * scale, shortest=shortest) for weight in weights]


def _duration(rng: RandomSource, minutes: float, *, shortest: int) -> int:
    """Return a length near `minutes` as people note it: in steps of five, some to the minute, a few the `shortest`."""
    style = rng.random()
    if style < _MINUTE_SHARE:
        return shortest
    return max(1, round(minutes) if style < _EXACT_SHARE else 5 * round(minutes / 5))


def _booking(rng: RandomSource, person: Person, bookings: list[Booking]) -> Booking:
    """Return the booking of an entry: the internal one, or one of a client."""
    internal = len(bookings) == 1 or rng.random() < _INTERNAL_SHARES[person.in_office]
    return bookings[0] if internal else bookings[1 + int(rng.random() * (len(bookings) - 1))]


@lru_cache(maxsize=2048)
def _hours(minutes: int) -> Decimal:
    """Return the hours of an entry, to two decimals."""
    return number((Decimal(minutes) / 60).quantize(CENT, ROUND_HALF_UP))


def _entry(
    context: _EntryContext, booking: Booking, task_of: tuple[Record, Record], slot: _Slot, *, cost_rate: Decimal
) -> Record:
    """Return one time entry as `/time_entries` gives it, not yet invoiced."""
    rng, profile = context.rng, context.profile
    task, task_assignment = task_of
    billable, hours = task_assignment["billable"], _hours(slot.end - slot.start)
    timed = slot.end < MIDNIGHT and rng.random() < TIMED_SHARE
    spent = slot.day.isoformat()
    created = f"{spent}T{min(slot.end, MIDNIGHT - 1) // 60:02}:{slot.end % 60:02}:{int(rng.random() * 60):02}Z"
    return {
        "id": context.ids.next(),
        "spent_date": spent,
        "hours": hours,
        "hours_without_timer": hours,
        "rounded_hours": profile.time_rounding.rounded(hours),
        "notes": rng.pick(NOTES),
        **_approval_fields(profile, slot.day),
        "is_billed": False,
        "timer_started_at": None,
        "started_time": _clock_text(slot.start, profile.clock) if timed else None,
        "ended_time": _clock_text(slot.end, profile.clock) if timed else None,
        "is_running": False,
        "billable": billable,
        "budgeted": booking.engagement.form.budget_by != "none",
        "billable_rate": booking.billable_rate(task_assignment, slot.day) if billable else None,
        "cost_rate": cost_rate,
        "created_at": created,
        "updated_at": created,
        "user": booking.user,
        "client": booking.client,
        "project": booking.project,
        "task": task,
        "user_assignment": booking.user_assignment,
        "task_assignment": task_assignment,
        "invoice": None,
        "external_reference": _external_reference(rng) if rng.random() < LINKED_SHARE else None,
    }


def _approval_fields(profile: AccountProfile, day: date) -> Record:
    old = (profile.today - day).days > LOCKED_AFTER_DAYS
    status, locked, reason = approval(profile, day, locked=old)
    return {
        "is_locked": locked,
        "locked_reason": reason,
        "is_closed": status == "approved",
        "approval_status": status,
    }


@lru_cache(maxsize=4096)
def _clock_text(minute: int, clock: str) -> str:
    """Return the time of day as the account's clock shows it: 8:05am or 08:05."""
    hour, rest = divmod(minute, 60)
    if clock == "24h":
        return f"{hour:02}:{rest:02}"
    return f"{(hour + 11) % 12 + 1}:{rest:02}{'am' if hour < NOON else 'pm'}"


# Few tickets, so that a filter by one finds several entries.
_TICKETS = weighted(("asana.com", 3), ("trello.com", 2), ("github.com", 1))


def _external_reference(rng: RandomSource) -> Record:
    """Return a link to the ticket that the time was spent on."""
    ticket, service = rng.between(1, 300), rng.pick(_TICKETS)
    return {
        "id": str(120_000 + ticket),
        "group_id": str(80 + ticket % 12),
        "account_id": "4411",
        "permalink": f"https://{service}/tickets/{120_000 + ticket}",
        "service": service,
        "service_icon_url": f"https://proxy.harvestfiles.example/service-icons/{service}.png",
    }


def _start_timers(profile: AccountProfile, records: list[Record]) -> None:
    """Start timers on the last entries of two people: no end, and hours still counting."""
    with_timer: set[int] = set()
    for record in reversed(records[-200:]):
        if record["user"]["id"] in with_timer or record["task"]["name"] in TIME_OFF:
            continue
        with_timer.add(record["user"]["id"])
        stopped = number(max(record["hours"] - Decimal("0.25"), Decimal(0)))
        started = record["started_time"] or _clock_text(MORNING, profile.clock)
        record |= {
            "hours_without_timer": stopped,
            "timer_started_at": record["created_at"],
            "started_time": started,
            "ended_time": None,
            "is_running": True,
            "is_locked": False,
            "locked_reason": None,
            "is_closed": False,
        }
        if len(with_timer) == _TIMERS:
            return
