"""Five years of time entries: who worked on what, on which day, from when to when.

Weekdays are worked and weekends rarely; a day's entries follow one another from the morning on. The number of entries
is met exactly: each working day of each person draws a weight, and the entries are dealt out along the running sum.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.sandbox.data.bookings import Booking, Diary, approval
from harvest_duck.sandbox.data.numbers import number, rounded_up
from harvest_duck.sandbox.data.people import Person, rate_on
from harvest_duck.sandbox.data.random_source import Dice, Ids, loaded
from harvest_duck.sandbox.data.words import NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox.data.profile import Plan
    from harvest_duck.sandbox.wire import Record

SATURDAY = 5
LOCKED_AFTER_DAYS = 120
MORNING = 8 * 60
MIDNIGHT = 24 * 60
NOON = 12
# Of all entries: time that no client pays, entries with a start and an end, entries that name a ticket.
UNPAID_SHARE, TIMED_SHARE, LINKED_SHARE = 0.12, 0.8, 0.08
# Beyond the range of a 32-bit integer, as Harvest's have been for years.
FIRST_ID = 2_150_000_000


def _hours(*texts: str) -> tuple[Decimal, ...]:
    return tuple(number(text) for text in texts)


# By how many entries share the day: few long ones or many short ones.
_LONG = _hours("7.5", "8.0", "4.0", "3.5", "5.25", "6.0", "2.75", "3.33", "4.5", "2.0", "7.92", "10.0")
_MEDIUM = _hours("0.33", "0.5", "1.25", "2.0", "1.0", "1.67", "2.5", "0.75", "3.0", "1.08", "0.02", "1.5")
_SHORT = _hours("0.1", "0.17", "0.25", "0.33", "0.5", "0.42", "0.75", "0.08", "1.0")
FEW, SEVERAL = 2, 5


class Shift(NamedTuple):
    """A person's entries of one day: `entries` of them."""

    person: Person
    day: date
    entries: int


class _Desk(NamedTuple):
    """What writing an entry needs."""

    plan: Plan
    dice: Dice
    ids: Ids


def time_entry_records(plan: Plan, staff: list[Person], diary: Diary) -> list[Record]:
    """The time entries, oldest first, `plan.time_entries` of them; the last ones of two people still run."""
    desk = _Desk(plan, plan.dice("time entries"), plan.ids("time entries", FIRST_ID, gap=7))
    records: list[Record] = []
    for shift in _shifts(plan, staff):
        _write_day(desk, shift, diary.open_to(shift.person, shift.day), records)
    _start_timers(plan, records)
    return records


def _shifts(plan: Plan, staff: list[Person]) -> Iterator[Shift]:
    """The days on which someone has entries, oldest first; the counts sum up to the plan's."""
    dice = plan.dice("shifts")
    worked = [
        (person, day, 0.4 + dice.roll())
        for day in _days(plan)
        for person in staff
        if person.hired <= day and (person.left is None or day <= person.left)
        if dice.chance(0.02 if day.weekday() >= SATURDAY else 0.93)
    ]
    whole = sum(weight for _, _, weight in worked)
    running, dealt = 0.0, 0
    for position, (person, day, weight) in enumerate(worked, start=1):
        running += weight
        due = (
            plan.time_entries
            if position == len(worked)
            else min(int(running / whole * plan.time_entries), plan.time_entries)
        )
        if due > dealt:
            yield Shift(person, day, due - dealt)
            dealt = due


def _days(plan: Plan) -> Iterator[date]:
    """Every day of the account's life, today included."""
    for offset in range((plan.today - plan.since).days + 1):
        yield plan.since + timedelta(days=offset)


def _write_day(desk: _Desk, shift: Shift, bookings: list[Booking], records: list[Record]) -> None:
    """Append the entries of one person's day."""
    dice = desk.dice
    lengths = _LONG if shift.entries <= FEW else _MEDIUM if shift.entries <= SEVERAL else _SHORT
    minute = MORNING + 15 * int(dice.roll() * 8)
    cost_rate = rate_on(shift.person.cost_rates, shift.day)
    for _ in range(shift.entries):
        internal = len(bookings) == 1 or dice.roll() < UNPAID_SHARE
        booking = bookings[0] if internal else bookings[1 + int(dice.roll() * (len(bookings) - 1))]
        hours = dice.pick(lengths)
        records.append(_entry(desk, booking, shift.day, minute=minute, hours=hours, cost_rate=cost_rate))
        minute += int(hours * 60)


def _entry(desk: _Desk, booking: Booking, day: date, *, minute: int, hours: Decimal, cost_rate: Decimal) -> Record:
    """One time entry as `/time_entries` gives it, not invoiced yet."""
    dice = desk.dice
    task, task_assignment = dice.pick(booking.tasks)
    billable = task_assignment["billable"]
    old = (desk.plan.today - day).days > LOCKED_AFTER_DAYS
    status, locked, reason = approval(desk.plan, day, locked=old)
    ended = minute + int(hours * 60)
    timed = ended < MIDNIGHT and dice.roll() < TIMED_SHARE
    spent = day.isoformat()
    created = f"{spent}T{min(ended, MIDNIGHT - 1) // 60:02}:{ended % 60:02}:{int(dice.roll() * 60):02}Z"
    return {
        "id": desk.ids.next(),
        "spent_date": spent,
        "hours": hours,
        "hours_without_timer": hours,
        "rounded_hours": rounded_up(hours) if desk.plan.rounds_up else hours,
        "notes": dice.pick(NOTES),
        "is_locked": locked,
        "locked_reason": reason,
        "is_closed": status == "approved",
        "approval_status": status,
        "is_billed": False,
        "timer_started_at": None,
        "started_time": _clock_text(minute, desk.plan.clock) if timed else None,
        "ended_time": _clock_text(ended, desk.plan.clock) if timed else None,
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
        "external_reference": _external_reference(dice) if dice.roll() < LINKED_SHARE else None,
    }


@lru_cache(maxsize=4096)
def _clock_text(minute: int, clock: str) -> str:
    """The time of day as the account's clock shows it: 8:05am or 08:05."""
    hour, rest = divmod(minute, 60)
    if clock == "24h":
        return f"{hour:02}:{rest:02}"
    return f"{(hour + 11) % 12 + 1}:{rest:02}{'am' if hour < NOON else 'pm'}"


# Tickets are few and come back, so that filtering by one finds several entries.
_TICKETS = loaded(("asana.com", 3), ("trello.com", 2), ("github.com", 1))


def _external_reference(dice: Dice) -> Record:
    """A link to the ticket that the time was spent on."""
    ticket, service = dice.between(1, 300), dice.pick(_TICKETS)
    return {
        "id": str(120_000 + ticket),
        "group_id": str(80 + ticket % 12),
        "account_id": "4411",
        "permalink": f"https://{service}/tickets/{120_000 + ticket}",
        "service": service,
        "service_icon_url": f"https://proxy.harvestfiles.example/service-icons/{service}.png",
    }


def _start_timers(plan: Plan, records: list[Record]) -> None:
    """Let the last entries of two people run: no end, and hours still counting."""
    seen: set[int] = set()
    for record in reversed(records[-200:]):
        if record["user"]["id"] in seen:
            continue
        seen.add(record["user"]["id"])
        stopped = number(max(record["hours"] - Decimal("0.25"), Decimal(0)))
        started = record["started_time"] or _clock_text(MORNING, plan.clock)
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
        if len(seen) == FEW:
            return
