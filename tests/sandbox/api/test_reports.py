"""The reports, compared with sums over the records that are computed in another way."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest
from support.api_caller import at

from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.api_caller import Caller

    from harvest_duck.sandbox import Sandbox

YEAR = ("20251120", "20261120")
SUBJECTS = {
    "clients": ("client", "client_id"),
    "projects": ("project", "project_id"),
    "tasks": ("task", "task_id"),
    "team": ("user", "user_id"),
    "categories": ("expense_category", "expense_category_id"),
}
Sums = dict[tuple[Any, ...], Decimal]


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def worth(entry: dict[str, Any]) -> Decimal:
    return cents(entry["rounded_hours"] * (entry["billable_rate"] or 0)) if entry["billable"] else Decimal(0)


def spent(sandbox: Sandbox, account_id: int, table: str, first: str, last: str) -> list[dict[str, Any]]:
    """Return the records of a table within two days written without hyphens."""
    return [
        record
        for record in sandbox.records(account_id, table)
        if first <= record["spent_date"].replace("-", "") <= last
    ]


def summed(rows: Iterable[tuple[tuple[Any, ...], Decimal]]) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for key, amount in rows:
        sums[key] += amount
    return sums


def currencies(sandbox: Sandbox, account_id: int) -> dict[int, str]:
    return {client["id"]: client["currency"] for client in sandbox.records(account_id, "clients")}


def fixed(sandbox: Sandbox, account_id: int) -> set[int]:
    return {project["id"] for project in sandbox.records(account_id, "projects") if project["is_fixed_fee"]}


@pytest.mark.parametrize("account_id", [MAIN_ID, EURO_ID])
@pytest.mark.parametrize("fees", [None, "true", "false"])
@pytest.mark.parametrize("subject", ["clients", "projects", "tasks", "team"])
def test_time_reports_add_up(
    harvest: Sandbox, request: pytest.FixtureRequest, account_id: int, subject: str, fees: str | None
) -> None:
    caller: Caller = request.getfixturevalue("administrator" if account_id == MAIN_ID else "euro")
    field, column = SUBJECTS[subject]
    asked = {"from_": YEAR[0], "to": YEAR[1]} | ({} if fees is None else {"include_fixed_fee": fees})
    rows = caller.records(f"/reports/time/{subject}", "results", per_page=5, **asked)
    entries = spent(harvest, account_id, "time_entries", *YEAR)
    currency, flat = currencies(harvest, account_id), fixed(harvest, account_id)
    keys = [(entry[field]["id"], currency[entry["client"]["id"]]) for entry in entries]
    hours = summed((key, entry["rounded_hours"]) for key, entry in zip(keys, entries, strict=True))
    billable = summed(
        (key, entry["rounded_hours"] * entry["billable"]) for key, entry in zip(keys, entries, strict=True)
    )
    amounts = summed(
        (key, worth(entry) if fees == "true" or entry["project"]["id"] not in flat else Decimal(0))
        for key, entry in zip(keys, entries, strict=True)
    )
    by_key = {(row[column], row["currency"]): row for row in rows}
    assert len(by_key) == len(rows) > 0
    assert {key: row["total_hours"] for key, row in by_key.items()} == hours
    assert {key: row["billable_hours"] for key, row in by_key.items()} == billable
    assert {key: row["billable_amount"] for key, row in by_key.items()} == amounts


def test_fixed_fees_make_a_difference(administrator: Caller) -> None:
    sums = [
        sum(
            row["billable_amount"]
            for row in administrator.records(
                "/reports/time/projects", "results", from_=YEAR[0], to=YEAR[1], include_fixed_fee=fees
            )
        )
        for fees in ("true", "false")
    ]
    assert sums[0] > sums[1] > 0


@pytest.mark.parametrize("subject", ["clients", "projects", "categories", "team"])
def test_expense_reports_add_up(harvest: Sandbox, administrator: Caller, subject: str) -> None:
    field, column = SUBJECTS[subject]
    rows = administrator.records(f"/reports/expenses/{subject}", "results", from_=YEAR[0], to=YEAR[1])
    currency = currencies(harvest, MAIN_ID)
    expenses = spent(harvest, MAIN_ID, "expenses", *YEAR)
    keys = [(expense[field]["id"], currency[expense["client"]["id"]]) for expense in expenses]
    totals = summed((key, expense["total_cost"]) for key, expense in zip(keys, expenses, strict=True))
    billable = summed(
        (key, expense["total_cost"] * expense["billable"]) for key, expense in zip(keys, expenses, strict=True)
    )
    assert {(row[column], row["currency"]): row["total_amount"] for row in rows} == totals
    assert {(row[column], row["currency"]): row["billable_amount"] for row in rows} == billable


def uninvoiced(sandbox: Sandbox, first: str, last: str) -> dict[int, tuple[Decimal, ...]]:
    """Return hours, uninvoiced hours, expenses and amount per project, by a plain reading of the documentation."""
    flat = fixed(sandbox, MAIN_ID)
    sums: dict[int, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for entry in spent(sandbox, MAIN_ID, "time_entries", first, last):
        row = sums[entry["project"]["id"]]
        row[0] += entry["rounded_hours"]
        if entry["billable"] and not entry["is_billed"]:
            row[1] += entry["rounded_hours"]
            row[3] += worth(entry) if entry["project"]["id"] not in flat else 0
    for expense in spent(sandbox, MAIN_ID, "expenses", first, last):
        row = sums[expense["project"]["id"]]
        if expense["billable"] and not expense["is_billed"]:
            row[2] += expense["total_cost"]
            row[3] += expense["total_cost"]
    invoiced = summed(
        (at(item, "project.id"), item["amount"])
        for item in sandbox.records(MAIN_ID, "invoice_line_items")
        if item["kind"] == "Service"
    )
    for project in sandbox.records(MAIN_ID, "projects"):
        day = (project["starts_on"] or project["created_at"][:10]).replace("-", "")
        if project["is_fixed_fee"] and day <= last and project["fee"] > invoiced[project["id"]]:
            sums[project["id"]][3] += project["fee"] - invoiced[project["id"]]
    return {key: tuple(row) for key, row in sums.items()}


@pytest.mark.parametrize("span", [YEAR, ("20250101", "20251231"), ("20260801", "20260801")])
def test_the_uninvoiced_report_adds_up(harvest: Sandbox, administrator: Caller, span: tuple[str, str]) -> None:
    names = ("total_hours", "uninvoiced_hours", "uninvoiced_expenses", "uninvoiced_amount")
    rows = administrator.records("/reports/uninvoiced", "results", from_=span[0], to=span[1], per_page=7)
    assert {row["project_id"]: tuple(row[name] for name in names) for row in rows} == uninvoiced(harvest, *span)
    projects = {project["id"]: project for project in harvest.records(MAIN_ID, "projects")}
    for row in rows:
        project = projects[row["project_id"]]
        assert (row["project_name"], row["client_id"]) == (project["name"], project["client"]["id"])
        assert row["currency"] == project["client"]["currency"]


def test_a_fixed_fee_is_in_every_date_range_that_does_not_end_before_its_project(administrator: Caller) -> None:
    """So the uninvoiced amounts of a year are not the sum of those of its halves."""
    spans = {"both": ("20260101", "20261231"), "first": ("20260101", "20260630"), "second": ("20260701", "20261231")}

    def amounts(from_: str, to: str) -> Decimal:
        rows = administrator.records("/reports/uninvoiced", "results", from_=from_, to=to)
        return sum((row["uninvoiced_amount"] for row in rows), Decimal(0))

    found = {name: amounts(*span) for name, span in spans.items()}
    assert found["first"] + found["second"] > found["both"]


def test_uninvoiced_leaves_out_fixed_fee_projects_on_demand(harvest: Sandbox, administrator: Caller) -> None:
    asked = {"from_": YEAR[0], "to": YEAR[1]}
    every = administrator.records("/reports/uninvoiced", "results", **asked)
    assert administrator.records("/reports/uninvoiced", "results", include_fixed_fee="true", **asked) == every
    without = administrator.records("/reports/uninvoiced", "results", include_fixed_fee="false", **asked)
    assert without == [row for row in every if row["project_id"] not in fixed(harvest, MAIN_ID)]
    assert len(without) < len(every)


def test_budgets_count_spent_hours_and_money(harvest: Sandbox, administrator: Caller) -> None:
    rows = {row["project_id"]: row for row in administrator.records("/reports/project_budget", "results", per_page=9)}
    projects = harvest.records(MAIN_ID, "projects")
    assert set(rows) == {project["id"] for project in projects}
    for project in projects:
        entries, expenses = (
            [record for record in harvest.records(MAIN_ID, table) if record["project"]["id"] == project["id"]]
            for table in ("time_entries", "expenses")
        )
        if project["budget_is_monthly"]:
            entries, expenses = (
                [each for each in some if each["spent_date"] >= "2026-11-01"] for some in (entries, expenses)
            )
        budget, total = project["budget"], sum(entry["rounded_hours"] for entry in entries)
        if project["budget_by"] in ("project_cost", "task_fees"):
            budget, total = project["cost_budget"], sum(worth(entry) for entry in entries)
            if project["cost_budget_include_expenses"]:
                total += sum(expense["total_cost"] for expense in expenses)
        row = rows[project["id"]]
        assert (row["budget"], row["budget_spent"]) == (budget, total), project
        assert row["budget_remaining"] == (None if budget is None else budget - total)


def test_budgets_of_active_projects(harvest: Sandbox, administrator: Caller) -> None:
    for active in (True, False):
        rows = administrator.records("/reports/project_budget", "results", is_active=str(active).lower())
        expected = {each["id"] for each in harvest.records(MAIN_ID, "projects") if each["is_active"] is active}
        assert {row["project_id"] for row in rows} == expected


def test_project_names_carry_their_code_in_time_and_expense_reports_only(
    harvest: Sandbox, administrator: Caller
) -> None:
    projects = {project["id"]: project for project in harvest.records(MAIN_ID, "projects")}
    for path in ("/reports/time/projects", "/reports/expenses/projects"):
        rows = administrator.records(path, "results", from_=YEAR[0], to=YEAR[1])
        for row in rows:
            code, name = (projects[row["project_id"]][key] for key in ("code", "name"))
            assert row["project_name"] == (f"[{code}] {name}" if code else name)
        assert {bool(projects[row["project_id"]]["code"]) for row in rows} == {True, False}


def test_a_subject_has_a_row_per_currency(administrator: Caller) -> None:
    rows = administrator.records("/reports/time/team", "results", from_=YEAR[0], to=YEAR[1])
    assert len({row["user_id"] for row in rows}) < len(rows)


def test_sums_of_two_date_ranges_add_up(administrator: Caller) -> None:
    def hours(first: str, last: str) -> Sums:
        rows = administrator.records("/reports/time/tasks", "results", from_=first, to=last)
        return summed(((row["task_id"], row["currency"]), row["billable_amount"]) for row in rows)

    parts = [*hours("20260101", "20260515").items(), *hours("20260516", "20261120").items()]
    assert summed(parts) == hours("20260101", "20261120")


@pytest.mark.parametrize("path", ["/reports/time/team", "/reports/expenses/team", "/reports/uninvoiced"])
def test_a_report_covers_at_most_a_year(administrator: Caller, path: str) -> None:
    def answer(**params: str) -> tuple[int, Any]:
        got = administrator.get(path, **params)
        return got.status, got.body.get("message")

    assert answer() == (422, "from is required")
    assert answer(from_="20260101") == (422, "to is required")
    assert answer(to="20260101") == (422, "from is required")
    assert answer(from_="20260102", to="20260101") == (422, "to must not be before from")
    assert answer(from_="soon", to="20260101") == (422, "from must be a date")
    assert answer(from_="20200102", to="20210101") == (200, None)
    assert answer(from_="20200101", to="20210101") == (400, "Invalid timeframe: must not exceed 1 year")
    assert answer(from_="2026-01-01", to="2026-01-01") == (200, None)


def test_days_may_have_hyphens(administrator: Caller) -> None:
    plain = administrator.records("/reports/time/team", "results", from_="20260101", to="20260301")
    assert administrator.records("/reports/time/team", "results", from_="2026-01-01", to="2026-03-01") == plain


@pytest.mark.parametrize("path", ["/reports/time/clients", "/reports/uninvoiced"])
def test_include_fixed_fee_is_true_or_false(administrator: Caller, path: str) -> None:
    answer = administrator.get(path, from_="20260101", to="20260301", include_fixed_fee="yes")
    assert (answer.status, answer.body) == (422, {"message": "include_fixed_fee must be true or false"})


@pytest.mark.parametrize(
    "name",
    [
        *("report_time_clients", "report_time_projects", "report_time_tasks", "report_time_team"),
        *("report_expenses_clients", "report_expenses_projects", "report_expenses_categories"),
        *("report_expenses_team", "report_uninvoiced", "report_project_budget"),
    ],
)
def test_the_same_rows_come_without_http(harvest: Sandbox, administrator: Caller, name: str) -> None:
    path = "/reports/" + name.removeprefix("report_").replace("_", "/", 0 if name == "report_project_budget" else 1)
    sent = administrator.records(path, "results", from_="20260101", to="20261120")
    assert harvest.report(MAIN_ID, name, date(2026, 1, 1), date(2026, 11, 20)) == sent


def test_reports_survive_records_with_gaps(small: Sandbox, caller: Caller) -> None:
    day = "2026-01-05"
    client = {"id": 1, "name": "A"}
    small.replace(
        MAIN_ID,
        "time_entries",
        [
            {"id": 1, "spent_date": day, "hours": 1.5, "billable": True, "billable_rate": 10, "client": client},
            {"id": 2, "spent_date": day, "hours": None, "rounded_hours": Decimal("0.5"), "client": client},
            {"id": 3, "spent_date": day, "hours": 4, "client": None, "project": {}},
            {"id": 4, "hours": 4, "client": client},
            {"id": 5, "spent_date": day, "billable": None, "project": {"id": 9}, "user": {"id": 8}, "task": {"id": 7}},
        ],
    )
    small.replace(MAIN_ID, "expenses", [{"id": 1, "spent_date": day, "project": {"id": 9}}, {"id": 2}])
    rows = caller.get("/reports/time/clients", from_="20260101", to="20260201").body["results"]
    assert rows == [
        {
            "client_id": 1,
            "client_name": "A",
            "total_hours": Decimal("2.0"),
            "billable_hours": Decimal("1.5"),
            "currency": None,
            "billable_amount": Decimal("15.0"),
        },
    ]
    for path in ("time/projects", "time/tasks", "time/team", "uninvoiced", "expenses/projects", "expenses/team"):
        assert caller.get(f"/reports/{path}", from_="20260101", to="20260201").status == 200
