"""Connections without AccountId: the only account of the token is read, and nothing is guessed where it has several."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pytest

import harvest_duck
from harvest_duck import connections
from harvest_duck.errors import CredentialsError, QueryError, Unauthorized
from harvest_duck.sandbox import EURO_ID, FORECAST_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("new_clients")

HARVEST_ID = (None, "/api/v2/accounts")
MAIN = str(MAIN_ID)
SEVERAL = (
    f"no AccountId is given, and the token reaches 2 Harvest accounts, {MAIN_ID} (Harbour & Vale), "
    f"{EURO_ID} (Harbour & Vale Europe): set AccountId to one of the numbers, or to * for all of them"
)


def string(sandbox: Sandbox, role: str) -> str:
    """The connection string of a user of the sandbox, without an account: managers and members reach one."""
    return f"{sandbox.connection_string(role=role).replace(f'AccountId={MAIN_ID};', '')};RateLimit=off"


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """A DuckDB that tests share, each with a cursor of its own."""
    return duckdb.connect()


@contextmanager
def connected(sandbox: Sandbox, role: str = "manager") -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor that knows the account of a user."""
    with database().cursor() as con:
        harvest_duck.register(con, string(sandbox, role))
        yield con


def asked_of(sandbox: Sandbox) -> list[tuple[str | None, str]]:
    """Each request as the account that it names and its path."""
    return [(request.account_id, request.path) for request in sandbox.requests]


def test_the_only_account_is_read(sandbox: Sandbox) -> None:
    with connected(sandbox) as con:
        rows = con.execute("SELECT account_id, id FROM harvest_scan('clients')").fetchall()
    assert sorted(rows) == sorted((MAIN_ID, client["id"]) for client in sandbox.records(MAIN_ID, "clients"))
    assert asked_of(sandbox) == [HARVEST_ID, (MAIN, "/v2/clients")]


def test_a_scan_from_python_reads_it_too(sandbox: Sandbox) -> None:
    rows = harvest_duck.scan("me", string(sandbox, "member"), columns=["account_id"]).read_all().to_pylist()
    assert rows == [{"account_id": MAIN_ID}]
    assert asked_of(sandbox) == [HARVEST_ID, (MAIN, "/v2/users/me")]


def test_children_are_those_of_its_parents(sandbox: Sandbox) -> None:
    accounts = [{"id": EURO_ID, "name": "Euro", "product": "harvest"}]
    sandbox.respond_next(HARVEST_ID[1], body={"user": {"id": 1, "first_name": "Ada"}, "accounts": accounts})
    with connected(sandbox, "administrator") as con:
        rows = con.execute("SELECT DISTINCT account_id FROM harvest_scan('billable_rates')").fetchall()
    assert rows == [(EURO_ID,)]
    euro, users = str(EURO_ID), sandbox.records(EURO_ID, "users")
    children = [(euro, f"/v2/users/{user['id']}/billable_rates") for user in users]
    assert asked_of(sandbox)[:2] == [HARVEST_ID, (euro, "/v2/users")]
    assert sorted(asked_of(sandbox)[2:]) == sorted(children)


def test_a_report_is_of_it(sandbox: Sandbox) -> None:
    with connected(sandbox) as con:
        rows = con.execute(
            "SELECT DISTINCT account_id FROM harvest_scan('report_time_clients') "
            "WHERE from_date = '2026-01-01' AND to_date = '2026-06-30'"
        ).fetchall()
    assert rows == [(MAIN_ID,)]
    assert asked_of(sandbox) == [HARVEST_ID, (MAIN, "/v2/reports/time/clients")]


def test_the_accounts_of_a_token_need_no_account_and_are_listed_once(sandbox: Sandbox) -> None:
    with connected(sandbox, "administrator") as con:
        listed = con.execute("SELECT id FROM harvest_scan('accounts') ORDER BY id").fetchall()
    assert listed == [(MAIN_ID,), (EURO_ID,), (FORECAST_ID,)]
    assert asked_of(sandbox) == [HARVEST_ID]


def test_access_is_that_to_the_only_account(sandbox: Sandbox) -> None:
    rows = harvest_duck.access(string(sandbox, "manager")).to_pylist()
    assert {(row["account_id"], row["account_name"]) for row in rows} == {(MAIN_ID, "Harbour & Vale")}
    assert {account for account, _ in asked_of(sandbox)} == {None, MAIN}


def test_whoami_needs_no_account(sandbox: Sandbox) -> None:
    assert [account.id for account in harvest_duck.whoami(string(sandbox, "manager")).harvest_accounts] == [MAIN_ID]
    assert asked_of(sandbox) == [HARVEST_ID]


def test_a_named_connection_without_an_account_is_checked(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    connections.add("unnumbered", string(sandbox, "member"))
    assert [each.account_id for each in connections.check("unnumbered")] == [MAIN]
    assert asked_of(sandbox) == [HARVEST_ID, (MAIN, "/v2/users/me")]


def test_explain_shows_the_request_for_the_account(sandbox: Sandbox) -> None:
    with connected(sandbox) as con:
        steps = harvest_duck.explain("FROM harvest_scan('company')", con).to_pylist()
    assert [(step["step"], step["account_id"], step["requests"]) for step in steps] == [
        ("accounts", None, 1),
        ("list", MAIN_ID, 1),
    ]
    assert steps[0]["request"] == "/api/v2/accounts"


def test_explain_without_a_probe_says_that_it_cannot_know_the_account(sandbox: Sandbox) -> None:
    with connected(sandbox) as con, pytest.raises(QueryError) as raised:
        harvest_duck.explain("FROM harvest_scan('company')", con, probe=False)
    assert str(raised.value) == (
        "company: no AccountId is given, and only Harvest can tell which accounts that is: "
        "name them in AccountId, or allow requests (probe := true)"
    )
    assert asked_of(sandbox) == []


@pytest.mark.parametrize(
    "sql",
    [
        "FROM harvest_scan('clients')",
        # Which account is meant is no matter of the filter.
        f"FROM harvest_scan('clients') WHERE account_id = {MAIN_ID}",
        "FROM harvest_scan('me')",
        "FROM harvest_scan('teammates')",
        "FROM harvest_access()",
        "FROM harvest_explain('FROM harvest_scan(''clients'')')",
    ],
)
def test_several_accounts_are_listed_and_none_is_read(sandbox: Sandbox, sql: str) -> None:
    with connected(sandbox, "administrator") as con:
        with pytest.raises(duckdb.Error):
            con.execute(sql).fetchall()
        error = harvest_duck.last_error(con)
    assert isinstance(error, CredentialsError)
    assert str(error) == SEVERAL
    assert asked_of(sandbox) == [HARVEST_ID]


def test_a_token_that_reaches_no_account_says_so(sandbox: Sandbox) -> None:
    sandbox.respond_next(HARVEST_ID[1], body={"user": {"id": 1, "first_name": "Ann"}, "accounts": []})
    with pytest.raises(CredentialsError, match="the token of Ann reaches no Harvest account: use one of somebody who"):
        harvest_duck.scan("clients", string(sandbox, "manager")).read_all()
    assert asked_of(sandbox) == [HARVEST_ID]


def test_a_refused_token_names_no_account(sandbox: Sandbox) -> None:
    wrong = string(sandbox, "manager").replace("APIKey=", "APIKey=x")
    with pytest.raises(Unauthorized, match=r"^accounts page 1: Harvest answered 401"):
        harvest_duck.scan("clients", wrong).read_all()
    assert asked_of(sandbox) == [HARVEST_ID]
