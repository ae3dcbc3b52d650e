"""What goes with a record: the catalog says it, and nothing else does."""

from __future__ import annotations

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror.dependents import dependents


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("time_entries", set()),
        ("projects", set()),
        (
            "invoices",
            {
                ("invoice_line_items", "invoice_id", "id"),
                ("invoice_payments", "invoice_id", "id"),
                ("invoice_messages", "invoice_id", "id"),
                ("invoice_message_templates", "invoice_id", "id"),
            },
        ),
        ("estimates", {("estimate_line_items", "estimate_id", "id"), ("estimate_messages", "estimate_id", "id")}),
        (
            "users",
            {
                (name, "user_id", "id")
                for name in ("billable_rates", "cost_rates", "project_assignments", "teammates", "pto_balances")
            },
        ),
        ("project_assignments", {("project_assignment_task_assignments", "project_assignment_id", "id")}),
        ("pto_requests", {("pto_request_days", "pto_request_id", "id")}),
    ],
)
def test_the_rows_that_go_with_a_record(table: str, expected: set[tuple[str, str, str]]) -> None:
    found = dependents(TABLES[table])
    assert {(each.table.name, each.column, each.parent_column) for each in found} == expected


def test_every_list_of_a_record_and_every_array_in_one_goes_with_it() -> None:
    with_others = {each.table.name for table in TABLES.values() for each in dependents(table)}
    assert with_others == {name for name, table in TABLES.items() if table.parent or table.items}
    assert all(each.column in each.table for table in TABLES.values() for each in dependents(table))
