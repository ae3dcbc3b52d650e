"""Ray: tasks of the recipe read in processes of their own, and become the blocks of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from support.asked import asked
from support.clients import client, recipe

import harvest_duck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Ray, on this machine alone and as small as it can be."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    module = client("ray.data") and client("ray")
    module.init(num_cpus=1, include_dashboard=False, log_to_driver=False, object_store_memory=100 * 2**20)
    yield module
    module.shutdown()


def test_tasks_read_and_their_rows_stay(ray: Any, connection: str, sandbox: Sandbox) -> None:
    names = recipe("Ray", connection, blocks=1)
    found = names["entries"]
    rows = pa.concat_tables(ray.get(names["blocks"]))
    wanted = harvest_duck.scan("time_entries", connection, columns=["client_name", "hours"], filter=names["since"])
    assert rows.equals(wanted.read_all())
    assert found.count() == found.count() == rows.num_rows
    # One request by the task, one by the scan above.
    assert asked(sandbox) == ["/time_entries?from=2026-11-01"] * 2
