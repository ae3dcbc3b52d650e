"""Expense categories, and expenses with receipts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.bookings import Booking, BookingCalendar, approval
from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.numbers import cents, instant, number
from harvest_duck.sandbox.data.time_entries import LOCKED_AFTER_DAYS
from harvest_duck.sandbox.data.words import EXPENSE_CATEGORIES, EXPENSE_NOTES, TIME_OFF

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.random_source import Ids, RandomSource
    from harvest_duck.sandbox.wire import Record

# Of each unit, the most in one expense; what has no unit is one piece.
_MOST_UNITS = {"mile": 180, "parcel": 8, None: 1}


def expense_category_records(profile: AccountProfile) -> list[Record]:
    """Return the categories; a few have a price per unit, and the last is archived."""
    rng = profile.rng("expense categories")
    ids = profile.ids("expense categories", 4_195_000)
    return [
        {
            "id": ids.next(),
            "name": name,
            "unit_name": unit_name,
            "unit_price": None if unit_price is None else number(Decimal(unit_price)),
            "is_active": active,
            "created_at": instant(profile.since, 33000 + 40 * position),
            "updated_at": instant(profile.since + timedelta(days=rng.between(0, 1400)), 50000),
        }
        for position, (name, unit_name, unit_price, active) in enumerate(EXPENSE_CATEGORIES)
    ]


def expense_records(
    profile: AccountProfile,
    staff: list[Person],
    calendar: BookingCalendar,
    categories: list[Record],
    entries: list[Record],
) -> list[Record]:
    """Return the expenses, oldest first, not yet invoiced; nobody has one on a day off in the time `entries`."""
    rng = profile.rng("expenses")
    ids = profile.ids("expenses", 15_296_000)
    days = (profile.today - profile.since).days
    away = {(each["user"]["id"], each["spent_date"]) for each in entries if each["task"]["name"] in TIME_OFF}
    first = profile.since
    while not _present(staff, first, away):
        first += timedelta(days=1)
    records = []
    for position in range(profile.expenses):
        day = max(first, profile.since + timedelta(days=int(days * position / profile.expenses)))
        while not (present := _present(staff, day, away)):
            day -= timedelta(days=1)
        person = rng.pick(present)
        booking = rng.pick(calendar.open_to(person, day))
        records.append(_expense(profile, rng, ids, booking, day=day, category=rng.pick(categories)))
    return records


def _present(staff: list[Person], day: date, away: set[tuple[int, str]]) -> list[Person]:
    """Return those who are employed on `day` and not away."""
    text = day.isoformat()
    return [
        each
        for each in staff
        if each.hired <= day and (each.left is None or day <= each.left) and (each.record["id"], text) not in away
    ]


def _expense(
    profile: AccountProfile, rng: RandomSource, ids: Ids, booking: Booking, *, day: date, category: Record
) -> Record:
    """Return one expense as `/expenses` gives it."""
    status, locked, reason = approval(profile, day, locked=(profile.today - day).days > LOCKED_AFTER_DAYS)
    units = Decimal(rng.between(1, _MOST_UNITS[category["unit_name"]]))
    price = category["unit_price"] or Decimal(rng.between(350, 42000)) / 100
    identity = ids.next()
    made = instant(day, rng.between(36000, 70000))
    return {
        "id": identity,
        "notes": rng.pick(EXPENSE_NOTES[category["name"]]),
        "total_cost": number(cents(units * price)),
        "units": number(units),
        "is_closed": status == "approved",
        "approval_status": status,
        "is_locked": locked,
        "is_billed": False,
        "locked_reason": reason,
        "spent_date": day.isoformat(),
        "created_at": made,
        "updated_at": made,
        "billable": booking.engagement.project["is_billable"] and rng.chance(0.8),
        "receipt": _receipt(profile, rng, identity),
        "user": booking.user,
        "user_assignment": booking.user_assignment,
        "project": booking.engagement.short,
        "expense_category": {key: category[key] for key in ("id", "name", "unit_price", "unit_name")},
        "client": short_client(booking.engagement.client, currency=True),
        "invoice": None,
    }


def _receipt(profile: AccountProfile, rng: RandomSource, identity: int) -> Record | None:
    """Return the receipt, None for an expense without one."""
    if rng.chance(0.4):
        return None
    name = rng.pick(("lunch receipt.gif", "IMG_2041.jpg", "Rechnung.pdf", "ticket.pdf"))
    kind = {"gif": "image/gif", "jpg": "image/jpeg", "pdf": "application/pdf"}[name.rsplit(".", 1)[1]]
    url = f"https://{profile.domain}/expenses/{identity}/receipt"
    return {"url": url, "file_name": name, "file_size": rng.between(9000, 2_400_000), "content_type": kind}
