"""The rows of a statement are those of DuckDB, whatever the types that Arrow lacks."""

from __future__ import annotations

import duckdb
import pytest

from harvest_duck.formats.results import batches, prepare, rows

#: Of a few thousand rows, as a mistake does not show in a few.
MANY = (
    "SELECT i, [(i + j) % 3 = 0 for j in range(i % 5)] AS items, {'is': i % 3 = 0} AS record, i % 3 = 0 AS plain, "
    "[{'day': j, 'is': (i * 7 + j) % 3 = 0} for j in range(i % 4)] AS records FROM range(5000) r(i)"
)


def test_booleans_within_lists_and_records_are_those_of_duckdb() -> None:
    with duckdb.connect() as con:
        expected = con.execute(MANY).fetchall()
        prepare(con)
        (statement,) = con.extract_statements(MANY)
        found = batches(con, statement, {})
        assert found is not None
        assert [tuple(row.values()) for row in found.read_all().to_pylist()] == expected


@pytest.mark.parametrize("items", ["", ", [i = 1] AS items"])
def test_numbers_beyond_64_bits_keep_their_digits(items: str) -> None:
    sql = f"SELECT 1267650600228229401496703205376::HUGEINT + i AS total{items} FROM range(3) r(i)"
    with duckdb.connect() as con:
        prepare(con)
        (statement,) = con.extract_statements(sql)
        found = rows(con, statement, {})
        assert found is not None
        assert [row[0] for row in found.values] == [1267650600228229401496703205376 + i for i in range(3)]
