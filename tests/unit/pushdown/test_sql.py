"""Predicates as SQL text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.strategies import SCHEMA, Row, may_hold, predicates, rows

from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown
from harvest_duck.pushdown.sql import condition

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERED = SCHEMA.append(pa.field("n", pa.int64()))


@pytest.fixture(scope="module")
def plain() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection without Harvest."""
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


@settings(deadline=None, max_examples=share(100))
@given(predicate=predicates(unknown=False), few=st.lists(rows(), max_size=5))
def test_a_condition_is_sql_that_means_the_predicate(
    predicate: Predicate, few: list[Row], plain: duckdb.DuckDBPyConnection
) -> None:
    # An empty list is no SQL.
    if "IN ()" in condition(predicate):
        return
    plain.register("few", pa.Table.from_pylist([{**row, "n": n} for n, row in enumerate(few)], schema=NUMBERED))
    kept = plain.execute(f"SELECT n FROM few WHERE {condition(predicate)} ORDER BY n").fetchall()
    assert [n for (n,) in kept] == [n for n, row in enumerate(few) if may_hold(predicate, row)]


def test_a_condition_that_is_too_long_or_not_understood_is_a_comment() -> None:
    many = In("id", frozenset(range(1, 13)))
    assert condition(many) == "id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, /* and 2 more */)"
    either = Or(tuple(Compare("id", Op.EQ, n) for n in range(12)))
    assert condition(either).endswith("id = 9 OR /* and 2 more */")
    assert condition(And((Unknown("function f"), IsNull("a")))) == "/* not understood: function f */ AND a IS NULL"
    deep: Predicate = IsNull("a")
    for _ in range(5000):
        deep = Not(deep)
    assert condition(deep).count("NOT") == 9
