"""Ready views where DuckDB is set otherwise, and with amounts in which most columns would have no room."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from support.hand_made_books import Books

import harvest_duck

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.sandbox import Sandbox

QUARTER = "('2026-01-01', '2026-03-31')"


def test_settings_of_duckdb_change_no_number(con: duckdb.DuckDBPyConnection) -> None:
    queries = [
        f"FROM harvest.{name}{QUARTER} ORDER BY ALL ASC NULLS LAST"
        for name in ("utilization", "timesheet_gaps", "estimates_won", "realization")
    ]
    usual = [con.execute(query).fetchall() for query in queries]
    assert [] not in usual
    settings = {"integer_division": "true", "default_order": "'DESC'", "default_null_order": "'NULLS_FIRST'"}
    try:
        con.execute(";".join(f"SET {name} = {value}" for name, value in settings.items()))
        for query, rows in zip(queries, usual, strict=True):
            assert con.execute(query).fetchall() == rows, query
    finally:
        # They are those of the database, which other tests share.
        con.execute(";".join(f"RESET {name}" for name in settings))


def test_rates_of_thousands_of_millions_have_room(changeable: Sandbox) -> None:
    books = Books(changeable)
    monthly = books.project("Retainer", books.acme, budget_by="project_cost", cost_budget=9, budget_is_monthly=True)
    by_task = books.project("Tasks", books.acme, budget_by="task_fees")
    books.task(by_task, 1, "9")
    for project in (monthly, by_task):
        books.entry(books.ada, project, "2026-03-02", "8", billable_rate=2_000_000_000, cost_rate=1_500_000_000)
    worth, cost = Decimal(16_000_000_000), Decimal(12_000_000_000)
    with harvest_duck.connect(books.serve().connection()) as con:
        found = con.execute(
            f"""
            SELECT (SELECT sum(spent) FROM harvest.budget_lines{QUARTER}),
                (SELECT sum(spent) FROM harvest.monthly_budgets{QUARTER}),
                (SELECT sum(spent_a_week) FROM harvest.budget_burn('2026-03-02', weeks := 1)),
                (SELECT sum(revenue) FROM harvest.profitability{QUARTER}),
                (SELECT sum(labour_cost) FROM harvest.profitability{QUARTER})
            """
        ).fetchall()
    assert found == [(worth, worth, 2 * worth, 2 * worth, 2 * cost)]
