"""What SQL can ask about the tables: every table and column once, with what reaches the API."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, TIMESTAMP, Column, Host, Origin, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import UnknownTable
from harvest_duck.introspection.catalog_tables import LISTINGS, describe, operators, tables
from harvest_duck.planner import Target, plan
from harvest_duck.pushdown.domain import domains
from harvest_duck.pushdown.predicate import And, Compare, In, Op, Predicate

TARGET = Target("https://api.harvestapp.com/v2", "https://id.getharvest.com", 99, 2000)
SPAN = (Compare("from_date", Op.EQ, date(2024, 1, 1)), Compare("to_date", Op.EQ, date(2024, 1, 31)))
SAMPLES = {BIGINT: 7, BOOLEAN: True, DATE: date(2024, 2, 1), TIMESTAMP: datetime(2024, 2, 1, tzinfo=UTC)}
OTHERS = {BIGINT: 8, DATE: date(2024, 3, 1), TIMESTAMP: datetime(2024, 3, 1, tzinfo=UTC)}
OPERATORS = (Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE)
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
        "operators": ["=", "IN", ">", ">="],
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


def asked(table: Table, terms: tuple[Predicate, ...]) -> object:
    """What a query asks for, or may ask for once the size of a list is known, and which parents it waits for."""
    found = plan(table, TABLES, domains(And(terms)), TARGET)
    return found.requests, found.alternative, found.parents is None


def fixed(table: Table, column: Column) -> tuple[Predicate, ...]:
    """What has to be said besides: a period, and the other ids of a path that has several."""
    paths = [table.retrieve or "", *(other.path for other in table.alternates)]
    beside = {
        name for path in paths for name in re.findall(r"\{(\w+)\}", path)[:-1] if path.endswith(f"{{{column.name}}}")
    }
    span = SPAN if table.max_span_days is not None else ()
    return (*span, *(Compare(name, Op.EQ, 7) for name in beside))


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table.name}.{column.name}" for table, column in COLUMNS])
def test_the_operators_listed_are_just_those_that_change_the_requests(table: Table, column: Column) -> None:
    if column.origin is Origin.INPUT:
        return
    value = column.values[0] if column.values else SAMPLES.get(column.type, "7")
    plain = fixed(table, column)
    terms: dict[str, Predicate] = {op.value: Compare(column.name, op, value) for op in OPERATORS}
    if column.type is not BOOLEAN:
        other = column.values[1] if column.values else OTHERS.get(column.type, "8")
        terms["IN"] = In(column.name, frozenset({value, other}))
    changing = {name for name, term in terms.items() if asked(table, (*plain, term)) != asked(table, plain)}
    if column.origin is Origin.ACCOUNT:
        assert operators(table, column) == ([] if table.host is Host.ID else ["=", "IN"])
    elif column.type is BOOLEAN:
        # "< true" and its like are pushed as well, and nobody writes them.
        assert operators(table, column) == [each for each in ("=",) if each in changing]
    elif column.type is BIGINT:
        # A range of ids is asked for one by one where it is short.
        assert operators(table, column) == [each for each in ("=", "IN") if each in changing]
    else:
        assert set(operators(table, column)) == changing
