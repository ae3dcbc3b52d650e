"""What the ready views of work and its worth should say, by loops over time entries, expenses and rates."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from support.agency_oracle import ZERO, day_of, share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from support.agency_oracle import Entry, Records

__all__ = ["missing_rates", "realization", "standard_rate", "uninvoiced", "wip_ageing", "work"]

_TENTH_OF_A_THOUSANDTH = Decimal("0.0001")


def work(records: Records, first: date, last: date) -> dict[int, dict[str, Any]]:
    """Return what each entry is worth and what it cost, by id."""
    rows = {}
    for each in records.entries_of(first, last):
        project = records.projects[each.project_id]
        value = each.at(each.billable_rate) if each.billable else ZERO
        rows[each.id] = {
            "project_type": project.type,
            "hours": each.hours,
            "rounded_hours": each.rounded_hours,
            "currency": project.currency,
            "value_at_rates": value,
            "billable_amount": ZERO if project.is_fixed_fee else value,
            "cost": each.at(each.cost_rate),
        }
    return rows


def missing_rates(records: Records, first: date, last: date) -> dict[tuple[str, int, int | None], tuple[Any, Any]]:
    """Return the number of entries and their hours, by what is missing, project and user."""
    rows: dict[tuple[str, int, int | None], tuple[Any, Any]] = {}
    for each in records.entries_of(first, last):
        fixed = records.projects[each.project_id].is_fixed_fee
        lacks = {
            "billable rate": each.billable and not each.billable_rate and not fixed,
            "cost rate": not each.cost_rate,
        }
        for missing in (name for name, lacking in lacks.items() if lacking):
            number, hours = rows.get((missing, each.project_id, each.user_id), (0, ZERO))
            rows[missing, each.project_id, each.user_id] = (number + 1, hours + each.hours)
    for project in records.projects.values():
        if project.is_fixed_fee and project.is_active:
            for missing in ("fee", "starts_on", "ends_on"):
                if getattr(project, missing) is None:
                    rows[missing, project.id, None] = (None, None)
    return rows


def standard_rate(records: Records, user_id: int, day: date) -> Decimal | None:
    """Return the rate of a person that was in force on a day, the one of several that began last."""
    begun: list[tuple[str, int, Decimal]] = []
    for each in records.agency.records("billable_rates"):
        start, end = day_of(each["start_date"]), day_of(each["end_date"])
        if each["user_id"] == user_id and (start is None or start <= day) and (end is None or day <= end):
            begun.append((each["start_date"] or "", each["id"], Decimal(each["amount"])))
    return max(begun)[-1] if begun else None


def realization(records: Records, first: date, last: date) -> dict[tuple[int, str | None], dict[str, Any]]:
    """Return what `realization` should say, by client and currency."""
    clients: dict[tuple[int, str | None], list[Entry]] = defaultdict(list)
    for each in records.entries_of(first, last):
        project = records.projects[each.project_id]
        if each.billable and not project.is_fixed_fee:
            clients[each.client_id, project.currency].append(each)
    return {key: _realized(records, entries) for key, entries in clients.items()}


def _realized(records: Records, entries: list[Entry]) -> dict[str, Any]:
    standard = [each.at(standard_rate(records, each.user_id, each.day)) for each in entries]
    at_standard = None if None in standard else sum((each for each in standard if each is not None), ZERO)
    hours = sum((each.rounded_hours for each in entries), ZERO)
    agreed = sum((each.at(each.billable_rate) or ZERO for each in entries), ZERO)
    invoiced = sum((each.at(each.billable_rate) or ZERO for each in entries if each.is_billed), ZERO)
    return {
        "billable_hours": hours,
        "at_standard_rates": at_standard,
        "at_agreed_rates": agreed,
        "invoiced": invoiced,
        "rate_realization": share(agreed, at_standard),
        "billing_realization": share(invoiced, agreed),
        "average_billable_rate": (agreed / hours).quantize(_TENTH_OF_A_THOUSANDTH, ROUND_HALF_UP) if hours else None,
    }


def wip_ageing(records: Records, first: date, as_of: date) -> dict[tuple[int, str | None], dict[str, Any]]:
    """Return what `wip_ageing` should say, by client and currency."""
    rows: dict[tuple[int, str | None], dict[str, Any]] = {}
    names = ("amount", "days_0_30", "days_31_60", "days_61_90", "days_over_90")
    for client_id, project_id, day, amount in _owed(records, first, as_of):
        age = (as_of - day).days
        row = rows.setdefault((client_id, records.projects[project_id].currency), dict.fromkeys(names, ZERO))
        row["amount"] += amount
        row[names[1 + (age > 30) + (age > 60) + (age > 90)]] += amount
        row["oldest_days"] = max(age, row.get("oldest_days", 0))
    return rows


def _owed(records: Records, first: date, last: date) -> Iterator[tuple[int, int, date, Decimal]]:
    """Yield client, project, day and amount of what is to be invoiced, without fixed fees."""
    for entry in records.entries_of(first, last):
        if entry.billable and not entry.is_billed and not records.projects[entry.project_id].is_fixed_fee:
            yield entry.client_id, entry.project_id, entry.day, entry.at(entry.billable_rate) or ZERO
    for expense in records.expenses_of(first, last):
        if expense.billable and not expense.is_billed:
            yield expense.client_id, expense.project_id, expense.day, expense.cost


def uninvoiced(records: Records, first: date, last: date) -> dict[int, dict[str, Any]]:
    """Return what `uninvoiced` should say, by project, of Harvest's own report."""
    rows = {}
    for each in records.agency.sandbox.report(records.account_id, "report_uninvoiced", first, last):
        amounts = {
            name: each[name] for name in ("total_hours", "uninvoiced_hours", "uninvoiced_expenses", "uninvoiced_amount")
        }
        if any(amounts[name] for name in amounts if name != "total_hours"):
            fixed = records.projects[each["project_id"]].is_fixed_fee
            rows[each["project_id"]] = amounts | {
                "project_type": "fixed_fee" if fixed else "time_and_materials",
                "currency": each["currency"],
                "uninvoiced_work": each["uninvoiced_amount"] - each["uninvoiced_expenses"],
            }
    return rows
