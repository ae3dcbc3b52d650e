"""The ready views of money on accounts that are drawn at random, held against loops over their records."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.agency_oracle import Records
from support.invoice_oracle import days_to_pay, estimates_won, lock_up, receivables, revenue_by_month
from support.money_oracle import budget_burn, budget_lines, monthly_budgets, profitability
from support.random_books import FIRST, drawn
from support.run_size import share
from support.view_rows import same

if TYPE_CHECKING:
    from support.agencies import Views

    from harvest_duck.sandbox import Sandbox


@given(seed=st.integers(0, 2**32))
@settings(max_examples=share(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_account_drawn_at_random_is_counted_as_loops_count_it(views: Views, changeable: Sandbox, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret is drawn
    books = drawn(changeable, random)
    agency = books.serve()
    its, records = views.of(agency), Records(agency)
    first = FIRST + timedelta(days=random.randrange(300))
    last, weeks = first + timedelta(days=random.randrange(500)), random.randrange(1, 60)
    currency = books.tables["company"][0]["currency"]
    same(its.rows("profitability(?, ?)", first, last), profitability(records, first, last, currency))
    same(its.rows("budget_burn(?, weeks := ?)", last, weeks), budget_burn(records, last, weeks))
    same(its.rows("budget_lines(to_date := ?)", last), budget_lines(records, last))
    same(its.rows("monthly_budgets(?, ?)", first, last), monthly_budgets(records, first, last))
    same(its.rows("revenue_by_month(?, ?)", first, last), revenue_by_month(agency, first, last))
    same(its.rows("days_to_pay(?, ?)", first, last), days_to_pay(agency, first, last))
    same(its.rows("estimates_won(?, ?)", first, last), estimates_won(agency, first, last))
    same(its.rows("receivables(?)", last), receivables(agency, last))
    same(its.rows("lock_up(?)", last), lock_up(agency, last))
