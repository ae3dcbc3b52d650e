"""What a query costs: the requests that SQL sends, counted and read on the sandbox."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.asked import asked

import harvest_duck
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT id FROM harvest.clients WHERE is_active = true", ["/clients?is_active=true"]),
        ("SELECT id FROM harvest.invoices WHERE state = 'open'", ["/invoices?state=open"]),
        ("SELECT id FROM harvest.invoices WHERE state = 'no such state'", ["/invoices"]),
        (
            "SELECT id FROM harvest.time_entries WHERE spent_date > '2026-03-01' AND spent_date < '2026-03-05'",
            ["/time_entries?from=2026-03-02&to=2026-03-04"],
        ),
        (
            "SELECT id FROM harvest.time_entries WHERE spent_date = '2026-03-02'",
            ["/time_entries?from=2026-03-02&to=2026-03-02"],
        ),
        (
            "SELECT id FROM harvest.time_entries WHERE date_trunc('month', spent_date) = DATE '2026-03-01'",
            ["/time_entries?from=2026-03-01&to=2026-03-31"],
        ),
        (
            "SELECT id FROM harvest.clients WHERE updated_at >= TIMESTAMPTZ '2026-03-01 00:00:00.5+00'",
            ["/clients?updated_since=2026-02-28T23%3A59%3A59Z"],
        ),
        ("SELECT id FROM harvest.clients WHERE is_active = true AND is_active = false", []),
        ("SELECT id FROM harvest.clients WHERE account_id = 1", []),
        ("SELECT id FROM harvest.time_entries WHERE spent_date < '2026-01-01' AND spent_date > '2026-02-01'", []),
        ("SELECT name FROM harvest.company", ["/company"]),
        ("SELECT id FROM harvest.accounts", ["/api/v2/accounts"]),
        ("SELECT id FROM harvest.task_assignments WHERE project_id = 1", ["/projects/1/task_assignments"]),
        ("SELECT id FROM harvest.invoice_payments WHERE invoice_id = 1", ["/invoices/1/payments"]),
        (
            (
                "SELECT total_hours FROM harvest.report_time_projects "
                "WHERE from_date = '2026-01-01' AND to_date = '2026-06-30' AND include_fixed_fee = false"
            ),
            ["/reports/time/projects?from=20260101&to=20260630&include_fixed_fee=false"],
        ),
    ],
)
def test_a_predicate_becomes_these_requests(
    sql: str, wanted: list[str], con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    con.execute(sql).fetchall()
    assert asked(sandbox) == wanted


def test_every_request_names_token_account_agent_and_page_size(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    con.execute("FROM harvest.clients").fetchall()
    (request,) = sandbox.requests
    assert request.query["per_page"] == "2000"
    assert (request.method, request.status, request.account_id) == ("GET", 200, str(MAIN_ID))


def test_children_are_asked_of_every_parent(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    con.execute("FROM harvest.billable_rates").fetchall()
    users = [user["id"] for user in sandbox.records(MAIN_ID, "users")]
    assert asked(sandbox)[0] == "/users"
    assert sorted(asked(sandbox)[1:]) == sorted(f"/users/{user}/billable_rates" for user in users)


def test_only_managers_are_asked_for_their_teammates(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    con.execute("FROM harvest.teammates").fetchall()
    users = sandbox.records(MAIN_ID, "users")
    managers = [user["id"] for user in users if "manager" in user["access_roles"]]
    assert sorted(asked(sandbox)[1:]) == sorted(f"/users/{user}/teammates" for user in managers)
    sandbox.clear_log()
    member = next(user["id"] for user in users if "manager" not in user["access_roles"])
    assert con.execute("SELECT count(*) FROM harvest.teammates WHERE user_id = ?", [member]).fetchone() == (0,)


@pytest.fixture(scope="module")
def long() -> Iterator[Sandbox]:
    """An account with a hundred pages of a few time entries each."""
    with Sandbox(seed=7, scale=0.3, time_entries=1000, limits=False) as running:
        yield running


@pytest.fixture
def tens(con: duckdb.DuckDBPyConnection, long: Sandbox) -> duckdb.DuckDBPyConnection:
    """A cursor that reads this account by the functions, in pages of ten."""
    harvest_duck.register(con, f"{long.connection_string()};RateLimit=off;Pagesize=10")
    long.clear_log()
    return con


def test_a_limit_stops_the_paging(tens: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    assert len(tens.execute("SELECT * FROM harvest_scan('time_entries') LIMIT 10").fetchall()) == 10
    # DuckDB 1.4 asks for a second batch before it looks at the first.
    assert len(long.requests) <= (4 if duckdb.__version__.startswith("1.") else 2)


def test_one_month_of_five_years_sends_only_that_months_pages(tens: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    entries = long.records(MAIN_ID, "time_entries")
    month = [entry for entry in entries if entry["spent_date"].startswith("2025-03-")]
    found = tens.execute(
        "SELECT count(id) FROM harvest_scan('time_entries') WHERE spent_date BETWEEN '2025-03-01' AND '2025-03-31'"
    ).fetchone()
    assert found == (len(month),)
    assert len(long.requests) == max(1, -(-len(month) // 10))


def test_pages_come_several_at_a_time_and_each_once(tens: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    found = tens.execute("SELECT count(*), count(DISTINCT id) FROM harvest_scan('time_entries')").fetchone()
    assert found == (1000, 1000)
    pages = [request.query.get("page", "1") for request in long.requests]
    assert sorted(pages, key=int) == [str(page) for page in range(1, 101)]


@pytest.mark.parametrize("wrong", ["/v2;", "AccountId="])
def test_a_404_means_no_rows_only_where_the_rest_is_right(
    wrong: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    connection = (
        sandbox.connection_string().replace(wrong, ";" if wrong == "/v2;" else "AccountId=9") + ";RateLimit=off"
    )
    harvest_duck.register(con, connection)
    for sql in (
        "FROM harvest_scan('invoice_payments') WHERE invoice_id = 1",
        "FROM harvest_scan('task_assignments') WHERE project_id = 1",
        "FROM harvest_scan('teammates') WHERE user_id = 1",
    ):
        with pytest.raises(duckdb.Error, match="Harvest answered 404"):
            con.execute(sql).fetchall()


def test_an_id_may_be_given_as_a_decimal(sandbox: Sandbox, connection: str) -> None:
    payment = sandbox.records(MAIN_ID, "invoice_payments")[0]
    keep = pc.field("invoice_id") == pa.scalar(Decimal(payment["invoice_id"]))
    assert harvest_duck.scan("invoice_payments", connection, filter=keep).read_all().num_rows >= 1


def test_max_rows_ends_a_scan(long: Sandbox) -> None:
    connection = f"{long.connection_string()};RateLimit=off;Pagesize=10;MaxRows=25"
    assert harvest_duck.scan("time_entries", connection).read_all().num_rows == 25


def test_a_scan_without_sql_takes_columns_and_a_filter(sandbox: Sandbox, connection: str) -> None:
    since = pc.field("spent_date") >= date(2026, 3, 1)
    read = harvest_duck.scan("time_entries", connection, columns=["hours", "client_name"], filter=since).read_all()
    entries = sandbox.records(MAIN_ID, "time_entries")
    assert read.column_names == ["hours", "client_name"]
    assert read.num_rows == sum(entry["spent_date"] >= "2026-03-01" for entry in entries)
    assert all(text.startswith("/time_entries?from=2026-03-01") for text in asked(sandbox))


def test_the_keys_of_a_join_narrow_the_other_side_where_duckdb_hands_them_over(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    newest = "SELECT max(spent_date) AS newest FROM harvest.time_entries"
    (day,) = con.execute(newest).fetchone() or (None,)
    sandbox.clear_log()
    con.execute(f"SELECT id FROM harvest.time_entries JOIN ({newest}) ON spent_date = newest").fetchall()
    narrowed = [each for each in asked(sandbox) if f"from={day}&to={day}" in each]
    assert len(narrowed) == (1 if duckdb.__version__.startswith("1.") else 0)


def test_a_list_in_a_variable_is_asked_for_one_by_one(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    ids = sorted(invoice["id"] for invoice in sandbox.records(MAIN_ID, "invoices"))[:2]
    con.execute(f"SET VARIABLE ids = (SELECT list(i) FROM unnest({ids}) AS t(i))")
    operator = "= ANY(getvariable('ids'))" if duckdb.__version__.startswith("1.") else "IN getvariable('ids')"
    sandbox.clear_log()
    con.execute(f"SELECT id FROM harvest.invoice_payments WHERE invoice_id {operator}").fetchall()
    assert asked(sandbox) == [f"/invoices/{number}/payments" for number in ids]
