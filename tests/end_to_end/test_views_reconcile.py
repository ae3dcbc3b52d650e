"""`reconcile`: entries and expenses against Harvest's reports, which agree on every agency, and where they do not."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.agencies import AGENCIES, Agency, Views
from support.hand_made import HandMade

import harvest_duck
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

SPAN = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("agency_name", AGENCIES)
def test_entries_and_reports_agree(views: Views, agencies: dict[str, Agency], agency_name: str) -> None:
    today = agencies[agency_name].today
    assert views.of(agencies[agency_name]).rows("reconcile(?, ?)", today - timedelta(days=800), today) == []


def differences(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], tuple[Any, Any, Any]]:
    """Return entries, report and difference of each row, by report, name and measure."""
    return {
        (row["report"], row["name"], row["measure"]): (row["of_entries"], row["of_report"], row["difference"])
        for row in rows
    }


def small(changeable: Sandbox) -> HandMade:
    """Return an account with an entry and an expense."""
    made = HandMade(changeable)
    ada, site = made.person("Ada Moreau"), made.project("Site", made.client("Acme"))
    made.entry(ada, site, "2026-03-02", "2")
    made.expense(ada, site, "2026-03-02", "30")
    return made


def test_a_figure_of_a_report_that_differs_is_a_row(views: Views, changeable: Sandbox) -> None:
    agency = small(changeable).serve()
    assert views.of(agency).rows("reconcile(?, ?)", *SPAN) == []
    task = {"task_id": 1, "task_name": "Design", "currency": "EUR"}
    wrong = {"total_hours": Decimal("2.25"), "billable_hours": Decimal(2), "billable_amount": Decimal("199.99")}
    other = {"task_id": 8, "task_name": "Talk", "currency": "EUR", "total_hours": 1, "billable_hours": 0}
    changeable.respond_next(
        "/reports/time/tasks",
        body={"results": [task | wrong, other | {"billable_amount": 0}], "total_pages": 1, "total_entries": 2},
    )
    changeable.respond_next("/reports/expenses/team", body={"results": [], "total_pages": 1, "total_entries": 0})
    found = views.rows("reconcile(?, ?)", *SPAN)
    assert differences(found) == {
        ("report_time_tasks", "Design", "total_hours"): (2, Decimal("2.25"), Decimal("-0.25")),
        ("report_time_tasks", "Design", "billable_amount"): (200, Decimal("199.99"), Decimal("0.01")),
        ("report_time_tasks", "Talk", "total_hours"): (None, 1, -1),
        ("report_expenses_team", "Ada Moreau", "total_amount"): (30, None, 30),
        ("report_expenses_team", "Ada Moreau", "billable_amount"): (30, None, 30),
    }


def test_rows_of_an_older_moment_differ_from_the_reports_of_now(views: Views, changeable: Sandbox) -> None:
    made = small(changeable)
    of = views.of(made.serve(), options=";CacheLocation=:memory:;CacheTolerance=600")
    try:
        for table in ("time_entries", "expenses", "projects", "clients"):
            of.rows(table)
        made.entry(made.tables["users"][0], made.tables["projects"][0], "2026-03-03", "3")
        made.serve()
        found = differences(of.rows("reconcile(?, ?)", *SPAN))
    finally:
        harvest_duck.clear_cache()
    hours = {(2, 5, -3)}
    for name, subject in (("clients", "Acme"), ("projects", "Site"), ("tasks", "Design"), ("team", "Ada Moreau")):
        assert {
            found.pop((f"report_time_{name}", subject, measure)) for measure in ("total_hours", "billable_hours")
        } == hours
        assert found.pop((f"report_time_{name}", subject, "billable_amount")) == (200, 500, -300)
    assert found == {
        ("report_uninvoiced", "Site", "total_hours"): (2, 5, -3),
        ("report_uninvoiced", "Site", "uninvoiced_hours"): (2, 5, -3),
        ("report_uninvoiced", "Site", "uninvoiced_amount"): (230, 530, -300),
    }


def test_a_fixed_fee_and_a_client_without_a_currency_make_no_difference(views: Views, changeable: Sandbox) -> None:
    made = small(changeable)
    fixed = made.project("Fixed", made.client("Other", None), is_fixed_fee=True, fee=Decimal(9000))
    ada = made.tables["users"][0]
    made.entry(ada, fixed, "2026-03-02", "2.5", rounded_hours=Decimal("2.75"), is_running=True)
    made.entry(ada, fixed, "2026-03-02", "2", billable_rate=None)
    made.expense(ada, fixed, "2026-03-02", "30", billable=False)
    assert views.of(made.serve()).rows("reconcile(?, ?)", *SPAN) == []


@pytest.mark.thorough
def test_two_accounts_agree_at_once(views: Views, agencies: dict[str, Agency]) -> None:
    both = views.of(agencies["main"], accounts=f"{MAIN_ID},{EURO_ID}")
    assert both.rows("reconcile('2026-11-01', '2026-11-20')") == []
