"""Names, rounding, rates and locks change in what the API answers, and records that show them are not updated."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from harvest_duck.sandbox import MAIN_ID, Rounding, Sandbox, TimeRounding

if TYPE_CHECKING:
    from support.api_caller import Caller

TABLES = (
    "clients",
    "projects",
    "tasks",
    "time_entries",
    "expenses",
    "invoices",
    "estimates",
    "task_assignments",
    "users",
)


def updated(sandbox: Sandbox) -> dict[str, dict[int, str]]:
    return {
        table: {record["id"]: record["updated_at"] for record in sandbox.records(MAIN_ID, table)} for table in TABLES
    }


def differing(before: dict[str, dict[int, str]], after: dict[str, dict[int, str]]) -> list[tuple[str, int]]:
    """Return table and id of the records that were updated."""
    return [
        (table, each) for table, moments in after.items() for each in moments if moments[each] != before[table][each]
    ]


def names(record: Any, key: str, identity: int) -> list[str]:
    """Return the names at every object under `key` with the id, however deep."""
    if isinstance(record, list):
        return [name for item in record for name in names(item, key, identity)]
    if not isinstance(record, dict):
        return []
    found = [name for value in record.values() for name in names(value, key, identity)]
    inner = record.get(key)
    return [*found, inner["name"]] if isinstance(inner, dict) and inner.get("id") == identity else found


@pytest.fixture
def agency() -> Sandbox:
    """A sandbox that does not listen."""
    return Sandbox(scale=0.1)


@pytest.mark.parametrize(
    ("table", "others"),
    [
        ("clients", ("time_entries", "projects", "invoices", "contacts")),
        ("projects", ("time_entries", "invoices", "task_assignments", "user_assignments")),
        ("tasks", ("time_entries", "task_assignments")),
        ("users", ("time_entries", "user_assignments", "pto_requests")),
    ],
)
def test_a_new_name_shows_everywhere(agency: Sandbox, table: str, others: tuple[str, ...]) -> None:
    key = table.removesuffix("s")
    billed = next(each for each in agency.records(MAIN_ID, "time_entries") if each["is_billed"])
    identity, before = billed[key]["id"], updated(agency)
    agency.account(MAIN_ID).rename(table, identity, "Renamed & Co.")
    assert differing(before, updated(agency)) == [(table, identity)]
    assert billed[key]["name"] != "Renamed & Co.", "records that were handed out stay as they were"
    (record,) = [each for each in agency.records(MAIN_ID, table) if each["id"] == identity]
    assert record.get("name", f"{record.get('first_name')} {record.get('last_name')}") == "Renamed & Co."
    for other in (*others, "expenses", "estimates"):
        found = set(names(agency.records(MAIN_ID, other), key, identity))
        assert found <= {"Renamed & Co."}, other
        assert found or other not in others, other


def test_a_new_name_of_a_person_shows_where_they_made_a_document_and_as_a_teammate(agency: Sandbox) -> None:
    creator = agency.records(MAIN_ID, "invoices")[0]["creator"]["id"]
    mate = next(each["id"] for each in agency.records(MAIN_ID, "teammates") if each["id"] != creator)
    account = agency.account(MAIN_ID)
    account.rename("users", creator, "Nina van Dyk")
    account.rename("users", mate, "Otto Ahlers")
    for table in ("invoices", "estimates"):
        made = [each["creator"]["name"] for each in account.records(table) if each["creator"]["id"] == creator]
        assert set(made) == {"Nina van Dyk"}
    user = next(each for each in account.records("users") if each["id"] == creator)
    assert (user["first_name"], user["last_name"]) == ("Nina", "van Dyk")
    assert {each["last_name"] for each in account.records("teammates") if each["id"] == mate} == {"Ahlers"}


def test_answers_show_a_new_name_at_once(small: Sandbox, caller: Caller) -> None:
    entry = caller.records("/time_entries", "time_entries")[0]
    small.account(MAIN_ID).rename("clients", entry["client"]["id"], "Renamed & Co.")
    changed = caller.records("/time_entries", "time_entries")[0]
    assert changed == entry | {"client": entry["client"] | {"name": "Renamed & Co."}}


def test_another_rounding_changes_the_rounded_hours(agency: Sandbox) -> None:
    before = updated(agency)
    invoices = agency.records(MAIN_ID, "invoices")
    agency.account(MAIN_ID).set_rounding(TimeRounding(Rounding.NEAREST, 30))
    for entry in agency.records(MAIN_ID, "time_entries"):
        assert entry["rounded_hours"] % Decimal("0.5") == 0
        assert abs(entry["rounded_hours"] - entry["hours"]) <= Decimal("0.25")
    assert (updated(agency), agency.records(MAIN_ID, "invoices")) == (before, invoices)


def test_another_rate_is_that_of_all_time_not_invoiced(agency: Sandbox) -> None:
    before = updated(agency)
    project = next(
        each for each in agency.records(MAIN_ID, "projects") if each["bill_by"] == "Project" and each["is_active"]
    )
    old = {entry["id"]: entry for entry in agency.records(MAIN_ID, "time_entries")}
    agency.account(MAIN_ID).set_rate(project["id"], Decimal("333.5"))
    changed = [entry for entry in agency.records(MAIN_ID, "time_entries") if entry != old[entry["id"]]]
    assert changed
    assert changed == [
        entry | {"billable_rate": Decimal("333.5")}
        for entry in old.values()
        if entry["project"]["id"] == project["id"] and entry["billable"] and not entry["is_billed"]
    ]
    assert differing(before, updated(agency)) == [("projects", project["id"])]


def test_a_lock_holds_for_all_days_up_to_it(agency: Sandbox) -> None:
    before = updated(agency)
    agency.account(MAIN_ID).lock_until(date(2026, 11, 15))
    for table in ("time_entries", "expenses"):
        for record in agency.records(MAIN_ID, table):
            assert record["is_locked"] or record["spent_date"] > "2026-11-15", record
        assert not all(record["is_locked"] for record in agency.records(MAIN_ID, "time_entries"))
    assert updated(agency) == before


def test_what_does_not_exist_cannot_change(agency: Sandbox) -> None:
    account = agency.account(MAIN_ID)
    with pytest.raises(LookupError, match="no record 1 in clients"):
        account.rename("clients", 1, "x")
    with pytest.raises(LookupError, match="no project 1 that is billed by its own rate"):
        account.set_rate(1, Decimal(1))
