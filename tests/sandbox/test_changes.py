"""Records of a sandbox are created, edited and deleted as Harvest does it, with what follows for other records."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from support.api_caller import Caller

from harvest_duck.sandbox import MAIN_ID, Rounding, Sandbox, TimeRounding

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.account import Account

NOW = datetime(2026, 11, 21, 9, 30, 5, tzinfo=UTC)
STAMP = "2026-11-21T09:30:05Z"
#: The tables whose records can be created, edited and deleted.
OWN = (
    *("clients", "contacts", "tasks", "projects", "users", "roles", "user_assignments", "task_assignments"),
    *("time_entries", "expenses", "expense_categories", "estimates", "estimate_messages", "estimate_item_categories"),
    *("invoices", "invoice_messages", "invoice_payments", "invoice_item_categories", "billable_rates", "cost_rates"),
    *("pto_types", "pto_requests", "pto_work_schedules", "pto_holiday_calendars", "pto_allocations"),
)


@pytest.fixture
def account() -> Account:
    """An account of a sandbox that does not listen, at one moment."""
    return Sandbox(scale=0.02, now=lambda: NOW).account(MAIN_ID)


def found(account: Account, table: str, identity: int) -> dict[str, Any]:
    (record,) = [each for each in account.records(table) if each["id"] == identity]
    return record


def updated_now(account: Account) -> dict[str, int]:
    """Return how many records of each table were updated at this moment."""
    counts = {
        table: sum(record.get("updated_at") == STAMP for record in account.records(table)) for table in account.tables
    }
    return {table: number for table, number in counts.items() if number}


@pytest.mark.parametrize("table", OWN)
def test_a_new_record_is_like_the_latest_one_and_has_ids_of_its_own(account: Account, table: str) -> None:
    before = account.records(table)
    record = account.insert(table, {})
    assert account.records(table)[: len(before)] == before
    assert (record["created_at"], record["updated_at"]) == (STAMP, STAMP)
    assert record.keys() == before[-1].keys()
    assert record["id"] not in {each["id"] for each in before}
    account.delete(table, record["id"])
    assert {each["id"] for each in account.records(table)} == {each["id"] for each in before}
    assert account.insert(table, {})["id"] > record["id"], "an id is never given twice"
    for derived in ("invoice_line_items", "estimate_line_items", "pto_request_days", "pto_holiday_calendar_entries"):
        ids = [each["id"] for each in account.records(derived)]
        assert len(ids) == len(set(ids))


def test_time_is_tracked_with_what_follows_from_project_person_and_task(account: Account) -> None:
    person = next(each for each in account.records("user_assignments") if each["is_active"])
    project = found(account, "projects", person["project"]["id"])
    task = next(each for each in account.records("task_assignments") if each["project"]["id"] == project["id"])
    ids = {"project_id": project["id"], "user_id": person["user"]["id"], "task_id": task["task"]["id"]}
    entry = account.insert("time_entries", ids | {"hours": Decimal("1.1"), "spent_date": "2026-02-03", "notes": "x"})
    like = account.records("time_entries")[0]
    assert [entry[key] for key in ("spent_date", "notes", "hours", "rounded_hours")] == [
        *("2026-02-03", "x"),
        *(Decimal("1.1"), Decimal("1.25")),
    ]
    assert entry["project"] == {key: project[key] for key in like["project"]}
    assert entry["client"]["id"] == project["client"]["id"]
    assert entry["user_assignment"] == {key: person[key] for key in like["user_assignment"]}
    assert entry["task_assignment"] == {key: task[key] for key in like["task_assignment"]}
    assert (entry["is_running"], entry["is_locked"], entry["invoice"]) == (False, False, None)
    account.set_rounding(TimeRounding(Rounding.NEAREST, 6))
    assert account.edit("time_entries", entry["id"], {"hours": Decimal("1.14")})["rounded_hours"] == Decimal("1.1")


def test_an_edited_record_is_updated_and_the_old_one_stays_as_it_was(account: Account) -> None:
    old = account.records("time_entries")[5]
    copy = dict(old)
    new = account.edit("time_entries", old["id"], {"spent_date": "2024-05-06"})
    assert new == old | {"spent_date": "2024-05-06", "updated_at": STAMP}
    assert (found(account, "time_entries", old["id"]), old) == (new, copy)
    assert updated_now(account) == {"time_entries": 1}
    late = account.edit("time_entries", old["id"], {"notes": "x", "updated_at": "2026-11-21T09:29:00Z"})
    assert (late["notes"], late["updated_at"]) == ("x", "2026-11-21T09:29:00Z")


def test_a_moved_entry_has_the_client_and_the_assignments_of_its_new_project(account: Account) -> None:
    entry = account.records("time_entries")[-1]
    other = next(
        each
        for each in account.records("user_assignments")
        if each["user"] == entry["user"] and each["project"]["id"] != entry["project"]["id"]
    )
    task = next(each for each in account.records("task_assignments") if each["project"]["id"] == other["project"]["id"])
    moved = account.edit(
        "time_entries", entry["id"], {"project_id": other["project"]["id"], "task_id": task["task"]["id"]}
    )
    assert (moved["user_assignment"]["id"], moved["task_assignment"]["id"]) == (other["id"], task["id"])
    assert moved["client"]["id"] == found(account, "projects", other["project"]["id"])["client"]["id"]
    user = account.insert("users", {"first_name": "New"})
    with pytest.raises(LookupError, match=f"user {user['id']} is not assigned to project"):
        account.edit("time_entries", entry["id"], {"user_id": user["id"]})


def test_the_change_of_an_assignment_or_of_a_projects_client_shows_in_entries_that_are_not_updated(
    account: Account,
) -> None:
    entry = account.records("time_entries")[-1]
    account.edit("user_assignments", entry["user_assignment"]["id"], {"hourly_rate": Decimal("99.5")})
    assert found(account, "time_entries", entry["id"])["user_assignment"]["hourly_rate"] == Decimal("99.5")
    client = next(each for each in account.records("clients") if each["id"] != entry["client"]["id"])
    account.edit("projects", entry["project"]["id"], {"client_id": client["id"]})
    assert found(account, "time_entries", entry["id"])["client"]["name"] == client["name"]
    assert updated_now(account) == {"projects": 1, "user_assignments": 1}


def test_payments_change_what_is_due_and_the_state_of_their_invoice(account: Account) -> None:
    invoice = next(each for each in account.records("invoices") if each["state"] == "draft")
    account.insert("invoice_messages", {"invoice_id": invoice["id"]})
    sent = found(account, "invoices", invoice["id"])
    assert (sent["state"], sent["sent_at"], sent["updated_at"]) == ("open", STAMP, STAMP)
    half = account.insert("invoice_payments", {"invoice_id": invoice["id"], "amount": Decimal(1000)})
    assert found(account, "invoices", invoice["id"])["due_amount"] == invoice["amount"] - 1000
    rest = account.insert("invoice_payments", {"invoice_id": invoice["id"], "amount": invoice["amount"] - 1000})
    paid = found(account, "invoices", invoice["id"])
    assert (paid["state"], paid["due_amount"], paid["paid_date"]) == ("paid", 0, "2026-11-21")
    account.delete("invoice_payments", rest["id"])
    account.edit("invoice_payments", half["id"], {"amount": Decimal(400)})
    owed = found(account, "invoices", invoice["id"])
    assert (owed["state"], owed["due_amount"], owed["paid_at"]) == ("open", invoice["amount"] - 400, None)
    assert updated_now(account) == {"invoices": 1, "invoice_payments": 1, "invoice_messages": 1}


def test_messages_change_the_state_of_an_estimate(account: Account) -> None:
    draft = next(each for each in account.records("estimates") if each["state"] == "draft")
    for event, state in ((None, "sent"), ("view", "sent"), ("accept", "accepted"), ("re-open", "sent")):
        account.insert("estimate_messages", {"estimate_id": draft["id"], "event_type": event})
        assert found(account, "estimates", draft["id"])["state"] == state
    assert found(account, "estimates", draft["id"])["accepted_at"] == STAMP


def test_billing_updates_the_time_and_the_client_and_a_deleted_invoice_lets_them_go(account: Account) -> None:
    client = next(each["client"]["id"] for each in account.records("time_entries") if each["billable"])
    account.insert("expenses", {})
    invoice = account.bill(client)
    billed = [each for each in account.records("time_entries") if (each["invoice"] or {}).get("id") == invoice["id"]]
    assert billed
    assert all(each["is_billed"] and each["is_locked"] and each["updated_at"] == STAMP for each in billed)
    assert updated_now(account)["clients"] == 1
    with pytest.raises(ValueError, match=f"nothing to bill for client {client}"):
        account.bill(client)
    account.insert("invoice_payments", {"invoice_id": invoice["id"]})
    account.delete("invoices", invoice["id"])
    assert invoice["id"] not in {each["invoice_id"] for each in account.records("invoice_payments")}
    assert all(each["invoice"] is None for each in account.records("time_entries") if each["id"] == billed[0]["id"])


def test_what_others_need_is_not_deleted_and_what_belongs_to_a_record_goes_along(account: Account) -> None:
    entry = account.records("time_entries")[-1]
    for table, key in (("clients", "client"), ("tasks", "task"), ("users", "user")):
        with pytest.raises(ValueError, match=f"record {entry[key]['id']} of {table} cannot be deleted: there are "):
            account.delete(table, entry[key]["id"])
    project = entry["project"]["id"]
    account.delete("projects", project)
    for table in ("time_entries", "expenses", "user_assignments", "task_assignments"):
        assert project not in {each["project"]["id"] for each in account.records(table)}
    user = account.insert("users", {})
    account.insert("user_assignments", {"user_id": user["id"]})
    account.edit("roles", account.records("roles")[0]["id"], {"user_ids": [user["id"]]})
    account.delete("users", user["id"])
    assert user["id"] not in {each["user"]["id"] for each in account.records("user_assignments")}
    assert account.records("roles")[0]["user_ids"] == []
    with pytest.raises(LookupError, match=f"no record {user['id']} in users"):
        account.delete("users", user["id"])


def test_timers_run_on_and_nothing_is_updated(account: Account) -> None:
    before = {each["id"]: each for each in account.records("time_entries")}
    account.run_timers(30)
    changed = [each for each in account.records("time_entries") if each != before[each["id"]]]
    assert [each["hours"] - before[each["id"]]["hours"] for each in changed] == [Decimal("0.5")] * len(changed)
    assert changed == [each for each in account.records("time_entries") if each["is_running"]]
    assert changed
    assert updated_now(account) == {}


def test_what_cannot_be_changed_is_named(account: Account) -> None:
    with pytest.raises(ValueError, match="no field 'hour' in a record with id, spent_date, hours"):
        account.insert("time_entries", {"hour": 1})
    with pytest.raises(LookupError, match="no record 1 in projects"):
        account.insert("time_entries", {"project_id": 1})
    for table in ("company", "me", "invoice_line_items", "teammates", "nothing"):
        with pytest.raises(LookupError, match=f"no records to change in '{table}'"):
            account.edit(table, 1, {})
    assert updated_now(account) == {}


def test_accounts_change_while_they_answer() -> None:
    moments = [NOW]
    with Sandbox(scale=0.02, now=lambda: moments[-1], limits=False) as sandbox, closing(Caller(sandbox)) as caller:
        account = sandbox.account(MAIN_ID)

        def change() -> None:
            for _ in range(20):
                moments.append(moments[-1] + timedelta(seconds=1))
                account.delete("time_entries", account.insert("time_entries", {})["id"])
                account.insert("time_entries", {"notes": "kept"})

        thread = threading.Thread(target=change)
        thread.start()
        while thread.is_alive():
            page = caller.get("/time_entries", per_page=50).body
            assert len({each["id"] for each in page["time_entries"]}) == 50
        thread.join()
        late = caller.records("/time_entries", "time_entries", updated_since=(NOW + timedelta(seconds=11)).isoformat())
        assert [each["notes"] for each in late] == ["kept"] * 10
        assert caller.get("/time_entries", per_page=1).body["total_entries"] == len(account.records("time_entries"))
