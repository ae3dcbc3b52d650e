"""Where a piece of what is typed ends: DuckDB's parser is the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.cli.shell.pieces import ended, is_whole, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What stands in a SELECT, with semicolons that end nothing.
VALUES = [
    "1",
    "';'",
    "'a'';'",
    "$$;'$$",
    "$q$ ; $$ $q$",
    "';' || 'é;'",
    "/* ; */ 2",
    "3 -- ;\n",
    "e'\\';'",
    "/* ' */ 4",
]
FINISHED = st.lists(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3), max_size=3).map(
    lambda statements: "".join(f"SELECT {', '.join(values)}\n;" for values in statements)
)


@pytest.fixture(scope="module")
def parser() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads statements and runs none."""
    with duckdb.connect() as con:
        yield con


def count(con: duckdb.DuckDBPyConnection, sql: str) -> int | None:
    """The number of statements that DuckDB reads, None for what it cannot read."""
    try:
        return len(con.extract_statements(sql))
    except duckdb.Error:
        return None


@given(FINISHED, st.sampled_from(VALUES), st.integers(0, 200), st.sampled_from(["", " ", "\n", " -- ;", "/* ; */"]))
def test_sql_has_ended_where_duckdb_takes_what_follows_as_a_statement_of_its_own(
    parser: duckdb.DuckDBPyConnection, sql: str, value: str, length: int, behind: str
) -> None:
    typed = f"{sql} SELECT {value}"[:length] + behind
    before, after = count(parser, typed), count(parser, f"{typed}\nSELECT 42")
    # An unfinished SELECT and the next one can be read together only where a semicolon parts them.
    assert ended(typed) is (bool(before) and after == (before or 0) + 1)


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("", True),
        (" \n", True),
        (";", True),
        ("SELECT 1", False),
        ("SELECT ';", False),
        ('SELECT ";', False),
        ("SELECT $$;", False),
        ("SELECT 1; /* ", False),
        ("SELECT 1; -- done", True),
        ("SELEC 1;", True),
        ("SELECT '\ud800;", False),
        (".tables", True),
        (".explain SELECT ';", True),
        ("SELECT 1;\n.tables", True),
        (".tables\nSELECT 1", False),
        ("SELECT 1\n.5;", True),
    ],
)
def test_enter_sends_what_is_whole(typed: str, whole: bool) -> None:
    assert is_whole(typed) is whole


def test_a_script_falls_into_dot_commands_and_statements() -> None:
    lines = "-- tables\n.tables\n\nSELECT 1\n  .b;\n.mode csv\nSELECT ';\n.quit\n'; SELECT 2;\n"
    lines += "SELECT 3; /* and\n*/\n.mode\nSELECT 4"
    found = [(piece.line, piece.text) for piece in pieces(lines.splitlines(keepends=True))]
    assert found == [
        (2, ".tables"),
        (4, "SELECT 1\n  .b;\n"),
        (6, ".mode csv"),
        (7, "SELECT ';\n.quit\n'; SELECT 2;\n"),
        (10, "SELECT 3; /* and\n*/\n"),
        (12, ".mode"),
        (13, "SELECT 4"),
    ]
