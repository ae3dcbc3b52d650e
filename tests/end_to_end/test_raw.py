"""`harvest_raw` gives each record as Harvest sent it, beside the columns and under the rules of any scan."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from aiohttp import web
from support.asked import asked

import harvest_duck
from harvest_duck.errors import QueryError
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A record with what no reader may change: digits, white space, escapes, members twice, unknown ones, their order.
WRITTEN = (
    '{{ "zeta" : 123.4500,\t"id":{number},  "name":"na\\u00efve \\/ \\ud83d\\ude00","big": 1E+2, '
    '"zeta": [1.0, {{"x":null}}],\r\n"is_active": true, '
    '"nested": {{ "a" :-0.0 }} , "updated_at": "2026-01-02T03:04:05Z"}}'
)
COUNT, SIZE = 2500, 1000


def written(number: int) -> str:
    """The text of a record."""
    return WRITTEN.format(number=number)


async def in_pages(request: web.BaseRequest) -> web.Response | None:
    """Clients in pages of a size of their own, as texts."""
    if request.path != "/v2/clients":
        return None
    first = int(request.query.get("cursor", "0"))
    texts = " ,\n".join(written(number) for number in range(first, min(COUNT, first + SIZE)))
    more = f'"{request.url.origin()}/v2/clients?cursor={first + SIZE}"' if first + SIZE < COUNT else "null"
    body = f' {{"clients": [ {texts} ],"total_entries":{COUNT},"links":{{"next":{more}}}}}\n'
    return web.Response(body=body.encode(), content_type="application/json")


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
    sandbox.on_request = None
    sandbox.clear_responses()


def answered(body: str) -> bytes:
    """A page of clients with these records."""
    total = body.count('"id"')
    return f'{{"clients":[{body}],"links":{{"next":null}},"total_entries":{total}}}'.encode()


def test_every_record_of_many_pages_comes_back_digit_for_digit(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sandbox.on_request = in_pages
    rows = con.sql("SELECT id, name, is_active, record FROM harvest_raw('clients')").fetchall()
    assert [row[:3] for row in rows] == [(number, "naïve / 😀", True) for number in range(COUNT)]
    assert [row[3] for row in rows] == [written(number) for number in range(COUNT)]
    assert asked(sandbox) == ["/clients", "/clients?cursor=1000", "/clients?cursor=2000"]


def test_fields_that_no_column_has_can_be_filtered(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sandbox.on_request = in_pages
    found = con.sql("""
        SELECT typeof(any_value(record)), count(*), min(record->>'$.nested.a')
        FROM harvest_raw('clients') WHERE (record->>'id')::INTEGER % 2 = 0
    """)
    assert found.fetchall() == [("JSON", COUNT // 2, "-0.0")]


@pytest.mark.parametrize("table", ["clients", "time_entries", "company", "invoices", "invoice_payments", "roles"])
def test_a_record_is_what_the_sandbox_has(con: duckdb.DuckDBPyConnection, sandbox: Sandbox, table: str) -> None:
    around = {"invoice_id"} if table == "invoice_payments" else set()
    found = [json.loads(text) for (text,) in con.sql(f"SELECT record FROM harvest_raw('{table}')").fetchall()]
    records = sandbox.records(MAIN_ID, table)
    members = {record.get("id"): set(record) - around for record in records}
    assert len(found) == len(records) > 0
    assert {record.get("id"): set(record) for record in found} == members


def test_an_embedded_record_is_the_text_of_its_element(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    rows = con.sql("SELECT invoice_id, id, record FROM harvest_raw('invoice_line_items')").fetchall()
    expected = [
        (invoice["id"], item["id"], set(item))
        for invoice in sandbox.records(MAIN_ID, "invoices")
        for item in invoice["line_items"]
    ]
    assert sorted((invoice, number, *[set(json.loads(text))]) for invoice, number, text in rows) == sorted(expected)
    assert all(json.loads(text)["id"] == number for _, number, text in rows)


QUERIES = {
    "count(*)": "SELECT count(*) FROM harvest_raw('clients')",
    "columns alone": "SELECT id FROM harvest_raw('clients')",
    "is not null": "SELECT id FROM harvest_raw('clients') WHERE record IS NOT NULL",
    "is null": "SELECT id FROM harvest_raw('clients') WHERE record IS NULL",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_record_is_never_null(con: duckdb.DuckDBPyConnection, sandbox: Sandbox, name: str) -> None:
    ids = [record["id"] for record in sandbox.records(MAIN_ID, "clients")]
    expected = {"count(*)": [len(ids)], "is null": []}.get(name, ids)
    assert sorted(row[0] for row in con.sql(QUERIES[name]).fetchall()) == sorted(expected)
    # One record is enough for a count.
    assert asked(sandbox, per_page=True) == [f"/clients?per_page={1 if name == 'count(*)' else 2000}"]


def test_a_record_can_be_compared_as_a_whole(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    first, second = (f'{{"id":{number},"name":"A","more":1.{number}0}}' for number in (1, 2))
    sandbox.respond_next("/clients", body=answered(f"{first},{second}"))
    found = con.execute("SELECT id FROM harvest_raw('clients') WHERE record = ?", [second]).fetchall()
    assert found == [(2,)]


def test_a_condition_narrows_the_requests_as_ever(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    number = sandbox.records(MAIN_ID, "clients")[0]["id"]
    rows = con.sql(f"SELECT record->>'id' FROM harvest_raw('clients') WHERE id = {number}").fetchall()
    assert rows == [(str(number),)]
    con.sql("SELECT record FROM harvest_raw('clients') WHERE is_active = true").fetchall()
    assert asked(sandbox) == [f"/clients/{number}", "/clients?is_active=true"]


def test_a_record_that_comes_again_is_left_out_with_its_text(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    """A new record shifts the second page of a list, which is read again."""
    now = datetime.now(UTC) - timedelta(days=1)
    records = [{"id": number, "name": f"N{number}", "updated_at": f"{now:%Y-%m-%dT%H:%M:%SZ}"} for number in range(5)]

    def page(first: int, last: int, total: int, more: str) -> bytes:
        body = {"time_entries": records[first:last], "total_entries": total, "total_pages": -(-total // (last - first))}
        return json.dumps(body | {"links": {"next": more or None}}).encode()

    again = f"{sandbox.base_url}/time_entries?page=2"
    sandbox.respond_next("/time_entries", body=page(0, 3, 5, again))
    sandbox.respond_next("/time_entries", body=page(2, 4, 5, ""))
    sandbox.respond_next("/time_entries", body=page(0, 5, 5, ""))
    rows = con.sql("SELECT id, record->>'id', record->>'name' FROM harvest_raw('time_entries')").fetchall()
    assert rows == [(number, str(number), f"N{number}") for number in range(5)]
    assert len(sandbox.requests) == 3


def test_half_a_character_is_lost_in_no_record(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    """JSON may have it, DuckDB's parser refuses it: the record comes, and only what parses it fails."""
    text = '{"id": 7,\t"notes": "\\ud800" , "items":[ {"n": 1.50} ]}'
    for _ in range(3):
        sandbox.respond_next("/clients", body=answered(f"{text} , " + '{"id":8, "name": "B"}'))
    assert con.sql("SELECT id, record FROM harvest_raw('clients')").fetchall() == [
        (7, text),
        (8, '{"id":8, "name": "B"}'),
    ]
    assert con.sql("SELECT record->>'name' FROM harvest_raw('clients') WHERE id <> 7").fetchall() == [("B",)]
    with pytest.raises(duckdb.Error, match="Malformed JSON"):
        con.sql("SELECT record->>'name' FROM harvest_raw('clients')").fetchall()


REPORT = "FROM harvest_raw('report_time_team') WHERE from_date = '{}' AND to_date = '2026-06-30'"


def test_a_report_has_records_unless_it_is_added_up(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    rows = con.sql(f"SELECT user_id, record {REPORT.format('2026-01-01')}").fetchall()
    assert rows
    assert all(json.loads(text)["user_id"] == user_id for user_id, text in rows)
    sandbox.clear_log()
    with pytest.raises(duckdb.Error, match="added up from its pieces have no record of their own: ask year by year"):
        con.sql(f"SELECT record {REPORT.format('2024-01-01')}").fetchall()
    assert not sandbox.requests
    assert con.sql(f"SELECT user_id {REPORT.format('2024-01-01')}").fetchall()


def test_the_records_of_several_accounts(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    every = sandbox.connection_string().replace(f"AccountId={MAIN_ID}", "AccountId=*")
    found = con.execute("SELECT account_id, record->>'id' FROM harvest_raw('tasks', ?)", [every]).fetchall()
    expected = [(number, str(r["id"])) for number in (MAIN_ID, EURO_ID) for r in sandbox.records(number, "tasks")]
    assert sorted(found) == sorted(expected)
    rows = con.execute("SELECT record FROM harvest_raw('clients', ?)", [f"{sandbox.connection_string()};MaxRows=2"])
    assert len(rows.fetchall()) == 2


def test_a_view_and_a_file_keep_the_text(con: duckdb.DuckDBPyConnection, sandbox: Sandbox, tmp_path: Path) -> None:
    con.execute("CREATE OR REPLACE TEMP VIEW kept AS SELECT id, record FROM harvest_raw('clients')")
    file = tmp_path / "clients.parquet"
    con.execute(f"COPY (FROM kept) TO '{file}'")
    texts = pq.read_table(file)["record"].to_pylist()
    assert sorted(json.loads(text)["id"] for text in texts) == sorted(
        record["id"] for record in sandbox.records(MAIN_ID, "clients")
    )


def test_nothing_else_has_the_text(con: duckdb.DuckDBPyConnection) -> None:
    for source in ("harvest.clients", "harvest_scan('clients')"):
        assert "record" not in [row[0] for row in con.sql(f"DESCRIBE FROM {source}").fetchall()]
    raw = [row[0] for row in con.sql("DESCRIBE FROM harvest_raw('clients')").fetchall()]
    assert raw == [*(row[0] for row in con.sql("DESCRIBE FROM harvest.clients").fetchall()), "record"]
    assert con.sql("SELECT count(*) FROM harvest_columns() WHERE column_name = 'record'").fetchall() == [(0,)]


def test_the_explanation_shows_the_same_requests(con: duckdb.DuckDBPyConnection) -> None:
    steps = con.sql("""
        SELECT table_name, step, request FROM harvest_explain($$
            SELECT record FROM harvest_raw('clients') WHERE is_active = true AND (record->>'name') = 'A' $$)
    """)
    assert steps.fetchall() == [("clients", "list", "/v2/clients?is_active=true&per_page=2000")]
    with pytest.raises(duckdb.Error, match='no Harvest table "clents"; did you mean "clients"'):
        con.sql("FROM harvest_raw('clents')")


NO_TEXT = [
    ("harvest_raw(NULL)", "harvest_raw: the table is NULL"),
    ("harvest_scan(3)", 'no Harvest table "3"; did you mean'),
    ("harvest_scan('clients', NULL)", "harvest_scan: the connection string is NULL"),
    ("harvest_scan('clients', 3)", "connection string: '=' is missing"),
    ("harvest_access(NULL)", "harvest_access: the connection string is NULL"),
    ("harvest_access(3)", "connection string: '=' is missing"),
]


@pytest.mark.parametrize(("call", "says"), NO_TEXT)
def test_an_argument_that_is_no_text_is_named(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox, call: str, says: str
) -> None:
    with pytest.raises(duckdb.Error, match=says):
        con.sql(f"FROM {call}").fetchall()
    assert not sandbox.requests


def test_a_scan_without_sql_has_the_text_where_it_is_asked_for(sandbox: Sandbox) -> None:
    connection = sandbox.connection_string()
    table = harvest_duck.scan("clients", connection, raw=True).read_all()
    assert table.column_names[-2:] == ["account_id", "record"]
    records: list[dict[str, Any]] = [json.loads(text) for text in table["record"].to_pylist()]
    assert [record["id"] for record in records] == table["id"].to_pylist()
    kept = harvest_duck.scan("clients", connection, raw=True, columns=["record"], filter=pc.field("id") == 1)
    assert kept.read_all().num_rows == 0
    assert "record" not in harvest_duck.scan("clients", connection).schema.names
    with pytest.raises(QueryError, match='clients has no column "record"'):
        harvest_duck.scan("clients", connection, columns=["record"])
