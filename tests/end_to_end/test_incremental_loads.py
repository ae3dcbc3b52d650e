"""The page about incremental loads, run against an account that changes: its requests, and every row."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.asked import asked
from support.paths import DOCS

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (DOCS / "incremental.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"<!-- (\w+) -->\n```(?:sql|python)\n(.*?)```", PAGE, re.DOTALL))
CHANGED = "SELECT id FROM harvest.time_entries WHERE updated_at > "
SINCE = "updated_since"
WHOLE = ["/time_entries", *(f"/time_entries?page={page}" for page in range(2, 6))]


@pytest.fixture
def account() -> Iterator[Sandbox]:
    """An account with five pages of time entries, which the test may change."""
    with Sandbox(seed=7, scale=0.3, time_entries=1000, limits=False) as running:
        yield running


@pytest.fixture
def con(account: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the account, and the empty table of the page."""
    with harvest_duck.connect(f"{account.connection_string()};RateLimit=off;Pagesize=200") as opened:
        opened.execute("SET TimeZone = 'America/New_York'")
        opened.execute(BLOCKS["once"])
        yield opened


def sent(account: Sandbox) -> list[str]:
    """The requests since this was called last."""
    found = asked(account)
    account.clear_log()
    return found


def request_since(records: list[dict[str, Any]]) -> str:
    """The request of a load after one of `records`: from a minute before the last change, less a second."""
    last = max(datetime.fromisoformat(record["updated_at"]) for record in records) - timedelta(seconds=61)
    return f"/time_entries?updated_since={last:%Y-%m-%dT%H%%3A%M%%3A%SZ}"


def differences(con: duckdb.DuckDBPyConnection, account: Sandbox) -> list[tuple[object, ...]]:
    """The rows that the copy and Harvest do not share."""
    one, other = "FROM kept.time_entries", "FROM harvest.time_entries"
    found = con.execute(f"({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one})").fetchall()
    account.clear_log()
    return found


@pytest.mark.thorough
def test_the_recipe_loads_what_changed(con: duckdb.DuckDBPyConnection, account: Sandbox) -> None:
    assert sent(account) == [], "a table without data is made without a request"
    con.execute(BLOCKS["load"])
    first, *rest = sent(account)
    assert first == "/time_entries?updated_since=1969-12-31T23%3A59%3A59Z"
    assert len(rest) == 4
    assert differences(con, account) == []

    records = account.records(MAIN_ID, "time_entries")
    wanted = request_since(records)
    records[3] |= {"notes": "changed", "updated_at": "2026-11-21T08:00:00Z"}
    records[700] |= {"notes": "changed as well", "updated_at": "2026-11-21T08:00:00Z"}
    added = {**records[5], "id": 987_654_321, "updated_at": "2026-11-21T08:00:01Z"}
    account.replace(MAIN_ID, "time_entries", [added, *records])
    con.execute(BLOCKS["load"])
    assert sent(account) == [wanted]
    assert differences(con, account) == []

    con.execute(BLOCKS["load"])
    assert sent(account) == [request_since([added])]
    assert differences(con, account) == []


def test_a_deleted_record_is_found_by_counting_and_removed_by_ids(
    con: duckdb.DuckDBPyConnection, account: Sandbox
) -> None:
    con.execute(BLOCKS["load"])
    account.replace(MAIN_ID, "time_entries", account.records(MAIN_ID, "time_entries")[1:])
    account.clear_log()
    assert con.execute(BLOCKS["count"]).fetchall() == [(1,)]
    assert asked(account, per_page=True) == ["/time_entries?per_page=1"]
    account.clear_log()
    con.execute(BLOCKS["delete"])
    assert len(sent(account)) == 5
    assert con.execute(BLOCKS["count"]).fetchall() == [(0,)]
    assert differences(con, account) == []


def test_a_value_becomes_a_parameter_in_every_form(con: duckdb.DuckDBPyConnection, account: Sandbox) -> None:
    con.execute(BLOCKS["load"])
    exec(BLOCKS["parameter"], {"con": con})  # noqa: S102 - the page's own code
    (wanted,) = sent(account)[-1:]
    con.execute("SET VARIABLE since = (SELECT max(updated_at) - INTERVAL 1 MINUTE FROM kept.time_entries)")
    con.execute("SET VARIABLE latest = (SELECT max(updated_at) FROM kept.time_entries)")
    con.execute(f"PREPARE changes AS {CHANGED} $1")
    con.execute(f"CREATE TEMP VIEW changed AS {CHANGED} getvariable('since')")
    con.execute(f"CREATE TEMP MACRO changed_since(moment) AS TABLE {CHANGED} moment")
    (since,) = con.execute("SELECT getvariable('since')").fetchall()[0]
    forms: list[tuple[str, list[object]]] = [
        (f"{CHANGED} getvariable('since')", []),
        (f"{CHANGED} getvariable('latest') - INTERVAL 1 MINUTE", []),
        (f"{CHANGED} ?", [since]),
        ("EXECUTE changes(getvariable('since'))", []),
        ("FROM changed", []),
        ("FROM changed_since(getvariable('since'))", []),
    ]
    account.clear_log()
    for sql, values in forms:
        assert con.execute(sql, values).fetchall(), sql
        assert sent(account) == [wanted], sql


@pytest.mark.thorough
def test_a_subquery_reads_the_whole_list(con: duckdb.DuckDBPyConnection, account: Sandbox) -> None:
    con.execute(BLOCKS["load"])
    account.clear_log()
    assert con.execute(f"{CHANGED} (SELECT max(updated_at) FROM kept.time_entries)").fetchall() == []
    found = sent(account)
    # DuckDB 1.x passes the value to the scan.
    assert sorted(found) == WHOLE or (len(found) == 1 and duckdb.__version__.startswith("1."))


def test_each_account_of_several_has_its_own_moment(account: Sandbox) -> None:
    every = account.connection_string().replace(f"AccountId={MAIN_ID}", "AccountId=*")
    with harvest_duck.connect(f"{every};RateLimit=off") as con:
        con.execute(BLOCKS["once"])
        con.execute(BLOCKS["load"])
        found = con.execute("SELECT DISTINCT account_id FROM kept.time_entries").fetchall()
        assert len(found) == 2, "a first load reads all of them"
        account.clear_log()
        for (number,) in found:
            load = BLOCKS["load"].replace(
                "FROM kept.time_entries", f"FROM kept.time_entries WHERE account_id = {number}"
            )
            con.execute(load.replace("getvariable('since'))", f"getvariable('since') AND account_id = {number})"))
        lists = [request for request in account.requests if request.path == "/v2/time_entries"]
        assert sorted(request.account_id for request in lists) == sorted(str(number) for (number,) in found)
        assert len({request.query["updated_since"] for request in lists}) == 2


def test_the_page_names_every_table_in_its_place(con: duckdb.DuckDBPyConnection) -> None:
    since = {(table.name, each.column) for table in TABLES.values() for each in table.params if each.name == SINCE}
    assert set(con.execute(BLOCKS["tables"]).fetchall()) == since
    loaded = {name for name, _ in since}
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", PAGE, re.MULTILINE)
    by_way = {how: set(re.findall(r"`(\w+)`", names)) for names, how in rows}
    named = {name for how, names in by_way.items() if how.startswith(("as above", "by ")) for name in names}
    assert named | {name for name in loaded if name.endswith("_categories")} == loaded
    children = {name for name in loaded if TABLES[name].parent is not None}
    assert children == next(names for how, names in by_way.items() if "one request for each parent" in how)
