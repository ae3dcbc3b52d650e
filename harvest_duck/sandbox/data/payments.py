"""Payments of invoices, and the messages about invoices."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.estimates import recipients_of
from harvest_duck.sandbox.data.numbers import ZERO, cents, instant, number

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.random_source import Ids, RandomSource
    from harvest_duck.sandbox.wire import Record

_GATEWAYS: tuple[Record, ...] = (
    {"id": 1234, "name": "Stripe"},
    {"id": 1271, "name": "PayPal"},
    {"id": None, "name": None},
)
# Shares of invoices: those paid after the usual time, and those paid in two parts.
_USUAL_SHARE, _TWO_PARTS_SHARE = 0.8, 0.12


def payment_records(profile: AccountProfile, invoices: list[Record]) -> list[Record]:
    """Return the payments; set the states, due amounts and paid dates of the `invoices`."""
    rng = profile.rng("payments")
    ids = profile.ids("invoice payments", 10_336_000)
    records: list[Record] = []
    for invoice in invoices:
        if invoice["state"] != "open":
            continue
        shares = _shares(rng, invoice, profile.today)
        records += [_payment(rng, ids, invoice, share, day) for day, share in shares]
        invoice["due_amount"] = number(invoice["amount"] - sum((share for _, share in shares), ZERO))
        if not shares:
            continue
        day = shares[-1][0]
        when = instant(day, 72000)
        invoice["updated_at"] = max(invoice["updated_at"], when)
        if not invoice["due_amount"]:
            invoice |= {"state": "paid", "paid_at": when, "paid_date": day.isoformat()}
    return records


def _shares(rng: RandomSource, invoice: Record, today: date) -> list[tuple[date, Decimal]]:
    """Return the days and amounts of the payments so far; some pay in two parts."""
    issued = date.fromisoformat(invoice["issue_date"])
    paid = issued + timedelta(days=_delay(rng, date.fromisoformat(invoice["due_date"]) - issued))
    first = cents(invoice["amount"] * Decimal("0.4")) if rng.chance(_TWO_PARTS_SHARE) else ZERO
    parts = ((issued + (paid - issued) / 2, first), (paid, invoice["amount"] - first))
    return [(day, share) for day, share in parts if share > 0 and day <= today]


def _delay(rng: RandomSource, term: timedelta) -> int:
    """Return after how many days an invoice is paid: mostly 14 to 45, else some time after it was due."""
    usual = rng.between(14, 45)
    return usual if rng.chance(_USUAL_SHARE) else max(usual, term.days) + rng.between(5, 75)


def _payment(rng: RandomSource, ids: Ids, invoice: Record, share: Decimal, day: date) -> Record:
    """Return one payment; through a gateway it has a transaction id."""
    gateway = rng.pick(_GATEWAYS)
    made = instant(day, rng.between(40000, 70000))
    return {
        "invoice_id": invoice["id"],
        "id": ids.next(),
        "amount": number(share),
        "paid_at": instant(day),
        "paid_date": day.isoformat(),
        "recorded_by": invoice["creator"]["name"],
        "recorded_by_email": "billing@harbourvale.example",
        "notes": rng.pick(("Paid by phone", "Thanks!", "", None)),
        "transaction_id": None if gateway["id"] is None else f"ch_{rng.key(18)}",
        "created_at": made,
        "updated_at": made,
        "payment_gateway": dict(gateway),
    }


def message_records(profile: AccountProfile, invoices: list[Record], contacts: list[Record]) -> list[Record]:
    """Return the messages of each invoice, oldest first: the invoice, reminders, thanks, and changes of state."""
    rng = profile.rng("invoice messages")
    ids = profile.ids("invoice messages", 27_835_000)
    records: list[Record] = []
    for invoice in invoices:
        if invoice["sent_at"] is None:
            continue
        records.append(_message(rng, ids, invoice, contacts, invoice["sent_at"]))
        if rng.chance(0.1):
            records += [_event(ids, invoice, kind) for kind in ("draft", "send")]
        if invoice["state"] == "closed":
            records.append(_event(ids, invoice, "close"))
            records += [_event(ids, invoice, kind) for kind in ("re-open", "close") if rng.chance(0.5)]
        if invoice["state"] == "open" or rng.chance(0.2):
            records.append(_reminder(rng, ids, invoice, contacts))
        if invoice["paid_at"] and rng.chance(0.5):
            thanks = _message(rng, ids, invoice, contacts, invoice["paid_at"])
            records.append(thanks | {"thank_you": True, "subject": f"Thank you for paying #{invoice['number']}"})
    return records


def _message(rng: RandomSource, ids: Ids, invoice: Record, contacts: list[Record], when: str) -> Record:
    """Return a message with text and recipients, which has no event type."""
    sender = invoice["creator"]["name"]
    return {
        "invoice_id": invoice["id"],
        "id": ids.next(),
        "sent_by": sender,
        "sent_by_email": "billing@harbourvale.example",
        "sent_from": sender,
        "sent_from_email": "billing@harbourvale.example",
        "include_link_to_client_invoice": rng.chance(0.5),
        "send_me_a_copy": rng.chance(0.5),
        "thank_you": False,
        "reminder": False,
        "send_reminder_on": None,
        "created_at": when,
        "updated_at": when,
        "attach_pdf": True,
        "event_type": None,
        "recipients": recipients_of(invoice, contacts),
        "subject": f"Invoice #{invoice['number']}",
        "body": f"---------------\r\nInvoice Summary\r\n---------------\r\nInvoice ID: {invoice['number']}",
    }


def _reminder(rng: RandomSource, ids: Ids, invoice: Record, contacts: list[Record]) -> Record:
    """Return a reminder, sent or still to send, some days after the invoice is due."""
    day = date.fromisoformat(invoice["due_date"]) + timedelta(days=rng.between(2, 10))
    message = _message(rng, ids, invoice, contacts, invoice["sent_at"])
    return message | {
        "reminder": True,
        "send_reminder_on": day.isoformat(),
        "subject": f"Reminder: invoice #{invoice['number']}",
    }


def _event(ids: Ids, invoice: Record, kind: str) -> Record:
    """Return a change of state, which has neither text nor recipients."""
    return {
        "invoice_id": invoice["id"],
        "id": ids.next(),
        "sent_by": invoice["creator"]["name"],
        "sent_by_email": "billing@harbourvale.example",
        "sent_from": invoice["creator"]["name"],
        "sent_from_email": "billing@harbourvale.example",
        "include_link_to_client_invoice": None,
        "send_me_a_copy": False,
        "thank_you": False,
        "reminder": False,
        "send_reminder_on": None,
        "created_at": invoice["closed_at"] or invoice["sent_at"],
        "updated_at": invoice["closed_at"] or invoice["sent_at"],
        "attach_pdf": False,
        "event_type": kind,
        "recipients": [],
        "subject": None,
        "body": None,
    }
