"""Estimates with their line items, the messages about them, and item categories."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.numbers import cents, instant, number, total
from harvest_duck.sandbox.data.random_source import Ids, RandomSource, weighted
from harvest_duck.sandbox.data.words import PROJECT_KINDS

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.wire import Record

_STATES = weighted(("accepted", 5), ("declined", 2))
_TAXES = weighted((None, 3), ("19.0", 1), ("8.25", 1))
FIRST_NUMBER = 1000
# Of so many estimates one has a credit.
_CREDIT_EVERY = 7


def estimate_category_records(profile: AccountProfile) -> list[Record]:
    """Return the item categories of estimates."""
    ids = profile.ids("estimate item categories", 1_378_000)
    made = [instant(profile.since, 33000 + 30 * position) for position in range(3)]
    names = ("Product", "Service", "Licence")
    return [
        {"id": ids.next(), "name": name, "created_at": when, "updated_at": when}
        for name, when in zip(names, made, strict=True)
    ]


def charges(rng: RandomSource, items: list[Record]) -> Record:
    """Return the sum of `items` with its discount and taxes, as estimates and invoices write it.

    A discount comes off first; each tax is a share of the rest of the items it applies to. A percentage that does not
    apply is null and its amount zero, as in the examples of
    https://help.getharvest.com/api-v2/invoices-api/invoices/invoices/.
    """
    discount = Decimal(rng.pick((5, 10))) if rng.chance(0.15) else None
    tax, tax2 = rng.pick(_TAXES), rng.pick(_TAXES) if rng.chance(0.15) else None
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


def estimate_records(profile: AccountProfile, clients: list[Record], staff: list[Person]) -> list[Record]:
    """Return the estimates, oldest first; the last one is still open, the one before is a draft without issue date."""
    rng = profile.rng("estimates")
    ids = profile.ids("estimates", 1_439_000)
    items = profile.ids("estimate line items", 53_334_000)
    days = (profile.today - profile.since).days
    return [
        _estimate(
            profile,
            rng,
            ids.next(),
            items,
            count=FIRST_NUMBER + position,
            day=profile.since + timedelta(days=int(days * (position + 0.9) / profile.estimates)),
            client=clients[1 + (position * 5) % (len(clients) - 1)],
            creator=staff[position % 2],
        )
        for position in range(profile.estimates)
    ]


def _estimate(
    profile: AccountProfile,
    rng: RandomSource,
    identity: int,
    items: Ids,
    *,
    count: int,
    day: date,
    client: Record,
    creator: Person,
) -> Record:
    """Return one estimate as `/estimates` gives it."""
    latest = FIRST_NUMBER + profile.estimates - 1
    state = {latest: "sent", latest - 1: "draft"}.get(count) or rng.pick(_STATES)
    lines = [_line(rng, items.next()) for _ in range(rng.between(1, 4))]
    if count % _CREDIT_EVERY == 0:
        lines.append(_credit(lines, items.next()))
    decided = instant(day + timedelta(days=rng.between(1, 20)), 50000)
    sent = None if state == "draft" else instant(day, 45000)
    return {
        "id": identity,
        "client_key": rng.key(),
        "number": str(count),
        "purchase_order": str(rng.between(5000, 9999)) if rng.chance(0.3) else "",
        **charges(rng, lines),
        "subject": f"Offer: {rng.pick(PROJECT_KINDS)}",
        "notes": rng.pick(("", "Valid for 30 days", None)),
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


def _line(rng: RandomSource, identity: int) -> Record:
    """Return one line item of an estimate."""
    quantity, price = number(rng.between(1, 80)), number(Decimal(rng.between(100, 400)) / 2)
    return {
        "id": identity,
        "kind": rng.pick(("Service", "Service", "Product", "Licence")),
        "description": rng.pick(PROJECT_KINDS),
        "quantity": quantity,
        "unit_price": price,
        "amount": total(quantity * price),
        "taxed": rng.chance(0.8),
        "taxed2": rng.chance(0.2),
    }


def _credit(lines: list[Record], identity: int) -> Record:
    """Return a line item that takes off a twentieth."""
    price = total(-sum((line["amount"] for line in lines), Decimal(0)) / 20)
    text = "For returning clients"
    return lines[0] | {"id": identity, "description": text, "quantity": number(1), "unit_price": price, "amount": price}


def estimate_message_records(profile: AccountProfile, estimates: list[Record], contacts: list[Record]) -> list[Record]:
    """Return the messages about each estimate, and the decisions of the client."""
    rng = profile.rng("estimate messages")
    ids = profile.ids("estimate messages", 2_660_000)
    records = []
    for estimate in estimates:
        if estimate["sent_at"] is None:
            continue
        decision = {"accepted": "accept", "declined": "decline"}.get(estimate["state"])
        events: list[tuple[str | None, str]] = [(None, estimate["sent_at"])]
        if decision:
            events.append(("view", estimate["sent_at"][:11] + "18:20:05Z"))
            events.append((decision, estimate["updated_at"]))
        if decision == "accept" and rng.chance(0.3):
            events.append(("invoice", estimate["updated_at"]))
        elif decision and rng.chance(0.15):
            events += [("re-open", estimate["updated_at"]), ("send", estimate["updated_at"])]
        records += [_message(rng, ids, estimate, contacts, event=event, when=when) for event, when in events]
    return records


def _message(
    rng: RandomSource, ids: Ids, estimate: Record, contacts: list[Record], *, event: str | None, when: str
) -> Record:
    """Return one message; events have no text and no recipients."""
    sender = estimate["creator"]["name"]
    return {
        "estimate_id": estimate["id"],
        "id": ids.next(),
        "sent_by": sender,
        "sent_by_email": f"{sender.split()[0].lower()}@harbourvale.example",
        "sent_from": sender,
        "sent_from_email": f"{sender.split()[0].lower()}@harbourvale.example",
        "send_me_a_copy": event is None and rng.chance(0.5),
        "created_at": when,
        "updated_at": when,
        "recipients": recipients_of(estimate, contacts) if event is None else [],
        "event_type": event,
        "subject": f"Estimate #{estimate['number']}" if event is None else None,
        "body": "Here is our estimate.\r\n\r\nWe look forward to working with you." if event is None else None,
    }


def recipients_of(document: Record, contacts: list[Record]) -> list[Record]:
    """Return the contacts of the document's client, as messages name them."""
    return [
        {"name": " ".join(filter(None, (each["first_name"], each["last_name"]))), "email": each["email"]}
        for each in contacts
        if each["client"]["id"] == document["client"]["id"]
    ]
