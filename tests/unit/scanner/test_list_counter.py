"""Scans of no column: counted where Harvest's totals can be believed, and read where they cannot."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pytest
from aiohttp import web
from support.asked import asked
from support.clocks import PATIENCE_S
from support.held import held

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.http.request_log import RequestLog
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.runtime import loop
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.progress import RunningScans
from harvest_duck.scanner.scan import batches
from harvest_duck.scanner.scan_request import scan_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

OLD = "2026-01-01T00:00:00Z"
BILLED = pc.equal(pc.field("is_billed"), pc.scalar(True))  # noqa: FBT003 - the value of a flag
STATES = pc.field("state").isin(["open", "paid"])


@pytest.fixture(scope="module")
def _stage() -> Iterator[Sandbox]:
    with Sandbox(seed=1, scale=0.1, time_entries=50, limits=False) as running:
        yield running


@pytest.fixture
def stage(_stage: Sandbox) -> Iterator[Sandbox]:
    """A sandbox whose answers and lists the tests change."""
    _stage.clear_log()
    _stage.clear_responses()
    yield _stage
    _stage.on_request = None


def scanned(
    stage: Sandbox,
    table: str,
    keep: pc.Expression | None = None,
    *,
    connections: int = 1,
    running: RunningScans | None = None,
    properties: str = "",
) -> list[pa.RecordBatch]:
    """The batches of a scan of no column."""
    entry = TABLES[table]
    connection = f"{stage.connection_string()};RateLimit=off;Pagesize=20;MaxConnections={connections}{properties}"
    request = scan_request(entry, connection, [], read_filter(keep, schema_of(entry)))
    return list(batches(request, RequestLog(), running or RunningScans(), Readers()))


def counted(stage: Sandbox, table: str, keep: pc.Expression | None = None, *, connections: int = 1) -> int:
    """The number of rows of a scan of no column."""
    found = scanned(stage, table, keep, connections=connections)
    assert all(batch.num_columns == 0 for batch in found)
    return sum(batch.num_rows for batch in found)


def now() -> str:
    """The present moment as records write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_total_becomes_rows_that_take_no_memory(stage: Sandbox) -> None:
    entry = {"id": 1, "updated_at": OLD}
    stage.respond_next("/v2/time_entries", body={"time_entries": [entry], "total_entries": 200_003})
    found = scanned(stage, "time_entries")
    assert sum(batch.num_rows for batch in found) == 200_003
    assert max(batch.num_rows for batch in found) <= 10_000
    assert sum(batch.nbytes for batch in found) == 0
    assert asked(stage, per_page=True) == ["/time_entries?per_page=1"]


@pytest.mark.parametrize(
    "body",
    [
        {"time_entries": [{"id": 1, "updated_at": OLD}]},
        {"time_entries": [{"id": 1, "updated_at": OLD}], "total_entries": None},
        {"time_entries": [{"id": 1, "updated_at": OLD}], "total_entries": 0},
        {"time_entries": [{"id": 1, "updated_at": OLD}], "total_entries": -1},
        {"time_entries": [], "total_entries": 7},
        {"time_entries": [{"id": 1, "updated_at": OLD}, {"id": 2, "updated_at": OLD}], "total_entries": 1},
    ],
)
def test_a_list_whose_total_is_missing_or_refuted_is_read(body: dict[str, Any], stage: Sandbox) -> None:
    stage.respond_next("/v2/time_entries", body=body)
    assert counted(stage, "time_entries") == 50
    pages = ["/time_entries?per_page=20", "/time_entries?per_page=20&page=2", "/time_entries?per_page=20&page=3"]
    assert asked(stage, per_page=True) == ["/time_entries?per_page=1", *pages]


def test_nothing_is_counted_where_totals_are_not_believed(stage: Sandbox) -> None:
    """The total is wrong, so that the list is read twice."""
    records = [{"id": number, "updated_at": OLD} for number in (1, 2)]
    stage.respond_next("/v2/roles", body={"roles": records, "total_entries": 3, "links": {"next": None}}, times=2)
    found = scanned(stage, "roles", properties=";Completeness=read")
    assert sum(batch.num_rows for batch in found) == 2
    assert asked(stage, per_page=True) == ["/roles?per_page=20", "/roles?per_page=2000"]


def test_pages_of_one_record_are_counted_too(stage: Sandbox) -> None:
    entry = TABLES["time_entries"]
    connection = f"{stage.connection_string()};RateLimit=off;Pagesize=1"
    request = scan_request(entry, connection, [], read_filter(None, schema_of(entry)))
    found = list(batches(request, RequestLog(), RunningScans(), Readers()))
    assert [batch.num_rows for batch in found] == [50]
    assert asked(stage, per_page=True) == ["/time_entries?per_page=1"]


def test_lists_after_one_without_a_total_are_not_asked_for_it(stage: Sandbox) -> None:
    async def silent(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.query.get("per_page") != "1":
            return None
        return web.json_response({"invoice_payments": [{"id": 1}], "links": {"next": None}})

    stage.on_request = silent
    invoices = [{"id": number, "updated_at": OLD} for number in range(101, 109)]
    payments = [{"id": 10 * number, "invoice_id": number, "updated_at": OLD} for number in (101, 104, 108)]
    stage.replace(MAIN_ID, "invoices", invoices)
    stage.replace(MAIN_ID, "invoice_payments", payments)
    assert counted(stage, "invoice_payments") == len(payments)
    sent = asked(stage, per_page=True)
    # With one request at a time, two are asked for ahead of the consumer.
    assert 1 <= sum(each.endswith("per_page=1") for each in sent) <= 3
    assert sum("/payments?per_page=2000" in each or "/payments?per_page=20" in each for each in sent) == len(invoices)


def test_a_parent_that_is_gone_has_no_children(stage: Sandbox) -> None:
    assert counted(stage, "invoice_payments", pc.field("invoice_id") == 1) == 0
    assert asked(stage, per_page=True) == ["/invoices/1/payments?per_page=1"]


def test_a_parent_that_is_deleted_meanwhile_counts_nothing(stage: Sandbox) -> None:
    gone = stage.records(MAIN_ID, "invoices")[0]["id"]
    for path in (f"/v2/invoices/{gone}/payments", f"/v2/invoices/{gone}"):
        stage.respond_next(path, status=404, body=b"{}")
    payments = [each for each in stage.records(MAIN_ID, "invoice_payments") if each["invoice_id"] != gone]
    assert counted(stage, "invoice_payments") == len(payments)
    assert asked(stage).count(f"/invoices/{gone}") == 1


def test_what_a_request_leaves_to_the_scan_is_read(stage: Sandbox) -> None:
    entries = stage.records(MAIN_ID, "time_entries")
    wanted = [entry for entry in entries if entry["hours"] > 2 and entry["is_billed"]]
    assert counted(stage, "time_entries", BILLED & (pc.field("hours") > Decimal(2))) == len(wanted)
    assert {request.query["per_page"] for request in stage.requests} == {"20"}


class Moving:
    """Two invoices, of which one is paid at a certain request."""

    def __init__(self, stage: Sandbox, at: int) -> None:
        self._stage, self._at = stage, at
        self.serve({"state": "open", "updated_at": OLD})

    def serve(self, second: dict[str, Any]) -> None:
        """Let the sandbox answer with the invoices."""
        first = {"id": 1, "state": "paid", "updated_at": OLD}
        self._stage.replace(MAIN_ID, "invoices", [first, {"id": 2, **second}])

    async def __call__(self, _request: web.BaseRequest) -> None:
        """Pay the second invoice, before the request with the number `at` is answered."""
        if len(self._stage.requests) == self._at:
            self.serve({"state": "paid", "updated_at": now()})


@contextmanager
def moving(stage: Sandbox, at: int) -> Iterator[None]:
    """Let an invoice move from one list to the other."""
    stage.on_request = Moving(stage, at)
    try:
        yield
    finally:
        stage.on_request = None


def paths(stage: Sandbox) -> list[tuple[str | None, str, bool]]:
    """The state, the size of a page and whether it is a catch-up, of each request."""
    found = [request.query for request in stage.requests]
    return [(query.get("state"), query["per_page"], "updated_since" in query) for query in found]


COUNTS = [("open", "1", False), ("paid", "1", False), (None, "1", True)]
READS = [("open", "20", False), ("paid", "20", False), (None, "2000", True)]


def test_several_lists_are_added_up_where_nothing_changed_meanwhile(stage: Sandbox) -> None:
    with moving(stage, at=99):
        assert counted(stage, "invoices", STATES) == 2
    assert paths(stage) == COUNTS


@pytest.mark.parametrize("at", [1, 2])
def test_several_lists_are_read_where_a_record_moved_meanwhile(at: int, stage: Sandbox) -> None:
    """Paid before its list or the other is counted: both totals together may hold it twice."""
    with moving(stage, at):
        assert counted(stage, "invoices", STATES) == 2
    assert paths(stage)[:5] == [*COUNTS, *READS[:2]]
    assert paths(stage)[-1] == READS[2]


def test_several_lists_are_read_where_one_has_no_total(stage: Sandbox) -> None:
    with moving(stage, at=99):
        stage.respond_next("/v2/invoices", body={"invoices": [{"id": 2, "state": "open", "updated_at": OLD}]})
        assert counted(stage, "invoices", STATES) == 2
    assert [each for each in paths(stage) if each[1] != "1"] == READS


def test_several_lists_are_read_where_the_clock_of_the_server_jumps(stage: Sandbox) -> None:
    with moving(stage, at=99):
        body = {"invoices": [{"id": 2, "state": "open", "updated_at": OLD}], "total_entries": 1}
        stage.respond_next("/v2/invoices", headers={"Date": "Sun, 29 Nov 2099 00:00:00 GMT"}, body=body)
        assert counted(stage, "invoices", STATES) == 2
    assert paths(stage) == [*COUNTS, *READS]


def test_the_look_at_a_list_that_is_empty_is_the_answer(stage: Sandbox) -> None:
    stage.replace(MAIN_ID, "expenses", [])
    assert counted(stage, "expenses", pc.field("user_id").isin(list(range(1, 9)))) == 0
    assert asked(stage, per_page=True) == ["/expenses?per_page=1"]


def test_the_progress_counts_the_requests_that_are_left(stage: Sandbox) -> None:
    first = stage.records(MAIN_ID, "estimates")[0]["id"]
    running = RunningScans()
    keep = pc.field("estimate_id").isin([first, 90_000_001, 90_000_002])
    found: list[pa.RecordBatch] = []
    with held(stage, "/90000001/messages") as holding:
        reading = Thread(target=lambda: found.extend(scanned(stage, "estimate_messages", keep, running=running)))
        reading.start()
        assert holding.arrived.wait(PATIENCE_S)
        (row,) = loop.run(running.rows())
        holding.let_go()
        reading.join()
    assert (row["table_name"], row["requests"]) == ("estimate_messages", 1)
    assert row["requests_left"] == 2
