"""Paid time off through SQL: which requests are sent, what an account without it says, and answers of other shapes."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.asked import asked
from support.paths import DOCS

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import DecodeError, Forbidden, NotFound, ProtocolError, QueryError
from harvest_duck.sandbox import EURO_ID, MAIN_ID, TODAY
from harvest_duck.sandbox.data.time_off_allowances import balance

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

COLUMNS = ("user_id", "year", "as_of", "pto_type_id", "remaining_days")
LAST_YEAR = TODAY.year - 1


def balances_of(sandbox: Sandbox, user_id: int, year: int, as_of: date) -> list[tuple[Any, ...]]:
    """The `COLUMNS` of the balances that follow from the other tables of the sandbox."""
    tables = {name: sandbox.records(MAIN_ID, name) for name in ("pto_types", "pto_requests", "pto_allocations")}
    whole = balance(tables, {"id": user_id}, year, as_of)
    return [
        (user_id, year, as_of, each["pto_type"]["id"], each["remaining_days"] and Decimal(each["remaining_days"]))
        for each in whole["balances"]
    ]


def read(con: duckdb.DuckDBPyConnection, condition: str) -> list[tuple[Any, ...]]:
    """The `COLUMNS` of the balances that SQL finds; of all columns, since those that it names have to be chosen."""
    rows = con.execute(f"SELECT * FROM harvest.pto_balances WHERE {condition}").fetchall()
    places = [[column.name for column in TABLES["pto_balances"].columns].index(name) for name in COLUMNS]
    return [tuple(row[place] for place in places) for row in rows]


def users(sandbox: Sandbox) -> list[int]:
    return [each["id"] for each in sandbox.records(MAIN_ID, "users")]


# Balances: a request for each user, year and day


def test_the_balances_of_one_user_take_one_request(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    user = users(sandbox)[1]
    assert read(con, f"user_id = {user}") == balances_of(sandbox, user, TODAY.year, TODAY)
    assert asked(sandbox) == [f"/pto/balances?user_id={user}"]


def test_the_balances_of_all_users_take_a_request_each(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    assert sorted(read(con, "true"), key=repr) == sorted(
        (row for user in users(sandbox) for row in balances_of(sandbox, user, TODAY.year, TODAY)), key=repr
    )
    first, *others = asked(sandbox)
    assert first == "/users"
    assert sorted(others) == sorted(f"/pto/balances?user_id={user}" for user in users(sandbox))


@pytest.mark.parametrize(
    ("condition", "sent", "days"),
    [
        (f"year = {LAST_YEAR}", [f"year={LAST_YEAR}"], [(LAST_YEAR, date(LAST_YEAR, 12, 31))]),
        (
            f"year IN ({LAST_YEAR}, {TODAY.year})",
            [f"year={LAST_YEAR}", f"year={TODAY.year}"],
            [(LAST_YEAR, date(LAST_YEAR, 12, 31)), (TODAY.year, TODAY)],
        ),
        (f"as_of = DATE '{TODAY.year}-03-31'", [f"as_of={TODAY.year}-03-31"], [(TODAY.year, date(TODAY.year, 3, 31))]),
        (
            f"year = {LAST_YEAR} AND as_of = DATE '{LAST_YEAR}-06-30'",
            [f"year={LAST_YEAR}&as_of={LAST_YEAR}-06-30"],
            [(LAST_YEAR, date(LAST_YEAR, 6, 30))],
        ),
    ],
)
def test_a_year_and_a_day_are_chosen(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox, condition: str, sent: list[str], days: list[tuple[int, date]]
) -> None:
    user = users(sandbox)[2]
    found = read(con, f"user_id = {user} AND {condition}")
    assert sorted(found, key=lambda row: row[1]) == [
        row for year, day in days for row in balances_of(sandbox, user, year, day)
    ]
    assert sorted(asked(sandbox)) == sorted(f"/pto/balances?user_id={user}&{each}" for each in sent)


@pytest.mark.parametrize(
    "condition", [f"year > {LAST_YEAR}", f"as_of < DATE '{TODAY}'", "year IS NOT NULL", f"year % 10000 = {LAST_YEAR}"]
)
def test_a_year_that_is_no_choice_is_refused(con: duckdb.DuckDBPyConnection, sandbox: Sandbox, condition: str) -> None:
    with pytest.raises(duckdb.Error, match=r"without choosing it: add (year|as_of) = … or (year|as_of) IN \(…\)"):
        con.execute(f"SELECT user_name FROM harvest.pto_balances WHERE {condition}")
    assert isinstance(harvest_duck.last_error(con), QueryError)
    assert asked(sandbox) == []


def test_the_allocations_of_a_year_are_asked_for(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    found = con.execute(f"SELECT id FROM harvest.pto_allocations WHERE year = {LAST_YEAR}").fetchall()
    wanted = [each["id"] for each in sandbox.records(MAIN_ID, "pto_allocations") if each["year"] == LAST_YEAR]
    assert sorted(found) == sorted((identity,) for identity in wanted)
    assert asked(sandbox) == [f"/pto/allocations?year={LAST_YEAR}"]


# Accounts without it


def test_an_account_without_time_off_says_so(sandbox: Sandbox) -> None:
    connection = f"{sandbox.connection_string(account_id=EURO_ID)};RateLimit=off"
    for table in ("pto_types", "pto_holiday_calendar_entries", "pto_balances"):
        with pytest.raises(Forbidden, match="403: the account has no Paid Time Off, or the user of this token may not"):
            harvest_duck.scan(table, connection).read_all()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/pto/types", "SELECT count(*) FROM harvest.pto_types"),
        ("/pto/types", "SELECT * FROM harvest.pto_types WHERE id = 7"),
        (
            "/pto/holiday_calendars/7/entries",
            "SELECT * FROM harvest.pto_holiday_calendar_entries WHERE pto_holiday_calendar_id = 7",
        ),
        ("/pto/balances", "SELECT * FROM harvest.pto_balances WHERE user_id = 7"),
    ],
)
def test_a_404_is_never_an_empty_table(con: duckdb.DuckDBPyConnection, sandbox: Sandbox, path: str, query: str) -> None:
    sandbox.respond_next(path, status=404, body="<html>", times=2)
    with pytest.raises(duckdb.Error, match=r"Harvest answered 404: .*the account has no Paid Time Off, or"):
        con.execute(query).fetchall()
    assert isinstance(harvest_duck.last_error(con), NotFound)


# Answers of other shapes than the sandbox gives


def test_the_list_of_an_answer_is_found_whatever_its_key(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    record = {"user": {"id": 7, "name": "Ada"}, "work_schedule": None}
    query = "SELECT user_id, user_name, work_schedule_id, holiday_calendar_id FROM harvest.pto_assignments"
    for body in ({"assignments": [record], "links": {"next": None}}, {"x": [record]}, {"pto_assignments": [record]}):
        sandbox.respond_next("/pto/assignments", body=body)
        assert con.execute(query).fetchall() == [(7, "Ada", None, None)]
    sandbox.respond_next("/pto/assignments", body={"one": [record], "other": []})
    with pytest.raises(duckdb.Error, match='the answer has no list "pto_assignments"'):
        con.execute(query)


def test_decimals_written_as_text_are_exact_and_what_is_missing_is_null(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    rows = [{"accrued_days": "25.0", "used_days": 0.5, "used_fraction": "0.3333"}, {"pending_days": None}]
    sandbox.respond_next("/pto/balances", body={"balances": rows})
    found = con.execute(
        "SELECT user_id, user_name, accrued_days, used_days, used_fraction, pending_days "
        "FROM harvest.pto_balances WHERE user_id = 7"
    ).fetchall()
    assert found == [
        (7, None, Decimal("25.0000"), Decimal("0.5000"), Decimal("0.3333"), None),
        (7, None, None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ({"user": {"id": 8}, "balances": []}, ProtocolError, "the answer is about user_id 8, but 7 was asked for"),
        ({"year": 2026, "balances": []}, ProtocolError, "the answer is about year 2026, but 2025 was asked for"),
        ({"user": {"id": 7}}, DecodeError, "balances is null, not an array"),
        ({"balances": [{"used_days": "many"}]}, DecodeError, 'used_days is "many", not a number'),
    ],
)
def test_an_answer_about_something_else_is_refused(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox, body: object, error: type[Exception], message: str
) -> None:
    sandbox.respond_next("/pto/balances", body=body)
    with pytest.raises(duckdb.Error, match=re.escape(message)):
        con.execute("SELECT used_days FROM harvest.pto_balances WHERE user_id = 7 AND year = 2025").fetchall()
    assert isinstance(harvest_duck.last_error(con), error)


def test_an_answer_that_says_nothing_of_pages_is_all(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sandbox.respond_next("/pto/types", body={"pto_types": [{"id": 1}, {"id": 2}]})
    assert con.execute("SELECT id, name FROM harvest.pto_types").fetchall() == [(1, None), (2, None)]


# The page, and columns of older accounts


def test_every_query_of_the_page_runs(con: duckdb.DuckDBPyConnection) -> None:
    queries = re.findall(r"```sql\n(.*?)```", (DOCS / "time-off.md").read_text("utf-8"), re.DOTALL)
    assert len(queries) == 3
    for query in queries:
        assert con.execute(query).fetchall()


def test_what_is_left_is_read_by_whoever_may_not_read_users(sandbox: Sandbox) -> None:
    (query,) = re.findall(r"```sql\n(SET .*?)```", (DOCS / "time-off.md").read_text("utf-8"), re.DOTALL)
    member = harvest_duck.connect(sandbox.connection_string(role="member"))
    me = member.execute("SELECT id FROM harvest.me").fetchall()[0][0]
    sandbox.clear_log()
    assert member.execute(query).fetchall()
    assert asked(sandbox) == ["/users/me", f"/pto/balances?user_id={me}"]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("contacts", ["invoice_recipient_status"]),
        ("users", ["saml_exempt", "employee_id"]),
        ("company", ["currency", "saml_sign_in_required", "day_entry_notes_required"]),
        ("projects", ["currency"]),
        ("expenses", ["is_explicitly_locked"]),
    ],
)
def test_what_an_older_harvest_leaves_out_is_null(sandbox: Sandbox, table: str, columns: list[str]) -> None:
    connection = f"{sandbox.connection_string(account_id=EURO_ID)};RateLimit=off"
    read = harvest_duck.scan(table, connection, columns=columns).read_all()
    assert read.num_rows == len(sandbox.records(EURO_ID, table))
    assert all(column.null_count == read.num_rows for column in read.columns)
