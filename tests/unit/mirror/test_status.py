"""What a copy tells about itself, also while it is worked on."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror.publication import working_copy
from harvest_duck.mirror.status import TableStatus, mirror_status

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_it_tells_age_and_size_of_each_table_and_who_works_on_it(tmp_path: Path) -> None:
    path, tasks, roles = tmp_path / "acme.duckdb", TABLES["tasks"], TABLES["roles"]
    schema = schema_of(tasks)
    rows = [dict.fromkeys(schema.names) | {"id": number, "name": os.urandom(100).hex()} for number in range(3000)]
    with working_copy(path) as copy:
        with copy.transaction():
            run = copy.begin_run("first", NOON)
            copy.set_source(account_id=7, user_id=8)
            copy.create(roles)
            copy.create(tasks)
            copy.apply(tasks, pa.Table.from_pylist(rows, schema=schema))
            copy.bury(tasks, range(10), seen_at=NOON)
            copy.set_proof("tasks", proven_at=NOON, values_whole_at=NOON, watermark=NOON)
            copy.set_proof("roles", values_whole_at=NOON, values_checked_since=NOON + timedelta(days=2))
            copy.end_run(run, ended_at=NOON, outcome="done", requests=2)
        copy.publish()
    with working_copy(path) as copy:
        status = mirror_status(path)
    assert (status.path, status.account_id, status.user_id) == (path, 7, 8)
    assert status.generation
    assert status.size_bytes == path.stat().st_size
    assert status.last_run is not None
    assert (status.last_run.run, status.last_run.outcome, status.last_run.requests) == (1, "done", 2)
    assert status.running is not None
    assert (status.running.pid, status.running.run) == (os.getpid(), None)
    large, small = status.tables
    assert small == TableStatus("roles", 0, 0, 0, None, NOON + timedelta(days=2), None)
    assert (large.table, large.rows, large.deleted, large.proven_at, large.values_whole_at) == (
        "tasks",
        2990,
        10,
        NOON,
        NOON,
    )
    assert 200 * 2990 < large.bytes < status.size_bytes
    assert mirror_status(path).running is None
