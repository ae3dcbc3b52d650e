"""The lists of the API, one value each: path, pagination, filters and permissions.

Written from Harvest's documentation (https://help.getharvest.com/api-v2/) and not from the client's tables, so that a
misreading on either side shows as a difference.
"""

from __future__ import annotations

from dataclasses import dataclass

from harvest_duck.sandbox.api.filters import Filter, Kind
from harvest_duck.sandbox.api.paging import LARGEST
from harvest_duck.sandbox.api.permissions import (
    INVOICE_PERMISSIONS,
    Rule,
    administrator,
    anyone,
    leader,
    manager,
    permitted,
    team_lead,
)


@dataclass(frozen=True, slots=True)
class Resource:
    """A list of the API.

    `owner` is the id in its path and `owners` the table of that id; `one` says whether single records have a path.
    """

    table: str
    path: str
    key: str
    allowed: Rule
    filters: tuple[Filter, ...] = ()
    by_cursor: bool = True
    one: bool = True
    owner: str | None = None
    owners: str | None = None
    own_allowed: bool = False
    per_page: int = LARGEST


_SINCE = Filter("updated_since", Kind.SINCE, "updated_at")
_ACTIVE = Filter("is_active", Kind.BOOLEAN, "is_active")
_USER = Filter("user_id", Kind.INTEGER, "user.id")
_CLIENT = Filter("client_id", Kind.INTEGER, "client.id")
_PROJECT = Filter("project_id", Kind.INTEGER, "project.id")
_BILLED = Filter("is_billed", Kind.BOOLEAN, "is_billed")
_APPROVAL = Filter("approval_status", Kind.TEXT, "approval_status", ("unsubmitted", "submitted", "approved"))


def _days(field: str) -> tuple[Filter, Filter]:
    return Filter("from", Kind.FROM, field), Filter("to", Kind.TO, field)


def _states(*states: str) -> Filter:
    return Filter("state", Kind.TEXT, "state", states)


_client_staff = permitted("client_and_task_manager")
_estimators = permitted("estimates_manager")
_invoicers = permitted(*INVOICE_PERMISSIONS)
_rate_keepers = permitted("billable_rates_manager")

RESOURCES = (
    Resource("clients", "/clients", "clients", _client_staff, (_ACTIVE, _SINCE)),
    Resource("contacts", "/contacts", "contacts", _client_staff, (_CLIENT, _SINCE)),
    Resource(
        "estimates",
        "/estimates",
        "estimates",
        _estimators,
        (_CLIENT, _SINCE, *_days("issue_date"), _states("draft", "sent", "accepted", "declined")),
        by_cursor=False,
    ),
    Resource(
        "estimate_messages",
        "/estimates/{estimate_id}/messages",
        "estimate_messages",
        _estimators,
        (_SINCE,),
        one=False,
        owner="estimate_id",
        owners="estimates",
    ),
    Resource(
        "estimate_item_categories", "/estimate_item_categories", "estimate_item_categories", administrator, (_SINCE,)
    ),
    Resource(
        "expenses",
        "/expenses",
        "expenses",
        anyone,
        (_USER, _CLIENT, _PROJECT, _BILLED, _APPROVAL, _SINCE, *_days("spent_date")),
        by_cursor=False,
    ),
    Resource("expense_categories", "/expense_categories", "expense_categories", administrator, (_ACTIVE, _SINCE)),
    Resource(
        "invoices",
        "/invoices",
        "invoices",
        _invoicers,
        (
            _CLIENT,
            Filter("project_id", Kind.PROJECT_OF_ITEMS, "line_items"),
            _SINCE,
            *_days("issue_date"),
            _states("draft", "open", "paid", "closed"),
        ),
        by_cursor=False,
        per_page=100,
    ),
    Resource(
        "invoice_messages",
        "/invoices/{invoice_id}/messages",
        "invoice_messages",
        _invoicers,
        (_SINCE,),
        one=False,
        owner="invoice_id",
        owners="invoices",
    ),
    Resource(
        "invoice_payments",
        "/invoices/{invoice_id}/payments",
        "invoice_payments",
        _invoicers,
        (_SINCE,),
        one=False,
        owner="invoice_id",
        owners="invoices",
    ),
    Resource("invoice_item_categories", "/invoice_item_categories", "invoice_item_categories", manager, (_SINCE,)),
    Resource("projects", "/projects", "projects", manager, (_ACTIVE, _CLIENT, _SINCE)),
    Resource("task_assignments", "/task_assignments", "task_assignments", manager, (_ACTIVE, _SINCE), one=False),
    Resource(
        "task_assignments",
        "/projects/{project_id}/task_assignments",
        "task_assignments",
        manager,
        (_ACTIVE, _SINCE),
        by_cursor=False,
        owner="project_id",
        owners="projects",
    ),
    Resource("user_assignments", "/user_assignments", "user_assignments", leader, (_USER, _ACTIVE, _SINCE), one=False),
    Resource(
        "user_assignments",
        "/projects/{project_id}/user_assignments",
        "user_assignments",
        leader,
        (_USER, _ACTIVE, _SINCE),
        by_cursor=False,
        owner="project_id",
        owners="projects",
    ),
    Resource("roles", "/roles", "roles", administrator),
    Resource("tasks", "/tasks", "tasks", _client_staff, (_ACTIVE, _SINCE)),
    Resource(
        "time_entries",
        "/time_entries",
        "time_entries",
        anyone,
        (
            *(_USER, _CLIENT, _PROJECT, Filter("task_id", Kind.INTEGER, "task.id")),
            Filter("external_reference_id", Kind.TEXT, "external_reference.id"),
            *(_BILLED, Filter("is_running", Kind.BOOLEAN, "is_running"), _APPROVAL, _SINCE),
            *_days("spent_date"),
        ),
        by_cursor=False,
    ),
    Resource("users", "/users", "users", team_lead, (_ACTIVE, _SINCE)),
    Resource(
        "billable_rates",
        "/users/{user_id}/billable_rates",
        "billable_rates",
        _rate_keepers,
        owner="user_id",
        owners="users",
    ),
    Resource("cost_rates", "/users/{user_id}/cost_rates", "cost_rates", administrator, owner="user_id", owners="users"),
    Resource(
        "project_assignments",
        "/users/{user_id}/project_assignments",
        "project_assignments",
        team_lead,
        (_SINCE,),
        one=False,
        owner="user_id",
        owners="users",
        own_allowed=True,
    ),
    Resource(
        "teammates",
        "/users/{user_id}/teammates",
        "teammates",
        administrator,
        one=False,
        owner="user_id",
        owners="users",
    ),
)
