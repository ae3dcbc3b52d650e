"""Which operators on a column are listed as becoming part of a request; `docs/pushdown.md` fixes them all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harvest_duck.catalog.model import Column, Host, Origin, Table
from harvest_duck.catalog.path import places
from harvest_duck.catalog.tables import TABLES
from harvest_duck.introspection.pushed_operators import Pushed, operators, pushed


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("time_entries", "user_id", ["=", "IN"]),
        ("time_entries", "spent_date", ["=", "IN", "<", "<=", ">", ">="]),
        ("time_entries", "updated_at", ["=", "IN", ">", ">="]),
        ("time_entries", "notes", []),
        ("time_entries", "account_id", ["=", "IN"]),
        ("invoice_messages", "invoice_id", ["=", "IN"]),
        ("invoice_line_items", "invoice_issue_date", ["=", "IN", "<", "<=", ">", ">="]),
        ("task_assignments", "project_id", ["=", "IN"]),
        ("task_assignments", "id", ["="]),
        ("report_uninvoiced", "to_date", ["=", "IN", "<", "<="]),
    ],
)
def test_operators_are_those_that_become_part_of_a_request(table: str, column: str, expected: list[str]) -> None:
    assert operators(TABLES[table], TABLES[table].column(column)) == expected


def test_each_part_of_a_request_is_listed_with_the_operators_that_it_answers() -> None:
    table = TABLES["invoice_line_items"]
    assert pushed(table, table.column("invoice_issue_date")) == [
        Pushed(("=", "IN", ">", ">="), "from", exact=True),
        Pushed(("=", "IN", "<", "<="), "to", exact=True),
    ]
    assert pushed(table, table.column("project_id")) == [Pushed(("=", "IN"), "project_id", exact=False)]
    assert pushed(table, table.column("invoice_id")) == [Pushed(("=", "IN"), "/invoices/{invoice_id}", exact=True)]


def test_operators_follow_from_what_the_table_has() -> None:
    table = TABLES["time_entries"]
    bare = replace(table, params=(), retrieve=None)
    assert [column.name for column in bare.columns if operators(bare, column)] == ["account_id"]
    days = replace(table, params=tuple(param for param in table.params if param.name == "from"))
    assert operators(days, days.column("spent_date")) == ["=", "IN", ">", ">="]


def test_just_the_columns_that_a_parameter_a_path_or_a_header_carries_have_operators() -> None:
    listed = [(table, column) for table in TABLES.values() for column in table.columns]
    wrong = [f"{of.name}.{column.name}" for of, column in listed if bool(operators(of, column)) != carried(of, column)]
    assert wrong == []


def carried(table: Table, column: Column) -> bool:
    """Whether a request of the table can have a value of the column in it."""
    if column.origin is Origin.ACCOUNT:
        return table.host is Host.API
    return bool(table.params_of(column.name)) or any(column.name in places(path) for path in table.paths)
