"""Five years of time entries, by person, project and day, with start and end times.

People work on weekdays and rarely on weekends; the entries of a day follow each other from the morning on. The number
of entries is exact: each working day of each person gets a random weight, and the entries are shared out by the running
sum.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.sandbox.data.bookings import Booking, BookingCalendar, approval
from harvest_duck.sandbox.data.numbers import number, rounded_up
from harvest_duck.sandbox.data.people import Person, rate_on
from harvest_duck.sandbox.data.random_source import Ids, RandomSource, weighted
from harvest_duck.sandbox.data.words import NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.wire import Record

SATURDAY = 5
LOCKED_AFTER_DAYS = 120
MORNING = 8 * 60
MIDNIGHT = 24 * 60
NOON = 12
# Shares of all entries: internal time, entries with a start and an end, entries that name a ticket.
INTERNAL_SHARE, TIMED_SHARE, LINKED_SHARE = 0.12, 0.8, 0.08
# Beyond the range of a 32-bit integer, as the ids of Harvest.
FIRST_ID = 2_150_000_000


def _hours(*texts: str) -> tuple[Decimal, ...]:
    return tuple(number(text) for text in texts)


# Hours by the number of entries of the day: few long ones or many short ones.
_LONG = _hours("7.5", "8.0", "4.0", "3.5", "5.25", "6.0", "2.75", "3.33", "4.5", "2.0", "7.92", "10.0")
_MEDIUM = _hours("0.33", "0.5", "1.25", "2.0", "1.0", "1.67", "2.5", "0.75", "3.0", "1.08", "0.02", "1.5")
_SHORT = _hours("0.1", "0.17", "0.25", "0.33", "0.5", "0.42", "0.75", "0.08", "1.0")
FEW, SEVERAL = 2, 5


class Shift(NamedTuple):
    """The number of a person's entries of one day."""

    person: Person
    day: date
    entries: int


class _EntryContext(NamedTuple):
    """The inputs of every entry."""

    profile: AccountProfile
    rng: RandomSource
    ids: Ids


def time_entry_records(profile: AccountProfile, staff: list[Person], calendar: BookingCalendar) -> list[Record]:
    """Return `profile.time_entries` time entries, oldest first; the last ones of two people are running."""
    context = _EntryContext(profile, profile.rng("time entries"), profile.ids("time entries", FIRST_ID, gap=7))
    records: list[Record] = []
    for shift in _shifts(profile, staff):
        _write_day(context, shift, calendar.open_to(shift.person, shift.day), records)
    _start_timers(profile, records)
    return records


def _shifts(profile: AccountProfile, staff: list[Person]) -> Iterator[Shift]:
    """Return the days on which someone has entries, oldest first; the counts sum up to `profile.time_entries`."""
    rng = profile.rng("shifts")
    worked = [
        (person, day, 0.4 + rng.random())
        for day in _days(profile)
        for person in staff
        if person.hired <= day and (person.left is None or day <= person.left)
        if rng.chance(0.02 if day.weekday() >= SATURDAY else 0.93)
    ]
    whole = sum(weight for _, _, weight in worked)
    running, dealt = 0.0, 0
    for position, (person, day, weight) in enumerate(worked, start=1):
        running += weight
        due = (
            profile.time_entries
            if position == len(worked)
            else min(int(running / whole * profile.time_entries), profile.time_entries)
        )
        if due > dealt:
            yield Shift(person, day, due - dealt)
            dealt = due


def _days(profile: AccountProfile) -> Iterator[date]:
    """Return every day of the account, today included."""
    for offset in range((profile.today - profile.since).days + 1):
        yield profile.since + timedelta(days=offset)


def _write_day(context: _EntryContext, shift: Shift, bookings: list[Booking], records: list[Record]) -> None:
    """Append the entries of one person's day."""
    rng = context.rng
    lengths = _LONG if shift.entries <= FEW else _MEDIUM if shift.entries <= SEVERAL else _SHORT
    minute = MORNING + 15 * int(rng.random() * 8)
    cost_rate = rate_on(shift.person.cost_rates, shift.day)
    for _ in range(shift.entries):
        internal = len(bookings) == 1 or rng.random() < INTERNAL_SHARE
        booking = bookings[0] if internal else bookings[1 + int(rng.random() * (len(bookings) - 1))]
        hours = rng.pick(lengths)
        records.append(_entry(context, booking, shift.day, minute=minute, hours=hours, cost_rate=cost_rate))
        minute += int(hours * 60)


def _entry(
    context: _EntryContext, booking: Booking, day: date, *, minute: int, hours: Decimal, cost_rate: Decimal
) -> Record:
    """Return one time entry as `/time_entries` gives it, not yet invoiced."""
    rng = context.rng
    task, task_assignment = rng.pick(booking.tasks)
    billable = task_assignment["billable"]
    ended = minute + int(hours * 60)
    timed = ended < MIDNIGHT and rng.random() < TIMED_SHARE
    spent = day.isoformat()
    created = f"{spent}T{min(ended, MIDNIGHT - 1) // 60:02}:{ended % 60:02}:{int(rng.random() * 60):02}Z"
    return {
        "id": context.ids.next(),
        "spent_date": spent,
        "hours": hours,
        "hours_without_timer": hours,
        "rounded_hours": rounded_up(hours) if context.profile.rounds_up else hours,
        "notes": rng.pick(NOTES),
        **_approval_fields(context.profile, day),
        "is_billed": False,
        "timer_started_at": None,
        "started_time": _clock_text(minute, context.profile.clock) if timed else None,
        "ended_time": _clock_text(ended, context.profile.clock) if timed else None,
        "is_running": False,
        "billable": billable,
        "budgeted": booking.engagement.project["budget_by"] != "none",
        "billable_rate": booking.billable_rate(task_assignment, day) if billable else None,
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
        if record["user"]["id"] in with_timer:
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
        if len(with_timer) == FEW:
            return
