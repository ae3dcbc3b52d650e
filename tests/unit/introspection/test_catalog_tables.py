"""What SQL can ask about the tables: every table and column once, with what reaches the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import UnknownTable
from harvest_duck.introspection.catalog_tables import columns, describe, tables

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Table

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
    whole = columns()
    assert whole.num_rows == len(COLUMNS)
    assert whole.equals(pa.concat_tables([describe(name) for name in TABLES]))


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
