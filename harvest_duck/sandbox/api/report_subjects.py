"""The subjects of report rows: client, project, task, category or user, with the columns that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.sandbox.data.account_state import AccountState
    from harvest_duck.sandbox.wire import Record


class Subject(NamedTuple):
    """The object embedded in records under `key`, and the row's columns for it, from one of its records."""

    key: str
    columns: Callable[[AccountState, Record], Record]


def _client(_: AccountState, record: Record) -> Record:
    client = record["client"]
    return {"client_id": client["id"], "client_name": client.get("name")}


def _project(_: AccountState, record: Record) -> Record:
    project, client = record["project"], record.get("client") or {}
    return {
        "client_id": client.get("id"),
        "client_name": client.get("name"),
        "project_id": project["id"],
        "project_name": project.get("name"),
    }


def _coded_project(account: AccountState, record: Record) -> Record:
    """Return the columns of `_project`, the name with the project's code before it: [ABC-01] Website."""
    columns = _project(account, record)
    known: Record = account.index("projects").by_id.get(columns["project_id"]) or record["project"]
    code = known.get("code")
    return columns | {"project_name": f"[{code}] {columns['project_name']}"} if code else columns


def _task(_: AccountState, record: Record) -> Record:
    return {"task_id": record["task"]["id"], "task_name": record["task"].get("name")}


def _category(_: AccountState, record: Record) -> Record:
    category = record["expense_category"]
    return {"expense_category_id": category["id"], "expense_category_name": category.get("name")}


def _spender(account: AccountState, record: Record) -> Record:
    user = record["user"]
    known = account.index("users").by_id.get(user["id"], {})
    return {"user_id": user["id"], "user_name": user.get("name"), "is_contractor": known.get("is_contractor")}


def _worker(account: AccountState, record: Record) -> Record:
    known = account.index("users").by_id.get(record["user"]["id"], {})
    more = {key: known.get(key) for key in ("weekly_capacity", "avatar_url")}
    return _spender(account, record) | more


PROJECT = Subject("project", _project)

#: By the last part of the path `/reports/time/…`.
TIME_SUBJECTS = {
    "clients": Subject("client", _client),
    "projects": Subject("project", _coded_project),
    "tasks": Subject("task", _task),
    "team": Subject("user", _worker),
}

#: By the last part of the path `/reports/expenses/…`.
EXPENSE_SUBJECTS = {
    "clients": Subject("client", _client),
    "projects": Subject("project", _coded_project),
    "categories": Subject("expense_category", _category),
    "team": Subject("user", _spender),
}
