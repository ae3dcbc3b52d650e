"""Time entries: who worked on what, when and for how long."""

from __future__ import annotations

from harvest_duck.catalog.columns import (
    APPROVAL_STATUSES,
    CLIENT,
    TASK,
    UPDATED_SINCE,
    USER,
    USER_ASSIGNMENT,
    between,
    boolean,
    budget,
    date,
    equal,
    hours,
    identity,
    integer,
    nested,
    rate,
    text,
    time_of_day,
    timestamp,
    timestamps,
)
from harvest_duck.catalog.model import Paging, Right, Table

_TASK_ASSIGNMENT = nested(
    "task_assignment",
    integer("id", "Assignment that puts the task on the project", references="task_assignments.id"),
    boolean("billable", "Whether the task is billable on the project"),
    boolean("is_active", "Whether the task is still on the project"),
    rate("hourly_rate", "Rate of the task on the project, per hour; NULL when unset or hidden", right=Right.RATES),
    budget("budget", "Hours or money budgeted for the task on the project; NULL unless it is budgeted per task"),
    timestamp("created_at", "When the task was put on the project, in UTC"),
    timestamp("updated_at", "When the task's assignment last changed, in UTC"),
)

_EXTERNAL_REFERENCE = nested(
    "external_reference",
    text("id", "Id that another service knows the work by; NULL without a link"),
    text("group_id", "Id of the group around the work in the other service, such as a board"),
    text("account_id", "Account in the other service that holds the work; not a Harvest account"),
    text("permalink", "Address of the work in the other service"),
    text("service", "Host name of the other service, such as trello.com"),
    text("service_icon_url", "Address of the icon of the other service"),
)

TIME_ENTRIES = Table(
    name="time_entries",
    description="Time that a user spent on a task of a project on one day",
    path="/time_entries",
    body_key="time_entries",
    retrieve="/time_entries/{id}",
    paging=Paging.PAGE,
    own_columns=(
        identity("time entry"),
        date("spent_date", "Day the time was spent on, in the calendar of the user"),
        *USER,
        *CLIENT,
        *nested(
            "client",
            text(
                "currency", "ISO 4217 code of the client's currency; NULL where Harvest leaves it out", documented=False
            ),
        ),
        *nested(
            "project",
            integer("id", "Project the time was spent on", references="projects.id"),
            text("name", "Name of the project at the time of reading"),
            text("code", "Short code of the project; NULL where Harvest leaves it out", documented=False),
        ),
        *TASK,
        *USER_ASSIGNMENT,
        *_TASK_ASSIGNMENT,
        *_EXTERNAL_REFERENCE,
        *nested(
            "invoice",
            integer("id", "Invoice that bills the time; NULL until it is invoiced", references="invoices.id"),
            text("number", "Number of the invoice that bills the time"),
        ),
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
        *timestamps("time entry"),
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
