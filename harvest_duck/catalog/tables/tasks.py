"""Tasks: the kinds of work that time is tracked to."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import Paging, Right, Table

TASKS = Table(
    name="tasks",
    description="A kind of work that projects can have time tracked to, such as Design",
    path="/tasks",
    body_key="tasks",
    retrieve="/tasks/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        col.identity("task"),
        col.text("name", "Name of the task"),
        col.boolean("billable_by_default", "Whether the task starts out billable when it is added to a project"),
        col.rate(
            "default_hourly_rate",
            "Rate the task starts out with on a project, per hour; NULL when unset",
            right=Right.RATES,
        ),
        col.boolean("is_default", "Whether new projects get the task by themselves"),
        col.boolean("is_active", "Whether the task can be added to projects; false once archived"),
        *col.timestamps("task"),
    ),
    params=(col.equal("is_active"), col.UPDATED_SINCE),
    permission="administrator, or manager with client_and_task_manager",
    docs="https://help.getharvest.com/api-v2/tasks-api/tasks/tasks/",
)
