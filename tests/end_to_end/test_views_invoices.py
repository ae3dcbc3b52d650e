"""The ready views of invoices and estimates, held against loops over the records and figures worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hand_made_books import Books
from support.invoice_oracle import days_to_pay, estimates_won, lock_up, receivables, revenue_by_month
from support.run_size import share
from support.view_rows import CASES, binary_columns, cases, same, spans

if TYPE_CHECKING:
    from support.agencies import Agency, Views

    from harvest_duck.sandbox import Sandbox

YEAR = "('2026-01-01', '2026-12-31')"


@pytest.fixture
def books(changeable: Sandbox) -> Books:
    """An account without records but those that a test writes down."""
    return Books(changeable)


@pytest.mark.takes_a_share
@pytest.mark.parametrize("case", CASES)
def test_invoices_and_estimates_are_counted_as_loops_count_them(
    views: Views, agencies: dict[str, Agency], case: str
) -> None:
    its, wanted = cases(views, agencies, case)
    for first, last in spans(agencies["main" if case == "both" else case].today):
        same(its.rows("revenue_by_month(?, ?)", first, last), wanted(revenue_by_month, first, last))
        same(its.rows("days_to_pay(?, ?)", first, last), wanted(days_to_pay, first, last))
        same(its.rows("estimates_won(?, ?)", first, last), wanted(estimates_won, first, last))
        same(its.rows("receivables(?)", last), wanted(receivables, last))
        same(its.rows("lock_up(?)", last), wanted(lock_up, last))


@given(first=st.dates(date(2024, 1, 1), date(2026, 12, 31)), length=st.integers(0, 800))
@settings(max_examples=share(10))
def test_spans_of_any_length_are_counted_as_loops_do(
    views: Views, agencies: dict[str, Agency], first: date, length: int
) -> None:
    agency, last = agencies["half hours, in francs"], first + timedelta(days=length)
    its = views.of(agency)
    same(its.rows("revenue_by_month(?, ?)", first, last), revenue_by_month(agency, first, last))
    same(its.rows("days_to_pay(?, ?)", first, last), days_to_pay(agency, first, last))
    same(its.rows("estimates_won(?, ?)", first, last), estimates_won(agency, first, last))


def test_an_empty_account_has_no_rows_and_money_is_never_a_binary_fraction(books: Books, views: Views) -> None:
    its = views.of(books.serve())
    assert binary_columns(its, "receivables()") == binary_columns(its, "revenue_by_month()") == set()
    assert binary_columns(its, "lock_up()") == {"wip_days", "debtor_days", "lock_up_days"}
    assert binary_columns(its, "days_to_pay()") == {"days_to_pay", "days_late"}
    assert binary_columns(its, "estimates_won()") == {"win_rate", "days_to_accept"}
    assert binary_columns(its, "profitability()") == {"margin"}


def test_a_closed_invoice_loses_what_was_due_and_a_paid_one_is_collected_whole(books: Books, views: Views) -> None:
    closed = {"state": "closed", "closed_at": "2026-03-31T23:30:00Z"}
    books.invoice("1000", tax="100", paid="300", **closed)
    books.paid("500", "-100", discount="40", tax="36", on="2026-02-10")
    books.invoice("700", state="draft")
    books.invoice("800", paid="200", currency="EUR")
    found = views.of(books.serve()).rows(f"revenue_by_month{YEAR}")
    columns = ("currency", "invoices", "invoiced", "tax", "collected", "written_off")
    assert {(row["month"].month, *(row[name] for name in columns)) for row in found} == {
        (1, "USD", 2, 1360, 136, 0, 0),
        (1, "EUR", 1, 800, 0, 0, 0),
        (2, "USD", 0, 0, 0, 396, 0),
        (3, "USD", 0, 0, 0, 0, 800),
    }


def test_what_is_due_is_as_of_now_and_sorted_by_the_days_past_the_due_date(books: Books, views: Views) -> None:
    books.invoice("100", due_date="2026-03-01")
    books.invoice("50", due_date="2026-02-28")
    books.invoice("200", paid="150", due_date="2026-01-30")
    books.invoice("-30", due_date="2025-12-01")
    books.invoice("7", due_date="2025-12-01", issue_date="2027-01-01")
    books.invoice("900", state="closed", closed_at="2026-02-01T00:00:00Z")
    (row,) = views.of(books.serve()).rows("receivables('2026-03-01')")
    ages = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90", "oldest_days")
    assert (row["invoices"], row["due_amount"]) == (5, 177)
    assert [row[name] for name in ages] == [100, 100, 0, -23, 0, 90]
    (earlier,) = views.rows("receivables('2020-01-01')")
    assert [earlier[name] for name in ("due_amount", *ages)] == [177, 177, 0, 0, 0, 0, 0]


def test_large_invoices_weigh_more_in_the_days_to_pay(books: Books, views: Views) -> None:
    books.paid("900", on="2026-01-11")
    books.paid("100", on="2026-02-20")
    books.paid("0", on="2026-09-01")
    books.paid("-500", on="2026-09-01")
    books.paid("60", on="2026-03-01", paid_date=None, currency="EUR")
    books.invoice("60", paid="59")
    found = {row["currency"]: row for row in views.of(books.serve()).rows(f"days_to_pay{YEAR}")}
    columns = ("invoices", "amount", "days_to_pay", "days_late", "paid_late", "latest")
    assert [found["USD"][name] for name in columns] == [2, 1000, 14.0, -16.0, 1, 20]
    assert [found["EUR"][name] for name in columns] == [1, 60, 59.0, 29.0, 1, 29]


def test_a_currency_with_one_side_alone_has_no_days_of_lock_up(books: Books, views: Views) -> None:
    francs = books.client("Rigi", "CHF")
    books.entry(books.ada, books.project("Tower", books.acme), "2026-06-01", "73")
    books.entry(books.ada, books.project("Tunnel", francs), "2026-06-01", "5")
    books.invoice("36500", tax="3650", paid="150", issue_date="2026-06-15")
    books.invoice("100", issue_date="2025-06-30", currency="GBP")
    books.paid("365", on="2026-06-20", issue_date="2025-07-01", currency="EUR")
    books.invoice("365", "-365", issue_date="2026-06-20", currency="JPY")
    books.invoice("365", state="draft", issue_date="2026-06-20", currency="SEK")
    found = {row["currency"]: row for row in views.of(books.serve()).rows("lock_up('2026-06-30')")}
    columns = ("uninvoiced", "due", "invoiced_in_a_year", "wip_days", "debtor_days", "lock_up_days")
    assert {currency: [row[name] for name in columns] for currency, row in found.items()} == {
        "USD": [7300, 40000, 36500, 73.0, 363.6, 436.6],
        "CHF": [500, 0, 0, None, 0.0, None],
        "GBP": [0, 100, 0, 0.0, None, None],
        "EUR": [0, 0, 365, 0.0, 0.0, 0.0],
    }


def test_offers_are_won_of_those_that_are_decided(books: Books, views: Views) -> None:
    won = books.estimate("1000", "accepted", accepted_at="2026-01-21T23:59:00Z", issue_date="2026-01-11")
    books.estimate("500", "accepted", issue_date="2026-03-31")
    books.estimate("200", "declined", declined_at="2026-02-01T10:00:00Z")
    open_one = books.estimate("300", "sent")
    books.estimate("9", "draft", issue_date=None)
    books.estimate("7", "sent", issue_date="2026-04-01")
    books.invoice("1000", estimate={"id": won["id"]})
    books.invoice("1000", estimate={"id": won["id"]})
    books.invoice("1000", estimate={"id": open_one["id"]}, state="draft")
    first, second = views.of(books.serve()).rows(f"estimates_won{YEAR}")
    columns = ("quarter", "offers", "offered", "won", "won_amount", "open", "invoiced", "win_rate", "days_to_accept")
    assert [first[name] for name in columns] == [date(2026, 1, 1), 4, 2000, 2, 1500, 1, 1, 0.6667, 10.0]
    assert [second[name] for name in columns] == [date(2026, 4, 1), 1, 7, 0, 0, 1, 0, None, None]
