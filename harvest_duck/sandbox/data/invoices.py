"""Invoices: quarter by quarter what each client owes, made of the entries and expenses that it bills.

Line items sum up billed time by project, task and rate, and name each billed expense; the entries and expenses in turn
say that they are billed, where, and since when. A fixed fee is invoiced once, in the quarter in which its project ends.
What is younger than a month, or was forgotten, stays uninvoiced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.estimates import charges
from harvest_duck.sandbox.data.numbers import amount_of, instant, number, total

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import Plan
    from harvest_duck.sandbox.data.projects import Engagement
    from harvest_duck.sandbox.data.random_source import Dice, Ids
    from harvest_duck.sandbox.wire import Record

_TERMS = (("upon receipt", 0), ("net 15", 15), ("net 30", 30), ("net 45", 45), ("net 60", 60), ("custom", 21))
_OPTIONS: tuple[list[str], ...] = (["credit_card"], ["ach", "credit_card"], ["paypal"], [])
_SETTLED_DAYS, _DUE_DAYS = 150, 60
_FORGOTTEN = 0.15


@dataclass(slots=True)
class _Quarter:
    """What one client is billed for one quarter."""

    client: Record
    start: date
    entries: list[Record] = field(default_factory=list)
    expenses: list[Record] = field(default_factory=list)
    fees: list[Record] = field(default_factory=list)

    @property
    def end(self) -> date:
        """The last day of the quarter."""
        return (self.start + timedelta(days=95)).replace(day=1) - timedelta(days=1)


def invoice_category_records(plan: Plan) -> list[Record]:
    """The item categories of invoices: one for time, one for expenses, one for the rest."""
    ids = plan.ids("invoice item categories", 1_466_000)
    return [
        {
            "id": ids.next(),
            "name": name,
            "use_as_service": name == "Service",
            "use_as_expense": name == "Product",
            "created_at": instant(plan.since, 33000 + 30 * position),
            "updated_at": instant(plan.since + timedelta(days=90 * position), 34000),
        }
        for position, name in enumerate(("Service", "Product", "Hosting"))
    ]


def bill(
    plan: Plan, engagements: list[Engagement], tables: dict[str, list[Record]], creators: list[Person]
) -> list[Record]:
    """The invoices, oldest first, without payments; marks in `tables` the entries and expenses that they bill."""
    office = _Office(plan, engagements, tables, creators)
    return [
        office.invoice(quarter)
        for quarter in office.quarters(tables)
        if not office.dice.chance(_FORGOTTEN) and (plan.today - quarter.end).days > 0
    ]


class _Office:
    """Where invoices are written."""

    def __init__(
        self, plan: Plan, engagements: list[Engagement], tables: dict[str, list[Record]], creators: list[Person]
    ) -> None:
        self.dice: Dice = plan.dice("invoices")
        self._plan = plan
        self._ids: Ids = plan.ids("invoices", 13_150_000)
        self._items: Ids = plan.ids("invoice line items", 53_341_000)
        self._retainers: Ids = plan.ids("retainers", 29_000)
        self._creators = creators
        self._projects = {each.project["id"]: each for each in engagements}
        self._accepted = {each["client"]["id"]: each for each in tables["estimates"] if each["state"] == "accepted"}
        self._number = 1000

    def quarters(self, tables: dict[str, list[Record]]) -> list[_Quarter]:
        """What there is to bill, in order of time."""
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
        """The invoice of one client and quarter."""
        plan, dice = self._plan, self.dice
        self._number += 1
        issued = min(plan.today, quarter.end + timedelta(days=dice.between(1, 12)))
        term, days = dice.pick(_TERMS)
        state = self._state(issued)
        sent = None if state == "draft" else instant(issued, 45000)
        created = instant(issued, dice.between(30000, 40000))
        lines = self._lines(quarter)
        sums = charges(dice, lines)
        estimate = self._accepted.get(quarter.client["id"]) if dice.chance(0.3) else None
        invoice = {
            "id": self._ids.next(),
            "client_key": dice.key(),
            "number": str(self._number),
            "purchase_order": str(dice.between(5000, 9999)) if dice.chance(0.3) else "",
            **sums,
            "due_amount": sums["amount"],
            "subject": f"Q{(quarter.start.month + 2) // 3} {quarter.start.year}",
            "notes": dice.pick(
                ("", "Thank you for your business.", "Please quote the number with your payment.", None)
            ),
            "currency": quarter.client["currency"],
            "state": state,
            "period_start": quarter.start.isoformat() if quarter.entries else None,
            "period_end": quarter.end.isoformat() if quarter.entries else None,
            "issue_date": issued.isoformat(),
            "due_date": (issued + timedelta(days=days)).isoformat(),
            "payment_term": term,
            "payment_options": list(dice.pick(_OPTIONS)),
            "sent_at": sent,
            "paid_at": None,
            "paid_date": None,
            "closed_at": instant(issued + timedelta(days=90), 51000) if state == "closed" else None,
            "recurring_invoice_id": 130_000 + self._number if dice.chance(0.05) else None,
            "created_at": created,
            "updated_at": sent or created,
            "client": short_client(quarter.client),
            "estimate": None if estimate is None else {"id": estimate["id"]},
            "retainer": {"id": self._retainers.next()} if dice.chance(0.05) else None,
            "creator": dice.pick(self._creators).short,
            "line_items": lines,
        }
        if dice.chance(0.2):
            del invoice["payment_options"]
        self._mark(quarter, invoice)
        return invoice

    def _state(self, issued: date) -> str:
        """A state that suits the age of the invoice; those older than a few months are settled."""
        age = (self._plan.today - issued).days
        if age > _SETTLED_DAYS:
            return "closed" if self.dice.chance(0.08) else "paid"
        if age > _DUE_DAYS:
            return "open" if self.dice.chance(0.5) else "paid"
        return "draft" if self.dice.chance(0.4) else "open"

    def _lines(self, quarter: _Quarter) -> list[Record]:
        """Billed time by project, task and rate; then expenses, fixed fees, and now and then something free-form."""
        hours: dict[tuple[int, str, Decimal], Decimal] = {}
        for entry in quarter.entries:
            key = (entry["project"]["id"], entry["task"]["name"], amount_of(entry["billable_rate"]))
            hours[key] = hours.get(key, Decimal(0)) + entry["rounded_hours"]
        lines = [self._line(project, "Service", task, spent, rate) for (project, task, rate), spent in hours.items()]
        for expense in quarter.expenses:
            text = f"{expense['expense_category']['name']}: {expense['notes'] or ''}".rstrip(": ")
            lines.append(self._line(expense["project"]["id"], "Product", text, Decimal(1), expense["total_cost"]))
        lines += [self._line(each["id"], "Service", "Fixed fee", Decimal(1), each["fee"]) for each in quarter.fees]
        if self.dice.chance(0.1):
            lines.append(self._line(None, "Hosting", "Hosting, three months", Decimal(3), Decimal(49)))
        return lines

    def _line(self, project_id: int | None, kind: str, text: str, quantity: Decimal, price: Decimal) -> Record:
        """One position; a free-form one belongs to no project."""
        return {
            "id": self._items.next(),
            "kind": kind,
            "description": text,
            "quantity": number(quantity),
            "unit_price": number(price),
            "amount": total(quantity * price),
            "taxed": kind != "Product",
            "taxed2": self.dice.chance(0.1),
            "project": None if project_id is None else self._projects[project_id].short,
        }

    def _mark(self, quarter: _Quarter, invoice: Record) -> None:
        """Let everything billed name its invoice."""
        short = {"id": invoice["id"], "number": invoice["number"]}
        for record in (*quarter.entries, *quarter.expenses):
            locked = "Item Invoiced" if not record["is_locked"] else "Item Locked and Invoiced"
            record |= {"is_billed": True, "is_locked": True, "locked_reason": locked, "invoice": short}
            record["updated_at"] = max(record["updated_at"], invoice["created_at"])
