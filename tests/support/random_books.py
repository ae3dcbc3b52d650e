"""An account that is drawn at random, with what generated agencies have seldom or never."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from support.hand_made_books import Books

if TYPE_CHECKING:
    from random import Random

    from support.hand_made import Record

    from harvest_duck.sandbox import Sandbox

__all__ = ["FIRST", "drawn"]

_CURRENCIES = ("USD", "EUR", "JPY")
#: The first day on which anything happens.
FIRST = date(2024, 1, 15)
_DAYS = 500
_BUDGETS = ("none", "project", "project_cost", "task", "task_fees", "person")


def drawn(sandbox: Sandbox, random: Random) -> Books:
    """Return an account with projects of every kind, time, expenses, invoices and estimates, not served yet."""
    books = Books(sandbox)
    books.set_currency(random.choice(_CURRENCIES))
    clients = [books.client(f"Client {currency}", currency) for currency in _CURRENCIES]
    people = [books.ada, books.person("Charles Babbage")]
    projects = [_project(books, random, random.choice(clients), people) for _ in range(9)]
    for _ in range(80):
        task = random.randrange(2)
        books.entry(
            random.choice(people),
            random.choice(projects),
            _day(random),
            _amount(random, 9),
            task=f"Task {task}",
            billable=random.random() < 0.7,
            billable_rate=_maybe(random, 300, 0.97),
            cost_rate=_maybe(random, 90, 0.97),
            rounded_hours=Decimal(_amount(random, 9)),
        )["task"]["id"] = task
    for _ in range(20):
        project = random.choice(projects)
        books.expense(books.ada, project, _day(random), _amount(random, 500), billable=random.random() < 0.5)
    for _ in range(30):
        _invoice(books, random, random.choice(clients), projects)
    for _ in range(15):
        state = random.choice(("draft", "sent", "accepted", "declined"))
        accepted = f"{_day(random)}T12:00:00Z" if state == "accepted" and random.random() < 0.8 else None
        issued = None if state == "draft" else _day(random)
        books.estimate(_amount(random, 9000), state, issue_date=issued, accepted_at=accepted)
    return books


def _day(random: Random) -> str:
    return (FIRST + timedelta(days=random.randrange(_DAYS))).isoformat()


def _amount(random: Random, most: int) -> str:
    return str(Decimal(random.randrange(100 * most + 1)) / 100)


def _maybe(random: Random, most: int, chance: float) -> Decimal | None:
    return Decimal(_amount(random, most)) if random.random() < chance else None


def _project(books: Books, random: Random, client: Record, people: list[Record]) -> Record:
    """Add a project with assignments, some of which have a budget, of nothing or more."""
    fixed, by = random.random() < 0.4, random.choice(_BUDGETS)
    fields: dict[str, Any] = {
        "is_active": random.random() < 0.8,
        "is_fixed_fee": fixed,
        "is_billable": fixed or random.random() < 0.8,
        "fee": _maybe(random, 20_000, 0.8) if fixed else None,
        "starts_on": _day(random) if random.random() < 0.7 else None,
        "ends_on": _day(random) if random.random() < 0.7 else None,
        "budget_by": by,
        "budget_is_monthly": by != "none" and random.random() < 0.4,
        "budget": _maybe(random, 60, 0.8) if by in ("project", "task", "person") else None,
        "cost_budget": _maybe(random, 9000, 0.8) if by in ("project_cost", "task_fees") else None,
        "cost_budget_include_expenses": by == "project_cost" and random.random() < 0.5,
    }
    project = books.project(f"Project {len(books.tables['projects'])}", client, **fields)
    for task in range(2):
        books.task(project, task, random.choice((None, "0", "25.5")))
    for person in people:
        books.member(project, person, random.choice((None, "0", "12")))
    return project


def _invoice(books: Books, random: Random, client: Record, projects: list[Record]) -> None:
    """Add an invoice in any state, with credits, taxes, payments in part and now and then another currency."""
    kinds = ("Service", "Service", "Product")
    lines = [
        books.line(_amount(random, 4000), random.choice((None, *projects)), kind=random.choice(kinds))
        for _ in range(random.randrange(1, 4))
    ]
    if random.random() < 0.2:
        lines.append(books.line(f"-{_amount(random, 9000)}"))
    issued = date.fromisoformat(_day(random))
    state = random.choice(("draft", "open", "open", "paid", "paid", "closed"))
    invoice = books.invoice(
        *lines,
        tax=_amount(random, 400),
        discount=_amount(random, 100),
        client={"id": client["id"], "name": client["name"]},
        currency=client["currency"] if random.random() < 0.8 else random.choice(_CURRENCIES),
        state=state,
        issue_date=issued.isoformat(),
        due_date=(issued + timedelta(days=random.choice((0, 14, 30)))).isoformat(),
        closed_at=f"{issued + timedelta(days=random.randrange(200))}T23:59:59Z" if state == "closed" else None,
    )
    if state != "paid":
        if random.random() < 0.4:
            _pay(books, invoice, invoice["due_amount"] / 3, issued)
        return
    last = issued + timedelta(days=random.randrange(1, 120))
    if random.random() < 0.4:
        _pay(books, invoice, invoice["due_amount"] / 4, issued)
    _pay(books, invoice, invoice["due_amount"], last)
    invoice |= {"paid_date": last.isoformat(), "paid_at": f"{last}T12:00:00Z"}


def _pay(books: Books, invoice: Record, amount: Decimal, day: date) -> None:
    paid = amount.quantize(Decimal("0.01"))
    books.add("invoice_payments", invoice_id=invoice["id"], amount=paid, paid_date=day.isoformat())
    invoice["due_amount"] -= paid
