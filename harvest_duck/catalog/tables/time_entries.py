"""Time entries: who worked on what, when and for how long."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import Paging, Right, Table

_TASK_ASSIGNMENT = col.nested(
    "task_assignment",
    col.integer("id", "Assignment that puts the task on the project", references="task_assignments.id"),
    col.boolean("billable", "Whether the task is billable on the project"),
    col.boolean("is_active", "Whether the task is still on the project"),
    col.rate("hourly_rate", "Rate of the task on the project, per hour; NULL when unset or hidden", right=Right.RATES),
    col.budget("budget", "Hours or money budgeted for the task on the project; NULL unless it is budgeted per task"),
    col.timestamp("created_at", "When the task was put on the project, in UTC"),
    col.timestamp("updated_at", "When the task's assignment last changed, in UTC"),
)

_EXTERNAL_REFERENCE = col.nested(
    "external_reference",
    col.text("id", "Id that another service knows the work by; NULL without a link"),
    col.text("group_id", "Id of the group around the work in the other service, such as a board"),
    col.text("account_id", "Account in the other service that holds the work; not a Harvest account"),
    col.text("permalink", "Address of the work in the other service"),
    col.text("service", "Host name of the other service, such as trello.com"),
    col.text("service_icon_url", "Address of the icon of the other service"),
)

TIME_ENTRIES = Table(
    name="time_entries",
    description="Time that a user spent on a task of a project on one day",
    path="/time_entries",
    body_key="time_entries",
    retrieve="/time_entries/{id}",
    paging=Paging.PAGE,
    own_columns=(
        col.identity("time entry"),
        col.date("spent_date", "Day the time was spent on, in the calendar of the user"),
        *col.USER,
        *col.CLIENT,
        *col.nested(
            "client",
            col.text(
                "currency", "ISO 4217 code of the client's currency; NULL where Harvest leaves it out", documented=False
            ),
        ),
        *col.nested(
            "project",
            col.integer("id", "Project the time was spent on", references="projects.id"),
            col.text("name", "Name of the project at the time of reading"),
            col.text("code", "Short code of the project; NULL where Harvest leaves it out", documented=False),
        ),
        *col.TASK,
        *col.USER_ASSIGNMENT,
        *_TASK_ASSIGNMENT,
        *_EXTERNAL_REFERENCE,
        *col.nested(
            "invoice",
            col.integer("id", "Invoice that bills the time; NULL until it is invoiced", references="invoices.id"),
            col.text("number", "Number of the invoice that bills the time"),
        ),
        col.hours("hours", "Hours spent, unrounded; still growing while the timer runs"),
        col.hours(
            "hours_without_timer", "Hours spent before the running timer was started; equals hours once it stops"
        ),
        col.hours("rounded_hours", "Hours by the rounding rule of the account, as reports and invoices count them"),
        col.text("notes", "What was done, in the user's words; NULL when left out"),
        col.boolean("is_locked", "Whether the entry can no longer be edited"),
        col.text("locked_reason", "Why the entry is locked; NULL while it is not"),
        col.boolean("is_closed", "Whether the timesheet was approved; see approval_status", deprecated=True),
        col.text(
            "approval_status",
            "How far approval has come; NULL where Harvest leaves it out",
            values=col.APPROVAL_STATUSES,
            documented=False,
        ),
        col.boolean("is_billed", "Whether the time is on an invoice or marked as invoiced"),
        col.timestamp("timer_started_at", "When the running timer was started, in UTC; NULL once it stops"),
        col.time_of_day("started_time", "When work began, on the wall clock; NULL where time is tracked by duration"),
        col.time_of_day("ended_time", "When work ended, on the wall clock; NULL while the timer runs"),
        col.boolean("is_running", "Whether the timer runs"),
        col.boolean("billable", "Whether the client is to pay for the time"),
        col.boolean("budgeted", "Whether the time counts against the budget of the project"),
        col.rate(
            "billable_rate",
            "Rate billed, per hour; NULL when not billable or when the caller may not see rates",
            right=Right.RATES,
        ),
        col.rate(
            "cost_rate",
            "Rate the user costs, per hour, in company.currency; NULL when unset or when the caller may not see costs",
            right=Right.COSTS,
        ),
        *col.timestamps("time entry"),
        col.boolean(
            "is_explicitly_locked",
            "Whether somebody locked the entry itself; usually absent, then NULL",
            documented=False,
        ),
    ),
    params=(
        col.equal("user_id"),
        col.equal("client_id"),
        col.equal("project_id"),
        col.equal("task_id"),
        col.equal("external_reference_id"),
        col.equal("is_billed"),
        col.equal("is_running"),
        col.equal("approval_status", values=col.APPROVAL_STATUSES),
        col.UPDATED_SINCE,
        *col.between("spent_date"),
    ),
    permission="anyone; members see their own, managers also their teammates' and managed projects'",
    narrowed=True,
    docs="https://help.getharvest.com/api-v2/timesheets-api/timesheets/time-entries/",
)
