"""Invoices: one for each client and quarter, from the entries and expenses that it bills.

Line items sum billed time by project, task and rate, and name each billed expense. The entries and expenses are marked
as billed, with their invoice. A fixed fee is invoiced once, in the quarter in which its project ends. Recent work, and
a share of the older, stays uninvoiced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.estimates import charges
from harvest_duck.sandbox.data.numbers import amount_of, instant, number, total

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.projects import Engagement
    from harvest_duck.sandbox.data.random_source import Ids, RandomSource
    from harvest_duck.sandbox.wire import Record

_TERMS = (("upon receipt", 0), ("net 15", 15), ("net 30", 30), ("net 45", 45), ("net 60", 60), ("custom", 21))
_NOTES = ("", "Thank you for your business.", "Please quote the number with your payment.", None)
_OPTIONS: tuple[list[str], ...] = (["credit_card"], ["ach", "credit_card"], ["paypal"], [])
_SETTLED_DAYS, _DUE_DAYS = 150, 60
_NOT_INVOICED_SHARE = 0.15


@dataclass(slots=True)
class _Quarter:
    """The records that one client is billed for one quarter."""

    client: Record
    start: date
    entries: list[Record] = field(default_factory=list)
    expenses: list[Record] = field(default_factory=list)
    fees: list[Record] = field(default_factory=list)

    @property
    def end(self) -> date:
        """The last day of the quarter."""
        return (self.start + timedelta(days=95)).replace(day=1) - timedelta(days=1)


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
    """Return the invoices, oldest first, without payments; mark the billed entries and expenses in `tables`."""
    writer = _InvoiceWriter(profile, engagements, tables, creators)
    return [
        writer.invoice(quarter)
        for quarter in writer.quarters(tables)
        if not writer.rng.chance(_NOT_INVOICED_SHARE) and (profile.today - quarter.end).days > 0
    ]


def _period(quarter: _Quarter) -> Record:
    if not quarter.entries:
        return {"period_start": None, "period_end": None}
    return {"period_start": quarter.start.isoformat(), "period_end": quarter.end.isoformat()}


class _InvoiceWriter:
    """Makes the invoices of an account."""

    def __init__(
        self,
        profile: AccountProfile,
        engagements: list[Engagement],
        tables: dict[str, list[Record]],
        creators: list[Person],
    ) -> None:
        self.rng: RandomSource = profile.rng("invoices")
        self._profile = profile
        self._ids: Ids = profile.ids("invoices", 13_150_000)
        self._items: Ids = profile.ids("invoice line items", 53_341_000)
        self._retainers: Ids = profile.ids("retainers", 29_000)
        self._creators = creators
        self._projects = {each.project["id"]: each for each in engagements}
        self._accepted = {each["client"]["id"]: each for each in tables["estimates"] if each["state"] == "accepted"}
        self._number = 1000

    def quarters(self, tables: dict[str, list[Record]]) -> list[_Quarter]:
        """Return the quarters with something to bill, by time."""
        clients = {client["id"]: client for client in tables["clients"]}
        found: dict[tuple[date, int], _Quarter] = {}

        def quarter(day: date, client_id: int) -> _Quarter:
            start = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
            return found.setdefault((start, client_id), _Quarter(clients[client_id], start))

        for entry in tables["time_entries"]:
            engagement = self._projects[entry["project"]["id"]]
            if entry["billable"] and not entry["is_running"] and not engagement.project["is_fixed_fee"]:
                quarter(date.fromisoformat(entry["spent_date"]), entry["client"]["id"]).entries.append(entry)
        for expense in tables["expenses"]:
            if expense["billable"]:
                quarter(date.fromisoformat(expense["spent_date"]), expense["client"]["id"]).expenses.append(expense)
        for engagement in self._projects.values():
            if engagement.project["is_fixed_fee"] and not engagement.project["is_active"]:
                quarter(engagement.end, engagement.client["id"]).fees.append(engagement.project)
        return [found[key] for key in sorted(found)]

    def invoice(self, quarter: _Quarter) -> Record:
        """Return the invoice of one client and quarter."""
        self._number += 1
        terms = self._terms(quarter)
        lines = self._lines(quarter)
        sums = charges(self.rng, lines)
        estimate = self._accepted.get(quarter.client["id"]) if self.rng.chance(0.3) else None
        invoice = {
            "id": self._ids.next(),
            "client_key": self.rng.key(),
            "number": str(self._number),
            "purchase_order": str(self.rng.between(5000, 9999)) if self.rng.chance(0.3) else "",
            **sums,
            "due_amount": sums["amount"],
            "subject": f"Q{(quarter.start.month + 2) // 3} {quarter.start.year}",
            "notes": self.rng.pick(_NOTES),
            "currency": quarter.client["currency"],
            "state": terms.state,
            **_period(quarter),
            "issue_date": terms.issued.isoformat(),
            "due_date": terms.due.isoformat(),
            "payment_term": terms.payment_term,
            "payment_options": list(self.rng.pick(_OPTIONS)),
            "sent_at": terms.sent_at,
            "paid_at": None,
            "paid_date": None,
            "closed_at": instant(terms.issued + timedelta(days=90), 51000) if terms.state == "closed" else None,
            "recurring_invoice_id": 130_000 + self._number if self.rng.chance(0.05) else None,
            "created_at": terms.created_at,
            "updated_at": terms.sent_at or terms.created_at,
            "client": short_client(quarter.client),
            "estimate": None if estimate is None else {"id": estimate["id"]},
            "retainer": {"id": self._retainers.next()} if self.rng.chance(0.05) else None,
            "creator": self.rng.pick(self._creators).short,
            "line_items": lines,
        }
        if self.rng.chance(0.2):
            del invoice["payment_options"]
        self._mark(quarter, invoice)
        return invoice

    def _terms(self, quarter: _Quarter) -> _Terms:
        """Return the dates and the state of an invoice."""
        issued = min(self._profile.today, quarter.end + timedelta(days=self.rng.between(1, 12)))
        payment_term, days = self.rng.pick(_TERMS)
        state = self._state(issued)
        sent_at = None if state == "draft" else instant(issued, 45000)
        created_at = instant(issued, self.rng.between(30000, 40000))
        return _Terms(issued, issued + timedelta(days=days), payment_term, state, sent_at, created_at)

    def _state(self, issued: date) -> str:
        """Return a state that fits the age of the invoice; those older than a few months are settled."""
        age = (self._profile.today - issued).days
        if age > _SETTLED_DAYS:
            return "closed" if self.rng.chance(0.08) else "paid"
        if age > _DUE_DAYS:
            return "open" if self.rng.chance(0.5) else "paid"
        return "draft" if self.rng.chance(0.4) else "open"

    def _lines(self, quarter: _Quarter) -> list[Record]:
        """Return line items: billed time by project, task and rate; expenses; fixed fees; rarely a free-form one."""
        hours: dict[tuple[int, str, Decimal], Decimal] = {}
        for entry in quarter.entries:
            key = (entry["project"]["id"], entry["task"]["name"], amount_of(entry["billable_rate"]))
            hours[key] = hours.get(key, Decimal(0)) + entry["rounded_hours"]
        lines = [self._line(project, "Service", task, spent, rate) for (project, task, rate), spent in hours.items()]
        for expense in quarter.expenses:
            text = f"{expense['expense_category']['name']}: {expense['notes'] or ''}".rstrip(": ")
            lines.append(self._line(expense["project"]["id"], "Product", text, Decimal(1), expense["total_cost"]))
        lines += [self._line(each["id"], "Service", "Fixed fee", Decimal(1), each["fee"]) for each in quarter.fees]
        if self.rng.chance(0.1):
            lines.append(self._line(None, "Hosting", "Hosting, three months", Decimal(3), Decimal(49)))
        return lines

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
            "taxed2": self.rng.chance(0.1),
            "project": None if project_id is None else self._projects[project_id].short,
        }

    def _mark(self, quarter: _Quarter, invoice: Record) -> None:
        """Mark everything billed with its invoice."""
        short = {"id": invoice["id"], "number": invoice["number"]}
        for record in (*quarter.entries, *quarter.expenses):
            locked = "Item Invoiced" if not record["is_locked"] else "Item Locked and Invoiced"
            record |= {"is_billed": True, "is_locked": True, "locked_reason": locked, "invoice": short}
            record["updated_at"] = max(record["updated_at"], invoice["created_at"])
