"""The invoices, the estimates and the budgets of an account with the few records that a test writes down."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from support.hand_made import HandMade, Record

__all__ = ["Books"]


class Books(HandMade):
    """An account of one client and one person, with invoices and budgets."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.ada = self.person("Ada Lovelace")
        self.acme = self.client("Acme", "USD")
        self.set_currency("USD")

    def set_currency(self, currency: str | None) -> None:
        """Let Harvest tell this currency of the account, or none."""
        self.tables["company"] = [company | {"currency": currency} for company in self.tables["company"]]

    def line(self, amount: str, project: Record | None = None, *, kind: str = "Service") -> Record:
        """Return a line item of an invoice."""
        price = {"quantity": Decimal(1), "unit_price": Decimal(amount), "amount": Decimal(amount)}
        of_project = project and {key: project[key] for key in ("id", "name", "code")}
        taxes = {"taxed": False, "taxed2": False}
        return {"id": next(self._ids), "kind": kind, "description": "", "project": of_project, **price, **taxes}

    def invoice(
        self, *lines: str | Record, tax: str = "0", discount: str = "0", paid: str = "0", **fields: Any
    ) -> Record:
        """Add an invoice of 1 January 2026, due on the 31st: open, with so much paid of it."""
        items = [self.line(each) if isinstance(each, str) else each for each in lines]
        amount = sum((each["amount"] for each in items), Decimal(0)) - Decimal(discount) + Decimal(tax)
        usual = {
            "client": {"id": self.acme["id"], "name": self.acme["name"]},
            "currency": "USD",
            "state": "open",
            "issue_date": "2026-01-01",
            "due_date": "2026-01-31",
            "paid_date": None,
            "paid_at": None,
            "closed_at": None,
            "estimate": None,
            "amount": amount,
            "due_amount": amount - Decimal(paid),
            "tax_amount": Decimal(tax),
            "tax2_amount": Decimal(0),
            "discount_amount": Decimal(discount),
            "line_items": items,
        }
        return self.add("invoices", **{**usual, **fields})

    def paid(self, *lines: str | Record, on: str, **fields: Any) -> Record:
        """Add an invoice that was paid in full on a day."""
        amounts = {"state": "paid", "paid_date": on, "paid_at": f"{on}T12:00:00Z", "due_amount": Decimal(0)}
        return self.invoice(*lines, **{**amounts, **fields})

    def estimate(self, amount: str, state: str, **fields: Any) -> Record:
        """Add an estimate of 1 January 2026."""
        usual = {
            "client": {"id": self.acme["id"], "name": self.acme["name"]},
            "currency": "USD",
            "issue_date": "2026-01-01",
            "accepted_at": None,
            "declined_at": None,
            "line_items": [],
        }
        return self.add("estimates", **{"amount": Decimal(amount), "state": state, **usual, **fields})

    def task(self, project: Record, identity: int, budget: str | None) -> Record:
        """Assign a task to a project, with a budget there or none."""
        return self._assign("task", project, {"id": identity, "name": f"Task {identity}"}, budget)

    def member(self, project: Record, person: Record, budget: str | None) -> Record:
        """Assign a person to a project, with a budget there or none."""
        named = {"id": person["id"], "name": f"{person['first_name']} {person['last_name']}"}
        return self._assign("user", project, named, budget)

    def _assign(self, key: str, project: Record, assigned: Record, budget: str | None) -> Record:
        short = {name: project[name] for name in ("id", "name", "code")}
        usual = {"is_active": True, "hourly_rate": None, "budget": None if budget is None else Decimal(budget)}
        return self.add(f"{key}_assignments", project=short, **{key: assigned}, **usual)
