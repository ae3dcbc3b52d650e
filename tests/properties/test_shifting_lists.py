"""Lists that change between their pages, over HTTP: what was there throughout comes once, or the query fails."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pytest
from support.run_size import share

import harvest_duck
from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import ProtocolError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.progress import RunningScans
from harvest_duck.scanner.scan import batches
from harvest_duck.scanner.scan_request import scan_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    from aiohttp import web

pytestmark = pytest.mark.takes_a_share

RUNS, BATCHES = share(500), share(10)
OLD = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def stage() -> Iterator[Sandbox]:
    """A sandbox whose lists the tests replace."""
    with Sandbox(seed=1, scale=0.05, limits=False) as running:
        yield running


class Churn:
    """The records of one table, which lose and gain some before each answer; the first answer has them all."""

    def __init__(self, stage: Sandbox, table: str, seed: int, count: int, *, often: float) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - no secret
        self.stage, self.table, self.often = stage, table, often
        self.records = [self.record(number, OLD) for number in range(1, count + 1)]
        self.throughout = {record["id"] for record in self.records}
        self.changes = 0
        self.requests = 0
        self.repairs = 0
        self.serve()

    def record(self, number: int, updated_at: str) -> dict[str, Any]:
        """A record on some day of a year."""
        day = date(2025, 1, 1) + timedelta(days=self.dice.randrange(365))
        return {"id": number, "spent_date": day.isoformat(), "updated_at": updated_at, "created_at": OLD}

    def serve(self) -> None:
        """Let the sandbox answer with the records as they are."""
        self.stage.replace(MAIN_ID, self.table, self.records)

    async def before(self, request: web.BaseRequest) -> None:
        """What happens before a request is answered."""
        self.requests += 1
        self.repairs += request.query.get("per_page") == "2000"
        if self.requests > 1 and self.dice.random() < self.often:
            self.change(self.dice.choice(["add", "remove", "swap", "edit"]))

    def change(self, what: str) -> None:
        """Add a record, remove one, do both, or move one to another day."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.changes += 1
        if what in ("remove", "swap"):
            gone = self.records.pop(self.dice.randrange(len(self.records)))
            self.throughout.discard(gone["id"])
        if what in ("add", "swap"):
            self.records.append(self.record(10_000 + self.changes, now))
        if what == "edit":
            place = self.dice.randrange(len(self.records))
            self.records[place] = self.record(self.records[place]["id"], now)
        self.serve()


@contextmanager
def churning(stage: Sandbox, table: str, seed: int, count: int, *, often: float) -> Iterator[Churn]:
    """A table that changes while it is read."""
    churn = Churn(stage, table, seed, count, often=often)
    stage.on_request = churn.before
    try:
        yield churn
    finally:
        stage.on_request = None


def read(stage: Sandbox, table: str, page_size: int) -> list[int]:
    """The ids that a scan returns."""
    connection = f"{stage.connection_string()};RateLimit=off;Pagesize={page_size};MaxConnections=2"
    found: list[int] = harvest_duck.scan(table, connection, columns=["id"]).read_all().column("id").to_pylist()
    return found


@pytest.mark.parametrize("table", ["time_entries", "clients"])
@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_is_there_throughout_comes_exactly_once(table: str, batch: int, stage: Sandbox) -> None:
    """Numbered pages and pages with cursors; records come, go, change places and days between any two requests."""
    seen = Counter[str]()
    for seed in range(batch, RUNS, BATCHES):
        with churning(stage, table, seed, count=20 + seed % 23, often=0.3) as churn:
            try:
                found = read(stage, table, page_size=7)
            except ProtocolError as error:
                assert "run the query again" in str(error)  # noqa: PT017 - it may also succeed
                seen["loud"] += 1
                continue
            assert len(found) == len(set(found))
            assert churn.throughout <= set(found), f"seed {seed}"
            seen["repaired" if churn.repairs else "at once"] += 1
    assert seen["repaired"]
    assert seen["at once"]
    assert seen["loud"] <= RUNS // BATCHES // 10


@pytest.mark.parametrize("seed", range(6))
def test_a_long_list_is_repaired_in_windows_of_days(seed: int, stage: Sandbox) -> None:
    with churning(stage, "time_entries", seed, count=4500, often=1) as churn:
        found = read(stage, "time_entries", page_size=1000)
    assert len(found) == len(set(found))
    assert churn.throughout <= set(found)
    assert churn.repairs > 3


def test_a_list_that_does_not_change_costs_its_pages(stage: Sandbox) -> None:
    for table in ("time_entries", "clients"):
        with churning(stage, table, 1, count=40, often=0) as churn:
            assert sorted(read(stage, table, page_size=7)) == sorted(churn.throughout)
            assert churn.requests == 6


MOVES = [
    ("invoices", "state IN ('open', 'paid')", {"state": "paid"}, {"state": "open"}),
    ("time_entries", "project_id IN (1, 2)", {"project": {"id": 2}}, {"project": {"id": 1}}),
    (
        "time_entries",
        "spent_date <= '2026-01-01' OR spent_date >= '2026-03-01'",
        {"spent_date": "2026-03-01"},
        {"spent_date": "2026-01-01"},
    ),
]


@pytest.mark.parametrize(("table", "condition", "before", "after"), MOVES)
def test_what_moves_from_one_list_of_a_scan_to_another_is_not_lost(
    table: str,
    condition: str,
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    stage: Sandbox,
    con: duckdb.DuckDBPyConnection,
) -> None:
    harvest_duck.register(con, stage.connection_string() + ";RateLimit=off;MaxConnections=1")

    def serve(change: dict[str, Any]) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        stage.replace(MAIN_ID, table, [{"id": 1, **after, "updated_at": OLD}, {"id": 2, **change, "updated_at": now}])

    async def moved(request: web.BaseRequest) -> None:
        if len(stage.requests) > 1:
            serve(after)

    serve(before)
    stage.clear_log()
    stage.on_request = moved
    try:
        found = con.execute(f"SELECT id FROM harvest_scan('{table}') WHERE {condition} ORDER BY id").fetchall()
    finally:
        stage.on_request = None
    assert found == [(1,), (2,)]
    assert len(stage.requests) == 3


STATES = ("open", "paid")


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_moves_between_lists_is_counted_once(batch: int, stage: Sandbox) -> None:
    """Invoices change their states between the requests that count them; none comes and none goes."""
    seen = Counter[str]()
    for seed in range(batch, 20 * BATCHES, BATCHES):
        dice = random.Random(seed)  # noqa: S311 - no secret
        invoices = [{"id": number, "state": dice.choice(STATES), "updated_at": OLD} for number in range(1, 13)]

        async def moved(_request: web.BaseRequest, dice: random.Random = dice, invoices: list[Any] = invoices) -> None:
            if dice.random() < 0.2:
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                dice.choice(invoices).update(state=dice.choice(STATES), updated_at=now)
            stage.replace(MAIN_ID, "invoices", invoices)

        stage.clear_log()
        stage.on_request = moved
        try:
            found = counted(stage, "invoices", pc.field("state").isin(STATES))
        except ProtocolError as error:
            assert "run the query again" in str(error)  # noqa: PT017 - it may also succeed
            seen["loud"] += 1
            continue
        finally:
            stage.on_request = None
        seen["at once" if all(request.query["per_page"] == "1" for request in stage.requests) else "read"] += 1
        assert found == len(invoices), f"seed {seed}"
    assert seen["at once"]
    assert seen["read"]
    assert seen["loud"] <= 2


def counted(stage: Sandbox, table: str, keep: pc.Expression) -> int:
    """The rows of a scan of no column."""
    entry, connection = TABLES[table], f"{stage.connection_string()};RateLimit=off;Pagesize=4;MaxConnections=1"
    request = scan_request(entry, connection, [], read_filter(keep, schema_of(entry)))
    return sum(batch.num_rows for batch in batches(request, RequestLog(), RunningScans(), Readers()))
