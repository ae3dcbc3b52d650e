"""The permissions of users: which records they get, and which rates are null for them.

Administrators see everything. For everyone else time entries, expenses and reports have fewer rows, without an error;
other resources answer 403 to users without permission. Rates are null for users who may not see them. The rules are
those of https://help.getharvest.com/api-v2/introduction/overview/permissions/, and where it is silent those of captured
payloads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.account_state import AccountState
    from harvest_duck.sandbox.wire import Record

INVOICE_PERMISSIONS = ("managed_projects_invoice_drafter", "managed_projects_invoice_manager")

# By table, the fields that show billable rates or money agreed with a client.
_RATES = {
    "time_entries": ("billable_rate", "user_assignment.hourly_rate", "task_assignment.hourly_rate"),
    "expenses": ("user_assignment.hourly_rate",),
    "projects": ("hourly_rate", "fee", "cost_budget"),
    "tasks": ("default_hourly_rate",),
    "task_assignments": ("hourly_rate",),
    "user_assignments": ("hourly_rate",),
    "project_assignments": ("hourly_rate", "task_assignments.hourly_rate"),
    "users": ("default_hourly_rate",),
}
_COSTS = {"time_entries": ("cost_rate",), "users": ("cost_rate",)}


class Viewer:
    """The user who sends a request, with their access roles."""

    def __init__(self, account: AccountState, user_id: int) -> None:
        self.account = account
        self.user_id = user_id
        self.user = account.user(user_id)
        self.roles = frozenset(self.user.get("access_roles") or ())
        self.administrates = "administrator" in self.roles
        self.sees_rates = self.administrates or self.may("billable_rates_manager")

    def may(self, *permissions: str) -> bool:
        """Return whether the user is a manager with one of the `permissions`."""
        return "manager" in self.roles and any(permission in self.roles for permission in permissions)

    @cached_property
    def managed_projects(self) -> frozenset[int]:
        """The ids of the projects that the user manages."""
        return self._projects(lambda each: each.get("is_project_manager") is True)

    @cached_property
    def assigned_projects(self) -> frozenset[int]:
        """The ids of the projects on which the user works."""
        return self._projects(lambda _: True)

    def _projects(self, which: Callable[[Record], bool]) -> frozenset[int]:
        return frozenset(
            (each.get("project") or {}).get("id", 0)
            for each in self.account.records("user_assignments")
            if (each.get("user") or {}).get("id") == self.user_id and each.get("is_active") is True and which(each)
        )

    @cached_property
    def teammates(self) -> frozenset[int]:
        """The ids of the user's assigned teammates."""
        own = self.account.children("teammates", "user_id").get(self.user_id)
        return frozenset() if own is None else frozenset(own.by_id)

    def owns(self, record: Record) -> bool:
        """Return whether a record is about the user."""
        return bool((record.get("user") or {}).get("id") == self.user_id)

    def sees(self, record: Record, *, teammates: bool = True) -> bool:
        """Return whether the user may see a time entry or an expense; reports ignore teammates."""
        if self.administrates:
            return True
        if self.owns(record):
            return True
        if "manager" not in self.roles:
            return False
        owner = (record.get("user") or {}).get("id")
        return (teammates and owner in self.teammates) or (record.get("project") or {}).get(
            "id"
        ) in self.managed_projects

    def view(self, table: str, record: Record) -> Record:
        """Return `record` as the user gets it: itself, or a copy with null for the rates they may not see."""
        hidden = () if self.sees_rates else _RATES.get(table, ())
        if not self.administrates:
            hidden += _COSTS.get(table, ())
        return _blanked(record, hidden) if hidden else record


def _blanked(record: Record, paths: tuple[str, ...]) -> Record:
    """Return a copy of `record` with null at each of `paths` that it has, also in the items of lists."""
    copy = dict(record)
    for path in paths:
        key, _, rest = path.partition(".")
        match copy.get(key):
            case dict(inner) if rest:
                copy[key] = _blanked(inner, (rest,))
            case list(items) if rest:
                copy[key] = [_blanked(item, (rest,)) for item in items]
            case _ if not rest and key in copy:
                copy[key] = None
    return copy


Rule = Callable[[Viewer], bool]


def anyone(_: Viewer) -> bool:
    """Allow every user."""
    return True


def administrator(viewer: Viewer) -> bool:
    """Allow administrators."""
    return viewer.administrates


def manager(viewer: Viewer) -> bool:
    """Allow administrators, and managers of a project."""
    return viewer.administrates or ("manager" in viewer.roles and bool(viewer.managed_projects))


def team_lead(viewer: Viewer) -> bool:
    """Allow administrators, and managers with assigned teammates."""
    return viewer.administrates or ("manager" in viewer.roles and bool(viewer.teammates))


def leader(viewer: Viewer) -> bool:
    """Allow administrators, and managers with assigned teammates or a project."""
    return manager(viewer) or team_lead(viewer)


def permitted(*permissions: str) -> Rule:
    """Return a rule that allows administrators, and managers with one of the `permissions`."""
    return lambda viewer: viewer.administrates or viewer.may(*permissions)
