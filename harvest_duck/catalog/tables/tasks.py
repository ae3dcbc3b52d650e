"""Tasks: the kinds of work that time is tracked to."""

from __future__ import annotations

from harvest_duck.catalog.columns import UPDATED_SINCE, boolean, equal, identity, rate, text, timestamps
from harvest_duck.catalog.model import Paging, Right, Table

TASKS = Table(
    name="tasks",
    description="A kind of work that projects can have time tracked to, such as Design",
    path="/tasks",
    body_key="tasks",
    retrieve="/tasks/{id}",
    paging=Paging.CURSOR,
    own_columns=(
        identity("task"),
        text("name", "Name of the task"),
        boolean("billable_by_default", "Whether the task starts out billable when it is added to a project"),
        rate(
            "default_hourly_rate",
            "Rate the task starts out with on a project, per hour; NULL when unset",
            right=Right.RATES,
        ),
        boolean("is_default", "Whether new projects get the task by themselves"),
        boolean("is_active", "Whether the task can be added to projects; false once archived"),
        *timestamps("task"),
    ),
    params=(equal("is_active"), UPDATED_SINCE),
    permission="administrator, or manager with client_and_task_manager",
    docs="https://help.getharvest.com/api-v2/tasks-api/tasks/tasks/",
)
