"""What the ready views ask Harvest for: in a thorough run on the agency of the usual size, else on a small one."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from support.asked import asked
from support.run_size import usually

import harvest_duck
from harvest_duck.sandbox import Sandbox
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    from support.agencies import Agency, Views

YEAR = "'2026-01-01', '2026-11-20'"
DAYS = "'2026-11-01', '2026-11-20'"
AS_OF = "'2026-11-20'"
#: What is asked once, and then known for ten minutes.
ME = "/users/me"
#: What is asked besides where an account has paid time off.
TIME_OFF = ("/pto/requests?status=approved", "/pto/assignments", "/pto/holiday_calendars")


def pages(path: str, first: str, last: str, count: int = 1) -> list[str]:
    """The requests for so many pages of a table of days."""
    start = f"{path}from={first}&to={last}"
    return [start, *(f"{start}&page={page}" for page in range(2, count + 1))]


ENTRIES = pages("/time_entries?", "2026-01-01", "2026-11-20", 3)
EXPENSES = pages("/expenses?", "2026-01-01", "2026-11-20")
ALL_TIME = pages("/time_entries?", "2000-01-01", "2999-12-31", 9)
WHOLE_MONTHS = [
    *pages("/time_entries?", "2026-01-01", "2026-11-30", 3),
    *pages("/expenses?", "2026-01-01", "2026-11-30"),
]
#: The requests of each view with these arguments, apart from ME and TIME_OFF.
EXACTLY: dict[str, tuple[str, list[str]]] = {
    "work": (YEAR, ["/projects", *ENTRIES]),
    "utilization": (YEAR, ["/users", *ENTRIES]),
    "budget_burn": (
        AS_OF,
        ["/projects", "/reports/project_budget", *pages("/time_entries?", "2026-10-24", "2026-11-20")],
    ),
    "budget_lines": ("", ["/projects", "/task_assignments", "/user_assignments", *ALL_TIME]),
    "monthly_budgets": (YEAR, ["/projects", *WHOLE_MONTHS]),
    "uninvoiced": (YEAR, ["/projects", "/reports/uninvoiced?from=20260101&to=20261120"]),
    "receivables": (AS_OF, ["/invoices?state=open"]),
    "revenue_by_month": (YEAR, ["/invoices"]),
    "profitability": (YEAR, ["/company", "/projects", "/invoices", *ENTRIES, *EXPENSES]),
    "lock_up": (AS_OF, ["/invoices", "/reports/uninvoiced?from=20251121&to=20261120"]),
    "days_to_pay": (YEAR, ["/invoices?state=paid"]),
    "estimates_won": (YEAR, ["/invoices", "/estimates?from=2026-01-01&to=2026-11-20"]),
}
#: The most requests of the others: those of 20 days of time entries, of the rates of each person, and of eight reports.
AT_MOST = {
    "timesheet_gaps": (DAYS, 2),
    "approvals": (DAYS, 1),
    "wip_ageing": (YEAR, 5),
    "realization": (YEAR, 20),
    "missing_rates": (YEAR, 5),
    "reconcile": (YEAR, 15),
}


@pytest.fixture(scope="module")
def full() -> Iterator[Sandbox]:
    """The agency of the usual size, with ten pages of time entries."""
    with Sandbox(limits=False) as running:
        yield running


def of_a_view(con: duckdb.DuckDBPyConnection, sandbox: Sandbox, call: str, *parameters: Any) -> list[str]:
    """The requests of a view, in order of their texts and without who asks."""
    sandbox.clear_log()
    con.execute(f"FROM harvest.{call}", list(parameters)).fetchall()
    return sorted(each for each in asked(sandbox) if each != ME)


def test_every_view_is_in_one_of_the_tables() -> None:
    assert {*EXACTLY, *AT_MOST} == set(load.views())


def check(name: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox, pages: re.Pattern[str] | None = None) -> None:
    """Compare the requests of a view with the tables; without regard to `pages` where these are given."""
    arguments, wanted = EXACTLY.get(name) or AT_MOST[name]
    sent = of_a_view(con, sandbox, f"{name}({arguments})")
    assert len(set(sent)) == len(sent)
    others = [each for each in sent if each not in TIME_OFF]
    if isinstance(wanted, int):
        assert len(others) <= wanted
    elif pages is None:
        assert others == sorted(wanted)
    else:
        assert {pages.sub("", each) for each in others} == {pages.sub("", each) for each in wanted}


@pytest.mark.parametrize("name", usually([*EXACTLY, *AT_MOST]))
def test_a_view_asks_for_what_it_needs_and_no_more(name: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    check(name, con, sandbox, re.compile("&page=.*"))


@pytest.mark.thorough
def test_on_the_usual_agency_each_takes_as_many_pages_as_it_is_said_to(full: Sandbox) -> None:
    with harvest_duck.connect(full.connection_string() + ";RateLimit=off;ReportsRateLimit=off") as opened:
        for name in (*EXACTLY, *AT_MOST):
            check(name, opened, full)


def test_who_asks_is_asked_once_for_all_views(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    harvest_duck.clear_cache()
    for call in (f"receivables({AS_OF})", f"budget_burn({AS_OF})"):
        con.execute(f"FROM harvest.{call}").fetchall()
    assert asked(sandbox).count(ME) == 1


def test_a_manager_is_asked_for_besides_the_projects_that_they_manage(
    views: Views, agencies: dict[str, Agency], sandbox: Sandbox
) -> None:
    its = views.of(agencies["main"], role="manager")
    harvest_duck.clear_cache()
    sandbox.clear_log()
    its.rows(f"budget_burn({AS_OF})")
    ben = next(each["id"] for each in agencies["main"].records("users") if each["first_name"] == "Ben")
    assert sorted(asked(sandbox)) == sorted([*EXACTLY["budget_burn"][1], ME, f"/user_assignments?user_id={ben}"])


def test_a_currency_that_is_given_is_not_asked_for(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    assert "/company" not in of_a_view(con, sandbox, f"profitability({YEAR}, cost_currency := 'USD')")


@pytest.mark.parametrize("name", ["estimates_won", "lock_up", "budget_burn"])
def test_arguments_of_any_form_ask_for_the_same(name: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    arguments = EXACTLY[name][0]
    wanted = of_a_view(con, sandbox, f"{name}({arguments})")
    days = [date.fromisoformat(each.strip(" '")) for each in arguments.split(",")]
    con.execute(f"SET VARIABLE first = DATE '{days[0]}'; SET VARIABLE last = DATE '{days[-1]}'")
    ((today,),) = con.execute("SELECT current_date").fetchall()
    names = [argument.name for argument in load.views()[name].arguments]
    forms: dict[str, list[Any]] = {
        ", ".join(f"DATE '{day}'" for day in days): [],
        ", ".join(f"current_date - {(today - day).days}" for day in days): [],
        ", ".join(f"getvariable('{variable}')" for variable in ("first", "last")[-len(days) :]): [],
        ", ".join("?" for _ in days): days,
        ", ".join(f"{each} := ${n}" for n, each in enumerate(names[: len(days)], 1)): [str(day) for day in days],
    }
    for form, parameters in forms.items():
        assert of_a_view(con, sandbox, f"{name}({form})", *parameters) == wanted


def test_prepared_statements_ask_for_the_days_of_each_execution(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    con.execute("PREPARE won AS FROM harvest.estimates_won(?, ?)")
    for year in (2024, 2025):
        sandbox.clear_log()
        con.execute(f"EXECUTE won('{year}-01-01', '{year}-06-30')").fetchall()
        assert f"/estimates?from={year}-01-01&to={year}-06-30" in asked(sandbox)
