"""What the agency offers before it works: estimates with line items, the messages about them, and item categories."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.numbers import cents, instant, number, total
from harvest_duck.sandbox.data.random_source import Dice, Ids, loaded
from harvest_duck.sandbox.data.words import PROJECT_KINDS

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import Plan
    from harvest_duck.sandbox.wire import Record

_STATES = loaded(("accepted", 5), ("declined", 2))
_TAXES = loaded((None, 3), ("19.0", 1), ("8.25", 1))
FIRST_NUMBER = 1000


def estimate_category_records(plan: Plan) -> list[Record]:
    """The item categories of estimates."""
    ids = plan.ids("estimate item categories", 1_378_000)
    made = [instant(plan.since, 33000 + 30 * position) for position in range(3)]
    names = ("Product", "Service", "Licence")
    return [
        {"id": ids.next(), "name": name, "created_at": when, "updated_at": when}
        for name, when in zip(names, made, strict=True)
    ]


def charges(dice: Dice, items: list[Record]) -> Record:
    """The sum of `items` with discount and taxes on it, as estimates and invoices write it.

    A discount comes off first, each tax is taken of what is left of the items it applies to; a percentage that does not
    apply is null and its amount zero, as in the examples of
    https://help.getharvest.com/api-v2/invoices-api/invoices/invoices/.
    """
    discount = Decimal(dice.pick((5, 10))) if dice.chance(0.15) else None
    tax, tax2 = dice.pick(_TAXES), dice.pick(_TAXES) if dice.chance(0.15) else None
    left = 1 - (discount or 0) / Decimal(100)
    net = sum((item["amount"] for item in items), Decimal(0))
    discounted = cents(net - net * left)
    amounts = []
    for percent, applies in ((tax, "taxed"), (tax2, "taxed2")):
        base = sum((item["amount"] for item in items if item[applies]), Decimal(0)) * left
        amounts.append(cents(base * Decimal(percent or 0) / 100))
    return {
        "amount": total(net - discounted + sum(amounts)),
        "tax": None if tax is None else number(Decimal(tax)),
        "tax_amount": number(amounts[0]),
        "tax2": None if tax2 is None else number(Decimal(tax2)),
        "tax2_amount": number(amounts[1]),
        "discount": None if discount is None else number(discount),
        "discount_amount": number(discounted),
    }


def estimate_records(plan: Plan, clients: list[Record], staff: list[Person]) -> list[Record]:
    """The estimates, oldest first; the last one awaits an answer, the one before is a draft without issue date."""
    dice = plan.dice("estimates")
    ids = plan.ids("estimates", 1_439_000)
    items = plan.ids("estimate line items", 53_334_000)
    days = (plan.today - plan.since).days
    return [
        _estimate(
            plan,
            dice,
            ids.next(),
            items,
            count=FIRST_NUMBER + position,
            day=plan.since + timedelta(days=int(days * (position + 0.9) / plan.estimates)),
            client=clients[1 + (position * 5) % (len(clients) - 1)],
            creator=staff[position % 2],
        )
        for position in range(plan.estimates)
    ]


def _estimate(
    plan: Plan, dice: Dice, identity: int, items: Ids, *, count: int, day: date, client: Record, creator: Person
) -> Record:
    """One estimate as `/estimates` gives it."""
    latest = FIRST_NUMBER + plan.estimates - 1
    state = {latest: "sent", latest - 1: "draft"}.get(count) or dice.pick(_STATES)
    lines = [_line(dice, items.next()) for _ in range(dice.between(1, 4))]
    decided = instant(day + timedelta(days=dice.between(1, 20)), 50000)
    sent = None if state == "draft" else instant(day, 45000)
    return {
        "id": identity,
        "client_key": dice.key(),
        "number": str(count),
        "purchase_order": str(dice.between(5000, 9999)) if dice.chance(0.3) else "",
        **charges(dice, lines),
        "subject": f"Offer: {dice.pick(PROJECT_KINDS)}",
        "notes": dice.pick(("", "Valid for 30 days", None)),
        "currency": client["currency"],
        "state": state,
        "issue_date": None if state == "draft" else day.isoformat(),
        "sent_at": sent,
        "created_at": instant(day, 40000),
        "updated_at": decided if state in ("accepted", "declined") else (sent or instant(day, 40000)),
        "accepted_at": decided if state == "accepted" else None,
        "declined_at": decided if state == "declined" else None,
        "client": short_client(client),
        "creator": creator.short,
        "line_items": lines,
    }


def _line(dice: Dice, identity: int) -> Record:
    """One position of an estimate."""
    quantity, price = number(dice.between(1, 80)), number(Decimal(dice.between(100, 400)) / 2)
    return {
        "id": identity,
        "kind": dice.pick(("Service", "Service", "Product", "Licence")),
        "description": dice.pick(PROJECT_KINDS),
        "quantity": quantity,
        "unit_price": price,
        "amount": total(quantity * price),
        "taxed": dice.chance(0.8),
        "taxed2": dice.chance(0.2),
    }


def estimate_message_records(plan: Plan, estimates: list[Record], contacts: list[Record]) -> list[Record]:
    """What was sent about each estimate, and what the client then did."""
    dice = plan.dice("estimate messages")
    ids = plan.ids("estimate messages", 2_660_000)
    records = []
    for estimate in estimates:
        if estimate["sent_at"] is None:
            continue
        decision = {"accepted": "accept", "declined": "decline"}.get(estimate["state"])
        events: list[tuple[str | None, str]] = [(None, estimate["sent_at"])]
        if decision:
            events.append(("view", estimate["sent_at"][:11] + "18:20:05Z"))
            events.append((decision, estimate["updated_at"]))
        if decision == "accept" and dice.chance(0.3):
            events.append(("invoice", estimate["updated_at"]))
        elif decision and dice.chance(0.15):
            events += [("re-open", estimate["updated_at"]), ("send", estimate["updated_at"])]
        records += [_message(dice, ids, estimate, contacts, event=event, when=when) for event, when in events]
    return records


def _message(dice: Dice, ids: Ids, estimate: Record, contacts: list[Record], *, event: str | None, when: str) -> Record:
    """One message; events have no text and no recipients."""
    sender = estimate["creator"]["name"]
    return {
        "estimate_id": estimate["id"],
        "id": ids.next(),
        "sent_by": sender,
        "sent_by_email": f"{sender.split()[0].lower()}@harbourvale.example",
        "sent_from": sender,
        "sent_from_email": f"{sender.split()[0].lower()}@harbourvale.example",
        "send_me_a_copy": event is None and dice.chance(0.5),
        "created_at": when,
        "updated_at": when,
        "recipients": recipients_of(estimate, contacts) if event is None else [],
        "event_type": event,
        "subject": f"Estimate #{estimate['number']}" if event is None else None,
        "body": "Here is our estimate.\r\n\r\nWe look forward to working with you." if event is None else None,
    }


def recipients_of(document: Record, contacts: list[Record]) -> list[Record]:
    """The contacts of the document's client, as messages name them."""
    return [
        {"name": " ".join(filter(None, (each["first_name"], each["last_name"]))), "email": each["email"]}
        for each in contacts
        if each["client"]["id"] == document["client"]["id"]
    ]
