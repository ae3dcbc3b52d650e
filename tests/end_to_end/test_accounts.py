"""Scans of several accounts: each row has its account_id, and only accounts that the filter allows are asked."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import duckdb
import pyarrow.compute as pc
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clocks import Clock
from support.run_size import share

import harvest_duck
from harvest_duck.errors import HarvestDuckError
from harvest_duck.sandbox import EURO_ID, FORECAST_ID, MAIN_ID, MANAGER_TOKEN, Sandbox
from harvest_duck.scanner.account_list import AGE_S
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("new_clients")

BOTH = f"{MAIN_ID},{EURO_ID}"
HARVEST_ID = "/api/v2/accounts"

several = pytest.mark.parametrize("accounts", [BOTH, f"{EURO_ID},{MAIN_ID}", "*"])


def string(sandbox: Sandbox, accounts: str, role: str = "administrator") -> str:
    """The connection string of a user of the sandbox for these accounts."""
    one = sandbox.connection_string(role=role)
    return f"{one.replace(f'AccountId={MAIN_ID}', f'AccountId={accounts}')};RateLimit=off;ReportsRateLimit=off"


@contextmanager
def connected(sandbox: Sandbox, accounts: str, role: str = "administrator") -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor that knows these accounts; a database of its own, which others have, would take ten times as long."""
    with database().cursor() as con:
        harvest_duck.register(con, string(sandbox, accounts, role))
        con.execute("SET TimeZone = 'UTC'")
        yield con


@cache
def database() -> duckdb.DuckDBPyConnection:
    """A DuckDB without an account of its own, until the tests of this module have ended."""
    con = duckdb.connect()
    harvest_duck.register(con)
    return con


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    """Close the database at the end."""
    yield
    if database.cache_info().currsize:
        database().close()
        database.cache_clear()


def asked_of(sandbox: Sandbox) -> list[tuple[str | None, str]]:
    """Each request as the account that it names and its path, without the API's prefix."""
    return [(request.account_id, request.path.removeprefix("/v2")) for request in sandbox.requests]


def accounts_in(sandbox: Sandbox) -> set[str | None]:
    """The accounts that the requests to the API name."""
    return {request.account_id for request in sandbox.requests if request.path != HARVEST_ID}


def clients_of(sandbox: Sandbox, *accounts: int) -> list[tuple[int, int]]:
    """The account and the id of every client of these accounts."""
    return sorted((account, client["id"]) for account in accounts for client in sandbox.records(account, "clients"))


# Rows


@several
def test_a_scan_returns_the_rows_of_all_accounts_with_their_ids(sandbox: Sandbox, accounts: str) -> None:
    with connected(sandbox, accounts) as con:
        rows = con.execute("SELECT account_id, id FROM harvest_scan('clients')").fetchall()
        count = con.execute("SELECT count(*) FROM harvest_scan('clients')").fetchone()
    assert sorted(rows) == clients_of(sandbox, MAIN_ID, EURO_ID)
    assert count == (len(rows),)


@several
def test_every_column_is_that_of_the_account_alone(sandbox: Sandbox, accounts: str) -> None:
    with (
        connected(sandbox, accounts) as both,
        connected(sandbox, str(MAIN_ID)) as first,
        connected(sandbox, str(EURO_ID)) as second,
    ):
        for table in ("clients", "users", "projects", "company", "me"):
            together, *apart = (
                con.execute(f"SELECT * FROM harvest_scan('{table}')").fetchall() for con in (both, first, second)
            )
            assert Counter(map(repr, together)) == Counter(map(repr, chain(*apart))), table


def test_accounts_are_asked_in_the_order_given(sandbox: Sandbox) -> None:
    for accounts in ((MAIN_ID, EURO_ID), (EURO_ID, MAIN_ID)):
        with connected(sandbox, ",".join(map(str, accounts))) as con:
            found = con.execute("SELECT account_id FROM harvest_scan('me')").fetchall()
        assert found == [(account,) for account in accounts]


@several
def test_children_belong_to_parents_of_their_own_account(sandbox: Sandbox, accounts: str) -> None:
    with connected(sandbox, accounts) as con:
        rows = con.execute("SELECT account_id, user_id FROM harvest_scan('billable_rates')").fetchall()
    wanted = {
        account: {(str(account), f"/users/{user['id']}/billable_rates") for user in sandbox.records(account, "users")}
        for account in (MAIN_ID, EURO_ID)
    }
    children = [each for each in asked_of(sandbox) if each[1].endswith("/billable_rates")]
    assert len(children) == len(set(children))
    assert set(children) == wanted[MAIN_ID] | wanted[EURO_ID]
    assert {account for account, _ in rows} == {MAIN_ID, EURO_ID}
    assert {(str(account), f"/users/{user}/billable_rates") for account, user in rows} <= set(children)


REPORT = "FROM harvest_scan('report_time_clients') WHERE from_date = '2026-01-01' AND to_date = '2026-06-30'"
#: Longer than the year that Harvest allows, so that each account's report is added up from pieces.
LONG_REPORT = "FROM harvest_scan('report_time_clients') WHERE from_date = '2024-06-01' AND to_date = '2026-06-30'"


@several
@pytest.mark.parametrize("report", [REPORT, LONG_REPORT])
def test_a_report_is_one_for_each_account(sandbox: Sandbox, accounts: str, report: str) -> None:
    sums = f"SELECT account_id, client_id, currency, total_hours, billable_amount {report} ORDER BY ALL"
    apart = []
    for account in (MAIN_ID, EURO_ID):
        with connected(sandbox, str(account)) as con:
            apart += con.execute(sums).fetchall()
    with connected(sandbox, accounts) as con:
        together = con.execute(sums).fetchall()
    assert together == sorted(apart, key=lambda row: row[:2])
    assert {row[0] for row in together} == {MAIN_ID, EURO_ID}


def test_tables_of_two_accounts_join_by_account(sandbox: Sandbox) -> None:
    with connected(sandbox, "*") as con:
        joined = con.execute(
            "SELECT p.account_id, c.name, p.name FROM harvest_scan('projects') p "
            "JOIN harvest_scan('clients') c ON c.account_id = p.account_id AND c.id = p.client_id"
        ).fetchall()
    wanted = [
        (account, project["client"]["name"], project["name"])
        for account in (MAIN_ID, EURO_ID)
        for project in sandbox.records(account, "projects")
    ]
    assert sorted(joined) == sorted(wanted)


def test_two_attached_connections_keep_their_own_accounts(sandbox: Sandbox) -> None:
    with connected(sandbox, BOTH) as con:
        harvest_duck.attach(con, string(sandbox, str(EURO_ID)), name="euro")
        found = con.execute(
            "SELECT e.id FROM euro.clients e JOIN harvest_scan('clients') b USING (account_id, id) ORDER BY ALL"
        ).fetchall()
    assert found == [(client,) for _, client in clients_of(sandbox, EURO_ID)]


def test_the_same_account_twice_is_read_once(sandbox: Sandbox) -> None:
    with connected(sandbox, f"{EURO_ID}, {EURO_ID}") as con:
        assert con.execute("SELECT count(*) FROM harvest_scan('clients')").fetchone() == (
            len(clients_of(sandbox, EURO_ID)),
        )
    assert asked_of(sandbox) == [(str(EURO_ID), "/clients")]


@several
def test_max_rows_counts_the_rows_of_all_accounts(sandbox: Sandbox, accounts: str) -> None:
    with database().cursor() as con:
        harvest_duck.register(con, f"{string(sandbox, accounts)};MaxRows=1")
        assert len(con.execute("FROM harvest_scan('me')").fetchall()) == 1


# Which accounts are asked


@several
@pytest.mark.parametrize("account", [MAIN_ID, EURO_ID])
def test_a_filter_on_the_account_asks_that_account_alone(sandbox: Sandbox, accounts: str, account: int) -> None:
    with connected(sandbox, accounts) as con:
        rows = con.execute("SELECT id FROM harvest_scan('clients') WHERE account_id = ?", [account]).fetchall()
    assert sorted(rows) == [(client,) for _, client in clients_of(sandbox, account)]
    assert [each for each in asked_of(sandbox) if each[1] != HARVEST_ID] == [(str(account), "/clients")]


@several
def test_a_filter_on_the_account_reaches_parents_and_reports(sandbox: Sandbox, accounts: str) -> None:
    with connected(sandbox, accounts) as con:
        con.execute(f"FROM harvest_scan('billable_rates') WHERE account_id = {EURO_ID}").fetchall()
        con.execute(f"{REPORT} AND account_id = {EURO_ID}").fetchall()
    assert accounts_in(sandbox) == {str(EURO_ID)}


@pytest.mark.parametrize("account", [FORECAST_ID, 1, -1, 2**63 - 1])
def test_an_account_that_is_not_given_is_never_asked(sandbox: Sandbox, account: int) -> None:
    for accounts in (BOTH, "*"):
        with connected(sandbox, accounts) as con:
            assert con.execute("FROM harvest_scan('clients') WHERE account_id = ?", [account]).fetchall() == []
    assert accounts_in(sandbox) == set()


def test_harvest_id_is_asked_once_for_all_accounts_and_forecast_never(sandbox: Sandbox) -> None:
    with connected(sandbox, "*") as con:
        con.execute("FROM harvest_scan('clients')").fetchall()
    assert asked_of(sandbox)[0] == (None, HARVEST_ID)
    assert sorted(asked_of(sandbox)[1:]) == [(str(MAIN_ID), "/clients"), (str(EURO_ID), "/clients")]


def test_harvest_id_is_not_asked_for_accounts_that_are_given(sandbox: Sandbox) -> None:
    with connected(sandbox, BOTH) as con:
        con.execute("FROM harvest_scan('clients')").fetchall()
    assert sorted(asked_of(sandbox)) == [(str(MAIN_ID), "/clients"), (str(EURO_ID), "/clients")]


def test_all_accounts_of_a_user_with_one_account(sandbox: Sandbox) -> None:
    with connected(sandbox, "*", role="member") as con:
        assert con.execute("SELECT account_id FROM harvest_scan('me')").fetchall() == [(MAIN_ID,)]


@several
def test_the_accounts_themselves_are_listed_once(sandbox: Sandbox, accounts: str) -> None:
    with connected(sandbox, accounts) as con:
        listed = con.execute("SELECT id, product FROM harvest_scan('accounts') ORDER BY id").fetchall()
    assert listed == [(MAIN_ID, "harvest"), (EURO_ID, "harvest"), (FORECAST_ID, "forecast")]
    assert [path for _, path in asked_of(sandbox)] == [HARVEST_ID]


_number = st.sampled_from([MAIN_ID, EURO_ID, FORECAST_ID, 0])
_term = (
    st.builds("account_id {} {}".format, st.sampled_from(["=", "<", "<=", ">", ">="]), _number)
    | st.builds("account_id IN ({}, {})".format, _number, _number)
    | st.sampled_from(["account_id IS NOT NULL", "is_active"])
)
# What DuckDB may keep to itself (1.4, for one, IS NULL), and what names no account that is wanted.
_vague = (
    st.sampled_from(["account_id IS NULL", "NOT is_active"])
    | st.builds("account_id <> {}".format, _number)
    | st.builds("NOT ({})".format, _term)
)


def _combined(terms: st.SearchStrategy[str], *words: str) -> st.SearchStrategy[str]:
    return st.recursive(
        terms, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(words), inner), max_leaves=5
    )


def _compared(sandbox: Sandbox, condition: str, accounts: str) -> set[str | None]:
    """The accounts that any client could be of; the rows of a scan are those that DuckDB keeps of the whole table."""
    sandbox.clear_log()
    both = (MAIN_ID, EURO_ID)
    records = [
        (account, each["id"], each["is_active"]) for account in both for each in sandbox.records(account, "clients")
    ]
    columns = f"SELECT account_id, id FROM {{}} WHERE {condition} ORDER BY ALL"
    with connected(sandbox, accounts) as con:
        con.execute("CREATE TEMP TABLE whole (account_id BIGINT, id BIGINT, is_active BOOLEAN)")
        con.executemany("INSERT INTO whole VALUES (?, ?, ?)", records)
        expected = con.execute(columns.format("whole")).fetchall()
        assert con.execute(columns.format("harvest_scan('clients')")).fetchall() == expected
        con.execute("CREATE TEMP TABLE possible (account_id BIGINT, is_active BOOLEAN)")
        con.executemany(
            "INSERT INTO possible VALUES (?, ?)", [(each, state) for each in both for state in (True, False)]
        )
        possible = con.execute(f"SELECT account_id FROM possible WHERE {condition}").fetchall()
    assert {str(account) for account, _ in expected} <= accounts_in(sandbox)
    return {str(account) for (account,) in possible}


@given(condition=_combined(_term, "AND"), accounts=st.sampled_from([BOTH, "*"]))
@settings(deadline=None, max_examples=share(15))
def test_only_accounts_that_all_terms_allow_are_asked(agency: Sandbox, condition: str, accounts: str) -> None:
    possible = _compared(agency, condition, accounts)
    assert accounts_in(agency) <= possible, "none is asked that no client can be of"


@given(condition=_combined(_term | _vague, "AND", "OR"), accounts=st.sampled_from([BOTH, "*"]))
@settings(deadline=None, max_examples=share(15))
def test_any_filter_keeps_the_rows_that_it_keeps_of_a_plain_table(
    agency: Sandbox, condition: str, accounts: str
) -> None:
    """DuckDB keeps some filters to itself, so that more is asked; the rows are the same."""
    _compared(agency, condition, accounts)


# Failures


def failure(sandbox: Sandbox, accounts: str, sql: str, role: str = "administrator") -> str:
    """The one line with which the query fails."""
    with connected(sandbox, accounts, role) as con, pytest.raises((duckdb.Error, HarvestDuckError)) as caught:
        con.execute(sql).fetchall()
    return str(caught.value)


@pytest.mark.parametrize("sql", ["FROM harvest_scan('clients')", "SELECT count(*) FROM harvest_scan('clients')"])
def test_an_account_that_the_token_does_not_reach_fails_the_query(sandbox: Sandbox, sql: str) -> None:
    message = failure(sandbox, BOTH, sql, role="manager")
    assert f"clients of account {EURO_ID} page 1: Harvest answered" in message
    assert MANAGER_TOKEN not in message


def test_an_account_that_is_filtered_out_cannot_fail_the_query(sandbox: Sandbox) -> None:
    with connected(sandbox, BOTH, role="manager") as con:
        rows = con.execute(f"SELECT id FROM harvest_scan('clients') WHERE account_id = {MAIN_ID}").fetchall()
    assert len(rows) == len(sandbox.records(MAIN_ID, "clients"))


@pytest.mark.parametrize("accounts", [BOTH, "*"])
def test_a_failing_account_is_named(sandbox: Sandbox, accounts: str) -> None:
    sandbox.respond_next("/v2/clients", status=403, body={"message": "not you"}, times=2)
    message = failure(sandbox, accounts, f"FROM harvest_scan('clients') WHERE account_id >= {EURO_ID}")
    assert f"clients of account {EURO_ID}" in message
    assert "Harvest answered 403" in message


#: How each account but one is asked for; DuckDB 1.x keeps NOT IN to itself.
ALL_BUT = {
    "unequal": "account_id <> {one}",
    "not equal": "NOT account_id = {one}",
    "unequal to two": "account_id <> {one} AND account_id <> 7",
    "above": "account_id > {one} OR account_id < {one}",
    "in": "account_id IN ({other}, 7)",
    **({} if duckdb.__version__.startswith("1.") else {"not in": "account_id NOT IN (7, {one})"}),
}


@pytest.fixture
def suspended(sandbox: Sandbox) -> Iterator[int]:
    """The second account, of which every request is refused."""

    async def refuse(request: web.BaseRequest) -> web.StreamResponse | None:
        refused = request.headers.get("Harvest-Account-Id") == str(EURO_ID)
        return web.json_response({"message": "Account is suspended"}, status=403) if refused else None

    sandbox.on_request = refuse
    yield EURO_ID
    sandbox.on_request = None


@pytest.mark.parametrize("table", ["clients", "billable_rates", "report_time_clients"])
def test_the_rows_of_other_accounts_can_be_had_beside_a_suspended_one(
    sandbox: Sandbox, suspended: int, table: str
) -> None:
    period = "from_date = '2026-01-01' AND to_date = '2026-06-30'" if table.startswith("report") else "true"
    select = f"SELECT DISTINCT account_id FROM harvest_scan('{table}') WHERE {period}"
    with connected(sandbox, "*") as con:
        with pytest.raises(duckdb.Error):
            con.execute(select).fetchall()
        message = str(harvest_duck.last_error(con))
        assert f"of account {suspended} ({sandbox.records(suspended, 'company')[0]['name']})" in message
        assert "Harvest answered 403" in message
        advice = re.search(r"to leave this account out add (account_id <> \d+);", message)
        assert advice is not None
        sandbox.clear_log()
        assert con.execute(f"{select} AND {advice[1]}").fetchall() == [(MAIN_ID,)]
    assert accounts_in(sandbox) == {str(MAIN_ID)}


@pytest.mark.parametrize("condition", ALL_BUT.values(), ids=ALL_BUT)
@pytest.mark.parametrize("accounts", [BOTH, "*"])
def test_an_account_that_is_left_out_is_not_asked(
    sandbox: Sandbox, suspended: int, accounts: str, condition: str
) -> None:
    with connected(sandbox, accounts) as con:
        where = condition.format(one=suspended, other=MAIN_ID)
        found = con.execute(f"SELECT account_id, id FROM harvest_scan('clients') WHERE {where}").fetchall()
    assert sorted(found) == clients_of(sandbox, MAIN_ID)
    assert accounts_in(sandbox) == {str(MAIN_ID)}


def test_accounts_are_left_out_of_a_scan_without_sql(sandbox: Sandbox, suspended: int) -> None:
    others = ~pc.field("account_id").isin([7, suspended])
    found = harvest_duck.scan("clients", string(sandbox, "*"), columns=["account_id", "id"], filter=others)
    assert sorted((row["account_id"], row["id"]) for row in found.read_all().to_pylist()) == clients_of(
        sandbox, MAIN_ID
    )
    assert accounts_in(sandbox) == {str(MAIN_ID)}


def test_an_account_that_stands_alone_needs_no_name(sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", status=403)
    assert "clients page 1: Harvest answered 403" in failure(sandbox, str(EURO_ID), "FROM harvest_scan('clients')")


def test_a_token_that_reaches_no_harvest_account_is_an_error(sandbox: Sandbox) -> None:
    body = {
        "user": {"id": 1, "first_name": "Ann", "last_name": "Vik", "email": "ann@example.com"},
        "accounts": [{"id": FORECAST_ID, "name": "Plans", "product": "forecast"}],
    }
    sandbox.respond_next(HARVEST_ID, body=body)
    assert "the token of Ann Vik reaches no Harvest account" in failure(sandbox, "*", "FROM harvest_scan('clients')")
    assert asked_of(sandbox) == [(None, HARVEST_ID)]


def test_an_account_that_harvest_lists_twice_is_read_once(sandbox: Sandbox) -> None:
    account = {"id": EURO_ID, "name": "Twice", "product": "harvest"}
    body = {"user": {"id": 1, "first_name": "Ann", "last_name": "", "email": ""}, "accounts": [account, account]}
    sandbox.respond_next(HARVEST_ID, body=body)
    with connected(sandbox, "*") as con:
        found = con.execute("SELECT account_id, id FROM harvest_scan('clients')").fetchall()
    assert sorted(found) == clients_of(sandbox, EURO_ID)


@pytest.mark.parametrize("times", [1, 2])
def test_harvest_id_is_asked_again_where_that_can_help(sandbox: Sandbox, times: int) -> None:
    sandbox.respond_next(HARVEST_ID, status=503, headers={"Retry-After": "0"}, times=times)
    with connected(sandbox, "*") as con:
        assert con.execute("SELECT count(*) FROM harvest_scan('me')").fetchone() == (2,)
    assert [path for _, path in asked_of(sandbox)].count(HARVEST_ID) == times + 1


def test_the_request_for_the_accounts_is_in_the_request_log(sandbox: Sandbox) -> None:
    with connected(sandbox, "*") as con:
        con.execute("FROM harvest_scan('clients')").fetchall()
        sent = con.execute("SELECT request, account_id, status FROM harvest_requests()").fetchall()
    assert sent == [
        ("/api/v2/accounts", None, 200),
        ("/v2/clients?per_page=2000", MAIN_ID, 200),
        ("/v2/clients?per_page=2000", EURO_ID, 200),
    ]


# The list of the accounts


def asked_of_harvest_id(sandbox: Sandbox) -> int:
    """The number of requests to Harvest ID, after which the log is empty."""
    found = [path for _, path in asked_of(sandbox)].count(HARVEST_ID)
    sandbox.clear_log()
    return found


def test_the_list_of_the_accounts_serves_the_scans_of_a_minute(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(pool(), "clock", clock)
    with connected(sandbox, "*") as con:
        for query in (
            "FROM harvest_scan('me')",
            "FROM harvest_scan('me') a JOIN harvest_scan('company') b USING (account_id)",
        ):
            assert len(con.execute(query).fetchall()) == 2
        assert asked_of_harvest_id(sandbox) == 1
        sent = con.execute("SELECT count(*) FROM harvest_requests() WHERE table_name = 'accounts'").fetchall()
        assert sent == [(1,)], "the log has what was sent"
        clock.moment += AGE_S
        con.execute("FROM harvest_scan('me')").fetchall()
    assert asked_of_harvest_id(sandbox) == 1


def test_the_list_of_the_accounts_is_that_of_the_token(sandbox: Sandbox) -> None:
    for role, accounts in (("administrator", 2), ("manager", 1)):
        with connected(sandbox, "*", role) as con:
            assert len(con.execute("FROM harvest_scan('me')").fetchall()) == accounts
        assert asked_of_harvest_id(sandbox) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_account_that_is_refused_makes_the_list_be_asked_for_again(sandbox: Sandbox, status: int) -> None:
    with connected(sandbox, "*") as con:
        con.execute("FROM harvest_scan('me')").fetchall()
        sandbox.respond_next("/v2/users/me", status=status)
        with pytest.raises(duckdb.Error):
            con.execute("FROM harvest_scan('me')").fetchall()
        assert asked_of_harvest_id(sandbox) == 1
        con.execute("FROM harvest_scan('me')").fetchall()
    assert asked_of_harvest_id(sandbox) == 1


def test_the_table_of_the_accounts_is_always_asked_for(sandbox: Sandbox) -> None:
    with connected(sandbox, "*") as con:
        con.execute("FROM harvest_scan('me')").fetchall()
        for _ in range(2):
            assert len(con.execute("FROM harvest_scan('accounts')").fetchall()) == 3
    assert asked_of_harvest_id(sandbox) == 3
