"""What the agency pays for its work: expense categories, and expenses with receipts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.bookings import Booking, Diary, approval
from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.numbers import cents, instant, number
from harvest_duck.sandbox.data.time_entries import LOCKED_AFTER_DAYS
from harvest_duck.sandbox.data.words import EXPENSE_CATEGORIES, EXPENSE_NOTES

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import Plan
    from harvest_duck.sandbox.data.random_source import Dice, Ids
    from harvest_duck.sandbox.wire import Record

_NO_RECEIPT = ("url", "file_name", "file_size", "content_type")


def expense_category_records(plan: Plan) -> list[Record]:
    """The categories; a few have a price per unit, and the last is archived."""
    dice = plan.dice("expense categories")
    ids = plan.ids("expense categories", 4_195_000)
    return [
        {
            "id": ids.next(),
            "name": name,
            "unit_name": unit_name,
            "unit_price": None if unit_price is None else number(Decimal(unit_price)),
            "is_active": active,
            "created_at": instant(plan.since, 33000 + 40 * position),
            "updated_at": instant(plan.since + timedelta(days=dice.between(0, 1400)), 50000),
        }
        for position, (name, unit_name, unit_price, active) in enumerate(EXPENSE_CATEGORIES)
    ]


def expense_records(plan: Plan, staff: list[Person], diary: Diary, categories: list[Record]) -> list[Record]:
    """The expenses, oldest first, not invoiced yet."""
    dice = plan.dice("expenses")
    ids = plan.ids("expenses", 15_296_000)
    days = (plan.today - plan.since).days
    records = []
    for position in range(plan.expenses):
        day = plan.since + timedelta(days=int(days * position / plan.expenses))
        there = [each for each in staff if each.hired <= day and (each.left is None or day <= each.left)]
        person = dice.pick(there)
        booking = dice.pick(diary.open_to(person, day))
        records.append(_expense(plan, dice, ids, booking, day=day, category=dice.pick(categories)))
    return records


def _expense(plan: Plan, dice: Dice, ids: Ids, booking: Booking, *, day: date, category: Record) -> Record:
    """One expense as `/expenses` gives it."""
    status, locked, reason = approval(plan, day, locked=(plan.today - day).days > LOCKED_AFTER_DAYS)
    units = Decimal(dice.between(1, 180)) if category["unit_price"] else Decimal(1)
    price = category["unit_price"] or Decimal(dice.between(350, 42000)) / 100
    identity = ids.next()
    made = instant(day, dice.between(36000, 70000))
    return {
        "id": identity,
        "notes": dice.pick(EXPENSE_NOTES),
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
        "billable": booking.engagement.project["is_billable"] and dice.chance(0.8),
        "receipt": _receipt(plan, dice, identity),
        "user": booking.user,
        "user_assignment": booking.user_assignment,
        "project": booking.engagement.short,
        "expense_category": {key: category[key] for key in ("id", "name", "unit_price", "unit_name")},
        "client": short_client(booking.engagement.client, currency=True),
        "invoice": None,
    }


def _receipt(plan: Plan, dice: Dice, identity: int) -> Record | None:
    """The receipt; where there is none, an object of nulls in one account and null in the other."""
    if dice.chance(0.4):
        return dict.fromkeys(_NO_RECEIPT) if plan.currency == "USD" else None
    name = dice.pick(("lunch receipt.gif", "IMG_2041.jpg", "Rechnung.pdf", "ticket.pdf"))
    kind = {"gif": "image/gif", "jpg": "image/jpeg", "pdf": "application/pdf"}[name.rsplit(".", 1)[1]]
    url = f"https://{plan.domain}/expenses/{identity}/receipt"
    return {"url": url, "file_name": name, "file_size": dice.between(9000, 2_400_000), "content_type": kind}
