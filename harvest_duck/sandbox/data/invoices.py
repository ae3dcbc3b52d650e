"""Invoices: one for each client and billing period, from the entries and expenses that it bills.

Line items sum billed time by project, task and rate, and name each billed expense; some give a credit. The entries and
expenses are marked as billed, with their invoice. The current month stays uninvoiced, and so does what was too little
in the early years, and expenses without any work beside them. The first client who is billed has a contract in another
currency than its own.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.sandbox.data.billing_periods import BillingPeriod, billing_periods
from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.estimates import charges
from harvest_duck.sandbox.data.numbers import ZERO, amount_of, instant, number, total

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.projects import Engagement
    from harvest_duck.sandbox.data.random_source import Ids, RandomSource
    from harvest_duck.sandbox.wire import Record

_TERMS = (("upon receipt", 0), ("net 15", 15), ("net 30", 30), ("net 30", 30), ("net 45", 45), ("custom", 21))
_NOTES = ("", "Thank you for your business.", "Please quote the number with your payment.", None)
_OPTIONS: tuple[list[str], ...] = (["credit_card"], ["ach", "credit_card"], ["paypal"], [])
_WRITTEN_OFF_DAYS, _DRAFT_DAYS = 150, 21
_WRITTEN_OFF_SHARE = 0.04
# One of so many new invoices is a draft, and one of so many has a credit of this percentage of its sum.
_DRAFT_EVERY, _CREDIT_EVERY, _CREDIT_PERCENT = 4, 9, 4


class _Terms(NamedTuple):
    """The dates and the state of an invoice."""

    issued: date
    due: date
    payment_term: str
    state: str
    sent_at: str | None
    created_at: str


def invoice_category_records(profile: AccountProfile) -> list[Record]:
    """Return the item categories of invoices: one for time, one for expenses, one for the rest."""
    ids = profile.ids("invoice item categories", 1_466_000)
    return [
        {
            "id": ids.next(),
            "name": name,
            "use_as_service": name == "Service",
            "use_as_expense": name == "Product",
            "created_at": instant(profile.since, 33000 + 30 * position),
            "updated_at": instant(profile.since + timedelta(days=90 * position), 34000),
        }
        for position, name in enumerate(("Service", "Product", "Hosting"))
    ]


def invoice_records(
    profile: AccountProfile, engagements: list[Engagement], tables: dict[str, list[Record]], creators: list[Person]
) -> list[Record]:
    """Return the invoices, oldest first, without payments; mark the billed entries and expenses in `tables`.

    The latest one is a draft.
    """
    projects = {each.project["id"]: each for each in engagements}
    rng = profile.rng("billing")
    due = [
        (issued, period)
        for period in billing_periods(rng, tables, projects, profile.today)
        if (issued := period.end + timedelta(days=rng.between(1, 8))) <= profile.today
        if period.fees or (period.worth if period.monthly else not period.too_small)
    ]
    writer = _InvoiceWriter(profile, projects, tables["estimates"], creators)
    invoices = [writer.invoice(period, issued, latest=period is due[-1][1]) for issued, period in due]
    for invoice in invoices:
        if invoice["client"]["id"] == invoices[0]["client"]["id"]:
            invoice["currency"] = _contract_currency(profile, invoice["currency"])
    return invoices


def _contract_currency(profile: AccountProfile, currency: str) -> str:
    """Return a currency other than that of the client."""
    return next(each for each in (profile.currency, "EUR", "USD") if each != currency)


def _days(period: BillingPeriod) -> Record:
    if not period.entries:
        return {"period_start": None, "period_end": None}
    return {"period_start": period.start.isoformat(), "period_end": period.end.isoformat()}


class _InvoiceWriter:
    """Makes the invoices of an account."""

    def __init__(
        self,
        profile: AccountProfile,
        projects: dict[int, Engagement],
        estimates: list[Record],
        creators: list[Person],
    ) -> None:
        self._rng: RandomSource = profile.rng("invoices")
        self._profile = profile
        self._ids: Ids = profile.ids("invoices", 13_150_000)
        self._items: Ids = profile.ids("invoice line items", 53_341_000)
        self._creators = creators
        self._projects = projects
        retainers = profile.ids("retainers", 29_000)
        self._retainers = {each.client["id"]: retainers.next() for each in projects.values() if each.form.monthly}
        self._accepted = {each["client"]["id"]: each for each in estimates if each["state"] == "accepted"}
        self._number = 1000

    def invoice(self, period: BillingPeriod, issued: date, *, latest: bool) -> Record:
        """Return the invoice of one client and period; the latest one is a draft."""
        self._number += 1
        terms = self._terms(issued, latest=latest)
        lines = self._lines(period)
        sums = charges(self._rng, lines)
        estimate = self._accepted.get(period.client["id"]) if self._rng.chance(0.3) else None
        invoice = {
            "id": self._ids.next(),
            "client_key": self._rng.key(),
            "number": str(self._number),
            "purchase_order": str(self._rng.between(5000, 9999)) if self._rng.chance(0.3) else "",
            **sums,
            "due_amount": sums["amount"],
            "subject": period.name,
            "notes": self._rng.pick(_NOTES),
            "currency": period.client["currency"],
            "state": terms.state,
            **_days(period),
            "issue_date": terms.issued.isoformat(),
            "due_date": terms.due.isoformat(),
            "payment_term": terms.payment_term,
            "payment_options": list(self._rng.pick(_OPTIONS)),
            "sent_at": terms.sent_at,
            "paid_at": None,
            "paid_date": None,
            "closed_at": instant(terms.issued + timedelta(days=90), 51000) if terms.state == "closed" else None,
            "recurring_invoice_id": 130_000 + self._number if self._rng.chance(0.05) else None,
            "created_at": terms.created_at,
            "updated_at": terms.sent_at or terms.created_at,
            "client": short_client(period.client),
            "estimate": None if estimate is None else {"id": estimate["id"]},
            "retainer": self._retainer(period.client["id"]),
            "creator": self._rng.pick(self._creators).short,
            "line_items": lines,
        }
        if self._rng.chance(0.2):
            del invoice["payment_options"]
        self._mark(period, invoice)
        return invoice

    def _retainer(self, client_id: int) -> Record | None:
        """Return the retainer that a client with a monthly budget pays from, for every other invoice."""
        retainer = self._retainers.get(client_id)
        return None if retainer is None or self._number % 2 else {"id": retainer}

    def _terms(self, issued: date, *, latest: bool) -> _Terms:
        """Return the dates and the state of an invoice."""
        payment_term, days = self._rng.pick(_TERMS)
        state = "draft" if latest else self._state(issued)
        sent_at = None if state == "draft" else instant(issued, 45000)
        created_at = instant(issued, self._rng.between(30000, 40000))
        return _Terms(issued, issued + timedelta(days=days), payment_term, state, sent_at, created_at)

    def _state(self, issued: date) -> str:
        """Return the state without payments: every fourth of the last weeks is a draft, a few old ones are closed."""
        age, written_off = (self._profile.today - issued).days, self._rng.chance(_WRITTEN_OFF_SHARE)
        if age <= _DRAFT_DAYS:
            return "draft" if self._number % _DRAFT_EVERY == 0 else "open"
        return "closed" if written_off and age > _WRITTEN_OFF_DAYS else "open"

    def _lines(self, period: BillingPeriod) -> list[Record]:
        """Return line items: billed time by project, task and rate; expenses; fixed fees; hosting or a credit."""
        hours: dict[tuple[int, str, Decimal], Decimal] = {}
        for entry in period.entries:
            key = (entry["project"]["id"], entry["task"]["name"], amount_of(entry["billable_rate"]))
            hours[key] = hours.get(key, ZERO) + entry["rounded_hours"]
        lines = [self._line(project, "Service", task, spent, rate) for (project, task, rate), spent in hours.items()]
        for expense in period.expenses:
            text = f"{expense['expense_category']['name']}: {expense['notes'] or ''}".rstrip(": ")
            lines.append(self._line(expense["project"]["id"], "Product", text, Decimal(1), expense["total_cost"]))
        lines += [self._line(each["id"], "Service", text, Decimal(1), fee) for each, text, fee in period.fees]
        if self._rng.chance(0.1):
            lines.append(self._line(None, "Hosting", "Hosting by the month", Decimal(period.months), Decimal(49)))
        if self._number % _CREDIT_EVERY == 0:
            lines.append(self._credit(lines))
        return lines

    def _credit(self, lines: list[Record]) -> Record:
        """Return a credit: a price below zero, or every other time a quantity below zero."""
        amount = total(sum((line["amount"] for line in lines), ZERO) * _CREDIT_PERCENT / 100)
        quantity, price = (Decimal(1), -amount) if self._number % 2 else (Decimal(-1), amount)
        return self._line(None, "Product", "Credit: defects that we repaired", quantity, price)

    def _line(self, project_id: int | None, kind: str, text: str, quantity: Decimal, price: Decimal) -> Record:
        """Return one line item; a free-form one has no project."""
        return {
            "id": self._items.next(),
            "kind": kind,
            "description": text,
            "quantity": number(quantity),
            "unit_price": number(price),
            "amount": total(quantity * price),
            "taxed": kind != "Product",
            "taxed2": self._rng.chance(0.1),
            "project": None if project_id is None else self._projects[project_id].short,
        }

    def _mark(self, period: BillingPeriod, invoice: Record) -> None:
        """Mark everything billed with its invoice."""
        short = {"id": invoice["id"], "number": invoice["number"]}
        for record in (*period.entries, *period.expenses):
            locked = "Item Invoiced" if not record["is_locked"] else "Item Locked and Invoiced"
            record |= {"is_billed": True, "is_locked": True, "locked_reason": locked, "invoice": short}
            record["updated_at"] = max(record["updated_at"], invoice["created_at"])
