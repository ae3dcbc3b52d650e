"""What payments, messages and the billing of time do to invoices, estimates and what is invoiced.

In the payloads that airbytehq/airbyte recorded of one account (commit 20552c7e, expected_records.jsonl of the tests of
source-harvest) a payment has the same `created_at` as its invoice has `updated_at`, and so have the message that sends
an estimate and that estimate. The entries and the client of a new invoice are updated one second after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.embedded import excerpt
from harvest_duck.sandbox.data.numbers import ZERO, amount_of, number, total
from harvest_duck.sandbox.data.record_fields import first_fields

if TYPE_CHECKING:
    from decimal import Decimal

    from harvest_duck.sandbox.data.draft import Draft
    from harvest_duck.sandbox.wire import Record

_BILLED = ("time_entries", "expenses")
#: The state of a document after a message; the one without an event is its dispatch.
_STATES = {
    "invoice_messages": {None: "open", "send": "open", "re-open": "open", "close": "closed", "draft": "draft"},
    "estimate_messages": {None: "sent", "send": "sent", "re-open": "sent", "accept": "accepted", "decline": "declined"},
}
#: The field that says when a document came into a state.
_SINCE = {"closed": "closed_at", "accepted": "accepted_at", "declined": "declined_at"}


def settle(draft: Draft, invoice_id: int) -> None:
    """Set what is due of an invoice, and its state, by its payments."""
    invoice = draft.find("invoices", invoice_id)
    payments = [each for each in draft.records("invoice_payments") if each["invoice_id"] == invoice_id]
    due = invoice["amount"] - sum((amount_of(each["amount"]) for each in payments), ZERO)
    fields: Record = {"due_amount": number(due)}
    if due <= 0 and payments:
        fields |= {"state": "paid", "paid_at": payments[-1]["paid_at"], "paid_date": payments[-1]["paid_date"]}
    elif invoice["state"] == "paid":
        fields |= {"state": "open", "paid_at": None, "paid_date": None}
    draft.edit("invoices", invoice_id, fields)


def note_message(draft: Draft, table: str, message: Record) -> None:
    """Change the state of the invoice or estimate that a message is about; some events change nothing."""
    name = table.removesuffix("_messages")
    state = _STATES[table].get(message["event_type"])
    if state is None:
        return
    document = draft.find(f"{name}s", message[f"{name}_id"])
    fields: Record = {} if document["state"] == "paid" else {"state": state}
    if message["event_type"] is None:
        fields["sent_at"] = draft.moment
    if state in _SINCE:
        fields[_SINCE[state]] = draft.moment
    draft.edit(f"{name}s", document["id"], fields)


def bill(draft: Draft, client_id: int) -> Record:
    """Return a new invoice for all billable time and expenses of a client that no invoice has; they are updated.

    LookupError if there is no such client, ValueError if nothing is to be billed.
    """
    client = draft.find("clients", client_id)
    found = {table: [each for each in draft.records(table) if _to_bill(each, client_id)] for table in _BILLED}
    if not any(found.values()):
        raise ValueError(f"nothing to bill for client {client_id}")
    amount = total(sum((_worth(each) for records in found.values() for each in records), ZERO))
    invoice = first_fields(draft, "invoices")
    items = [{**invoice["line_items"][0], "quantity": number(1), "unit_price": amount, "amount": amount}]
    charges = {key: number(0) for key in ("tax_amount", "tax2_amount", "discount_amount")}
    invoice |= {"client": excerpt("client", client, invoice["client"]), "currency": client["currency"], **charges}
    invoice |= {
        "amount": amount,
        "due_amount": amount,
        "line_items": items,
        "tax": None,
        "tax2": None,
        "discount": None,
    }
    draft.add("invoices", invoice)
    for table, records in found.items():
        for each in records:
            locked = "Item Locked and Invoiced" if each["is_locked"] else "Item Invoiced"
            state = {"is_billed": True, "is_locked": True, "locked_reason": locked}
            draft.edit(table, each["id"], state | {"invoice": excerpt("invoice", invoice, None)})
    draft.edit("clients", client_id, {})
    return invoice


def _to_bill(record: Record, client_id: int) -> bool:
    running = record.get("is_running")
    return bool(record["client"]["id"] == client_id and record["billable"] and not record["is_billed"] and not running)


def _worth(record: Record) -> Decimal:
    """Return the amount of a time entry or an expense on an invoice."""
    if "total_cost" in record:
        return amount_of(record["total_cost"])
    return amount_of(record["rounded_hours"]) * amount_of(record["billable_rate"])


def release(draft: Draft, invoice_id: int) -> None:
    """Let the time and the expenses of a deleted invoice be billed again; they are updated.

    That it updates them is assumed, because billing them does.
    """
    state = {"is_billed": False, "is_locked": False, "locked_reason": None, "invoice": None}
    for table in _BILLED:
        draft.each(
            table,
            lambda record: (
                record | state | {"updated_at": draft.moment}
                if (record["invoice"] or {}).get("id") == invoice_id
                else record
            ),
        )
