"""What was asked once is answered from the memory of the process: by each query that it covers, in every thread."""

from __future__ import annotations

import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow.compute as pc
import pytest
from support.asked import asked
from support.clocks import PATIENCE_S, Clock
from support.held import held
from support.histories import Clock as Calendar
from support.histories import agency as small_agency

import harvest_duck
from harvest_duck.cache import memory
from harvest_duck.connection import resolve
from harvest_duck.errors import Forbidden
from harvest_duck.runtime import loop
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Iterator

MARCH = "spent_date BETWEEN '2026-03-01' AND '2026-03-31'"
QUARTER = "from_date = '2026-01-01' AND to_date = '2026-03-31'"
MEMORY = "CacheLocation=:memory:"
#: What a dashboard asks, each in a request of its own or in several.
DASHBOARD = (
    f"SELECT sum(hours) FROM harvest.time_entries WHERE {MARCH}",
    f"SELECT user_name, sum(hours) FROM harvest.time_entries WHERE {MARCH} AND user_id IN (1, 2) GROUP BY ALL",
    "SELECT DISTINCT client_name FROM harvest.time_entries WHERE spent_date >= '2026-02-01' ORDER BY 1",
    "SELECT count(*) FROM harvest.time_entries",
    "SELECT count(*) FROM harvest.expenses WHERE notes LIKE '%a%'",
    "SELECT name FROM harvest.clients ORDER BY name LIMIT 3",
    "SELECT name FROM harvest.tasks LIMIT 3",
    "SELECT c.name, p.name FROM harvest.projects p JOIN harvest.clients c ON c.id = p.client_id ORDER BY ALL",
    f"SELECT client_name, total_hours FROM harvest.report_time_clients WHERE {QUARTER} ORDER BY 1",
    "SELECT count(*), min(hourly_rate) FROM harvest.user_assignments WHERE is_active",
    "SELECT name FROM harvest.company",
    "SELECT state, count(*) FROM harvest.invoices GROUP BY ALL ORDER BY ALL",
)
#: Queries whose requests depend on how they are read.
COLD = (
    *DASHBOARD,
    "SELECT notes FROM harvest.time_entries LIMIT 3",
    "SELECT EXISTS (FROM harvest.time_entries)",
    "SELECT count(*) FROM harvest.time_entries WHERE user_id = 1 OR project_id = 2",
    "SELECT count(*) FROM harvest.time_entries WHERE notes IS NULL",
    "SELECT hours FROM harvest.time_entries WHERE id = 1",
    "SELECT amount FROM harvest.invoice_payments WHERE invoice_id IN (7, 9)",
    "SELECT count(*) FROM harvest.user_assignments WHERE project_id IN (1, 2)",
    f"SELECT count(*) FROM harvest.report_time_team WHERE {QUARTER} AND user_id = 3",
)


def pages(sandbox: Sandbox, size: int) -> int:
    """The number of pages of all time entries."""
    return -(-len(sandbox.records(MAIN_ID, "time_entries")) // size)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock of requests, and an empty memory."""
    found = Clock()
    monkeypatch.setattr(pool(), "clock", found)
    memory.clear()
    yield found
    memory.clear()


@pytest.fixture
def remembering(connection: str) -> str:
    """The connection with a memory."""
    return f"{connection};{MEMORY}"


@pytest.fixture(scope="module")
def opened(agency: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the agency in it, and a memory."""
    with harvest_duck.connect(f"{agency.connection_string()};RateLimit=off;ReportsRateLimit=off;{MEMORY}") as con:
        yield con


@pytest.fixture
def cached(opened: duckdb.DuckDBPyConnection, remembering: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of it, with requests of its own."""
    with opened.cursor() as cursor:
        harvest_duck.register(cursor, remembering)
        yield cursor


@pytest.mark.thorough
def test_a_dashboard_asks_in_its_first_round_alone(
    cached: duckdb.DuckDBPyConnection, attached: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    first = [cached.execute(sql).fetchall() for sql in DASHBOARD]
    # The second is within the first, and the clients of the join are known; DuckDB 1 joins with a list of these.
    assert len(asked(sandbox)) in (len(DASHBOARD) - 1, len(DASHBOARD))
    sandbox.clear_log()
    for _ in range(3):
        assert [cached.execute(sql).fetchall() for sql in DASHBOARD] == first
    assert not asked(sandbox)
    assert first == [attached.execute(sql).fetchall() for sql in DASHBOARD]


def timeless(sandbox: Sandbox) -> list[str]:
    """Return the requests in some order; since when changes are asked for is another moment each time."""
    return sorted(re.sub("updated_since=[^&]*", "", each) for each in asked(sandbox, per_page=True))


def test_an_empty_memory_costs_what_harvest_costs(
    cached: duckdb.DuckDBPyConnection, attached: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    for sql in COLD:
        sandbox.clear_log()
        wanted = attached.execute(sql).fetchall()
        live = timeless(sandbox)
        sandbox.clear_log()
        memory.clear()
        assert cached.execute(sql).fetchall() == wanted, sql
        assert timeless(sandbox) == live, sql


def test_all_connections_share_what_one_of_them_asked(remembering: str, sandbox: Sandbox) -> None:
    harvest_duck.scan("clients", remembering).read_all()
    sandbox.clear_log()
    with harvest_duck.connect(f"{remembering};Pagesize=7;CacheTolerance=60") as con:
        con.execute("SELECT count(*) FROM harvest.clients").fetchall()
    assert not asked(sandbox)
    # Whoever reads by another token may see other rows.
    other = sandbox.connection_string(role="member") + ";RateLimit=off;CacheLocation=:memory:"
    with pytest.raises(Forbidden):
        harvest_duck.scan("clients", other).read_all()


@pytest.mark.thorough
def test_several_accounts_are_remembered_each(connection: str, sandbox: Sandbox) -> None:
    sql = "SELECT account_id, count(name) FROM harvest.clients GROUP BY ALL ORDER BY ALL"
    wanted = [(account, len(sandbox.records(account, "clients"))) for account in (MAIN_ID, EURO_ID)]
    for named, listed in ((f"{MAIN_ID},{EURO_ID}", []), ("*", ["/api/v2/accounts"])):
        several = connection.replace(f"AccountId={MAIN_ID}", f"AccountId={named}")
        with harvest_duck.connect(f"{several};CacheLocation=:memory:") as con:
            sandbox.clear_log()
            found = con.execute(sql).fetchall()
            assert set(wanted) <= set(found)
            assert asked(sandbox)[: len(listed) + 2] == [*listed, "/clients", "/clients"]
            sandbox.clear_log()
            assert con.execute(sql).fetchall() == found
            con.execute(f"SELECT count(name) FROM harvest.clients WHERE account_id = {EURO_ID}").fetchall()
            assert not asked(sandbox)


def test_nothing_is_older_than_the_query_tolerates(remembering: str, clock: Clock, sandbox: Sandbox) -> None:
    def sent(tolerance_s: float) -> int:
        sandbox.clear_log()
        harvest_duck.scan("tasks", f"{remembering};CacheTolerance={tolerance_s}", columns=["name"]).read_all()
        return len(asked(sandbox))

    assert sent(600) == 1
    clock.moment += 100
    assert (sent(600), sent(101), sent(100), sent(100)) == (0, 0, 1, 0)
    assert (sent(0), sent(0)) == (1, 1)
    # What was asked for anyway serves the others.
    clock.moment += 100
    assert (sent(0), sent(600)) == (1, 0)


def test_what_is_too_old_for_all_is_dropped(remembering: str, clock: Clock) -> None:
    async def drop() -> None:
        memory.memory().drop_old()

    with harvest_duck.connect(f"{remembering};CacheTolerance=50") as con:
        con.execute("SELECT count(name), (SELECT count(*) FROM harvest.roles) FROM harvest.tasks").fetchall()
        con.execute("DETACH harvest")
    assert memory.memory().held_bytes > 0
    assert memory.memory().wakes
    clock.moment += 49
    loop.run(drop())
    assert memory.memory().held_bytes > 0
    clock.moment += 1
    loop.run(drop())
    assert memory.memory().held_bytes == 0
    assert not memory.memory().wakes


@dataclass
class Entries:
    """The ids of the time entries of some days, of an account that a test changes."""

    sandbox: Sandbox
    calendar: Calendar

    def live(self, first: str, last: str, settings: str = "") -> list[int]:
        """Return the ids as Harvest has them."""
        keep = (pc.field("spent_date") >= day(first)) & (pc.field("spent_date") <= day(last))
        connection = f"{self.sandbox.connection_string()};RateLimit=off;Pagesize=5{settings}"
        self.sandbox.clear_log()
        read = harvest_duck.scan("time_entries", connection, columns=["id"], filter=keep).read_all()
        return sorted(read["id"].to_pylist())

    def cached(self, first: str, last: str) -> list[int]:
        """Return the ids, as far as memory has them from there."""
        return self.live(first, last, ";CacheLocation=:memory:")


day = date.fromisoformat


@pytest.fixture
def entries() -> Iterator[Entries]:
    calendar = Calendar()
    with small_agency(calendar) as sandbox:
        yield Entries(sandbox, calendar)


def test_the_rest_is_fetched_and_brought_to_one_moment(entries: Entries) -> None:
    moved, *others = entries.cached("2024-01-01", "2024-06-30")
    assert len(others) >= 5
    entries.sandbox.account(MAIN_ID).edit("time_entries", moved, {"spent_date": "2024-08-01"})
    entries.calendar.go(seconds=30)
    found = entries.cached("2024-01-01", "2024-12-31")
    first, *_, last = asked(entries.sandbox)
    assert first == "/time_entries?from=2024-07-01&to=2024-12-31"
    assert last.startswith("/time_entries?updated_since=")
    assert entries.cached("2024-01-01", "2024-06-30") == others
    assert not asked(entries.sandbox)
    assert moved in entries.cached("2024-07-01", "2024-12-31")
    assert not asked(entries.sandbox)
    assert found == entries.live("2024-01-01", "2024-12-31")


def test_fewer_rows_than_a_page_are_asked_for_again(entries: Entries) -> None:
    """To ask what changed meanwhile would cost the request that they save."""
    assert 0 < len(entries.cached("2024-01-01", "2024-02-10")) < 5
    entries.cached("2024-01-01", "2024-03-31")
    assert asked(entries.sandbox)[0] == "/time_entries?from=2024-01-01&to=2024-03-31"


def test_where_the_clock_of_harvest_went_back_all_is_asked_for_again(entries: Entries) -> None:
    moved, *_ = entries.cached("2024-01-01", "2024-06-30")
    entries.calendar.go(hours=-1)
    entries.sandbox.account(MAIN_ID).edit("time_entries", moved, {"spent_date": "2024-08-01"})
    found = entries.cached("2024-01-01", "2024-12-31")
    assert "/time_entries?from=2024-01-01&to=2024-12-31" in asked(entries.sandbox)
    assert found == entries.live("2024-01-01", "2024-12-31")
    entries.cached("2024-01-01", "2024-12-31")
    assert not asked(entries.sandbox)


def test_eight_threads_ask_once(remembering: str, sandbox: Sandbox) -> None:
    barrier = threading.Barrier(8)

    def read(column: str) -> int:
        barrier.wait(PATIENCE_S)
        return harvest_duck.scan("time_entries", f"{remembering};Pagesize=500", columns=[column]).read_all().num_rows

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(read, ["id", "hours"] * 4))
    assert found == {len(sandbox.records(MAIN_ID, "time_entries"))}
    assert len(asked(sandbox)) == len(set(asked(sandbox))) == pages(sandbox, 500)


def test_nobody_waits_for_a_reader_that_stopped(remembering: str, sandbox: Sandbox) -> None:
    connection = f"{remembering};Pagesize=1000"
    slow = harvest_duck.scan("time_entries", connection)
    slow.read_next_batch()
    whole = harvest_duck.scan("time_entries", connection).read_all()
    assert len(asked(sandbox)) == pages(sandbox, 1000)
    assert 1000 + slow.read_all().num_rows == whole.num_rows == len(sandbox.records(MAIN_ID, "time_entries"))
    assert len(asked(sandbox)) == pages(sandbox, 1000)


def test_a_scan_that_stops_early_leaves_nothing(remembering: str, sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.clear_log()
        reader = harvest_duck.scan("time_entries", f"{remembering};Pagesize=1000;MaxRows=5")
        assert reader.read_all().num_rows == 5
        assert asked(sandbox) == ["/time_entries"]
    assert memory.memory().held_bytes == 0


@pytest.mark.thorough
def test_who_is_interrupted_takes_nothing_from_the_others(remembering: str, sandbox: Sandbox) -> None:
    async def two_read() -> None:
        table = memory.memory().table(resolve(remembering).identity, "time_entries")
        while [fetch.readers for fetch in table.fetches] != [2]:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.001)

    with harvest_duck.connect(remembering) as con, harvest_duck.connect(remembering) as other:
        sql = "SELECT count(notes) FROM harvest.time_entries"
        with held(sandbox, page=2) as holding, ThreadPoolExecutor(2) as threads:
            running = [threads.submit(each.execute, sql) for each in (con, other)]
            assert holding.arrived.wait(PATIENCE_S)
            loop.run(two_read())
            harvest_duck.interrupt(other)
            with pytest.raises(duckdb.Error):
                running[1].result(PATIENCE_S)
            holding.let_go()
            wanted = running[0].result(PATIENCE_S).fetchall()
        assert asked(sandbox).count("/time_entries") == 1
        sandbox.clear_log()
        assert other.execute(sql).fetchall() == wanted
        assert not asked(sandbox)


def test_an_error_is_not_remembered(remembering: str, sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/time_entries", status=403)
    with pytest.raises(Forbidden):
        harvest_duck.scan("time_entries", f"{remembering};Pagesize=1000").read_all()
    assert memory.memory().held_bytes == 0
    sandbox.clear_log()
    found = harvest_duck.scan("time_entries", f"{remembering};Pagesize=1000").read_all()
    assert found.num_rows == len(sandbox.records(MAIN_ID, "time_entries"))
    assert len(asked(sandbox)) == pages(sandbox, 1000)


def test_records_as_harvest_sent_them_are_asked_for(cached: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.clear_log()
        cached.execute("SELECT count(record) FROM harvest_raw('clients')").fetchall()
        cached.execute("SELECT count(record) FROM harvest_get('/clients')").fetchall()
        assert len(asked(sandbox)) == 2


def test_the_log_tells_what_came_from_memory(cached: duckdb.DuckDBPyConnection, clock: Clock) -> None:
    for _ in range(2):
        cached.execute("SELECT name FROM harvest.tasks WHERE is_active ORDER BY 1").fetchall()
        clock.moment += 30
    columns = "table_name, account_id, status, source, round(age_s), sent_at IS NULL"
    live, held_rows = cached.execute(f"SELECT {columns} FROM harvest_requests() ORDER BY scan").fetchall()
    assert live == ("tasks", MAIN_ID, 200, "harvest", 0, False)
    assert held_rows == ("tasks", MAIN_ID, None, "memory", 30, False)


def test_explain_tells_what_memory_has(cached: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sql = "SELECT name FROM harvest.tasks WHERE is_active ORDER BY 1"
    explained = f"SELECT step, requests FROM harvest_explain($${sql}$$, probe := false)"
    cold = cached.execute(explained).fetchall()
    cached.execute(sql).fetchall()
    sandbox.clear_log()
    assert cached.execute(explained).fetchall() != cold
    assert not asked(sandbox)


def test_what_is_cleared_is_asked_again(remembering: str, sandbox: Sandbox) -> None:
    def read() -> int:
        sandbox.clear_log()
        harvest_duck.scan("tasks", remembering).read_all()
        return len(sandbox.requests)

    assert [read(), read()] == [1, 0]
    harvest_duck.clear_cache("APIKey=another;AccountId=1")
    assert read() == 0
    harvest_duck.clear_cache(f"{remembering};MaxRows=3")
    assert [read(), read()] == [1, 0]
    harvest_duck.clear_cache()
    assert read() == 1


def test_rows_that_their_record_lost_are_not_answered_beside_later_ones() -> None:
    calendar = Calendar()
    with small_agency(calendar) as running:
        account, day = running.account(MAIN_ID), pc.field("invoice_issue_date")
        invoices = sorted(account.records("invoices"), key=lambda each: str(each["issue_date"]))
        middle, last = (date.fromisoformat(invoices[number]["issue_date"]) for number in (6, 12))
        live = f"{running.connection_string()};RateLimit=off;ReportsRateLimit=off;Pagesize=2"

        def read(condition: pc.Expression, cache: str = ";CacheLocation=:memory:") -> int:
            return harvest_duck.scan("invoice_line_items", live + cache, filter=condition).read_all().num_rows

        read(day < middle)
        calendar.go(minutes=1)
        account.edit("invoices", invoices[0]["id"], {"line_items": []})
        read((day >= middle) & (day < last))
        assert read(day < last) == read(day < last, cache="")
