"""The fields that a record gets when it is created or edited: those that are given, and those that follow from them.

They are given as in the requests of Harvest that create and edit: `project_id` in place of an embedded `project`.
https://help.getharvest.com/api-v2/timesheets-api/timesheets/time-entries/#update-a-time-entry
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.embedded import TABLE_OF_KEY, excerpt
from harvest_duck.sandbox.data.numbers import amount_of, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.sandbox.data.draft import Draft
    from harvest_duck.sandbox.wire import Record

_OPEN = {
    "is_locked": False,
    "locked_reason": None,
    "is_closed": False,
    "approval_status": "unsubmitted",
    "is_billed": False,
    "invoice": None,
    "is_explicitly_locked": False,
}
_STOPPED = {"is_running": False, "timer_started_at": None, "started_time": None, "ended_time": None}
_UNSENT = {"state": "draft", "sent_at": None}
_UNPAID = {"paid_at": None, "paid_date": None, "closed_at": None}
_UNDECIDED = {"accepted_at": None, "declined_at": None}
_MESSAGE = {"event_type": None, "thank_you": False, "reminder": False, "send_reminder_on": None}
#: What a new record has that the one before it may not have.
_AT_FIRST: Mapping[str, Record] = {
    "time_entries": _OPEN | _STOPPED | {"external_reference": None},
    "expenses": _OPEN | {"receipt": None},
    "invoices": _UNSENT | _UNPAID | {"estimate": None, "retainer": None, "recurring_invoice_id": None},
    "estimates": _UNSENT | _UNDECIDED,
    "invoice_messages": _MESSAGE,
    "estimate_messages": _MESSAGE,
    "clients": {"is_active": True},
    "projects": {"is_active": True},
    "tasks": {"is_active": True},
    "users": {"is_active": True, "access_roles": ["member"]},
    "user_assignments": {"is_active": True, "is_project_manager": False},
    "task_assignments": {"is_active": True},
}
#: Days that are today at first, and the time of day behind them.
_DAYS = {"spent_date": "", "issue_date": "", "paid_date": "", "paid_at": "T00:00:00Z"}


def first_fields(draft: Draft, table: str) -> Record:
    """Return the fields of a new record that is like the latest one, but for what is always so at first."""
    like = draft.latest(table)
    made = {"id": draft.new_id(), "created_at": draft.moment, "updated_at": draft.moment}
    at_first = {key: value for key, value in _AT_FIRST.get(table, {}).items() if key in like}
    days = {key: f"{draft.moment[:10]}{time}" for key, time in _DAYS.items() if key in like}
    items = {key: [_copied(draft, item) for item in value] for key, value in like.items() if isinstance(value, list)}
    if table in ("invoices", "estimates"):
        made["number"] = str(1 + max((int(each["number"]) for each in draft.records(table)), default=0))
    return like | items | days | at_first | made


def _copied(draft: Draft, item: object) -> object:
    """Return an embedded item with an id of its own; what has no id is returned as it is."""
    return item | {"id": draft.new_id()} if isinstance(item, dict) and "id" in item else item


def given_fields(draft: Draft, record: Record, fields: Record) -> Record:
    """Return the `fields` of a record by its own keys; ValueError for one that it does not have."""
    given: Record = {}
    for name, value in fields.items():
        key = name.removesuffix("_id")
        if name in record:
            given[name] = value
        elif key in record and key in TABLE_OF_KEY:
            other = None if value is None else draft.find(TABLE_OF_KEY[key], value)
            given[key] = other and excerpt(key, other, record[key])
        else:
            raise ValueError(f"no field {name!r} in a record with {', '.join(record)}")
    return given


def following_fields(draft: Draft, table: str, record: Record, given: Record, *, new: bool = False) -> Record:
    """Return the fields of a time entry or an expense that follow from those that are `given`; of a `new` one, all.

    LookupError if its person or task is not assigned to its project.
    """
    if table not in ("time_entries", "expenses"):
        return {}
    following: Record = {}
    if new or not {"project", "user", "task"}.isdisjoint(given):
        following = _of_project(draft, record)
    if "hours" in record and (new or "hours" in given):
        hours = number(amount_of(record["hours"]))
        following |= {"hours_without_timer": hours, "rounded_hours": draft.rounding.rounded(hours)}
    return {key: value for key, value in following.items() if key in record and key not in given}


def _of_project(draft: Draft, record: Record) -> Record:
    """Return the client, the assignments and the rates of a record by its project, person and task."""
    project = draft.find("projects", record["project"]["id"])
    client = draft.find("clients", project["client"]["id"])
    person = _assignment(draft, "user", record)
    fields: Record = {
        "client": excerpt("client", client, record["client"]),
        "user_assignment": excerpt("user_assignment", person, record["user_assignment"]),
    }
    if "task" in record:
        task = _assignment(draft, "task", record)
        rates = {"Project": project["hourly_rate"], "Tasks": task["hourly_rate"], "People": person["hourly_rate"]}
        fields |= {
            "task_assignment": excerpt("task_assignment", task, record["task_assignment"]),
            "billable": task["billable"],
            "billable_rate": rates.get(project["bill_by"]) if task["billable"] else None,
            "cost_rate": draft.find("users", record["user"]["id"])["cost_rate"],
        }
    return fields


def _assignment(draft: Draft, key: str, record: Record) -> Record:
    """Return the assignment of a record's "user" or "task" to its project; LookupError if there is none."""
    project, own = record["project"]["id"], record[key]["id"]
    for each in draft.records(f"{key}_assignments"):
        if (each["project"]["id"], each[key]["id"]) == (project, own):
            return each
    raise LookupError(f"{key} {own} is not assigned to project {project}")
