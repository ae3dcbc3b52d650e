"""What projects earn and cost and what becomes of their budgets, by loops over the records of an account."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from support.agency_oracle import ZERO, Entry, Records, days, decimal
from support.invoice_oracle import rounded, share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.agency_oracle import Project

__all__ = ["budget_burn", "budget_lines", "monthly_budgets", "profitability"]

Row = dict[str, Any]
_IN_MONEY = ("project_cost", "task_fees")


def _total(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((each for each in amounts if each is not None), ZERO)


def profitability(records: Records, first: date, last: date, cost_currency: str | None) -> list[Row]:
    """Return the revenue, the cost and the profit of each project with work or a fee in the span."""
    entries, expenses = records.entries_of(first, last), records.expenses_of(first, last)
    busy = {each.project_id for each in (*entries, *expenses)}
    rows = []
    for project in records.projects.values():
        runs = project.is_fixed_fee and project.starts_on and project.ends_on
        if project.id in busy or (runs and any(_is_planned(project, day) for day in days(first, last))):
            own = [each for each in entries if each.project_id == project.id]
            costs = [each for each in expenses if each.project_id == project.id]
            extra = _total(each.cost for each in costs if each.billable)
            rows.append(
                _profit(project, own, _revenue(records, project, (first, last), own, extra), cost_currency)
                | {"expenses": _total(each.cost for each in costs)}
            )
    for row in rows:
        known = row["revenue"] is not None and row["labour_cost"] is not None and row["missing"] is None
        row["profit"] = row["revenue"] - row["labour_cost"] - row["expenses"] if known else None
        row["margin"] = share(row["profit"], row["revenue"])
        row["account_id"] = records.account_id
    return rows


def _is_planned(project: Project, day: date) -> bool:
    return bool(project.starts_on and project.ends_on and project.starts_on <= day <= project.ends_on)


def _profit(
    project: Project, entries: list[Entry], revenue: tuple[Decimal | None, str | None], cost_currency: str | None
) -> Row:
    """Return all of a row but what follows from expenses."""
    hours = sum((each.rounded_hours for each in entries), ZERO)
    costs = [each.at(each.cost_rate) for each in entries if each.rounded_hours]
    labour = None if None in costs else _total(costs)
    why = [revenue[1]] if revenue[1] else []
    if labour is None:
        why.append("cost rates")
    if labour != 0 and cost_currency is None:
        why.append("cost currency")
    if labour != 0 and cost_currency not in (None, project.currency):
        why.append("exchange rate")
    return {
        "client_id": project.client_id,
        "client_name": project.client_name,
        "project_id": project.id,
        "project_name": project.name,
        "is_active": project.is_active,
        "project_type": project.type,
        "currency": project.currency,
        "hours": hours,
        "billable_hours": sum((each.rounded_hours for each in entries if each.billable), ZERO),
        "revenue": revenue[0],
        "labour_cost": labour,
        "revenue_an_hour": None if revenue[0] is None or not hours else rounded(revenue[0] / hours, 4),
        "missing": ", ".join(why) or None,
        "cost_currency": cost_currency,
    }


def _revenue(
    records: Records, project: Project, span: tuple[date, date], entries: list[Entry], extra: Decimal
) -> tuple[Decimal | None, str | None]:
    """Return what a project earned, and what it takes to know it."""
    if project.is_fixed_fee:
        return _fee(records, project, span)
    if not project.is_billable:
        return ZERO, None
    worth = [each.at(each.billable_rate) for each in entries if each.billable and each.rounded_hours]
    return (None, "billable rates") if None in worth else (_total(worth) + extra, None)


def _fee(records: Records, project: Project, span: tuple[date, date]) -> tuple[Decimal | None, str | None]:
    """Return the share of a fee, or of what was invoiced if that is more, that falls on the days of a span."""
    first, last = project.starts_on, project.ends_on
    invoiced = _invoiced(records, project)
    dated = first is not None and last is not None and first <= last
    lacking = {"dates": not dated, "fee": project.fee is None, "currency of invoices": invoiced is None}
    if first is None or last is None or project.fee is None or invoiced is None or not dated:
        return None, ", ".join(name for name, lacks in lacking.items() if lacks)
    length, whole = (last - first).days + 1, Fraction(max(project.fee, invoiced))
    before = sum(1 for day in days(first, last) if day < span[0])
    then = sum(1 for day in days(first, last) if day <= span[1])
    return rounded(whole * then / length, 2) - rounded(whole * before / length, 2), None


def _invoiced(records: Records, project: Project) -> Decimal | None:
    """Return the services of a project on invoices that are no drafts, None where one is in another currency."""
    total = ZERO
    for invoice in records.agency.records("invoices"):
        lines = [each for each in invoice["line_items"] if (each["project"] or {}).get("id") == project.id]
        services = [Decimal(each["amount"]) for each in lines if each["kind"] == "Service"]
        if invoice["state"] != "draft" and services:
            if invoice["currency"] != project.currency:
                return None
            total += sum(services, ZERO)
    return total


def _unit(project: Project) -> str | None:
    return project.currency if project.record["budget_by"] in _IN_MONEY else "hours"


def _counts(project: Project, entry: Entry) -> Decimal:
    """Return what an entry takes from the budget of its project."""
    if project.record["budget_by"] not in _IN_MONEY:
        return entry.rounded_hours
    return (entry.at(entry.billable_rate) or ZERO) if entry.billable else ZERO


def _working_days(first: date, last: date) -> list[date]:
    return [day for day in days(first, last) if day.weekday() < 5]


def budget_burn(records: Records, as_of: date, weeks: int = 4) -> list[Row]:
    """Return Harvest's report on budgets, with the pace and what follows from it."""
    recent = records.entries_of(as_of - timedelta(days=7 * weeks - 1), as_of)
    rows = []
    for report in records.agency.sandbox.report(records.account_id, "report_project_budget", as_of, as_of):
        if report["budget"] is None:
            continue
        project = records.projects[report["project_id"]]
        used = _total(_counts(project, each) for each in recent if each.project_id == project.id)
        spent, budget = Decimal(report["budget_spent"]), Decimal(report["budget"])
        month_ends = (as_of.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        ends = month_ends if report["budget_is_monthly"] else project.ends_on
        last = ends if ends and ends >= as_of and report["is_active"] else None
        pace = Fraction(used) / (5 * weeks)
        left = None if last is None else len(_working_days(as_of + timedelta(days=1), last))
        projected = None if left is None else spent + rounded(pace * left, 4)
        used_up = _used_up(as_of, Fraction(budget - spent), pace) if report["is_active"] else None
        if report["budget_is_monthly"] and used_up and used_up > month_ends:
            used_up = None
        rows.append(
            {key: report[key] for key in ("client_id", "client_name", "project_id", "project_name", "is_active")}
            | {key: report[key] for key in ("budget_by", "budget_is_monthly")}
            | {"unit": _unit(project), "budget": budget, "spent": spent, "remaining": budget - spent}
            | {"share_spent": share(spent, budget), "spent_a_week": rounded(pace * 5, 4)}
            | {"outlook": _outlook(report["is_active"], Fraction(budget), Fraction(spent), pace, left)}
            | {"used_up_on": used_up, "starts_on": project.starts_on, "ends_on": project.ends_on}
            | {"projected": projected, "limited_to": None, "account_id": records.account_id}
        )
    return rows


def _outlook(active: bool, budget: Fraction, spent: Fraction, pace: Fraction, left: int | None) -> str:
    if spent > 0 and spent >= budget:
        return "over"
    if not active:
        return "closed"
    if not pace:
        return "idle"
    if left is not None:
        return "will be over" if spent + pace * left > budget else "on track"
    return "near its end" if budget - spent <= 20 * pace else "on track"


def _used_up(as_of: date, rest: Fraction, pace: Fraction) -> date | None:
    """Return the day on which nothing of a rest is left, after so much of it on each working day."""
    if rest <= 0 or pace <= 0 or rest > pace * 10_000:
        return None
    day = as_of
    while rest > 0:
        day += timedelta(days=1)
        rest -= pace if day.weekday() < 5 else 0
    return day


def budget_lines(records: Records, last: date = date(2999, 12, 31)) -> list[Row]:
    """Return the budgets of tasks and people with all that was spent on them up to a day; of monthly ones in its month.

    A day in the future stands for the present month, which the generated agencies have no budget for.
    """
    rows = []
    for line, table, kinds in (
        ("task", "task_assignments", ("task", "task_fees")),
        ("person", "user_assignments", ("person",)),
    ):
        key = "task" if line == "task" else "user"
        for each in records.agency.records(table):
            project, budget = records.projects[each["project"]["id"]], decimal(each["budget"])
            if project.record["budget_by"] not in kinds or budget is None:
                continue
            identity = each[key]["id"]
            month = last.replace(day=1) if project.record["budget_is_monthly"] else date.min
            own = [each for each in records.entries if each.project_id == project.id and month <= each.day <= last]
            spent = _total(_counts(project, entry) for entry in own if entry.record[key]["id"] == identity)
            rows.append(
                {"client_name": project.client_name, "project_id": project.id, "project_name": project.name}
                | {"budget_by": project.record["budget_by"], "line": line, "line_id": identity}
                | {"line_name": each[key]["name"], "unit": _unit(project), "budget": budget, "spent": spent}
                | {"remaining": budget - spent, "share_spent": share(spent, budget), "limited_to": None}
                | {"account_id": records.account_id}
            )
    return rows


def monthly_budgets(records: Records, first: date, last: date) -> list[Row]:
    """Return what was spent of each monthly budget in each month."""
    months = sorted({day.replace(day=1) for day in days(first, last)})
    rows = []
    for project in records.projects.values():
        record = project.record
        if not record["budget_is_monthly"] or record["budget_by"] == "none":
            continue
        in_money = record["budget_by"] in _IN_MONEY
        budget = decimal(record["cost_budget" if in_money else "budget"])
        own = [each for each in records.entries if each.project_id == project.id]
        expenses = [each for each in records.expenses if each.project_id == project.id]
        for month in months:
            spent = [_counts(project, each) for each in own if each.day.replace(day=1) == month]
            costs = [each.cost for each in expenses if each.day.replace(day=1) == month]
            begins = (project.starts_on or project.created).replace(day=1)
            planned = project.is_active and begins <= month <= (project.ends_on or month)
            if not (planned or spent or costs):
                continue
            total = _total(spent) + (_total(costs) if in_money and record["cost_budget_include_expenses"] else ZERO)
            whole = budget if record["budget_by"] in ("project", "project_cost") else None
            rows.append(
                {"month": month, "client_id": project.client_id, "client_name": project.client_name}
                | {"project_id": project.id, "project_name": project.name, "is_active": project.is_active}
                | {"budget_by": record["budget_by"], "unit": _unit(project), "budget": budget, "spent": total}
                | {"remaining": None if whole is None else whole - total, "share_spent": share(total, whole)}
                | {"limited_to": None, "account_id": records.account_id}
            )
    return rows
