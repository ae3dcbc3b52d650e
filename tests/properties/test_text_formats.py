"""CSV against DuckDB's COPY and JSON against Python's reader, for texts that a format has to quote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.formats import Format, results
from harvest_duck.formats.text_output import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITTEN = st.text(" ,\t\"'#\n\r;|\\aNUL0.=ä😀\x00\x1b{}[]:", max_size=6)
TEXTS = st.none() | WRITTEN
ROWS = st.lists(st.tuples(TEXTS, st.none() | st.lists(TEXTS, max_size=3), WRITTEN), min_size=1, max_size=20)
TABLE = "CREATE OR REPLACE TABLE t (i INT, a VARCHAR, list VARCHAR[], pairs MAP(VARCHAR, VARCHAR))"
#: In the order in which they were inserted.
SQL = "SELECT a, list, pairs FROM t ORDER BY i"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection as the command line prepares it."""
    with duckdb.connect() as con:
        results.prepare(con)
        yield con


def written(con: duckdb.DuckDBPyConnection, form: Format) -> str:
    """The rows in a format."""
    zone = results.time_zone(con)
    batches = results.batches(con, con.extract_statements(SQL)[0], {})
    assert batches is not None
    return "".join(text for _, text in pieces(batches, form, zone, on_terminal=False))


@settings(max_examples=share(50))
@given(rows=ROWS)
def test_any_text_is_written_as_duckdb_writes_it_and_read_back(
    rows: list[tuple[str | None, list[str | None] | None, str]],
    con: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    con.execute(TABLE)
    row = "(?, ?, ?::VARCHAR[], map([?], [?::VARCHAR]))"
    values = [value for number, (text, texts, key) in enumerate(rows) for value in (number, text, texts, key, text)]
    con.execute(f"INSERT INTO t VALUES {', '.join([row] * len(rows))}", values)
    target: Path = tmp_path_factory.getbasetemp() / "oracle.csv"
    for form, delimiter in ((Format.CSV, ","), (Format.TSV, "\t")):
        con.execute(f"COPY ({SQL}) TO '{target}' (FORMAT csv, HEADER, DELIMITER '{delimiter}')")
        assert written(con, form) == target.read_bytes().decode()
    wanted = [{"a": text, "list": texts, "pairs": {key: text}} for text, texts, key in rows]
    assert json.loads(written(con, Format.JSON)) == wanted
    assert [json.loads(line) for line in written(con, Format.NDJSON).split("\n")[:-1]] == wanted
