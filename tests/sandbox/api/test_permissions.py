"""Permissions of managers and members: fewer rows, no rates, and 403."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.api_caller import FACTS, at

from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from support.api_caller import Caller

    from harvest_duck.sandbox import Sandbox

SPAN = {"from_": "20260101", "to": "20261120"}
# From the documentation of each endpoint: the tables that users other than administrators may read.
MANAGER_MAY = frozenset(
    {
        *("clients", "contacts", "tasks", "invoices", "invoice_messages", "invoice_payments", "projects"),
        *("invoice_item_categories", "task_assignments", "user_assignments", "users", "billable_rates"),
        *("invoice_message_templates", "project_assignments", "report_uninvoiced"),
    }
)
ANYONE_MAY = frozenset(
    {
        *("time_entries", "expenses", "me", "my_project_assignments", "report_project_budget"),
        *(f"report_time_{subject}" for subject in ("clients", "projects", "tasks", "team")),
        *(f"report_expenses_{subject}" for subject in ("clients", "projects", "categories", "team")),
        *(f"pto_{table}" for table in ("types", "requests", "work_schedules", "holiday_calendars", "assignments")),
        *("pto_holiday_calendar_entries", "pto_allocations"),
    }
)


def target(name: str, sandbox: Sandbox) -> str:
    """Return the path of a table, for another user, or for some invoice or estimate."""
    users = sandbox.records(MAIN_ID, "users")
    ids = {
        "user_id": users[1]["id"] if name == "teammates" else users[0]["id"],
        "invoice_id": sandbox.records(MAIN_ID, "invoices")[0]["id"],
        "estimate_id": sandbox.records(MAIN_ID, "estimates")[0]["id"],
        "pto_holiday_calendar_id": sandbox.records(MAIN_ID, "pto_holiday_calendars")[0]["id"],
    }
    path: str = FACTS[name]["path"]
    return path.format(**ids)


def test_each_role_may_read_its_resources(
    harvest: Sandbox, administrator: Caller, manager: Caller, member: Caller
) -> None:
    wrong = []
    for name in (name for name, table in FACTS.items() if table["kind"] not in ("nested", "identity")):
        path = target(name, harvest)
        for caller, allowed in ((administrator, True), (manager, name in MANAGER_MAY), (member, False)):
            answer = caller.get(path, **SPAN)
            if answer.status != (200 if allowed or name in ANYONE_MAY else 403):
                wrong.append((name, caller.headers["Authorization"], answer.status))
            if answer.status == 403:
                assert answer.body == {"message": "Not authorized!"}
    assert not wrong


def entries_seen(sandbox: Sandbox, table: str, position: int, *, teammates: bool = True) -> list[dict[str, Any]]:
    """Return the records a user should get: their own, and for managers those of teammates and managed projects."""
    me = sandbox.records(MAIN_ID, "users")[position]
    mates, managed = set(), set()
    if "manager" in me["access_roles"]:
        managed = {
            each["project"]["id"]
            for each in sandbox.records(MAIN_ID, "user_assignments")
            if each["user"]["id"] == me["id"] and each["is_project_manager"] and each["is_active"]
        }
        if teammates:
            mates = {each["id"] for each in sandbox.records(MAIN_ID, "teammates") if each["user_id"] == me["id"]}
    return [
        record
        for record in sandbox.records(MAIN_ID, table)
        if record["user"]["id"] in {me["id"], *mates} or record["project"]["id"] in managed
    ]


@pytest.mark.parametrize("table", ["time_entries", "expenses"])
def test_rows_are_left_out_without_an_error(
    harvest: Sandbox, administrator: Caller, manager: Caller, member: Caller, table: str
) -> None:
    counts = []
    for caller, position in ((manager, 1), (member, 2)):
        expected = {record["id"] for record in entries_seen(harvest, table, position)}
        records = caller.records(f"/{table}", table)
        assert {record["id"] for record in records} == expected
        assert len(records) == len(expected)
        counts.append(len(records))
    total = administrator.get(f"/{table}").body["total_entries"]
    assert 0 < counts[1] < counts[0] < total


@pytest.mark.parametrize("table", ["time_entries", "expenses"])
def test_a_record_that_a_user_may_not_see_is_not_found(harvest: Sandbox, member: Caller, table: str) -> None:
    own = {record["id"] for record in entries_seen(harvest, table, 2)}
    other = next(record for record in harvest.records(MAIN_ID, table) if record["id"] not in own)
    assert member.get(f"/{table}/{other['id']}").status == 404
    assert member.get(f"/{table}/{min(own)}").status == 200


@pytest.mark.parametrize("table", ["requests", "assignments", "allocations"])
def test_time_off_is_shown_to_administrators_and_to_whom_it_is_about(
    harvest: Sandbox, administrator: Caller, manager: Caller, member: Caller, table: str
) -> None:
    key = f"pto_{table}"
    whole = administrator.records(f"/pto/{table}", key)
    assert sorted(map(repr, whole)) == sorted(map(repr, harvest.records(MAIN_ID, key)))
    for caller in (manager, member):
        me = caller.get("/users/me").body["id"]
        own = caller.records(f"/pto/{table}", key)
        assert own == [record for record in whole if record["user"]["id"] == me]
        assert own
        assert caller.get("/pto/balances").body == administrator.get("/pto/balances", user_id=me).body
        assert caller.get("/pto/balances", user_id=harvest.records(MAIN_ID, "users")[0]["id"]).status == 403


def test_an_account_without_time_off_answers_403(euro: Caller) -> None:
    names = [name for name in FACTS if name.startswith("pto_")]
    me = euro.get("/users/me").body["id"]
    paths = [FACTS[name]["path"].format(user_id=me, pto_holiday_calendar_id=1) for name in names]
    assert {path: euro.get(path).status for path in paths} == dict.fromkeys(paths, 403)


def filled(records: list[dict[str, Any]], path: str) -> bool:
    return any(at(record, path) is not None for record in records)


def test_members_see_no_rates_and_managers_with_permission_no_costs(
    administrator: Caller, manager: Caller, member: Caller
) -> None:
    billing = ("billable_rate", "user_assignment.hourly_rate", "task_assignment.hourly_rate")
    seen = {
        name: caller.records("/time_entries", "time_entries", from_="2026-01-01")
        for name, caller in (("administrator", administrator), ("manager", manager), ("member", member))
    }
    for path in billing:
        assert [filled(seen[name], path) for name in seen] == [True, True, False], path
    assert [filled(seen[name], "cost_rate") for name in seen] == [True, False, False]
    assert all("cost_rate" in record and "billable_rate" in record for record in seen["member"])


def test_users_see_themselves_without_rates(administrator: Caller, manager: Caller, member: Caller) -> None:
    rates = [
        (caller.get("/users/me").body["default_hourly_rate"] is None, caller.get("/users/me").body["cost_rate"] is None)
        for caller in (administrator, manager, member)
    ]
    assert rates == [(False, False), (False, True), (True, True)]


def test_anyone_sees_their_own_assignments(harvest: Sandbox, member: Caller) -> None:
    me = member.get("/users/me").body
    assert me["id"] == harvest.records(MAIN_ID, "users")[2]["id"]
    own = member.records(f"/users/{me['id']}/project_assignments", "project_assignments")
    assert own == member.records("/users/me/project_assignments", "project_assignments", per_page=2)
    assert own
    assert not filled(own, "hourly_rate")
    assert not filled([task for each in own for task in each["task_assignments"]], "hourly_rate")


def test_rates_stay_null_for_managers_without_the_permission(small: Sandbox, caller: Caller) -> None:
    users = small.records(MAIN_ID, "users")
    plain = [user | ({"access_roles": ["manager"]} if position == 0 else {}) for position, user in enumerate(users)]
    small.replace(MAIN_ID, "users", plain)
    mates = [{"user_id": users[0]["id"]} | {key: users[3][key] for key in ("id", "first_name", "last_name", "email")}]
    small.replace(MAIN_ID, "teammates", mates)
    seen = caller.records("/users", "users")
    assert len(seen) == len(users)
    assert not filled(seen, "default_hourly_rate")
    assert caller.get("/clients").status == 403
    assert caller.get(f"/users/{users[3]['id']}/billable_rates").status == 403
    entries = caller.records("/time_entries", "time_entries")
    assert users[3]["id"] in {entry["user"]["id"] for entry in entries}


def test_time_reports_hide_money_from_members(harvest: Sandbox, member: Caller) -> None:
    rows = member.get("/reports/time/projects", **SPAN).body["results"]
    assert rows
    assert all("currency" not in row and "billable_amount" not in row for row in rows)
    own = [entry for entry in entries_seen(harvest, "time_entries", 2) if entry["spent_date"] >= "2026-01-01"]
    assert sum(row["total_hours"] for row in rows) == sum(entry["rounded_hours"] for entry in own)


def test_reports_of_managers_cover_their_own_and_their_projects(harvest: Sandbox, manager: Caller) -> None:
    rows = manager.get("/reports/time/team", **SPAN).body["results"]
    seen = entries_seen(harvest, "time_entries", 1, teammates=False)
    hours = sum(entry["rounded_hours"] for entry in seen if entry["spent_date"] >= "2026-01-01")
    assert sum(row["total_hours"] for row in rows) == hours
    assert all("billable_amount" in row for row in rows)


def test_uninvoiced_work_shows_managers_the_projects_they_manage(harvest: Sandbox, manager: Caller) -> None:
    me = harvest.records(MAIN_ID, "users")[1]["id"]
    managed = {
        each["project"]["id"]
        for each in harvest.records(MAIN_ID, "user_assignments")
        if each["user"]["id"] == me and each["is_project_manager"] and each["is_active"]
    }
    rows = manager.get("/reports/uninvoiced", **SPAN).body["results"]
    assert rows
    assert {row["project_id"] for row in rows} <= managed


def test_budgets_are_shared_with_those_who_may_see_them(harvest: Sandbox, manager: Caller, member: Caller) -> None:
    shared = {project["id"] for project in harvest.records(MAIN_ID, "projects") if project["show_budget_to_all"]}
    me = harvest.records(MAIN_ID, "users")[2]["id"]
    assigned = {
        each["project"]["id"]
        for each in harvest.records(MAIN_ID, "user_assignments")
        if each["user"]["id"] == me and each["is_active"]
    }
    rows = member.get("/reports/project_budget").body["results"]
    assert {row["project_id"] for row in rows} == shared & assigned
    money = [row for row in rows if row["budget_by"] in ("project_cost", "task_fees")]
    assert all(row["budget"] is row["budget_spent"] is row["budget_remaining"] is None for row in money)
    assert shared <= {row["project_id"] for row in manager.get("/reports/project_budget").body["results"]}
