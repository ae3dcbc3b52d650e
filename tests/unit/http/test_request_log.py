"""What is kept of the requests that were sent, and what `harvest_requests()` shows of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import duckdb
import pytest

import harvest_duck
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.connection import resolve
from harvest_duck.http.request_log import FILE, MEMORY, SENT, Answer, LoggedRequest, RequestLog
from harvest_duck.protocol.request import Request
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

CLIENTS = Request(
    "clients",
    "https://api.harvestapp.com/v2/clients",
    (("is_active", "true"), ("per_page", "5")),
    Limit.GENERAL,
    Paging.CURSOR,
    account_id=7,
)


def test_scans_are_counted_from_one_in_each_request_log() -> None:
    request_log, other = RequestLog(), RequestLog()
    assert [request_log.next_scan(), request_log.next_scan(), other.next_scan(), request_log.next_scan()] == [
        1,
        2,
        1,
        3,
    ]


def test_only_what_was_sent_is_shown_in_the_order_in_which_it_was_meant_to_go() -> None:
    request_log = RequestLog()
    entries = [request_log.add(CLIENTS, scan) for scan in (1, 2, 3)]
    assert request_log.table().num_rows == 0
    entries[2].mark_sent(0)
    entries[0].mark_sent(0)
    assert request_log.table().column("scan").to_pylist() == [1, 3]


def test_requests_are_counted_as_they_are_sent_and_in_each_log_that_has_them() -> None:
    server = RequestLog()
    session = server.part()
    scan = session.part()
    entries = [scan.add(CLIENTS, 1), session.add(replace(CLIENTS, table="users"), 2), scan.add(CLIENTS, 3)]
    for entry in (entries[0], entries[1], entries[0]):
        entry.mark_sent(0)
    assert (scan.counts, session.counts) == ({"clients": 2}, {"clients": 2, "users": 1})
    assert server.counts == session.counts
    assert [entry.scan for entry in server.entries] == [1, 2, 3]


def test_an_answer_without_a_request_is_a_row_between_those_of_requests() -> None:
    request_log = RequestLog()
    request_log.add(CLIENTS, 1).mark_sent(0)
    as_of = datetime(2026, 11, 20, 12, tzinfo=UTC)
    given = Answer(2, "clients", 7, as_of + timedelta(seconds=90), FILE, "acme.duckdb", as_of, 5)
    request_log.add_answer(given)
    request_log.add_answer(replace(given, as_of=None, place="", source=MEMORY))
    request_log.add(CLIENTS, 3).mark_sent(0)
    rows = request_log.table().to_pylist()
    assert [row["scan"] for row in rows] == [1, 2, 2, 3]
    assert {name: value for name, value in rows[1].items() if value is not None} == {
        "scan": 2,
        "table_name": "clients",
        "account_id": 7,
        "sent_at": given.at,
        "request": "acme.duckdb",
        "records": 5,
        "source": "file",
        "age_s": 90.0,
    }
    assert (rows[2]["request"], rows[2]["source"], rows[2]["age_s"]) == (None, "memory", None)
    assert [entry.scan for entry in request_log.entries] == [1, 3]


def test_an_entry_is_a_row_of_all_that_is_known() -> None:
    request_log = RequestLog()
    entry = request_log.add(CLIENTS, 4)
    entry.mark_sent(1.5)
    entry.mark_answered(200, 1234, 56.5)
    entry.records, entry.retries = 5, 2
    (row,) = request_log.table().to_pylist()
    assert row == {
        "scan": 4,
        "table_name": "clients",
        "account_id": 7,
        "sent_at": entry.sent_at,
        "request": "/v2/clients?is_active=true&per_page=5",
        "rate_limit": "general",
        "status": 200,
        "records": 5,
        "bytes": 1234,
        "elapsed_ms": 56.5,
        "retries": 2,
        "waited_s": 1.5,
        "source": "harvest",
        "age_s": 0.0,
    }


def test_what_is_not_known_yet_is_null() -> None:
    request_log = RequestLog()
    request_log.add(CLIENTS, 1).mark_sent(0)
    (row,) = request_log.table().to_pylist()
    assert {name for name, value in row.items() if value is None} == {"status", "records", "bytes", "elapsed_ms"}
    assert request_log.table().schema == RequestLog().table().schema == SENT


def test_a_try_takes_the_place_of_the_one_before_and_its_wait_is_added() -> None:
    entry = LoggedRequest(CLIENTS)
    entry.mark_sent(1.0)
    entry.mark_answered(503, 2, 30.0)
    entry.mark_sent(2.5)
    assert (entry.status, entry.size, entry.elapsed_ms, entry.waited_s) == (None, None, None, 3.5)
    entry.mark_answered(200, 9, 10.0)
    assert (entry.status, entry.size, entry.elapsed_ms, entry.waited_s) == (200, 9, 10.0, 3.5)


def test_a_request_that_another_one_leads_to_is_of_the_same_scan() -> None:
    request_log = RequestLog()
    also = request_log.add(CLIENTS, 3).follow_up(CLIENTS)
    assert also.scan == 3
    assert list(request_log.entries)[1] is also


def test_a_request_of_no_request_log_leads_to_one_of_no_request_log() -> None:
    assert LoggedRequest(CLIENTS).follow_up(CLIENTS).log is None


def test_the_last_ten_thousand_are_kept() -> None:
    request_log = RequestLog()
    for scan in range(10_001):
        request_log.add(CLIENTS, scan).mark_sent(0)
    kept = request_log.table().column("scan").to_pylist()
    assert (len(kept), kept[0], kept[-1]) == (10_000, 1, 10_000)


# As a table of SQL


def requests(con: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[object, ...]]:
    """Columns of what `harvest_requests()` shows, in its order."""
    return con.execute(f"SELECT {columns} FROM harvest_requests()").fetchall()


def test_each_request_of_a_query_is_shown_as_it_reached_harvest(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    con.execute("FROM harvest.clients WHERE is_active").fetchall()
    con.execute("FROM harvest.report_time_team WHERE from_date = '2024-01-01' AND to_date = '2024-01-31'").fetchall()
    reached = [
        (f"{each.path}?{urlencode(list(each.query.items()))}", int(each.account_id or 0), each.status)
        for each in sandbox.requests
    ]
    assert requests(con, "request, account_id, status") == reached
    assert requests(con, "scan, table_name, rate_limit, retries") == [
        (1, "clients", "general", 0),
        (2, "report_time_team", "reports", 0),
    ]


def test_records_are_those_that_harvest_put_on_the_page(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    """Not the rows that are left of them."""
    con.execute("FROM harvest.clients WHERE name = 'no such client'").fetchall()
    assert requests(con, "records, account_id, bytes > 0") == [
        (len(sandbox.records(MAIN_ID, "clients")), MAIN_ID, True)
    ]


def test_a_request_that_failed_is_shown_too(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", status=403, body=b"{}")
    with pytest.raises(duckdb.Error, match="Harvest answered 403"):
        con.execute("FROM harvest.clients").fetchall()
    assert requests(con, "table_name, status, records") == [("clients", 403, None)]


def test_nothing_is_shown_before_anything_was_sent(con: duckdb.DuckDBPyConnection) -> None:
    assert requests(con, "*") == []


def test_each_connection_of_duckdb_shows_its_own_requests(con: duckdb.DuckDBPyConnection, connection: str) -> None:
    with harvest_duck.connect(connection) as other:
        other.execute("FROM harvest.clients").fetchall()
        con.execute("FROM harvest.tasks").fetchall()
        assert set(requests(other, "table_name")) == {("clients",)}
        assert set(requests(con, "table_name")) == {("tasks",)}


def test_no_secret_is_shown(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    con.execute("FROM harvest.clients").fetchall()
    token = resolve(sandbox.connection_string()).require_token().reveal()
    shown = str(con.execute("FROM harvest_requests()").fetchall())
    assert "/v2/clients" in shown
    assert token not in shown
    assert "Bearer" not in shown
