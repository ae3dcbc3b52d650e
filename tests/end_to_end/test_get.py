"""`harvest_get` reads an endpoint that is no table, with every page, limit and error that a table has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.asked import asked

import harvest_duck
from harvest_duck.errors import Forbidden, NotFound, QueryError
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(scale=0.02, limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def registered(sandbox: Sandbox) -> duckdb.DuckDBPyConnection:
    return harvest_duck.connect(sandbox.connection_string())


@pytest.fixture
def con(sandbox: Sandbox, registered: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    sandbox.clear_log()
    yield registered
    sandbox.clear_responses()


def page(records: list[dict[str, Any]], *, total: int, key: str = "types", **more: object) -> bytes:
    return json.dumps({key: records, "total_entries": total, **more}).encode()


@pytest.mark.parametrize(
    ("path", "table"),
    [("/time_entries", "time_entries"), ("/clients", "clients"), ("/company", "company"), ("/users/me", "me")],
)
def test_every_record_comes_as_it_is(con: duckdb.DuckDBPyConnection, sandbox: Sandbox, path: str, table: str) -> None:
    """By number, by cursor, and one record alone."""
    rows = con.execute("SELECT account_id, record FROM harvest_get(?)", [path]).fetchall()
    records = {record.get("id"): set(record) for record in sandbox.records(MAIN_ID, table)}
    assert {json.loads(text).get("id"): set(json.loads(text)) for _, text in rows} == records
    assert len(rows) == len(records)
    assert {number for number, _ in rows} == {MAIN_ID}
    assert asked(sandbox, per_page=True) == [f"{path}?per_page=2000"]


@pytest.mark.parametrize("style", ["numbers", "links to numbers", "cursors"])
def test_every_page_is_read(con: duckdb.DuckDBPyConnection, sandbox: Sandbox, style: str) -> None:
    records = [{"id": number, "kind": f"k{number}"} for number in range(5)]
    places = {"cursors": ["cursor=a&ref=x", "cursor=b"]}.get(style, ["page=2", "page=3"])
    for number, start in enumerate((0, 2, 4)):
        address = f"{sandbox.base_url}/pto/types?year=2026&{places[number]}" if number < 2 else None
        links = {} if style == "numbers" else {"links": {"next": address}}
        numbers = {"next_page": number + 2 if number < 2 else None, "total_pages": 3} if style != "cursors" else {}
        body = page(records[start : start + 2], total=5, **links, **numbers)
        sandbox.respond_next("/pto/types", body=body)
    rows = con.sql("SELECT record->>'kind' FROM harvest_get('/pto/types?year=2026')").fetchall()
    assert rows == [(record["kind"],) for record in records]
    assert asked(sandbox) == ["/pto/types?year=2026", *(f"/pto/types?year=2026&{place}" for place in places)]


@pytest.mark.parametrize(("table", "second"), [("clients", "cursor"), ("expenses", "page")])
def test_2500_records_are_those_of_the_sandbox(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox, table: str, second: str
) -> None:
    before = sandbox.records(MAIN_ID, table)
    records = [before[0] | {"id": number, "unknown": f"{number}.50"} for number in range(1, 2501)]
    sandbox.replace(MAIN_ID, table, records)
    try:
        rows = con.execute("SELECT record FROM harvest_get(?)", [f"/{table}"]).fetchall()
    finally:
        sandbox.replace(MAIN_ID, table, before)
    found = [json.loads(text) for (text,) in rows]
    assert sorted((each["id"], each["unknown"]) for each in found) == [
        (record["id"], record["unknown"]) for record in records
    ]
    assert [set(request.query) & {"cursor", "page"} for request in sandbox.requests] == [set(), {second}]


def test_a_count_takes_one_request_where_harvest_counts(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    entries = len(sandbox.records(MAIN_ID, "time_entries"))
    assert con.sql("SELECT count(*) FROM harvest_get('/time_entries')").fetchall() == [(entries,)]
    assert con.sql("SELECT count(*) FROM harvest_get('/company')").fetchall() == [(1,)]
    assert asked(sandbox, per_page=True) == [
        "/time_entries?per_page=1",
        "/company?per_page=1",
        "/company?per_page=2000",
    ]


def test_too_few_records_are_an_error(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sandbox.respond_next("/pto/types", body=page([{"name": "Vacation"}], total=2))
    with pytest.raises(duckdb.Error, match="/pto/types page 1: Harvest announced 2 records and 1 came"):
        con.sql("FROM harvest_get('/pto/types')").fetchall()


def test_a_list_that_changed_is_read_again_by_the_ids_of_its_records(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    records = [{"id": number} for number in range(4)]
    sandbox.respond_next("/pto/types", body=page(records[:2], total=4, total_pages=2, next_page=2))
    sandbox.respond_next("/pto/types", body=page(records[1:3], total=4, total_pages=2))
    sandbox.respond_next("/pto/types", body=page(records, total=4, total_pages=1))
    rows = con.sql("SELECT record->>'id' FROM harvest_get('/pto/types')").fetchall()
    assert rows == [(str(number),) for number in range(4)]
    assert asked(sandbox) == ["/pto/types", "/pto/types?page=2", "/pto/types"]


def test_a_link_that_leads_away_is_not_followed(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    away = {"links": {"next": "https://evil.example/v2/pto/types?page=2"}, "next_page": 2, "total_pages": 1}
    sandbox.respond_next("/pto/types", body=page([{"id": 1}], total=2, **away))
    with pytest.raises(duckdb.Error, match="/pto/types page "):
        con.sql("FROM harvest_get('/pto/types')").fetchall()
    assert all(request.path == "/v2/pto/types" for request in sandbox.requests)


def test_accounts_are_asked_as_the_query_names_them(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    every = sandbox.connection_string().replace(f"AccountId={MAIN_ID}", f"AccountId={MAIN_ID},{EURO_ID}")
    rows = con.execute("SELECT account_id, record->>'id' FROM harvest_get('/tasks', ?)", [every]).fetchall()
    expected = [(number, str(r["id"])) for number in (MAIN_ID, EURO_ID) for r in sandbox.records(number, "tasks")]
    assert sorted(rows) == sorted(expected)
    sandbox.clear_log()
    one = con.execute(f"SELECT DISTINCT account_id FROM harvest_get('/tasks', ?) WHERE account_id = {EURO_ID}", [every])
    assert one.fetchall() == [(EURO_ID,)]
    assert [request.account_id for request in sandbox.requests] == [str(EURO_ID)]
    few = con.execute("FROM harvest_get('/tasks', ?)", [f"{every};MaxRows=3"]).fetchall()
    assert len(few) == 3


REFUSED = [
    ("/pto/../users", QueryError, "a part of dots alone"),
    ("https://evil.example/", QueryError, "has a scheme"),
    ("//evil.example/x", QueryError, "names a host"),
    ("/a?page=2", QueryError, "all pages are read"),
    (3, QueryError, '"3" is no path: it does not begin with /'),
]


@pytest.mark.parametrize(("path", "error", "says"), REFUSED)
def test_a_bad_path_sends_nothing(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox, path: str | int, error: type[Exception], says: str
) -> None:
    with pytest.raises(duckdb.Error, match=says):
        con.execute("FROM harvest_get(?)", [path]).fetchall()
    assert isinstance(harvest_duck.last_error(con), error)
    assert not sandbox.requests


def test_an_error_names_the_path(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    with pytest.raises(duckdb.Error, match=r"/nowhere page 1: Harvest answered 404: .* cannot see it: check the path"):
        con.sql("FROM harvest_get('/nowhere')").fetchall()
    assert isinstance(harvest_duck.last_error(con), NotFound)
    sandbox.respond_next("/pto/types", status=403, body={"message": "Not authorized!"})
    with pytest.raises(duckdb.Error, match="/pto/types page 1: Harvest answered 403"):
        con.sql("FROM harvest_get('/pto/types')").fetchall()
    assert isinstance(harvest_duck.last_error(con), Forbidden)
    assert {request.method for request in sandbox.requests} == {"GET"}


@pytest.mark.parametrize(("arguments", "says"), [("NULL", "the path is NULL"), ("'/x', NULL", "the connection string")])
def test_no_argument_is_null(con: duckdb.DuckDBPyConnection, arguments: str, says: str) -> None:
    with pytest.raises(duckdb.Error, match=f"harvest_get: {says}"):
        con.sql(f"FROM harvest_get({arguments})").fetchall()


def test_the_explanation_shows_the_requests(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    clients = len(sandbox.records(MAIN_ID, "clients"))
    steps = con.sql("""
        SELECT table_name, request, rate_limit, requests, records
        FROM harvest_explain('SELECT record FROM harvest_get(''/clients'')')
        UNION ALL SELECT table_name, request, rate_limit, requests, records
        FROM harvest_explain('SELECT record FROM harvest_get(''/reports/x'')', probe := false)
    """)
    assert steps.fetchall() == [
        ("/clients", "/v2/clients?per_page=2000", "general", 1, clients),
        ("/reports/x", "/v2/reports/x?per_page=2000", "reports", None, None),
    ]
