"""The project budget report: how much of each project's budget is spent as of today."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.report_rows import amount_billed, hours_of
from harvest_duck.sandbox.data.numbers import amount_of, total

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.sandbox.api.permissions import Viewer
    from harvest_duck.sandbox.data.account_state import AccountState
    from harvest_duck.sandbox.wire import Record

_MONEY = frozenset({"project_cost", "task_fees"})
_ASSIGNMENTS = {"task": "task_assignments", "task_fees": "task_assignments", "person": "user_assignments"}


def project_budgets(viewer: Viewer) -> list[Record]:
    """Return a row for each project whose budget the viewer may see, in order of names.

    Administrators see all projects, managers those they manage and the shared ones, members the shared ones they work
    on. Budgets are hours or money by `budget_by`; a monthly budget counts only the current month. Money is null for
    viewers who may not see rates. Without a budget, it and the rest of it are null.
    """
    # https://help.getharvest.com/api-v2/reports-api/reports/project-budget-report/
    projects = [project for project in viewer.account.records("projects") if _shown(viewer, project)]
    entries = _by_project(viewer.account, "time_entries")
    expenses = _by_project(viewer.account, "expenses")
    rows = [
        _row(viewer, project, entries.get(project["id"], []), expenses.get(project["id"], [])) for project in projects
    ]
    return sorted(rows, key=lambda row: (str(row["client_name"]).casefold(), str(row["project_name"]).casefold()))


def _shown(viewer: Viewer, project: Record) -> bool:
    """Return whether the project's budget is among the viewer's rows."""
    shared = project.get("show_budget_to_all") is True
    if viewer.administrates:
        return True
    if "manager" in viewer.roles:
        return shared or project["id"] in viewer.managed_projects
    return shared and project["id"] in viewer.assigned_projects


def _by_project(account: AccountState, table: str) -> dict[int, list[Record]]:
    """Return the records of `table` by the id of their project."""
    return {identity: index.records for identity, index in account.embedded(table, "project").items()}


def _row(viewer: Viewer, project: Record, entries: list[Record], expenses: list[Record]) -> Record:
    """Return one project with its budget."""
    kind = project.get("budget_by") or "none"
    counts = _current(viewer.account, project)
    if kind in _MONEY:
        spent = sum(
            (amount_billed(each) for each in entries if each.get("billable") is True and counts(each)), Decimal(0)
        )
        if project.get("cost_budget_include_expenses") is True:
            spent += sum((amount_of(each.get("total_cost")) for each in expenses if counts(each)), Decimal(0))
    else:
        spent = sum((hours_of(each) for each in entries if counts(each)), Decimal(0))
    budget = _budget(viewer.account, project, kind)
    hidden = kind in _MONEY and not viewer.sees_rates
    client = project.get("client") or {}
    return {
        "client_id": client.get("id"),
        "client_name": client.get("name"),
        "project_id": project["id"],
        "project_name": project.get("name"),
        "budget_is_monthly": project.get("budget_is_monthly"),
        "budget_by": project.get("budget_by"),
        "is_active": project.get("is_active"),
        "budget": None if hidden or budget is None else total(budget),
        "budget_spent": None if hidden else total(spent),
        "budget_remaining": None if hidden or budget is None else total(budget - spent),
    }


def _current(account: AccountState, project: Record) -> Callable[[Record], bool]:
    """Return a test whether a record counts for the budget; for a monthly budget, those of this month."""
    if project.get("budget_is_monthly") is not True:
        return lambda _: True
    month = account.profile.today.isoformat()[:7]
    return lambda record: (record.get("spent_date") or "").startswith(month)


def _budget(account: AccountState, project: Record, kind: str) -> Decimal | None:
    """Return the project's own budget, or the sum of the budgets of its tasks or people."""
    if kind == "none":
        return None
    if kind in _ASSIGNMENTS:
        index = account.embedded(_ASSIGNMENTS[kind], "project").get(project["id"])
        return sum((amount_of(each.get("budget")) for each in (index.records if index else ())), Decimal(0))
    value = project.get("cost_budget" if kind == "project_cost" else "budget")
    return None if value is None else amount_of(value)
