"""Rows out of the records around them are those that a scan of their own table brings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror.embedded_rows import embedded_rows
from harvest_duck.mirror.tables import MIRRORED, Kind
from harvest_duck.scanner.table_reader import TableReader

if TYPE_CHECKING:
    from harvest_duck.mirror.tables import MirroredTable
    from harvest_duck.sandbox import Sandbox


@pytest.mark.parametrize(
    "mirrored", [each for each in MIRRORED if each.kind is Kind.EMBEDDED], ids=lambda each: each.name
)
def test_embedded_rows_are_those_of_a_scan(mirrored: MirroredTable, connection: str) -> None:
    reader = TableReader(connection)
    around = reader.read(replace(TABLES[mirrored.source or ""], raw=True)).rows
    found, scanned = embedded_rows(mirrored.table, around), reader.read(mirrored.table).rows
    key = [(name, "ascending") for name in mirrored.table.key]
    assert found.num_rows
    assert found.sort_by(key).equals(scanned.sort_by(key))


def test_no_record_has_no_rows(connection: str) -> None:
    none = TableReader(connection).read(replace(TABLES["estimates"], raw=True)).rows.slice(0, 0)
    assert embedded_rows(TABLES["estimate_line_items"], none).num_rows == 0


def test_a_record_without_line_items_has_no_rows(sandbox: Sandbox, connection: str) -> None:
    sandbox.respond_next("/estimates", body={"estimates": [{"id": 1}, {"id": 2, "line_items": [{"id": 5}]}]})
    around = TableReader(connection).read(replace(TABLES["estimates"], raw=True)).rows
    rows = embedded_rows(TABLES["estimate_line_items"], around)
    assert [(row["estimate_id"], row["id"]) for row in rows.to_pylist()] == [(2, 5)]
