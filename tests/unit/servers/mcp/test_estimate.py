"""By its plan a query runs, or is refused with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from harvest_duck.servers.mcp.estimate import Estimate, probes_refusal


def step(table: str, requests: int | None, hint: str | None = None) -> dict[str, Any]:
    return {"table_name": table, "requests": requests, "hint": hint}


@pytest.mark.parametrize(("sent", "limit", "runs"), [(0, 5, True), (1, 6, True), (1, 5, False), (0, 4, False)])
def test_what_found_the_sizes_counts_too(sent: int, limit: int, *, runs: bool) -> None:
    estimate = Estimate.of([step("time_entries", 3), step("clients", 1), step("time_entries", 1)])
    assert (estimate.refusal(sent=sent, limit=limit) is None) is runs


def test_a_refusal_names_the_table_that_takes_most_and_what_narrows_it() -> None:
    estimate = Estimate.of([step("clients", 1), step("time_entries", 2_000, "write it as a join")])
    said = estimate.refusal(sent=2, limit=100)
    assert said is not None
    assert said.startswith("refused: the query needs 2,001 requests, and 2 found that out, and max_requests is 100")
    assert "time_entries: add a condition on" in said
    assert "spent_date" in said
    assert said.endswith("; write it as a join")


def test_children_are_narrowed_by_their_parents() -> None:
    said = Estimate.of([step("invoice_payments", 200)]).refusal(sent=0, limit=100)
    assert said is not None
    assert said.endswith("invoice_payments: add a condition on invoice_id")


def test_what_cannot_be_told_is_refused_however_much_is_allowed() -> None:
    said = Estimate.of([step("clients", 1), step("invoice_messages", None)]).refusal(sent=0, limit=10_000)
    assert said is not None
    assert said.startswith("refused: nobody can tell how many requests invoice_messages would take: add a condition on")


def test_sizes_that_take_too_many_requests_are_not_asked_for() -> None:
    assert probes_refusal(5, 5) is None
    assert "takes 6 requests, and max_requests leaves 5" in (probes_refusal(6, 5) or "")
