"""Generate every record of both accounts of the agency from a seed.

`generate` runs over five years, in the order in which the facts depend on each other: people, clients, projects,
time, expenses, budgets, estimates, invoices, payments. The same seed, scale, today and settings give the same records;
no clock is read.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.bookings import BookingCalendar
from harvest_duck.sandbox.data.budgets import plan_budgets
from harvest_duck.sandbox.data.clients import client_records, contact_records, task_records
from harvest_duck.sandbox.data.estimates import estimate_category_records, estimate_message_records, estimate_records
from harvest_duck.sandbox.data.expenses import expense_category_records, expense_records
from harvest_duck.sandbox.data.invoices import invoice_category_records, invoice_records
from harvest_duck.sandbox.data.payments import message_records, payment_records
from harvest_duck.sandbox.data.people import generate_people, rate_records, role_records, teammate_records
from harvest_duck.sandbox.data.profile import AccountProfile, Settings
from harvest_duck.sandbox.data.projects import generate_engagements
from harvest_duck.sandbox.data.random_source import weighted
from harvest_duck.sandbox.data.recent_fields import add_recent_fields
from harvest_duck.sandbox.data.time_entries import time_entry_records
from harvest_duck.sandbox.data.time_off_allowances import time_off_tables
from harvest_duck.sandbox.data.time_rounding import TimeRounding
from harvest_duck.sandbox.grants import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from harvest_duck.sandbox.wire import Record

#: The most time entries of an account whose records are kept to be copied: 6 MB.
_COPIED = 20_000


def _size(scale: float, usual: int, least: int) -> int:
    return max(least, round(usual * scale))


def profiles(
    *, seed: int, scale: float, today: date, time_entries: int | None, settings: Settings
) -> list[AccountProfile]:
    """Return the profiles of both accounts at `scale`; `settings` and `time_entries` are those of the first one.

    `time_entries` sets its exact count.
    """
    size = partial(_size, scale)
    main = _main_profile(seed, today, size, settings)
    if time_entries is not None:
        main = replace(main, time_entries=time_entries)
    return [main, _euro_profile(seed, today, size)]


def _main_profile(seed: int, today: date, size: Callable[[int, int], int], settings: Settings) -> AccountProfile:
    return AccountProfile(
        account_id=MAIN_ID,
        name="Harbour & Vale",
        domain="harbourvale.harvestapp.example",
        european=False,
        currency=settings.currency,
        clock="12h",
        time_rounding=settings.time_rounding,
        approval=True,
        week_start=settings.week_start,
        capacity=settings.capacity,
        capacities=settings.capacities,
        seed=seed,
        today=today,
        clients=size(25, 6),
        projects=size(40, 13),
        users=size(15, 7),
        time_entries=size(18_000, 300),
        expenses=size(420, 60),
        estimates=size(30, 12),
    )


def _euro_profile(seed: int, today: date, size: Callable[[int, int], int]) -> AccountProfile:
    return AccountProfile(
        account_id=EURO_ID,
        name="Harbour & Vale Europe",
        domain="harbourvale-europe.harvestapp.example",
        european=True,
        currency="EUR",
        clock="24h",
        time_rounding=TimeRounding(),
        approval=False,
        week_start="Monday",
        capacity=144_000,
        capacities=weighted((144_000, 7), (115_200, 3)),
        seed=seed,
        today=today,
        clients=size(8, 4),
        projects=size(14, 13),
        users=size(6, 5),
        time_entries=size(3_000, 150),
        expenses=size(90, 30),
        estimates=size(10, 8),
        time_off=False,
        recent_fields=False,
    )


def generate(profile: AccountProfile) -> dict[str, list[Record]]:
    """Return the records of an account by table, each table oldest first; every call returns objects of its own.

    The next sandbox of the same size copies the records of the first one, which takes a tenth of the time.
    """
    if profile.time_entries > _COPIED:
        return _generated(profile)
    tables: dict[str, list[Record]] = pickle.loads(_pickled(profile))  # noqa: S301 - our own bytes
    return tables


@lru_cache(maxsize=8)
def _pickled(profile: AccountProfile) -> bytes:
    return pickle.dumps(_generated(profile), pickle.HIGHEST_PROTOCOL)


def _generated(profile: AccountProfile) -> dict[str, list[Record]]:
    staff = generate_people(profile)
    clients, tasks = client_records(profile), task_records(profile)
    engagements = generate_engagements(profile, clients, tasks, staff)
    calendar = BookingCalendar(profile, engagements)
    categories, entries = expense_category_records(profile), time_entry_records(profile, staff, calendar)
    tables: dict[str, list[Record]] = {
        "company": [_company(profile)],
        "clients": clients,
        "contacts": contact_records(profile, clients),
        "tasks": tasks,
        "users": [person.record for person in staff],
        "roles": role_records(profile, staff),
        "billable_rates": rate_records(profile, staff, cost=False),
        "cost_rates": rate_records(profile, staff, cost=True),
        "teammates": teammate_records(profile, staff),
        "projects": [each.project for each in engagements],
        "task_assignments": [record for each in engagements for record in each.task_assignments],
        "user_assignments": [record for each in engagements for record in each.user_assignments],
        "time_entries": entries,
        "expense_categories": categories,
        "expenses": expense_records(profile, staff, calendar, categories, entries),
        "estimates": estimate_records(profile, clients, staff),
        "estimate_item_categories": estimate_category_records(profile),
        "invoice_item_categories": invoice_category_records(profile),
    }
    plan_budgets(profile, engagements, tables)
    calendar.embed_budgets()
    tables["estimate_messages"] = estimate_message_records(profile, tables["estimates"], tables["contacts"])
    tables["invoices"] = invoice_records(profile, engagements, tables, staff[:2])
    tables["invoice_payments"] = payment_records(profile, tables["invoices"])
    tables["invoice_messages"] = message_records(profile, tables["invoices"], tables["contacts"])
    tables |= time_off_tables(profile, staff, tables["time_entries"])
    if profile.recent_fields:
        add_recent_fields(profile, tables)
    return tables


def _company(profile: AccountProfile) -> Record:
    """Return the account settings as `/company` gives them; one account lacks `team_feature`, as some payloads do."""
    european = profile.european
    company = {
        "base_uri": f"https://{profile.domain}",
        "full_domain": profile.domain,
        "name": profile.name,
        "is_active": True,
        "week_start_day": profile.week_start,
        "wants_timestamp_timers": True,
        "time_format": "hours_minutes" if european else "decimal",
        "date_format": "%d.%m.%Y" if european else "%m/%d/%Y",
        "plan_type": "business-v4" if european else "sponsored",
        "expense_feature": True,
        "invoice_feature": True,
        "estimate_feature": True,
        "approval_feature": profile.approval,
        "clock": profile.clock,
        "currency_code_display": "iso_code_after" if european else "iso_code_none",
        "currency_symbol_display": "symbol_after" if european else "symbol_before",
        "decimal_symbol": "," if european else ".",
        "thousands_separator": "." if european else ",",
        "color_scheme": "blue" if european else "orange",
        "weekly_capacity": profile.capacity,
    }
    return company if european else company | {"team_feature": True}
