"""Projects, and which tasks and users are on them."""

from __future__ import annotations

from harvest_duck.catalog.columns import (
    BUDGET_METHODS,
    CLIENT,
    PROJECT,
    TASK,
    UPDATED_SINCE,
    USER,
    boolean,
    budget,
    date,
    equal,
    identity,
    money,
    percent,
    rate,
    text,
    timestamps,
)
from harvest_duck.catalog.model import AlternatePath, Paging, Right, Table

PROJECTS = Table(
    name="projects",
    description="A piece of work for a client, with its way of billing and its budget",
    path="/projects",
    body_key="projects",
    retrieve="/projects/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        identity("project"),
        *CLIENT,
        text("client_currency", "ISO 4217 code of the currency of the project's amounts", at="client.currency"),
        text("name", "Name of the project"),
        text("code", "Short code of the project, NULL or empty where none is used"),
        boolean("is_active", "Whether time can be tracked to the project; false once archived"),
        boolean("is_billable", "Whether the client is to pay for the project"),
        boolean("is_fixed_fee", "Whether one fee is billed whatever the hours"),
        text("bill_by", "Whose hourly rates apply", values=("Project", "Tasks", "People", "none")),
        rate("hourly_rate", "Rate of the project, per hour; NULL unless billed by Project", right=Right.RATES),
        budget("budget", "Hours budgeted for the project; NULL unless it is budgeted by time"),
        text(
            "budget_by",
            "What is budgeted: hours or fees, for the project, each task or each person",
            values=BUDGET_METHODS,
        ),
        boolean("budget_is_monthly", "Whether the budget starts afresh each month"),
        boolean("notify_when_over_budget", "Whether project managers are mailed when the budget nears its end"),
        percent("over_budget_notification_percentage", "Share of the budget at which the mail goes out"),
        date("over_budget_notification_date", "Day the last such mail went out; NULL if none has"),
        boolean("show_budget_to_all", "Whether everyone on the project sees its budget, not only managers"),
        money("cost_budget", "Money budgeted for the project; NULL unless budgeted by total fees", right=Right.RATES),
        boolean("cost_budget_include_expenses", "Whether expenses count against the budget in money"),
        money("fee", "The fee of a fixed-fee project; NULL otherwise", right=Right.RATES),
        text("notes", "Free text about the project"),
        date("starts_on", "First planned day; NULL where none is set"),
        date("ends_on", "Last planned day; NULL where none is set"),
        *timestamps("project"),
    ),
    params=(equal("is_active"), equal("client_id"), UPDATED_SINCE),
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
        identity("task assignment"),
        *PROJECT,
        *TASK,
        boolean("is_active", "Whether time can be tracked to the task on the project"),
        boolean("billable", "Whether the client is to pay for the task on the project"),
        rate("hourly_rate", "Rate of the task on the project, per hour; NULL when unset or hidden", right=Right.RATES),
        budget("budget", "Hours or money budgeted for the task; NULL unless the project is budgeted per task"),
        *timestamps("task assignment"),
    ),
    params=(equal("is_active"), UPDATED_SINCE),
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
        identity("user assignment"),
        *PROJECT,
        *USER,
        boolean("is_active", "Whether the user is still on the project"),
        boolean("is_project_manager", "Whether the user manages the project"),
        boolean("use_default_rates", "Whether the user's own default rate applies rather than hourly_rate"),
        rate("hourly_rate", "Rate of the user on the project, per hour; NULL when unset or hidden", right=Right.RATES),
        budget("budget", "Hours budgeted for the user; NULL unless the project is budgeted per person"),
        *timestamps("user assignment"),
    ),
    params=(equal("user_id"), equal("is_active"), UPDATED_SINCE),
    permission="administrator, or manager with assigned teammates or managed projects",
    docs="https://help.getharvest.com/api-v2/projects-api/projects/user-assignments/",
)
