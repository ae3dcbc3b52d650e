"""The ready view of profit, held against loops over the records, Harvest's reports and figures worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.agency_oracle import Records
from support.hand_made_books import Books
from support.money_oracle import profitability
from support.run_size import share
from support.view_rows import CASES, Row, cases, same, spans

from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from support.agencies import Agency, Views

    from harvest_duck.sandbox import Sandbox

YEAR = "('2026-01-01', '2026-12-31')"
PROFIT = ("currency", "revenue", "labour_cost", "expenses", "profit", "missing")


def currency_of(agency: Agency) -> str | None:
    """The currency of an account where Harvest tells it."""
    (company,) = agency.records("company")
    return company.get("currency")


@pytest.fixture
def books(changeable: Sandbox) -> Books:
    """An account without records but those that a test writes down."""
    return Books(changeable)


def profits(agency: Agency, first: date, last: date) -> list[Row]:
    """The profit of each project by loops."""
    return profitability(Records(agency), first, last, currency_of(agency))


@pytest.mark.takes_a_share
@pytest.mark.parametrize("case", CASES)
def test_profit_is_what_loops_over_entries_expenses_and_fees_make_of_it(
    views: Views, agencies: dict[str, Agency], case: str
) -> None:
    its, wanted = cases(views, agencies, case)
    for first, last in spans(agencies["main" if case == "both" else case].today):
        same(its.rows("profitability(?, ?)", first, last), wanted(profits, first, last))


def test_hours_and_revenue_are_those_of_harvests_reports(views: Views, agencies: dict[str, Agency]) -> None:
    agency = agencies["main"]
    first, last = spans(agency.today)[0]
    time, spent = (
        {row["project_id"]: row for row in agency.sandbox.report(MAIN_ID, f"report_{kind}_projects", first, last)}
        for kind in ("time", "expenses")
    )
    found = {row["project_id"]: row for row in views.of(agency).rows("profitability(?, ?)", first, last)}
    assert {key: row["hours"] for key, row in found.items() if row["hours"]} == {
        key: Decimal(row["total_hours"]) for key, row in time.items()
    }
    assert {key: row["expenses"] for key, row in found.items() if key in spent} == {
        key: Decimal(row["total_amount"]) for key, row in spent.items()
    }
    billed = [
        row for row in found.values() if row["project_type"] == "time_and_materials" and row["revenue"] is not None
    ]
    assert billed
    for row in billed:
        costs = spent.get(row["project_id"], {"billable_amount": 0})
        amount = time.get(row["project_id"], {"billable_amount": 0})["billable_amount"]
        assert row["revenue"] == Decimal(amount) + Decimal(costs["billable_amount"])


@given(first=st.dates(date(2024, 1, 1), date(2026, 12, 31)), length=st.integers(0, 800))
@settings(max_examples=share(10))
def test_fees_are_spread_over_spans_of_any_length(
    views: Views, agencies: dict[str, Agency], first: date, length: int
) -> None:
    agency, last = agencies["half hours, in francs"], first + timedelta(days=length)
    same(views.of(agency).rows("profitability(?, ?)", first, last), profits(agency, first, last))


def profit_of(books: Books, views: Views, call: str = f"profitability{YEAR}") -> dict[str, list[Any]]:
    """The figures of each project by its name."""
    return {row["project_name"]: [row[name] for name in PROFIT] for row in views.of(books.serve()).rows(call)}


def test_time_and_materials_earn_each_entry_to_the_cent_and_billable_expenses(books: Books, views: Views) -> None:
    tower, inside = books.project("Tower", books.acme), books.project("Inside", books.acme, is_billable=False)
    for _ in range(3):
        books.entry(
            books.ada, tower, "2026-05-01", "0.33", rounded_hours=Decimal("0.5"), billable_rate=Decimal("99.99")
        )
    books.entry(books.ada, tower, "2026-05-01", "2", billable=False, billable_rate=None)
    books.expense(books.ada, tower, "2026-05-01", "30")
    books.expense(books.ada, tower, "2026-05-01", "12.34", billable=False)
    books.entry(books.ada, inside, "2026-05-01", "4", billable=False)
    assert profit_of(books, views) == {
        "Tower": ["USD", Decimal("180.00"), 175, Decimal("42.34"), Decimal("-37.34"), None],
        "Inside": ["USD", 0, 200, 0, -200, None],
    }


def test_a_fixed_fee_is_spread_over_its_days_and_more_if_more_was_invoiced(books: Books, views: Views) -> None:
    fee = {"is_fixed_fee": True, "fee": Decimal(1000), "starts_on": "2026-01-30", "ends_on": "2026-02-01"}
    for name in ("Whole", "In parts", "Above", "Drafted"):
        project = books.project(name, books.acme, **fee)
        if name == "Above":
            books.invoice(
                books.line("700", project), books.line("800", project), books.line("9", project, kind="Product")
            )
        elif name != "Whole":
            books.invoice(books.line("400", project))
            books.invoice(books.line("5000", project), state="draft")
    january = profit_of(books, views, "profitability('2026-01-01', '2026-01-31')")
    february = profit_of(books, views, "profitability('2026-02-01', '2026-02-28')")
    revenues = {name: (january[name][1], february[name][1]) for name in january}
    thirds = (Decimal("666.67"), Decimal("333.33"))
    assert revenues == {"Whole": thirds, "In parts": thirds, "Drafted": thirds, "Above": (1000, 500)}
    assert profit_of(books, views, "profitability('2026-02-02', '2026-12-31')") == {}


def test_a_revenue_or_a_cost_that_lacks_something_is_not_told(books: Books, views: Views) -> None:
    fee = {"is_fixed_fee": True, "fee": Decimal(1000), "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    francs = books.client("Rigi", "CHF")
    lacking: dict[str, Row] = {
        "no rate": {},
        "no cost": {},
        "no fee": fee | {"fee": None},
        "no end": fee | {"ends_on": None},
        "ends first": fee | {"ends_on": "2025-12-31"},
        "billed in euros": fee,
        "in two currencies": {"currency": "EUR"},
    }
    projects = {name: books.project(name, books.acme, **fields) for name, fields in lacking.items()}
    rates = {"no rate": {"billable_rate": None}, "no cost": {"cost_rate": None}}
    for name, project in projects.items():
        books.entry(books.ada, project, "2026-05-01", "1", **rates.get(name, {}))
        books.entry(books.ada, project, "2026-05-01", "0", billable_rate=None, cost_rate=None)
    books.project("no end and no work", books.acme, **lacking["no end"])
    books.entry(books.ada, books.project("in francs", francs), "2026-05-01", "1")
    books.expense(books.ada, books.project("only expenses", francs), "2026-05-01", "10")
    books.invoice(books.line("2000", projects["billed in euros"]), currency="EUR")
    books.invoice(books.line("2000", projects["billed in euros"]))
    gone = books.entry(books.ada, books.project("gone", books.acme), "2026-05-01", "1")
    books.tables["projects"] = [each for each in books.tables["projects"] if each["id"] != gone["project"]["id"]]
    assert profit_of(books, views) == {
        "no rate": ["USD", None, 50, 0, None, "billable rates"],
        "no cost": ["USD", 100, None, 0, None, "cost rates"],
        "no fee": ["USD", None, 50, 0, None, "fee"],
        "no end": ["USD", None, 50, 0, None, "dates"],
        "ends first": ["USD", None, 50, 0, None, "dates"],
        "billed in euros": ["USD", None, 50, 0, None, "currency of invoices"],
        "in two currencies": [None, None, 50, 0, None, "currency of project"],
        "in francs": ["CHF", 100, 50, 0, None, "exchange rate"],
        "only expenses": ["CHF", 10, 0, 10, 0, None],
        "gone": ["USD", None, 50, 0, None, "project"],
    }


def test_costs_are_in_the_currency_of_the_account_or_the_one_that_is_given(books: Books, views: Views) -> None:
    books.set_currency(None)
    books.entry(books.ada, books.project("Tower", books.acme), "2026-05-01", "1")
    assert profit_of(books, views)["Tower"] == ["USD", 100, 50, 0, None, "cost currency"]
    given = "profitability('2026-01-01', '2026-12-31', cost_currency := '{}')"
    assert profit_of(books, views, given.format("usd"))["Tower"] == ["USD", 100, 50, 0, 50, None]
    assert profit_of(books, views, given.format("EUR"))["Tower"] == ["USD", 100, 50, 0, None, "exchange rate"]
