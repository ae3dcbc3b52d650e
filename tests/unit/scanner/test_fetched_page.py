"""The length of a list, as its first page tells it."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest

import harvest_duck
from harvest_duck.sandbox import MAIN_ID, Sandbox

EIGHT = pc.field("user_id").isin(list(range(1, 9)))
EXPENSE = {"id": 1, "user": {"id": 7}, "updated_at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "body",
    [
        {"expenses": [EXPENSE], "total_entries": 0},
        {"expenses": [EXPENSE], "total_entries": -1},
        {"expenses": [], "total_entries": 1},
        {"expenses": [EXPENSE, EXPENSE | {"id": 2}], "total_entries": 1},
        {"expenses": [EXPENSE]},
        {"expenses": [EXPENSE], "total_entries": 1, "next_page": 2},
        {"expenses": [EXPENSE], "total_entries": 1, "links": {"next": "https://a.example/v2/expenses?page=2"}},
        {"expenses": [EXPENSE], "total_entries": 7, "links": {"next": None}},
    ],
)
def test_a_list_whose_length_is_unknown_or_refuted_is_read(body: dict[str, object]) -> None:
    with Sandbox(seed=1, scale=0.05, limits=False) as sandbox:
        sandbox.replace(MAIN_ID, "expenses", [EXPENSE])
        sandbox.respond_next("/v2/expenses", body=body)
        connection = f"{sandbox.connection_string()};RateLimit=off"
        found = harvest_duck.scan("expenses", connection, columns=["id"], filter=EIGHT).read_all()
        assert found.column("id").to_pylist() == [1]
        assert [request.query["per_page"] for request in sandbox.requests] == ["1", "2000"]
