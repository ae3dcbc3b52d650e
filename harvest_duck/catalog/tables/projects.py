"""Projects, and which tasks and users are on them."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import AlternatePath, Paging, Right, Table

PROJECTS = Table(
    name="projects",
    description="A piece of work for a client, with its way of billing and its budget",
    path="/projects",
    body_key="projects",
    retrieve="/projects/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        col.identity("project"),
        *col.CLIENT,
        col.text("client_currency", "ISO 4217 code of the currency of the project's amounts", at="client.currency"),
        col.text("name", "Name of the project"),
        col.text("code", "Short code of the project, NULL or empty where none is used"),
        col.boolean("is_active", "Whether time can be tracked to the project; false once archived"),
        col.boolean("is_billable", "Whether the client is to pay for the project"),
        col.boolean("is_fixed_fee", "Whether one fee is billed whatever the hours"),
        col.text("bill_by", "Whose hourly rates apply", values=("Project", "Tasks", "People", "none")),
        col.rate("hourly_rate", "Rate of the project, per hour; NULL unless billed by Project", right=Right.RATES),
        col.budget("budget", "Hours budgeted for the project; NULL unless it is budgeted by time"),
        col.text(
            "budget_by",
            "What is budgeted: hours or fees, for the project, each task or each person",
            values=col.BUDGET_METHODS,
        ),
        col.boolean("budget_is_monthly", "Whether the budget starts afresh each month"),
        col.boolean("notify_when_over_budget", "Whether project managers are mailed when the budget nears its end"),
        col.percent("over_budget_notification_percentage", "Share of the budget at which the mail goes out"),
        col.date("over_budget_notification_date", "Day the last such mail went out; NULL if none has"),
        col.boolean("show_budget_to_all", "Whether everyone on the project sees its budget, not only managers"),
        col.money(
            "cost_budget", "Money budgeted for the project; NULL unless budgeted by total fees", right=Right.RATES
        ),
        col.boolean("cost_budget_include_expenses", "Whether expenses count against the budget in money"),
        col.money("fee", "The fee of a fixed-fee project; NULL otherwise", right=Right.RATES),
        col.text("notes", "Free text about the project"),
        col.date("starts_on", "First planned day; NULL where none is set"),
        col.date("ends_on", "Last planned day; NULL where none is set"),
        *col.timestamps("project"),
        col.text(
            "currency",
            "ISO 4217 code, as the project itself has it beside its client; usually absent, then NULL",
            documented=False,
        ),
    ),
    params=(col.equal("is_active"), col.equal("client_id"), col.UPDATED_SINCE),
    permission="administrator, or manager for managed projects",
    docs="https://help.getharvest.com/api-v2/projects-api/projects/projects/",
)

TASK_ASSIGNMENTS = Table(
    name="task_assignments",
    description="A task on a project, with its rate and budget there",
    path="/task_assignments",
    body_key="task_assignments",
    paging=Paging.CURSOR,
    alternates=(
        AlternatePath(
            path="/projects/{project_id}/task_assignments", paging=Paging.PAGE, params=("is_active", "updated_since")
        ),
        AlternatePath(path="/projects/{project_id}/task_assignments/{id}", paging=Paging.NONE),
    ),
    own_columns=(
        col.identity("task assignment"),
        *col.PROJECT,
        *col.TASK,
        col.boolean("is_active", "Whether time can be tracked to the task on the project"),
        col.boolean("billable", "Whether the client is to pay for the task on the project"),
        col.rate(
            "hourly_rate", "Rate of the task on the project, per hour; NULL when unset or hidden", right=Right.RATES
        ),
        col.budget("budget", "Hours or money budgeted for the task; NULL unless the project is budgeted per task"),
        *col.timestamps("task assignment"),
    ),
    params=(col.equal("is_active"), col.UPDATED_SINCE),
    permission="administrator, or manager for managed projects",
    docs="https://help.getharvest.com/api-v2/projects-api/projects/task-assignments/",
)

USER_ASSIGNMENTS = Table(
    name="user_assignments",
    description="A user on a project, with their rate and budget there",
    path="/user_assignments",
    body_key="user_assignments",
    paging=Paging.CURSOR,
    alternates=(
        AlternatePath(
            path="/projects/{project_id}/user_assignments",
            paging=Paging.PAGE,
            params=("user_id", "is_active", "updated_since"),
        ),
        AlternatePath(path="/projects/{project_id}/user_assignments/{id}", paging=Paging.NONE),
    ),
    own_columns=(
        col.identity("user assignment"),
        *col.PROJECT,
        *col.USER,
        col.boolean("is_active", "Whether the user is still on the project"),
        col.boolean("is_project_manager", "Whether the user manages the project"),
        col.boolean("use_default_rates", "Whether the user's own default rate applies rather than hourly_rate"),
        col.rate(
            "hourly_rate", "Rate of the user on the project, per hour; NULL when unset or hidden", right=Right.RATES
        ),
        col.budget("budget", "Hours budgeted for the user; NULL unless the project is budgeted per person"),
        *col.timestamps("user assignment"),
    ),
    params=(col.equal("user_id"), col.equal("is_active"), col.UPDATED_SINCE),
    permission="administrator, or manager with assigned teammates or managed projects",
    docs="https://help.getharvest.com/api-v2/projects-api/projects/user-assignments/",
)
