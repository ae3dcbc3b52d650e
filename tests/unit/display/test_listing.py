"""Listings are Arrow tables, and stay marked as listings while they are filtered and cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support import program

from harvest_duck.catalog.tables import TABLES
from harvest_duck.display.listing import as_html, as_text, is_listing, listing
from harvest_duck.introspection.catalog_tables import describe, tables

if TYPE_CHECKING:
    from pathlib import Path


def test_a_listing_is_an_arrow_table(tmp_path: Path) -> None:
    listed = tables()
    assert type(listed) is pa.Table
    pq.write_table(listed, tmp_path / "tables.parquet")
    assert pq.read_table(tmp_path / "tables.parquet").equals(listed)
    assert pa.concat_tables([listed, listed]).num_rows == 2 * len(TABLES)
    with duckdb.connect() as con:
        assert con.sql("SELECT count(*) FROM listed").fetchall() == [(len(TABLES),)]


def test_what_is_taken_from_a_listing_is_one_too() -> None:
    listed = describe("time_entries")
    for taken in (
        listed.filter(pc.field("key")),
        listed.select(["column_name", "operators"]),
        listed.slice(3, 2),
        listed.sort_by("column_name"),
        pa.concat_tables([listed, describe("roles")]),
    ):
        assert is_listing(taken)


@pytest.mark.parametrize("value", [pa.table({"a": [1]}), pa.table({"a": [1]}).replace_schema_metadata({"b": "c"}), 7])
def test_nothing_else_is_a_listing(value: object) -> None:
    assert not is_listing(value)


def test_a_long_listing_says_how_many_rows_it_has() -> None:
    listed = listing(({"n": number} for number in range(1_234)), pa.schema([("n", pa.int64())]))
    assert as_text(listed).splitlines()[-2:] == ["99", "(the first 100 of 1,234 rows)"]
    assert as_html(listed).count("<tr>") == 101
    assert "<caption>the first 100 of 1,234 rows</caption>" in as_html(listed)


def test_a_listing_without_rows_or_columns_can_be_shown() -> None:
    listed = tables().slice(0, 0)
    assert as_text(listed, 200).splitlines()[-1] == "(0 rows)"
    assert "<caption>0 rows</caption>" in as_html(listed)
    assert as_text(tables().select([])).splitlines()[-1] == f"({len(TABLES)} rows)"
    assert f"<caption>{len(TABLES)} rows</caption>" in as_html(tables().select([]))


def test_a_program_loads_nothing_to_show_tables_before_it_does() -> None:
    loaded = "print({'rich', 'IPython'} & set(sys.modules), sys.displayhook)"
    found = program.run(f"import sys, harvest_duck; harvest_duck.tables(); {loaded}")
    assert found.stdout == "set() <built-in function displayhook>\n"
