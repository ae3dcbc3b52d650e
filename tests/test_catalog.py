"""What SQL can ask about the tables: every table and column once, with what reaches the API."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from harvest_duck.catalog import LISTINGS, describe, operators, tables
from harvest_duck.domain import domains
from harvest_duck.endpoints import TABLES
from harvest_duck.errors import UnknownTable
from harvest_duck.planner import Target, plan
from harvest_duck.predicate import And, Compare, Op, Predicate
from harvest_duck.table import BIGINT, BOOLEAN, DATE, TIMESTAMP, Column, Origin, Table

TARGET = Target("https://api.harvestapp.com/v2", "https://id.getharvest.com", 99, 2000)
SPAN = (Compare("from_date", Op.EQ, date(2024, 1, 1)), Compare("to_date", Op.EQ, date(2024, 1, 31)))
SAMPLES = {BIGINT: 7, BOOLEAN: True, DATE: date(2024, 2, 1), TIMESTAMP: datetime(2024, 2, 1, tzinfo=UTC)}
COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns]

each_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


def test_every_table_is_one_row() -> None:
    listed = tables().to_pylist()
    assert [row["table_name"] for row in listed] == list(TABLES)
    assert all(all(value not in (None, "") for value in row.values()) for row in listed)
    assert {row["rate_limit"] for row in listed} == {"general", "reports"}


@each_table
def test_every_column_is_one_row_in_the_order_of_the_table(table: Table) -> None:
    listed = describe(table.name).to_pylist()
    assert [row["column_name"] for row in listed] == [column.name for column in table.columns]
    assert [row["data_type"] for row in listed] == [column.type.sql for column in table.columns]
    assert {row["table_name"] for row in listed} == {table.name}
    assert all(row["description"] for row in listed)
    assert tables().to_pylist()[list(TABLES).index(table.name)]["columns"] == len(listed)


def test_the_listing_of_columns_is_that_of_every_table() -> None:
    whole = LISTINGS["catalog_columns"]()
    assert whole.num_rows == len(COLUMNS)
    assert whole.equals(pa.concat_tables([describe(name) for name in TABLES]))
    assert LISTINGS["catalog_tables"]().equals(tables())


def test_a_column_says_what_its_parameters_need() -> None:
    rows = {row["column_name"]: row for row in describe("report_time_clients").to_pylist()}
    assert rows["from_date"] | {"description": ""} == {
        "table_name": "report_time_clients",
        "column_name": "from_date",
        "data_type": "DATE",
        "description": "",
        "key": False,
        "refers_to": None,
        "unit": None,
        "allowed_values": [],
        "operators": ["=", ">", ">="],
        "parameters": ["from"],
        "required": True,
        "deprecated": False,
    }
    assert rows["client_id"]["refers_to"] == "clients.id"
    assert rows["client_id"]["operators"] == []
    assert not rows["include_fixed_fee"]["required"]


def test_a_name_is_found_in_any_case_and_unknown_ones_are_refused() -> None:
    assert describe("Time_Entries").equals(describe("time_entries"))
    with pytest.raises(UnknownTable, match='no Harvest table "tme_entries"; did you mean "time_entries"'):
        describe("tme_entries")


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("time_entries", "user_id", ["="]),
        ("time_entries", "spent_date", ["=", "<", "<=", ">", ">="]),
        ("time_entries", "updated_at", ["=", ">", ">="]),
        ("time_entries", "notes", []),
        ("time_entries", "account_id", ["="]),
        ("invoice_messages", "invoice_id", ["="]),
        ("invoice_line_items", "invoice_issue_date", ["=", "<", "<=", ">", ">="]),
        ("task_assignments", "project_id", ["="]),
        ("task_assignments", "id", []),
        ("report_uninvoiced", "to_date", ["=", "<", "<="]),
    ],
)
def test_operators_are_those_that_become_part_of_a_request(table: str, column: str, expected: list[str]) -> None:
    assert operators(TABLES[table], TABLES[table].column(column)) == expected


def asked(table: Table, terms: tuple[Predicate, ...]) -> object:
    """The requests of a query, and which parents it waits for."""
    found = plan(table, TABLES, domains(And(terms)), TARGET)
    return found.requests, found.parents is None


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table.name}.{column.name}" for table, column in COLUMNS])
def test_the_operators_listed_are_just_those_that_change_the_requests(table: Table, column: Column) -> None:
    if column.origin is Origin.INPUT:
        return
    value = column.values[0] if column.values else SAMPLES.get(column.type, "7")
    plain = SPAN if table.max_span_days is not None else ()
    changing = [
        op.value
        for op in (Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE)
        if asked(table, (*plain, Compare(column.name, op, value))) != asked(table, plain)
    ]
    if column.origin is Origin.ACCOUNT:
        assert operators(table, column) == ["="]
    else:
        assert operators(table, column) == changing
