"""Reports: sums that Harvest works out, over a span of days or as of now, one row per subject and currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import Limit, Match, Origin, Paging, Param, Right, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.catalog.model import Column

_ANYONE = "anyone; members see their own, managers also their managed projects'"
_DAYS = (
    col.date("from_date", "First day of the report, set by the query", origin=Origin.INPUT),
    col.date(
        "to_date",
        "Last day of the report, set by the query; the years of a longer period are added up",
        origin=Origin.INPUT,
    ),
)
_SPAN = (
    Param(name="from", column="from_date", match=Match.FROM, required=True),
    Param(name="to", column="to_date", match=Match.TO, required=True),
)
_CLIENT = (
    col.integer("client_id", "Client the sums are for", references="clients.id"),
    col.text("client_name", "Name of the client at the time of reading"),
)
_PROJECT_ID = col.integer("project_id", "Project the sums are for", references="projects.id")
_CODED_PROJECT = (
    _PROJECT_ID,
    col.text("project_name", "Name of the project, after its code in brackets where it has one"),
)
_PLAIN_PROJECT_NAME = col.text("project_name", "Name of the project, without its code")
_TEAM = (
    col.integer("user_id", "User the sums are for", references="users.id"),
    col.text("user_name", "First and last name of the user"),
    col.boolean("is_contractor", "Whether the user is a contractor rather than an employee"),
)


def _expenses(kind: str, identity: str, description: str, columns: Iterable[Column]) -> Table:
    return Table(
        name=f"report_expenses_{kind}",
        description=description,
        path=f"/reports/expenses/{kind}",
        body_key="results",
        paging=Paging.PAGE,
        limit=Limit.REPORTS,
        max_span_days=365,
        subject=(identity, "currency"),
        own_columns=(
            *_DAYS,
            *columns,
            col.money("total_amount", "Cost of all expenses of the days"),
            col.money("billable_amount", "Cost of the expenses that the client is to pay"),
            col.text("currency", "ISO 4217 code of the currency of the amounts; a subject has one row for each"),
        ),
        params=_SPAN,
        permission=_ANYONE,
        narrowed=True,
        docs="https://help.getharvest.com/api-v2/reports-api/reports/expense-reports/",
    )


def _time(kind: str, identity: str, description: str, columns: Iterable[Column]) -> Table:
    return Table(
        name=f"report_time_{kind}",
        description=description,
        path=f"/reports/time/{kind}",
        body_key="results",
        paging=Paging.PAGE,
        limit=Limit.REPORTS,
        max_span_days=365,
        subject=(identity, "currency"),
        own_columns=(
            *_DAYS,
            col.boolean(
                "include_fixed_fee",
                "Whether billable_amount counts fixed-fee projects too, set by the query; NULL leaves it to Harvest",
                origin=Origin.INPUT,
            ),
            *columns,
            col.hours("total_hours", "All hours of the days, by the rounding rule of the account"),
            col.hours("billable_hours", "Hours that the client is to pay, by the rounding rule of the account"),
            col.text(
                "currency",
                "ISO 4217 code of the currency of the amount; NULL without the right to see rates",
                right=Right.RATES,
            ),
            col.money(
                "billable_amount",
                "Billable hours at their rates; NULL without the right to see rates",
                right=Right.RATES,
            ),
        ),
        params=(*_SPAN, col.equal("include_fixed_fee")),
        permission=_ANYONE,
        narrowed=True,
        docs="https://help.getharvest.com/api-v2/reports-api/reports/time-reports/",
    )


REPORT_EXPENSES_CLIENTS = _expenses("clients", "client_id", "What was spent for a client over a span of days", _CLIENT)
REPORT_EXPENSES_PROJECTS = _expenses(
    "projects", "project_id", "What was spent on a project over a span of days", (*_CLIENT, *_CODED_PROJECT)
)
REPORT_EXPENSES_CATEGORIES = _expenses(
    "categories",
    "expense_category_id",
    "What was spent in an expense category over a span of days",
    (
        col.integer("expense_category_id", "Expense category the sums are for", references="expense_categories.id"),
        col.text("expense_category_name", "Name of the expense category"),
    ),
)
REPORT_EXPENSES_TEAM = _expenses("team", "user_id", "What a user spent over a span of days", _TEAM)

REPORT_TIME_CLIENTS = _time("clients", "client_id", "Hours worked for a client over a span of days", _CLIENT)
REPORT_TIME_PROJECTS = _time(
    "projects", "project_id", "Hours worked on a project over a span of days", (*_CODED_PROJECT, *_CLIENT)
)
REPORT_TIME_TASKS = _time(
    "tasks",
    "task_id",
    "Hours worked on a task over a span of days, whatever the project",
    (
        col.integer("task_id", "Task the sums are for", references="tasks.id"),
        col.text("task_name", "Name of the task at the time of reading"),
    ),
)
REPORT_TIME_TEAM = _time(
    "team",
    "user_id",
    "Hours a user worked over a span of days",
    (
        *_TEAM,
        col.seconds("weekly_capacity", "Time the user is available per week, in seconds; 126000 is 35 hours"),
        col.text("avatar_url", "Address of the user's picture"),
    ),
)

REPORT_UNINVOICED = Table(
    name="report_uninvoiced",
    description="Billable work and expenses of a project over a span of days that no invoice carries yet",
    path="/reports/uninvoiced",
    body_key="results",
    paging=Paging.PAGE,
    limit=Limit.REPORTS,
    max_span_days=365,
    # What is left of a fee is in every report that does not end before its project starts.
    # https://support.getharvest.com/hc/en-us/articles/360048181472-How-project-type-affects-reports
    not_summed_with=("include_fixed_fee",),
    subject=("project_id", "currency"),
    own_columns=(
        *_DAYS,
        col.boolean(
            "include_fixed_fee",
            "Whether fixed-fee projects are counted, set by the query; Harvest counts them when it is NULL",
            origin=Origin.INPUT,
        ),
        *_CLIENT,
        _PROJECT_ID,
        _PLAIN_PROJECT_NAME,
        col.text("currency", "ISO 4217 code of the currency of the amounts"),
        col.hours("total_hours", "All hours of the days, by the rounding rule of the account"),
        col.hours("uninvoiced_hours", "Hours not yet invoiced, by the rounding rule of the account"),
        col.money("uninvoiced_expenses", "Billable expenses not yet invoiced"),
        col.money("uninvoiced_amount", "Time and expenses not yet invoiced, together"),
    ),
    params=(*_SPAN, col.equal("include_fixed_fee")),
    permission="administrator, or manager who may invoice, for managed projects",
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/reports-api/reports/uninvoiced-report/",
)

REPORT_PROJECT_BUDGET = Table(
    name="report_project_budget",
    description="The budget of a project and what is left of it, as of now",
    path="/reports/project_budget",
    body_key="results",
    paging=Paging.PAGE,
    limit=Limit.REPORTS,
    own_columns=(
        *_CLIENT,
        col.integer("project_id", "Project the budget is for", key=True, references="projects.id"),
        _PLAIN_PROJECT_NAME,
        col.boolean("budget_is_monthly", "Whether the budget starts afresh each month; then this month's is shown"),
        col.text(
            "budget_by",
            "What is budgeted: hours or fees, for the project, each task or each person",
            values=col.BUDGET_METHODS,
        ),
        col.boolean("is_active", "Whether the project is active; false once archived"),
        col.budget("budget", "Hours or money budgeted, as budget_by says; NULL when money that the caller may not see"),
        col.budget("budget_spent", "Hours or money used up, in the unit of budget"),
        col.budget("budget_remaining", "Budget less what is used up, negative once overrun"),
    ),
    params=(col.equal("is_active"),),
    permission="anyone; managers see managed and shared projects, members shared ones they are on",
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/reports-api/reports/project-budget-report/",
)
