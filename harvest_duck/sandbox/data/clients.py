"""Whom the agency works for, and the kinds of work it knows: clients, their contacts, and tasks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.numbers import instant, number
from harvest_duck.sandbox.data.random_source import Dice, loaded
from harvest_duck.sandbox.data.words import AGENCY_TASKS, CLIENTS, FIRST_NAMES, LAST_NAMES, STREETS, TITLES

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.profile import Plan
    from harvest_duck.sandbox.wire import Record

_CURRENCIES = {
    "USD": loaded(("USD", 7), ("EUR", 2), ("GBP", 1)),
    "EUR": loaded(("EUR", 8), ("CHF", 1), ("USD", 1)),
}


# So that every account has two currencies, and some clients it no longer works for.
FOREIGN, GONE = 2, 7


def client_records(plan: Plan) -> list[Record]:
    """The clients, oldest first; the first is the agency itself, the second and third differ in currency."""
    dice = plan.dice("clients")
    ids = plan.ids("clients", 5_735_000)
    days = (plan.today - plan.since).days
    records = []
    for position in range(plan.clients):
        name = plan.name if position == 0 else _client_name(position - 1)
        currency = plan.currency if position == 0 else dice.pick(_CURRENCIES[plan.currency])
        if position == FOREIGN:
            currency = "GBP" if plan.currency == "USD" else "CHF"
        day = plan.since + timedelta(days=int(days * 0.7 * position / plan.clients))
        created = instant(day, dice.between(28000, 60000))
        changed = instant(day + timedelta(days=dice.between(0, 500)), dice.between(61000, 80000))
        records.append(
            {
                "id": ids.next(),
                "name": name,
                "is_active": position == 0 or position % 8 != GONE,
                "address": _address(dice) if dice.chance(0.8) else None,
                "statement_key": dice.key(),
                "currency": currency,
                "created_at": created,
                "updated_at": changed,
            },
        )
    return records


def _client_name(position: int) -> str:
    """A name for the client at `position`, numbered once the names run out."""
    rounds, index = divmod(position, len(CLIENTS))
    return CLIENTS[index] if rounds == 0 else f"{CLIENTS[index]} {rounds + 1}"


def _address(dice: Dice) -> str:
    """A postal address of several lines, with the line ends of a web form."""
    town = dice.pick(("Springfield, MA 01103", "20457 Hamburg", "London SE1 7PB", "34433 İstanbul"))
    return f"{dice.between(1, 220)} {dice.pick(STREETS)}\r\n{town}"


def short_client(client: Record, *, currency: bool = False) -> Record:
    """The client as other records embed it."""
    keys = ("id", "name", "currency") if currency else ("id", "name")
    return {key: client[key] for key in keys}


def contact_records(plan: Plan, clients: list[Record]) -> list[Record]:
    """One to three people at each client."""
    dice = plan.dice("contacts")
    ids = plan.ids("contacts", 4_706_000)
    records = []
    for client in clients[1:]:
        domain = "".join(letter for letter in client["name"].lower() if letter.isascii() and letter.isalnum())
        for _ in range(dice.between(1, 3)):
            first, last = dice.pick(FIRST_NAMES), dice.pick(LAST_NAMES)
            local = f"{first}.{last}".lower().encode("ascii", "ignore").decode().replace(" ", "").replace("'", "")
            records.append(
                {
                    "id": ids.next(),
                    "title": dice.pick(TITLES),
                    "first_name": first,
                    "last_name": last if dice.chance(0.9) else None,
                    "email": f"{local}@{domain}.example",
                    "phone_office": f"+1 555 01{dice.between(0, 99):02}" if dice.chance(0.6) else "",
                    "phone_mobile": f"+1 555 01{dice.between(0, 99):02}" if dice.chance(0.4) else "",
                    "fax": f"+1 555 01{dice.between(0, 99):02}" if dice.chance(0.15) else "",
                    "created_at": client["created_at"],
                    "updated_at": client["updated_at"],
                    "client": short_client(client),
                },
            )
    return records


def task_records(plan: Plan) -> list[Record]:
    """The tasks of the agency; the last is archived."""
    dice = plan.dice("tasks")
    ids = plan.ids("tasks", 8_083_000)
    records = []
    for position, (name, billable, rate) in enumerate(AGENCY_TASKS):
        created = instant(plan.since, 32000 + 60 * position)
        records.append(
            {
                "id": ids.next(),
                "name": name,
                "billable_by_default": billable,
                "default_hourly_rate": None if rate is None else number(Decimal(rate)),
                "is_default": position in (0, 1, 2, 8),
                "is_active": position < len(AGENCY_TASKS) - 1,
                "created_at": created,
                "updated_at": instant(plan.since + timedelta(days=dice.between(0, 1500)), dice.between(40000, 80000)),
            },
        )
    return records
