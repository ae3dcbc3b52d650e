"""What a BI tool asks again and again is asked of Harvest once, for all sessions, and `SHOW harvest.cache` tells it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.asked import asked
from support.clocks import Clock
from support.wire_client import WireClient

from harvest_duck.cache import memory
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.scanner.client_pool import pool
from harvest_duck.servers.postgres.server import PostgresServer
from harvest_duck.servers.served import served

# test_serve_command.py asks the same of a server in a process of its own, whose clock no test sets.
pytestmark = pytest.mark.thorough

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

#: The columns whose values a filter of a dashboard offers.
COLUMNS = ("client_name", "project_name", "task_name", "user_name", "spent_date")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock of requests, and an empty memory."""
    found = Clock()
    monkeypatch.setattr(pool(), "clock", found)
    memory.clear()
    yield found
    memory.clear()


@pytest.fixture(scope="module")
def port(agency: Sandbox) -> Iterator[int]:
    """The port of a server with the usual cache."""
    connection = agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off"
    with PostgresServer(served([("acme", connection)], cache_s=None, mirrors=()), port=0) as server:
        yield server.port


def synced(port: int) -> list[int]:
    """The numbers of values of each column, each asked in a session of its own at the same time."""

    def values(column: str) -> int:
        with WireClient(port, "tester", "acme") as client:
            return len(client.query(f"SELECT DISTINCT {column} FROM time_entries").rows)

    with ThreadPoolExecutor(len(COLUMNS)) as together:
        return list(together.map(values, COLUMNS))


def test_the_values_of_five_columns_are_one_scan_and_within_the_age_none(
    port: int, sandbox: Sandbox, clock: Clock
) -> None:
    found = synced(port)
    pages = -(-len(sandbox.records(MAIN_ID, "time_entries")) // 2000)
    assert len(asked(sandbox)) == pages
    assert all(number > 1 for number in found)
    sandbox.clear_log()
    clock.moment += 599
    assert synced(port) == found
    assert asked(sandbox) == []
    clock.moment += 1
    assert synced(port) == found
    assert len(asked(sandbox)) == pages


def test_show_tells_rows_age_and_requests_and_sends_nothing(port: int, sandbox: Sandbox, clock: Clock) -> None:
    with WireClient(port, "tester", "acme") as client:
        before = {row[0]: int(row[7]) for row in client.query("SHOW harvest.cache").rows}
        client.query("SELECT name FROM clients ORDER BY name")
        sent = len(asked(sandbox))
        clock.moment += 100
        shown = client.query("SHOW harvest.cache")
    assert shown.names == ["table_name", "source", "whole", "rows", "bytes", "age_s", "tolerance_s", "requests"]
    (row,) = [row for row in shown.rows if row[0] == "clients"]
    assert row[1:4] == ("memory", "t", f"{len(sandbox.records(MAIN_ID, 'clients'))}")
    assert float(row[5]) >= 100
    assert float(row[6]) == 600
    assert int(row[7]) == before.get("clients", 0) + 1
    assert len(asked(sandbox)) == sent == 1
