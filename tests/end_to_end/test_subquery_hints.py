"""`harvest_explain` hints at values that would narrow a scan, where they do and nowhere else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from support.asked import asked
from support.command import run

import harvest_duck
from harvest_duck.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

LATEST = "(SELECT max(updated_at) FROM te)"
#: Each query with the place of a subquery, and the subquery.
CASES = [
    ("SELECT id FROM harvest.time_entries WHERE updated_at > {}", LATEST),
    ("SELECT id FROM harvest.time_entries WHERE updated_at > {} - INTERVAL 1 MINUTE", LATEST),
    ("SELECT id FROM harvest.time_entries WHERE {} <= updated_at AND is_billed = true", LATEST),
    ("SELECT id FROM harvest.time_entries WHERE updated_at < {}", LATEST),
    ("SELECT id FROM harvest.time_entries t WHERE t.updated_at > {} AND t.hours > (SELECT avg(hours) FROM te)", LATEST),
    (
        "SELECT id FROM harvest.time_entries t WHERE updated_at > {} AND 0 < (SELECT min(id) FROM te WHERE id = t.id)",
        LATEST,
    ),
    ("SELECT id, {} FROM harvest.time_entries", LATEST),
    (
        "SELECT id FROM harvest.time_entries WHERE updated_at > '2026-11-01' AND hours > {}",
        "(SELECT avg(hours) FROM te)",
    ),
    ("SELECT count(*) FROM harvest.time_entries HAVING count(*) > {}", "(SELECT count(*) FROM te)"),
    ("SELECT id FROM harvest_scan('time_entries') WHERE user_id = {}", "(SELECT min(user_id) FROM te)"),
    ("SELECT id FROM harvest.time_entries WHERE spent_date >= {}", "(SELECT max(spent_date) FROM te)"),
    ("SELECT name FROM harvest.clients WHERE id = {}", "(SELECT min(client_id) FROM te)"),
    ("SELECT id FROM harvest.invoices WHERE state = {}", "(SELECT 'draft')"),
    ("WITH t AS (FROM harvest.time_entries) SELECT id FROM t WHERE updated_at > {}", LATEST),
    ("SELECT id FROM harvest.time_entries WHERE user_id = {}", "(SELECT min(id) FROM harvest.users)"),
    ("SELECT id FROM harvest.time_entries WHERE updated_at > {}", "(SELECT max(updated_at) FROM harvest.time_entries)"),
]


@pytest.fixture(scope="module")
def account() -> Iterator[Sandbox]:
    """An account with five pages of time entries."""
    with Sandbox(seed=7, scale=0.3, time_entries=1000, limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def con(account: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with a copy of the time entries."""
    with harvest_duck.connect(f"{account.connection_string()};RateLimit=off;Pagesize=200") as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute("CREATE TABLE te AS FROM harvest.time_entries")
        yield opened


def sent(con: duckdb.DuckDBPyConnection, account: Sandbox, sql: str) -> set[str]:
    """The requests of a query, without the numbers of their pages."""
    account.clear_log()
    con.execute(sql).fetchall()
    return {re.sub(r"(?:[?&](?:page|cursor|ref)=[^&]*)+", "", path) for path in asked(account, per_page=True)}


def hints(con: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    """The hints for the scans of a query, in their order."""
    rows = harvest_duck.explain(sql, con, probe=False).to_pylist()
    return [row["hint"] for row in rows]


@pytest.mark.parametrize(("sql", "subquery"), CASES)
def test_a_hint_stands_where_the_value_sends_something_else(
    sql: str, subquery: str, con: duckdb.DuckDBPyConnection, account: Sandbox
) -> None:
    """DuckDB 1.x passes most values to the scan by itself: there is nothing to hint at then."""
    con.execute(f"SET VARIABLE v = {subquery}")
    inner = sent(con, account, f"SELECT {subquery}")
    as_it_stands = sent(con, account, sql.format(subquery)) - inner
    with_the_value = sent(con, account, sql.format("getvariable('v')"))
    found = [hint for hint in hints(con, sql.format(subquery)) if hint]
    assert account.requests, "explaining without a probe sends nothing, and forgets nothing"
    if inner and subquery.endswith("harvest.time_entries)") and not as_it_stands:
        # Both scans read the whole list.
        as_it_stands = inner
    assert bool(found) is (as_it_stands != with_the_value)
    for hint in found:
        (path,) = re.findall(r"would ask for /v2(\S+): SET VARIABLE v = ", hint)
        pattern = re.escape(path).replace("…", "[^/&?]+")
        assert any(re.fullmatch(pattern, each) for each in with_the_value), (path, with_the_value)


def test_the_hint_stands_beside_the_scan_that_it_is_about(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT id FROM harvest.clients UNION ALL SELECT id FROM harvest.time_entries WHERE updated_at > {}"
    rows = harvest_duck.explain(sql.format("(SELECT max(updated_at) FROM te)"), con, probe=False).to_pylist()
    assert {row["table_name"]: bool(row["hint"]) for row in rows} in (
        {"clients": False, "time_entries": True},
        # DuckDB 1.x passes the value.
        {"clients": False, "time_entries": "updated_since" not in next(r["request"] for r in rows[::-1])},
    )


def test_it_is_a_column_in_sql_too_and_works_under_locks(con: duckdb.DuckDBPyConnection) -> None:
    sql = "FROM harvest_explain($$SELECT id FROM harvest.clients WHERE id = (SELECT 5)$$, probe := false)"
    assert con.sql(sql).columns[-1] == "hint"
    with harvest_duck.connect("DSN=sandbox") as locked:
        locked.execute("SET enable_external_access = false")
        locked.execute("SET lock_configuration = true")
        assert locked.sql(sql).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM te WHERE updated_at > (SELECT max(updated_at) FROM te)",
        "SELECT id FROM harvest.clients WHERE id = (SELECT {'a': 1}).a",
        "PIVOT harvest.clients ON is_active IN (true, false) USING count(*)",
    ],
)
def test_what_has_no_value_gets_no_hint(sql: str, con: duckdb.DuckDBPyConnection) -> None:
    assert not any(hints(con, sql))


@pytest.mark.thorough
def test_the_command_line_says_it_below_the_table(account: Sandbox) -> None:
    """With DuckDB 1.x as well, which passes no value that is NULL."""
    latest = "(SELECT max(updated_at) FROM (SELECT NULL::TIMESTAMPTZ AS updated_at))"
    sql = f"SELECT id FROM harvest.time_entries WHERE updated_at > {latest}"
    told = run("query", "--explain", "--no-probe", sql, connection=account.connection_string())
    assert told.returncode == 0
    assert told.stderr.startswith(
        "hint: with a value in place of the subquery the scan would ask for /v2/time_entries?"
    )
    assert told.stderr.count("\n") == 1
    silent = run("query", "--explain", "--no-probe", "FROM harvest.clients", connection=account.connection_string())
    assert (silent.returncode, silent.stderr) == (0, "")
    rows = json.loads(run("query", "--explain", "--format", "json", sql, connection=account.connection_string()).stdout)
    assert [f"hint: {row['hint']}\n" for row in rows] == [told.stderr]
