"""`harvest_report`: one report for each step of a span, by constants that every version of DuckDB hands over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.command import run

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

#: The steps of 2026-01-15 to 2026-04-03, the first and the last of them cut.
STEPS = {
    "month": [("0115", "0131"), ("0201", "0228"), ("0301", "0331"), ("0401", "0403")],
    "QUARTER": [("0115", "0331"), ("0401", "0403")],
    "Year": [("0115", "0403")],
    None: [("0115", "0403")],
}
FOUR = "'2026-01-15', '2026-04-03', step := 'month'"
MOST = "requests, and 50 are the most: choose a longer step, or ask for a part of the span"
REPORTS = [name for name, table in TABLES.items() if table.max_span_days is not None]


def asked(sandbox: Sandbox) -> list[tuple[str, str]]:
    """The period of each request, in order; the steps are asked for at the same time."""
    return sorted((request.query["from"], request.query["to"]) for request in sandbox.requests)


def periods(steps: list[tuple[str, str]], year: int = 2026) -> list[tuple[str, str]]:
    """Periods of a year as Harvest is sent them."""
    return [(f"{year}{first}", f"{year}{last}") for first, last in steps]


@pytest.mark.parametrize(("step", "steps"), STEPS.items())
def test_each_step_is_a_report_and_the_first_and_last_are_clipped(
    step: str | None, steps: list[tuple[str, str]], con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    found = con.execute("FROM harvest_report('time_team', '2026-01-15', '2026-04-03', step := ?)", [step])
    names = [each[0] for each in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    assert names == [column.name for column in TABLES["report_time_team"].columns]
    assert asked(sandbox) == periods(steps)
    wanted: list[tuple[Any, ...]] = []
    for first, last in periods(steps):
        days = date.fromisoformat(first), date.fromisoformat(last)
        report = sandbox.report(MAIN_ID, "report_time_team", *days)
        wanted += [(*days, row["user_id"], float(row["total_hours"])) for row in report]
    hours = [(row["from_date"], row["to_date"], row["user_id"], float(row["total_hours"])) for row in rows]
    assert hours == wanted


def test_weeks_begin_on_monday(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    con.execute("FROM harvest_report('time_tasks', DATE '2026-01-01', DATE '2026-01-13', 'week')").fetchall()
    assert asked(sandbox) == periods([("0101", "0104"), ("0105", "0111"), ("0112", "0113")])


def test_a_span_of_years_without_steps_is_added_up(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    rows = con.execute("FROM harvest_report('expenses_team', '2024-12-01', '2026-01-31')").fetchall()
    assert {row[:2] for row in rows} == {(date(2024, 12, 1), date(2026, 1, 31))}
    assert asked(sandbox) == [("20241201", "20251130"), ("20251201", "20260131")]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_with_a_period_is_known_by_both_of_its_names(
    name: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sql = " UNION ALL ".join(
        f"SELECT to_date FROM harvest_report('{called}', '2026-01-01', '2026-01-31')"
        for called in (name, name.removeprefix("report_").upper())
    )
    con.execute(sql).fetchall()
    assert [request.path for request in sandbox.requests] == [f"/v2{TABLES[name].path}"] * 2
    assert asked(sandbox) == [("20260101", "20260131")] * 2


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        pytest.param("DATE '2026-01-01', DATE '2026-01-01' + 30", [], id="a sum"),
        pytest.param("make_date(2026, 1, 1), last_day(DATE '2026-01-05')", [], id="functions"),
        pytest.param("getvariable('first'), getvariable('first') + 30", [], id="a variable"),
        pytest.param("?, ?", ["2026-01-01", "2026-01-31"], id="texts"),
        pytest.param("?, ?", [date(2026, 1, 1), date(2026, 1, 31)], id="days"),
        pytest.param("TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-31 23:59:59'", [], id="timestamps"),
        pytest.param("from_date := '2026-01-01', to_date := '2026-01-31'", [], id="by name"),
    ],
)
def test_the_days_are_anything_that_is_a_constant(
    arguments: str, values: list[object], con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    con.execute("SET VARIABLE first = DATE '2026-01-01'")
    con.execute(f"FROM harvest_report('uninvoiced', {arguments})", values).fetchall()
    assert asked(sandbox) == [("20260101", "20260131")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'time_teem', '2026-01-01', '2026-01-31'", 'no report "time_teem"; did you mean "time_team"?'),
        (
            "'project_budget', '2026-01-01', '2026-01-31'",
            "report_project_budget has no period: read harvest_scan('report_project_budget')",
        ),
        ("NULL, '2026-01-01', '2026-01-31'", "report is NULL"),
        ("'time_team', NULL, '2026-01-31'", "from_date is NULL"),
        ("'time_team', '2026-01-31', NULL", "to_date is NULL"),
        ("'time_team', '2026-01-31', '2026-02-28', conn := NULL", "the connection string is NULL"),
        ("'time_team', '20260101', '2026-01-31'", "from_date is 20260101, which is no day: write 2026-01-31"),
        ("'time_team', '2026-01-01', DATE 'infinity'", "to_date is infinity, which is no day: write 2026-01-31"),
        ("'time_team', '2026-02-01', '2026-01-31'", "2026-02-01 is after 2026-01-31: exchange the two days"),
        (
            "'time_team', '2026-01-01', '2026-01-31', step := 'fortnight'",
            'no step "fortnight": write day, week, month, quarter, year, or leave it out to get the whole span',
        ),
        ("'time_team', '2026-01-01', '2026-02-20', step := 'day'", f"2026-01-01 to 2026-02-20 by day takes 51 {MOST}"),
        (
            "'time_team', '0001-01-01', '9999-12-31', step := 'day'",
            f"0001-01-01 to 9999-12-31 by day takes 3652059 {MOST}",
        ),
    ],
)
def test_what_cannot_be_reported_is_refused_before_anything_is_sent(
    arguments: str, message: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    with pytest.raises(duckdb.Error) as refused:
        con.execute(f"FROM harvest_report({arguments})").fetchall()
    assert str(refused.value).splitlines()[0] == f"Invalid Input Error: harvest_report: {message}"
    assert sandbox.requests == []


def test_fifty_steps_are_not_too_many(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sql = "FROM harvest_report('time_team', '2026-01-01', '2026-02-19', step := 'day')"
    told = [row["request"] for row in harvest_duck.explain(sql, con, probe=False).to_pylist()]
    days = [f"{date(2026, 1, 1) + timedelta(days=day):%Y%m%d}" for day in range(50)]
    assert told == [f"/v2/reports/time/team?from={day}&to={day}&per_page=2000" for day in days]


@pytest.mark.parametrize("choice", ["true", "false"])
def test_filters_on_the_result_are_pushed_into_every_step(
    choice: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    where = f"include_fixed_fee = {choice} AND total_hours > 1"
    rows = con.execute(
        f"SELECT include_fixed_fee, total_hours FROM harvest_report('time_clients', {FOUR}) WHERE {where}"
    )
    assert {(str(fixed).lower(), hours > 1) for fixed, hours in rows.fetchall()} == {(choice, True)}
    assert [request.query["include_fixed_fee"] for request in sandbox.requests] == [choice] * 4


def test_an_account_is_filtered_out_of_every_step(sandbox: Sandbox, con: duckdb.DuckDBPyConnection) -> None:
    both = sandbox.connection_string().replace(f"AccountId={MAIN_ID}", f"AccountId={MAIN_ID},{EURO_ID}")
    sql = f"SELECT DISTINCT account_id FROM harvest_report('time_clients', {FOUR}, conn := ?) WHERE account_id <> ?"
    assert con.execute(sql, [f"{both};ReportsRateLimit=off", MAIN_ID]).fetchall() == [(EURO_ID,)]
    assert [request.account_id for request in sandbox.requests] == [str(EURO_ID)] * 4


def test_it_is_explained_as_it_is_sent(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sql = f"FROM harvest_report('time_clients', {FOUR})"
    told = [row["request"] for row in harvest_duck.explain(sql, con, probe=False).to_pylist()]
    assert sandbox.requests == []
    con.execute(sql).fetchall()
    sent = con.execute("SELECT request FROM harvest_requests() ORDER BY request").fetchall()
    assert sorted(told) == [request for (request,) in sent]
    assert len(told) == 4


def test_many_steps_are_explained_without_a_request(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sql = "FROM harvest_report('time_clients', '2026-01-01', '2026-03-31', step := 'week')"
    told = harvest_duck.explain(sql, con).to_pylist()
    assert [row["requests"] for row in told] == [1] * 14
    assert sandbox.requests == []
    harvest_duck.explain(f"FROM harvest_report('time_clients', {FOUR})", con)
    assert len(sandbox.requests) == 4


def test_an_attached_account_a_view_and_a_cursor_have_it(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    wanted = con.execute(f"SELECT count(*) FROM harvest_report('time_clients', {FOUR})").fetchall()
    assert con.execute(f"SELECT count(*) FROM harvest.harvest_report('time_clients', {FOUR})").fetchall() == wanted
    con.execute(f"CREATE TEMP VIEW monthly AS FROM harvest_report('time_clients', {FOUR})")
    assert con.execute("SELECT count(*) FROM monthly").fetchall() == wanted
    with con.cursor() as cursor:
        assert (
            cursor.execute(f"SELECT count(*) FROM harvest.harvest_report('time_clients', {FOUR})").fetchall() == wanted
        )


def test_a_command_has_it(connection: str, sandbox: Sandbox) -> None:
    sql = "SELECT from_date FROM harvest_report('time_clients', $first, '2026-02-03', step := 'month') GROUP BY ALL"
    ran = run("query", sql, "-p", "first=2026-01-15", "--format", "csv", "--connection", connection)
    assert sorted(ran.stdout.split()) == ["2026-01-15", "2026-02-01", "from_date"]
    assert asked(sandbox) == periods([("0115", "0131"), ("0201", "0203")])


def test_an_error_of_a_step_shows_nothing_of_the_connection_string(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sandbox.respond_next("/v2/reports/time/clients", status=403, times=4)
    secret = f"{sandbox.connection_string()};ReportsRateLimit=off"
    with pytest.raises(duckdb.Error, match="report_time_clients page 1: Harvest answered 403") as failed:
        con.execute(f"FROM harvest_report('time_clients', {FOUR}, conn := ?)", [secret]).fetchall()
    assert "APIKey" not in str(failed.value)
