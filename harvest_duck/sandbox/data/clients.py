"""The clients of the agency, their contacts, and the tasks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.numbers import instant, number
from harvest_duck.sandbox.data.random_source import RandomSource, weighted
from harvest_duck.sandbox.data.words import AGENCY_TASKS, CLIENTS, FIRST_NAMES, LAST_NAMES, STREETS, TITLES

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.wire import Record

# Positions: every account has a client with a foreign currency, and some inactive ones.
FOREIGN, GONE = 2, 7


def client_records(profile: AccountProfile) -> list[Record]:
    """Return the clients, oldest first; the first is the agency itself, the second and third differ in currency."""
    rng = profile.rng("clients")
    ids = profile.ids("clients", 5_735_000)
    days = (profile.today - profile.since).days
    foreign = _foreign_currencies(profile)
    currencies = weighted((profile.currency, 7), *((each, 1) for each in foreign))
    records = []
    for position in range(profile.clients):
        name = profile.name if position == 0 else _client_name(position - 1)
        currency = profile.currency if position == 0 else rng.pick(currencies)
        if position == FOREIGN:
            currency = foreign[-1]
        day = profile.since + timedelta(days=int(days * 0.7 * position / profile.clients))
        created = instant(day, rng.between(28000, 60000))
        changed = instant(day + timedelta(days=rng.between(0, 500)), rng.between(61000, 80000))
        records.append(
            {
                "id": ids.next(),
                "name": name,
                "is_active": position == 0 or position % 8 != GONE,
                "address": _address(rng) if rng.chance(0.8) else None,
                "statement_key": rng.key(),
                "currency": currency,
                "created_at": created,
                "updated_at": changed,
            },
        )
    return records


def _foreign_currencies(profile: AccountProfile) -> list[str]:
    """Return the currencies of some clients; none is that of the account."""
    usual = ("USD", "CHF") if profile.european else ("EUR", "EUR", "GBP")
    return [currency for currency in usual if currency != profile.currency]


def _client_name(position: int) -> str:
    """Return a name for the client at `position`; names are numbered when they repeat."""
    rounds, index = divmod(position, len(CLIENTS))
    return CLIENTS[index] if rounds == 0 else f"{CLIENTS[index]} {rounds + 1}"


def _address(rng: RandomSource) -> str:
    """Return a postal address of several lines, with the line ends of a web form."""
    town = rng.pick(("Springfield, MA 01103", "20457 Hamburg", "London SE1 7PB", "34433 İstanbul"))
    return f"{rng.between(1, 220)} {rng.pick(STREETS)}\r\n{town}"


def short_client(client: Record, *, currency: bool = False) -> Record:
    """Return the client as other records embed it."""
    keys = ("id", "name", "currency") if currency else ("id", "name")
    return {key: client[key] for key in keys}


def contact_records(profile: AccountProfile, clients: list[Record]) -> list[Record]:
    """Return one to three contacts of each client."""
    rng = profile.rng("contacts")
    ids = profile.ids("contacts", 4_706_000)
    records = []
    for client in clients[1:]:
        domain = "".join(letter for letter in client["name"].lower() if letter.isascii() and letter.isalnum())
        for _ in range(rng.between(1, 3)):
            first, last = rng.pick(FIRST_NAMES), rng.pick(LAST_NAMES)
            local = f"{first}.{last}".lower().encode("ascii", "ignore").decode().replace(" ", "").replace("'", "")
            records.append(
                {
                    "id": ids.next(),
                    "title": rng.pick(TITLES),
                    "first_name": first,
                    "last_name": last if rng.chance(0.9) else None,
                    "email": f"{local}@{domain}.example",
                    "phone_office": f"+1 555 01{rng.between(0, 99):02}" if rng.chance(0.6) else "",
                    "phone_mobile": f"+1 555 01{rng.between(0, 99):02}" if rng.chance(0.4) else "",
                    "fax": f"+1 555 01{rng.between(0, 99):02}" if rng.chance(0.15) else "",
                    "created_at": client["created_at"],
                    "updated_at": client["updated_at"],
                    "client": short_client(client),
                },
            )
    return records


def task_records(profile: AccountProfile) -> list[Record]:
    """Return the tasks of the agency; the last is archived."""
    rng = profile.rng("tasks")
    ids = profile.ids("tasks", 8_083_000)
    records = []
    for position, (name, billable, rate) in enumerate(AGENCY_TASKS):
        created = instant(profile.since, 32000 + 60 * position)
        records.append(
            {
                "id": ids.next(),
                "name": name,
                "billable_by_default": billable,
                "default_hourly_rate": None if rate is None else number(Decimal(rate)),
                "is_default": position in (0, 1, 2, 8),
                "is_active": position < len(AGENCY_TASKS) - 1,
                "created_at": created,
                "updated_at": instant(profile.since + timedelta(days=rng.between(0, 1500)), rng.between(40000, 80000)),
            },
        )
    return records
