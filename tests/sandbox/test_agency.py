"""The agency of the usual size could be a real one: its work, its budgets, its invoices and what is paid of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pytest

from harvest_duck.sandbox import EURO_ID, MAIN_ID, TODAY, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCOUNTS = (MAIN_ID, EURO_ID)
MONEY = ("project_cost", "task_fees")
TIME_OFF = {"Vacation", "Public Holiday", "Sick Leave"}
A_YEAR_AGO = (TODAY - timedelta(days=364)).isoformat()
THIS_MONTH = TODAY.replace(day=1).isoformat()
Row = dict[str, Any]


def billed(entry: Row) -> Decimal:
    return (entry["rounded_hours"] * (entry["billable_rate"] or 0)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def last_year(sandbox: Sandbox, account_id: int = MAIN_ID) -> list[Row]:
    return [entry for entry in sandbox.records(account_id, "time_entries") if entry["spent_date"] >= A_YEAR_AGO]


def hours(entries: Iterable[Row]) -> Decimal:
    return sum((entry["hours"] for entry in entries), Decimal(0))


def days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def test_three_fifths_to_four_fifths_of_the_capacity_are_billable(harvest: Sandbox) -> None:
    users = {user["id"]: user for user in harvest.records(MAIN_ID, "users") if "Operations" not in user["roles"]}
    entries = [entry for entry in last_year(harvest) if entry["user"]["id"] in users]
    capacity = Decimal(0)
    for identity, user in users.items():
        days = [entry["spent_date"] for entry in entries if entry["user"]["id"] == identity]
        if days:
            capacity += Decimal(days_between(min(days), max(days)) + 1) / 7 * user["weekly_capacity"] / 3600
    assert Decimal("0.6") <= hours(entry for entry in entries if entry["billable"]) / capacity <= Decimal("0.8")


def test_people_have_weeks_of_32_to_40_hours(harvest: Sandbox) -> None:
    weeks = {user["weekly_capacity"] // 3600 for user in harvest.records(MAIN_ID, "users")}
    assert weeks == {32, 35, 40}
    days: Counter[tuple[int, str]] = Counter()
    for entry in last_year(harvest):
        days[entry["user"]["id"], entry["spent_date"]] += entry["hours"]
    assert max(days.values()) < 10


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_time_off_is_internal_and_not_billable(harvest: Sandbox, account_id: int) -> None:
    away = [entry for entry in last_year(harvest, account_id) if entry["task"]["name"] in TIME_OFF]
    assert {entry["task"]["name"] for entry in away} == TIME_OFF
    assert {(entry["project"]["name"], entry["billable"]) for entry in away} == {("Internal", False)}
    assert Decimal("0.07") < hours(away) / hours(last_year(harvest, account_id)) < Decimal("0.15")
    days = {(entry["user"]["id"], entry["spent_date"]) for entry in away}
    worked = {
        (entry["user"]["id"], entry["spent_date"])
        for entry in last_year(harvest, account_id)
        if entry["task"]["name"] not in TIME_OFF
    }
    assert not days & worked


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_a_day_off_has_no_note_and_no_ticket(harvest: Sandbox, account_id: int) -> None:
    entries = harvest.records(account_id, "time_entries")
    away = [entry for entry in entries if entry["task"]["name"] in TIME_OFF]
    assert {(entry["notes"], entry["external_reference"]) for entry in away} == {(None, None)}
    assert any(entry["notes"] and entry["external_reference"] for entry in entries)


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_notes_and_units_of_expenses_are_those_of_their_category(harvest: Sandbox, account_id: int) -> None:
    categories: dict[str, set[str]] = defaultdict(set)
    for expense in harvest.records(account_id, "expenses"):
        name = expense["expense_category"]["name"]
        categories[expense["notes"] or ""].add(name)
        most = {"mile": 180, "parcel": 8}.get(expense["expense_category"]["unit_name"], 1)
        assert 1 <= expense["units"] <= most
    assert all(len(names) == 1 for note, names in categories.items() if note)
    assert len(categories) > len(set.union(*categories.values()))


def spent_percent(row: Row) -> Decimal:
    return row["budget_spent"] / row["budget"] * 100


def test_running_budgets_are_on_track_near_and_over_by_thirds(harvest: Sandbox) -> None:
    rows = harvest.report(MAIN_ID, "report_project_budget", TODAY, TODAY)
    percentages = {row["project_id"]: spent_percent(row) for row in rows if row["is_active"] and row["budget"]}
    notified = {
        project["id"]: project["over_budget_notification_percentage"]
        for project in harvest.records(MAIN_ID, "projects")
    }
    states = Counter(
        "over" if spent > 100 else "near" if spent >= notified[identity] else "on track"
        for identity, spent in percentages.items()
    )
    assert set(states) == {"over", "near", "on track"}
    assert max(states.values()) - min(states.values()) <= 1
    assert max(percentages.values()) <= 130


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_budgets_of_ended_projects_came_out_near_the_work(harvest: Sandbox, account_id: int) -> None:
    rows = harvest.report(account_id, "report_project_budget", TODAY, TODAY)
    ended = [row for row in rows if not row["is_active"] and row["budget"] and not row["budget_is_monthly"]]
    assert ended
    assert all(70 <= spent_percent(row) <= 120 for row in ended)


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_a_monthly_budget_fits_a_month(harvest: Sandbox, account_id: int) -> None:
    for project in harvest.records(account_id, "projects"):
        if project["budget_is_monthly"]:
            months: Counter[str] = Counter()
            for entry in harvest.records(account_id, "time_entries"):
                if entry["project"]["id"] == project["id"]:
                    spent = billed(entry) if project["budget_by"] in MONEY else entry["rounded_hours"]
                    months[entry["spent_date"][:7]] += spent
            budget = project["cost_budget"] if project["budget_by"] in MONEY else project["budget"]
            assert min(months.values()) / 4 < budget < 4 * max(months.values()), project["name"]


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_some_tasks_and_people_have_no_budget_and_the_project_has_the_sum(harvest: Sandbox, account_id: int) -> None:
    for table, ways in (("task_assignments", ("task", "task_fees")), ("user_assignments", ("person",))):
        projects = [each for each in harvest.records(account_id, "projects") if each["budget_by"] in ways]
        budgets: dict[int, list[Decimal | None]] = defaultdict(list)
        for assignment in harvest.records(account_id, table):
            budgets[assignment["project"]["id"]].append(assignment["budget"])
        assert any(None in budgets[project["id"]] for project in projects)
        for project in projects:
            budget = project["cost_budget" if project["budget_by"] in MONEY else "budget"]
            assert budget == sum(filter(None, budgets[project["id"]]))


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_entries_embed_their_assignments_as_they_are(harvest: Sandbox, account_id: int) -> None:
    for key in ("task_assignment", "user_assignment"):
        assignments = {each["id"]: each for each in harvest.records(account_id, f"{key}s")}
        for entry in harvest.records(account_id, "time_entries"):
            embedded = entry[key]
            assert embedded.items() <= assignments[embedded["id"]].items()


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_notifications_about_budgets_went_out_when_the_percentage_was_reached(
    harvest: Sandbox, account_id: int
) -> None:
    sent = 0
    for project in harvest.records(account_id, "projects"):
        money = project["budget_by"] in MONEY
        budget = project["cost_budget" if money else "budget"]
        if budget is None or not project["notify_when_over_budget"]:
            assert project["over_budget_notification_date"] is None
            continue
        first = THIS_MONTH if project["budget_is_monthly"] else ""
        spent: Counter[str] = Counter()
        for entry in harvest.records(account_id, "time_entries"):
            if entry["project"]["id"] == project["id"] and entry["spent_date"] >= first:
                spent[entry["spent_date"]] += billed(entry) if money else entry["rounded_hours"]
        if project["cost_budget_include_expenses"]:
            for expense in harvest.records(account_id, "expenses"):
                if expense["project"]["id"] == project["id"] and expense["spent_date"] >= first:
                    spent[expense["spent_date"]] += expense["total_cost"]
        days = sorted(spent)
        limit = budget * project["over_budget_notification_percentage"] / 100
        reached = [day for day, sum_ in zip(days, accumulate(spent[day] for day in days), strict=True) if sum_ >= limit]
        assert project["over_budget_notification_date"] == (reached[0] if reached else None)
        sent += bool(reached)
    assert sent


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_projects_end_on_a_day(harvest: Sandbox, account_id: int) -> None:
    for project in harvest.records(account_id, "projects"):
        if project["name"] == "Internal":
            assert (project["is_active"], project["ends_on"]) == (True, None)
        else:
            assert project["is_active"] == (project["ends_on"] >= TODAY.isoformat())


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_a_month_is_invoiced_in_the_next_one(harvest: Sandbox, account_id: int) -> None:
    flat = {project["id"] for project in harvest.records(account_id, "projects") if project["is_fixed_fee"]}
    invoices = {invoice["id"]: invoice for invoice in harvest.records(account_id, "invoices")}
    for entry in last_year(harvest, account_id):
        if not entry["billable"] or entry["project"]["id"] in flat:
            continue
        # Of the last month some invoices are still to be written.
        assert entry["is_billed"] == (entry["spent_date"] < THIS_MONTH), entry
        if entry["is_billed"]:
            invoice = invoices[entry["invoice"]["id"]]
            assert invoice["period_start"] <= entry["spent_date"] <= invoice["period_end"] < invoice["issue_date"]
            assert days_between(invoice["period_start"], invoice["period_end"]) < 31
            assert invoice["client"]["id"] == entry["client"]["id"]


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_work_of_the_early_years_is_invoiced_by_one_or_two_quarters(harvest: Sandbox, account_id: int) -> None:
    invoices = {invoice["id"]: invoice for invoice in harvest.records(account_id, "invoices")}
    flat = {project["id"] for project in harvest.records(account_id, "projects") if project["is_fixed_fee"]}
    invoiced = forgotten = Decimal(0)
    for entry in harvest.records(account_id, "time_entries"):
        if entry["is_billed"]:
            invoice = invoices[entry["invoice"]["id"]]
            assert invoice["period_start"] <= entry["spent_date"] <= invoice["period_end"] < invoice["issue_date"]
            assert days_between(invoice["period_start"], invoice["period_end"]) <= 184
            invoiced += billed(entry)
        elif entry["billable"] and entry["project"]["id"] not in flat and entry["spent_date"] < THIS_MONTH:
            forgotten += billed(entry)
    assert forgotten < invoiced / 50
    subjects = {
        days_between(each["period_start"], each["period_end"]) // 80: each["subject"]
        for each in invoices.values()
        if each["period_start"]
    }
    assert re.fullmatch(r"[A-Z][a-z]+ \d{4}", subjects[0])
    assert re.fullmatch(r"Q\d \d{4}", subjects[1])
    assert re.fullmatch(r"Q\d \d{4} and Q\d \d{4}", subjects[2])


def test_all_payments_of_the_main_account_take_two_windows_of_the_rate_limit(harvest: Sandbox) -> None:
    """The list of the invoices and the payments of each: a demonstration that waits for 15 seconds, not for 30."""
    assert 1 + len(harvest.records(MAIN_ID, "invoices")) < 2 * 100 - 10


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_hosting_is_invoiced_by_the_months_of_the_period(harvest: Sandbox, account_id: int) -> None:
    found = 0
    for invoice in harvest.records(account_id, "invoices"):
        for item in invoice["line_items"]:
            if item["kind"] == "Hosting" and invoice["period_start"]:
                days = days_between(invoice["period_start"], invoice["period_end"]) + 1
                assert item["quantity"] == round(days / 30.4)
                found += 1
    assert found


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_services_of_invoices_are_the_rounded_hours_of_their_entries_times_the_rate(
    harvest: Sandbox, account_id: int
) -> None:
    flat = {project["id"] for project in harvest.records(account_id, "projects") if project["is_fixed_fee"]}
    spent: Counter[tuple[Any, ...]] = Counter()
    for entry in harvest.records(account_id, "time_entries"):
        if entry["is_billed"]:
            key = entry["invoice"]["id"], entry["project"]["id"], entry["task"]["name"], entry["billable_rate"] or 0
            spent[key] += entry["rounded_hours"]
    invoiced = {
        (item["invoice_id"], item["project"]["id"], item["description"], item["unit_price"]): item
        for item in harvest.records(account_id, "invoice_line_items")
        if item["kind"] == "Service" and item["project"]["id"] not in flat
    }
    assert {key: item["quantity"] for key, item in invoiced.items()} == spent
    for (_, _, _, rate), item in invoiced.items():
        assert item["amount"] == (item["quantity"] * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_invoices_and_the_uninvoiced_report_are_all_billable_work(harvest: Sandbox, account_id: int) -> None:
    """The rows of the report and the services of invoices add up to the time report, by project."""
    flat = {project["id"] for project in harvest.records(account_id, "projects") if project["is_fixed_fee"]}
    year = {"start": TODAY - timedelta(days=364), "end": TODAY}
    worth = {row["project_id"]: row for row in harvest.report(account_id, "report_time_projects", **year)}
    open_ = {row["project_id"]: row for row in harvest.report(account_id, "report_uninvoiced", **year)}
    invoiced: Counter[int] = Counter()
    for entry in last_year(harvest, account_id):
        if entry["is_billed"]:
            invoiced[entry["project"]["id"]] += billed(entry)
    for identity, row in worth.items():
        if identity not in flat:
            uninvoiced = open_[identity]["uninvoiced_amount"] - open_[identity]["uninvoiced_expenses"]
            assert row["billable_amount"] == uninvoiced + invoiced[identity], row


def test_most_invoices_are_paid_within_two_to_seven_weeks(harvest: Sandbox) -> None:
    invoices = harvest.records(MAIN_ID, "invoices")
    paid = [days_between(each["issue_date"], each["paid_date"]) for each in invoices if each["state"] == "paid"]
    usual = sum(14 <= days <= 45 for days in paid)
    assert 0.7 * len(paid) < usual < len(paid)
    assert {each["state"] for each in invoices} == {"draft", "open", "paid", "closed"}
    assert any(each["state"] == "open" and each["due_date"] < TODAY.isoformat() for each in invoices)
    new = {each["state"] for each in invoices if each["issue_date"] >= THIS_MONTH}
    assert new >= {"draft", "open"}


@pytest.mark.parametrize("scale", [0.1, 1])
def test_credits_and_foreign_currencies_occur_at_every_size(scale: float) -> None:
    sandbox = Sandbox(scale=scale)
    for account_id in ACCOUNTS:
        for table in ("invoice_line_items", "estimate_line_items"):
            assert min(item["amount"] for item in sandbox.records(account_id, table)) < 0
        items = sandbox.records(account_id, "invoice_line_items")
        assert min(item["quantity"] for item in items) < 0 or min(item["unit_price"] for item in items) < 0
        currencies = {client["id"]: client["currency"] for client in sandbox.records(account_id, "clients")}
        invoices = sandbox.records(account_id, "invoices")
        assert {each["currency"] == currencies[each["client"]["id"]] for each in invoices} == {True, False}
        assert min(each["amount"] for each in invoices) >= 0


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_fees_fit_the_work(harvest: Sandbox, account_id: int) -> None:
    fixed = [each for each in harvest.records(account_id, "projects") if each["is_fixed_fee"]]
    assert fixed
    for project in fixed:
        spent = sum(
            entry["rounded_hours"]
            for entry in harvest.records(account_id, "time_entries")
            if entry["project"]["id"] == project["id"]
        )
        assert 50 < project["fee"] / spent < 250, project["name"]


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_an_expense_without_a_receipt_has_null(harvest: Sandbox, account_id: int) -> None:
    receipts = [expense["receipt"] for expense in harvest.records(account_id, "expenses")]
    assert None in receipts
    assert all(receipt is None or receipt["url"] for receipt in receipts)
