"""The generated agency: the same records for the same seed, of the given size, and consistent."""

from __future__ import annotations

import copy
import re
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from support.api_caller import at

from harvest_duck.sandbox import EURO_ID, MAIN_ID, TODAY, Sandbox
from harvest_duck.sandbox.data import generate

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNTS = (MAIN_ID, EURO_ID)
TABLES = (
    *("company", "clients", "contacts", "tasks", "users", "roles", "billable_rates", "cost_rates", "teammates"),
    *("projects", "task_assignments", "user_assignments", "time_entries", "expense_categories", "expenses"),
    *("estimates", "estimate_messages", "estimate_item_categories", "invoices", "invoice_messages"),
    *("invoice_payments", "invoice_item_categories", "estimate_line_items", "invoice_line_items"),
    *("project_assignments", "project_assignment_task_assignments", "my_project_assignments", "me", "accounts"),
    "invoice_message_templates",
)
REFERENCES = (
    ("contacts", "client.id", "clients"),
    ("projects", "client.id", "clients"),
    ("task_assignments", "project.id", "projects"),
    ("task_assignments", "task.id", "tasks"),
    ("user_assignments", "project.id", "projects"),
    ("user_assignments", "user.id", "users"),
    ("project_assignments", "client.id", "clients"),
    ("project_assignments", "id", "user_assignments"),
    ("project_assignment_task_assignments", "id", "task_assignments"),
    ("time_entries", "user.id", "users"),
    ("time_entries", "client.id", "clients"),
    ("time_entries", "project.id", "projects"),
    ("time_entries", "task.id", "tasks"),
    ("time_entries", "user_assignment.id", "user_assignments"),
    ("time_entries", "task_assignment.id", "task_assignments"),
    ("time_entries", "invoice.id", "invoices"),
    ("expenses", "user.id", "users"),
    ("expenses", "project.id", "projects"),
    ("expenses", "client.id", "clients"),
    ("expenses", "expense_category.id", "expense_categories"),
    ("expenses", "user_assignment.id", "user_assignments"),
    ("expenses", "invoice.id", "invoices"),
    ("estimates", "client.id", "clients"),
    ("estimates", "creator.id", "users"),
    ("estimate_messages", "estimate_id", "estimates"),
    ("invoices", "client.id", "clients"),
    ("invoices", "creator.id", "users"),
    ("invoices", "estimate.id", "estimates"),
    ("invoice_line_items", "project.id", "projects"),
    ("invoice_line_items", "invoice_id", "invoices"),
    ("invoice_messages", "invoice_id", "invoices"),
    ("invoice_payments", "invoice_id", "invoices"),
    ("billable_rates", "user_id", "users"),
    ("cost_rates", "user_id", "users"),
    ("teammates", "user_id", "users"),
    ("teammates", "id", "users"),
)


def everything(sandbox: Sandbox) -> dict[tuple[int, str], Any]:
    return {(number, table): sandbox.records(number, table) for number in ACCOUNTS for table in TABLES}


def test_the_same_seed_scale_and_today_give_the_same_records() -> None:
    first = everything(Sandbox(scale=0.2))
    # Generated anew, not copied.
    generate._pickled.cache_clear()
    assert everything(Sandbox(scale=0.2)) == first


def test_the_records_of_two_sandboxes_are_equal_and_not_the_same_objects() -> None:
    one, other = Sandbox(scale=0.2), Sandbox(scale=0.2)
    one.records(MAIN_ID, "clients")[0]["name"] = "changed"
    assert other.records(MAIN_ID, "clients")[0]["name"] != "changed"


@pytest.mark.thorough
def test_an_account_too_large_to_copy_is_generated_each_time() -> None:
    before = generate._pickled.cache_info().currsize
    assert len(Sandbox(scale=0.2, time_entries=20_001).records(MAIN_ID, "time_entries")) == 20_001
    assert generate._pickled.cache_info().currsize <= before + 1, "only the small account is kept"


def test_another_seed_gives_other_records() -> None:
    assert everything(Sandbox(scale=0.2)) != everything(Sandbox(scale=0.2, seed=8))


def test_the_records_end_today() -> None:
    moved = Sandbox(scale=0.2, today=date(2024, 2, 29)).records(MAIN_ID, "time_entries")
    assert max(entry["spent_date"] for entry in moved) == "2024-02-29"
    assert min(entry["spent_date"] for entry in moved) < "2019-04-01"


def test_the_usual_size_is_that_of_a_small_agency(harvest: Sandbox) -> None:
    counts = {table: len(harvest.records(MAIN_ID, table)) for table in TABLES}
    assert 12_000 <= counts["time_entries"] <= 25_000
    assert (counts["users"], counts["projects"], counts["clients"]) == (15, 40, 25)
    assert 100 <= counts["invoices"] <= 300


@pytest.mark.parametrize("count", [0, 1, 999, 8_000])
def test_the_count_of_time_entries_is_met_exactly(count: int) -> None:
    assert len(Sandbox(scale=0.3, time_entries=count).records(MAIN_ID, "time_entries")) == count


def test_time_entries_spread_over_five_years(harvest: Sandbox) -> None:
    years = Counter(entry["spent_date"][:4] for entry in harvest.records(MAIN_ID, "time_entries"))
    assert set(years) == {"2021", "2022", "2023", "2024", "2025", "2026"}
    assert min(count for year, count in years.items() if year != "2021") > 1000


def test_weekends_are_quiet(harvest: Sandbox) -> None:
    days = Counter(
        date.fromisoformat(entry["spent_date"]).weekday() for entry in harvest.records(MAIN_ID, "time_entries")
    )
    assert days[5] + days[6] < min(days[weekday] for weekday in range(5)) / 4


def test_references_resolve(harvest: Sandbox) -> None:
    wrong = []
    for account_id in ACCOUNTS:
        for table, path, target in REFERENCES:
            known = {record["id"] for record in harvest.records(account_id, target)}
            named = {at(record, path) for record in harvest.records(account_id, table)} - {None}
            if not named or not named <= known:
                wrong.append((account_id, table, path, named - known))
    assert not wrong


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_embedded_names_are_those_of_the_records(harvest: Sandbox, account_id: int) -> None:
    clients = {client["id"]: client for client in harvest.records(account_id, "clients")}
    users = {user["id"]: f"{user['first_name']} {user['last_name']}" for user in harvest.records(account_id, "users")}
    projects = {project["id"]: project for project in harvest.records(account_id, "projects")}
    for entry in harvest.records(account_id, "time_entries"):
        project = projects[entry["project"]["id"]]
        assert entry["client"]["name"] == clients[entry["client"]["id"]]["name"] == project["client"]["name"]
        assert entry["user"]["name"] == users[entry["user"]["id"]]
        assert entry["project"]["name"] == project["name"]


def test_ids_are_unique_and_those_of_time_entries_exceed_32_bits(harvest: Sandbox) -> None:
    for account_id in ACCOUNTS:
        for table in TABLES:
            records = harvest.records(account_id, table)
            if table in ("teammates", "project_assignment_task_assignments") or "id" not in records[0]:
                continue
            assert len({record["id"] for record in records}) == len(records), table
    assert min(entry["id"] for entry in harvest.records(MAIN_ID, "time_entries")) > 2**31


def test_every_way_of_billing_and_budgeting_occurs(harvest: Sandbox) -> None:
    for account_id in ACCOUNTS:
        projects = harvest.records(account_id, "projects")
        assert {project["bill_by"] for project in projects} == {"Project", "Tasks", "People", "none"}
        budgets = {"project", "project_cost", "task", "task_fees", "person", "none"}
        assert {project["budget_by"] for project in projects} == budgets
        for flag in ("is_active", "is_billable", "is_fixed_fee", "budget_is_monthly"):
            assert {project[flag] for project in projects} == {True, False}, flag


def test_clocks_and_currencies_differ_between_the_accounts(harvest: Sandbox) -> None:
    clocks = {number: harvest.records(number, "company")[0]["clock"] for number in ACCOUNTS}
    assert clocks == {MAIN_ID: "12h", EURO_ID: "24h"}
    for number, shape in ((MAIN_ID, r"\d{1,2}:\d\d[ap]m"), (EURO_ID, r"\d\d:\d\d")):
        times = {entry["started_time"] for entry in harvest.records(number, "time_entries")} - {None}
        assert times
        assert all(re.fullmatch(shape, value) for value in times)
        assert len({client["currency"] for client in harvest.records(number, "clients")}) > 1


def test_some_timers_run(harvest: Sandbox) -> None:
    for number in ACCOUNTS:
        running = [entry for entry in harvest.records(number, "time_entries") if entry["is_running"]]
        assert len(running) == 2
        for entry in running:
            assert (entry["ended_time"], entry["is_billed"]) == (None, False)
            assert entry["timer_started_at"] is not None
            assert entry["hours"] > entry["hours_without_timer"]


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_billed_records_name_their_invoice_and_are_locked(harvest: Sandbox, account_id: int) -> None:
    numbers = {invoice["id"]: invoice["number"] for invoice in harvest.records(account_id, "invoices")}
    for table in ("time_entries", "expenses"):
        billed = [record for record in harvest.records(account_id, table) if record["is_billed"]]
        assert billed
        for record in billed:
            assert numbers[record["invoice"]["id"]] == record["invoice"]["number"]
            assert record["is_locked"]
        assert all(
            record["invoice"] is None for record in harvest.records(account_id, table) if not record["is_billed"]
        )


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_line_items_add_up_to_the_billed_hours(harvest: Sandbox, account_id: int) -> None:
    fixed = {project["id"] for project in harvest.records(account_id, "projects") if project["is_fixed_fee"]}
    billed: Counter[tuple[int, int]] = Counter()
    for entry in harvest.records(account_id, "time_entries"):
        if entry["is_billed"]:
            billed[entry["invoice"]["id"], entry["project"]["id"]] += entry["rounded_hours"]
    invoiced: Counter[tuple[int, int]] = Counter()
    for item in harvest.records(account_id, "invoice_line_items"):
        if item["kind"] == "Service" and item["project"]["id"] not in fixed:
            invoiced[item["invoice_id"], item["project"]["id"]] += item["quantity"]
    assert billed == invoiced


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize("account_id", ACCOUNTS)
@pytest.mark.parametrize("table", ["invoices", "estimates"])
def test_amounts_follow_from_line_items_discount_and_taxes(harvest: Sandbox, account_id: int, table: str) -> None:
    for document in harvest.records(account_id, table):
        items = document["line_items"]
        for item in items:
            assert item["amount"] == cents(item["quantity"] * item["unit_price"])
        taxes = document["tax_amount"] + document["tax2_amount"]
        assert document["amount"] == sum(item["amount"] for item in items) - document["discount_amount"] + taxes
        for tax in ("tax", "tax2"):
            assert (document[tax] is None) <= (document[f"{tax}_amount"] == 0)


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_payments_settle_invoices(harvest: Sandbox, account_id: int) -> None:
    paid: Counter[int] = Counter()
    for payment in harvest.records(account_id, "invoice_payments"):
        paid[payment["invoice_id"]] += payment["amount"]
    for invoice in harvest.records(account_id, "invoices"):
        assert invoice["due_amount"] == invoice["amount"] - paid[invoice["id"]]
        assert (invoice["state"] == "paid") == (invoice["paid_date"] is not None)
        if invoice["state"] == "paid":
            assert invoice["due_amount"] == 0


@pytest.mark.parametrize("account_id", ACCOUNTS)
@pytest.mark.parametrize(("table", "rate"), [("billable_rates", "default_hourly_rate"), ("cost_rates", "cost_rate")])
def test_rates_follow_one_another_up_to_the_current_one(
    harvest: Sandbox, account_id: int, table: str, rate: str
) -> None:
    for user in harvest.records(account_id, "users"):
        own = [each for each in harvest.records(account_id, table) if each["user_id"] == user["id"]]
        assert own[0]["start_date"] is None
        assert own[-1]["end_date"] is None
        assert own[-1]["amount"] == user[rate]
        for earlier, later in pairwise(own):
            gap = date.fromisoformat(later["start_date"]) - date.fromisoformat(earlier["end_date"])
            assert gap.days == 1


def test_nothing_happens_after_today(harvest: Sandbox) -> None:
    for account_id in ACCOUNTS:
        for table in ("clients", "projects", "users", "time_entries", "expenses", "invoices", "estimates"):
            for record in harvest.records(account_id, table):
                assert record["created_at"][:10] <= TODAY.isoformat(), (table, record)
                assert record["created_at"] <= record["updated_at"], (table, record)


@pytest.mark.thorough
def test_decimals_are_decimals(harvest: Sandbox) -> None:
    def walk(value: object, visit: Callable[[object], None]) -> None:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                walk(item, visit)
        else:
            visit(value)

    kinds: Counter[type] = Counter()
    for records in everything(harvest).values():
        walk(records, lambda value: kinds.update([type(value)]))
    assert set(kinds) == {str, int, bool, type(None), Decimal}


def test_generated_records_are_not_changed_by_being_read() -> None:
    sandbox = Sandbox(scale=0.1)
    before = copy.deepcopy(everything(sandbox))
    sandbox.report(MAIN_ID, "report_uninvoiced", date(2026, 1, 1), TODAY)
    assert everything(sandbox) == before
