"""Time entries: who worked on what, when and for how long."""

from __future__ import annotations

from harvest_duck.catalog.columns import (
    ACCOUNT_ID,
    APPROVAL_STATUSES,
    CLIENT,
    TASK,
    UPDATED_SINCE,
    USER,
    USER_ASSIGNMENT,
    between,
    boolean,
    budget,
    created_at,
    date,
    equal,
    hours,
    identity,
    integer,
    rate,
    text,
    time_of_day,
    timestamp,
    updated_at,
)
from harvest_duck.catalog.model import Paging, Right, Table

_TASK_ASSIGNMENT = (
    integer(
        "task_assignment_id",
        "Assignment that puts the task on the project",
        at="task_assignment.id",
        references="task_assignments.id",
    ),
    boolean("task_assignment_billable", "Whether the task is billable on the project", at="task_assignment.billable"),
    boolean("task_assignment_is_active", "Whether the task is still on the project", at="task_assignment.is_active"),
    rate(
        "task_assignment_hourly_rate",
        "Rate of the task on the project, per hour; NULL when unset or hidden",
        at="task_assignment.hourly_rate",
        right=Right.RATES,
    ),
    budget(
        "task_assignment_budget",
        "Hours or money budgeted for the task on the project; NULL unless it is budgeted per task",
        at="task_assignment.budget",
    ),
    timestamp(
        "task_assignment_created_at", "When the task was put on the project, in UTC", at="task_assignment.created_at"
    ),
    timestamp(
        "task_assignment_updated_at", "When the task's assignment last changed, in UTC", at="task_assignment.updated_at"
    ),
)

_EXTERNAL_REFERENCE = (
    text(
        "external_reference_id",
        "Id that another service knows the work by; NULL without a link",
        at="external_reference.id",
    ),
    text(
        "external_reference_group_id",
        "Id of the group around the work in the other service, such as a board",
        at="external_reference.group_id",
    ),
    text(
        "external_reference_account_id",
        "Account in the other service that holds the work; not a Harvest account",
        at="external_reference.account_id",
    ),
    text(
        "external_reference_permalink",
        "Address of the work in the other service",
        at="external_reference.permalink",
    ),
    text(
        "external_reference_service",
        "Host name of the other service, such as trello.com",
        at="external_reference.service",
    ),
    text(
        "external_reference_service_icon_url",
        "Address of the icon of the other service",
        at="external_reference.service_icon_url",
    ),
)

TIME_ENTRIES = Table(
    name="time_entries",
    description="Time that a user spent on a task of a project on one day",
    path="/time_entries",
    body_key="time_entries",
    retrieve="/time_entries/{id}",
    paging=Paging.PAGE,
    columns=(
        identity("time entry"),
        date("spent_date", "Day the time was spent on, in the calendar of the user"),
        *USER,
        *CLIENT,
        text(
            "client_currency",
            "ISO 4217 code of the client's currency; NULL where Harvest leaves it out",
            at="client.currency",
            documented=False,
        ),
        integer("project_id", "Project the time was spent on", at="project.id", references="projects.id"),
        text("project_name", "Name of the project at the time of reading", at="project.name"),
        text(
            "project_code",
            "Short code of the project; NULL where Harvest leaves it out",
            at="project.code",
            documented=False,
        ),
        *TASK,
        *USER_ASSIGNMENT,
        *_TASK_ASSIGNMENT,
        *_EXTERNAL_REFERENCE,
        integer(
            "invoice_id",
            "Invoice that bills the time; NULL until it is invoiced",
            at="invoice.id",
            references="invoices.id",
        ),
        text("invoice_number", "Number of the invoice that bills the time", at="invoice.number"),
        hours("hours", "Hours spent, unrounded; still growing while the timer runs"),
        hours("hours_without_timer", "Hours spent before the running timer was started; equals hours once it stops"),
        hours("rounded_hours", "Hours by the rounding rule of the account, as reports and invoices count them"),
        text("notes", "What was done, in the user's words; NULL when left out"),
        boolean("is_locked", "Whether the entry can no longer be edited"),
        text("locked_reason", "Why the entry is locked; NULL while it is not"),
        boolean("is_closed", "Whether the timesheet was approved; see approval_status", deprecated=True),
        text(
            "approval_status",
            "How far approval has come; NULL where Harvest leaves it out",
            values=APPROVAL_STATUSES,
            documented=False,
        ),
        boolean("is_billed", "Whether the time is on an invoice or marked as invoiced"),
        timestamp("timer_started_at", "When the running timer was started, in UTC; NULL once it stops"),
        time_of_day("started_time", "When work began, on the wall clock; NULL where time is tracked by duration"),
        time_of_day("ended_time", "When work ended, on the wall clock; NULL while the timer runs"),
        boolean("is_running", "Whether the timer runs"),
        boolean("billable", "Whether the client is to pay for the time"),
        boolean("budgeted", "Whether the time counts against the budget of the project"),
        rate(
            "billable_rate",
            "Rate billed, per hour; NULL when not billable or when the caller may not see rates",
            right=Right.RATES,
        ),
        rate(
            "cost_rate",
            "Rate the user costs, per hour; NULL when unset or when the caller may not see costs",
            right=Right.COSTS,
        ),
        created_at("time entry"),
        updated_at("time entry"),
        ACCOUNT_ID,
    ),
    params=(
        equal("user_id"),
        equal("client_id"),
        equal("project_id"),
        equal("task_id"),
        equal("external_reference_id"),
        equal("is_billed"),
        equal("is_running"),
        equal("approval_status", values=APPROVAL_STATUSES),
        UPDATED_SINCE,
        *between("spent_date"),
    ),
    permission="anyone; members see their own, managers also their teammates' and managed projects'",
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/timesheets-api/timesheets/time-entries/",
)
