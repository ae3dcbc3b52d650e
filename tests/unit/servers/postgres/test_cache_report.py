from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.clocks import Clock

import harvest_duck
from harvest_duck.cache import memory
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import resolve
from harvest_duck.mirror.publication import working_copy
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.client_pool import pool
from harvest_duck.servers.postgres.cache_report import COLUMNS, cache_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock of requests, and an empty memory."""
    found = Clock()
    monkeypatch.setattr(pool(), "clock", found)
    memory.clear()
    yield found
    memory.clear()


def report(connection: str, **requests: int) -> list[dict[str, Any]]:
    """The rows for a connection, without what is null."""
    found = cache_report(resolve(connection), requests)
    assert found.schema == COLUMNS
    return [{name: value for name, value in row.items() if value is not None} for row in found.to_pylist()]


def test_memory_tells_rows_age_and_whether_it_has_all(connection: str, clock: Clock, sandbox: Sandbox) -> None:
    remembering = f"{connection};CacheLocation=:memory:"
    assert report(remembering) == []
    harvest_duck.scan("clients", remembering).read_all()
    with harvest_duck.connect(remembering) as con:
        con.execute("SELECT sum(hours) FROM harvest.time_entries WHERE spent_date = '2026-11-18'").fetchall()
    sandbox.clear_log()
    clock.moment += 100
    clients, _, entries = report(remembering, clients=1, roles=0, tasks=3, time_entries=2)
    held = len(sandbox.records(MAIN_ID, "clients"))
    assert clients.pop("bytes") > 0
    assert clients.pop("age_s") >= 100
    assert clients == {
        "table_name": "clients",
        "source": "memory",
        "whole": True,
        "rows": held,
        "tolerance_s": 600.0,
        "requests": 1,
    }
    assert (entries["table_name"], entries["whole"], entries["requests"]) == ("time_entries", False, 2)
    clock.moment += 500
    assert report(remembering, tasks=3) == [{"table_name": "tasks", "source": "harvest", "requests": 3}]
    assert not sandbox.requests


def test_a_file_tells_rows_and_the_age_of_each_table(connection: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    with_file = f"{connection};CacheLocation={path}"
    assert report(with_file, me=1) == [{"table_name": "me", "source": "harvest", "requests": 1}]
    at = datetime.now(UTC) - timedelta(hours=1)
    with working_copy(path) as copy:
        with copy.transaction():
            copy.set_source(account_id=MAIN_ID, user_id=8)
            for name in ("roles", "tasks"):
                copy.create(TABLES[name])
            copy.set_proof("tasks", proven_at=at, values_whole_at=at, watermark=at)
        copy.publish()
    roles, tasks = report(with_file, tasks=2)
    assert 3600 <= tasks.pop("age_s") < 7200
    assert tasks == {
        "table_name": "tasks",
        "source": "file",
        "whole": True,
        "rows": 0,
        "bytes": 0,
        "tolerance_s": 600.0,
        "requests": 2,
    }
    assert (roles["table_name"], roles["whole"], "age_s" in roles) == ("roles", False, False)
    assert "tolerance_s" not in report(f"{with_file};Offline=true")[0]


def test_a_connection_without_a_cache_tells_its_requests(connection: str) -> None:
    assert report(connection, users=7) == [{"table_name": "users", "source": "harvest", "requests": 7}]
