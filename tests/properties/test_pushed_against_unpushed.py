"""Every table: a query finds the same rows whichever part of its predicate is pushed to Harvest."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.run_size import share, some_of
from support.sql_conditions import comparisons, literal, period, rejecting_what_duckdb_refuses

from harvest_duck.catalog.model import Origin, Scalar, Table
from harvest_duck.catalog.path import places
from harvest_duck.catalog.tables import TABLES

pytestmark = pytest.mark.takes_a_share

EXAMPLES = share(20)


@st.composite
def predicates(draw: st.DrawFn, table: Table, values: dict[str, list[str]], depth: int = 2) -> str:
    """Draw a condition over columns that have values, mostly those that parameters and paths push down."""
    if depth and draw(st.booleans()):
        terms = draw(st.lists(predicates(table, values, depth - 1), min_size=2, max_size=3))
        joined = draw(st.sampled_from([" AND ", " OR "])).join(f"({term})" for term in terms)
        return draw(st.sampled_from([joined, joined, f"NOT ({joined})"]))
    pushed = {param.column for param in table.params} | set(table.key) | {"account_id"}
    pushed |= {name for other in table.alternates for name in places(other.path)}
    answered = [name for name in values if name in pushed] or list(values)
    name = draw(st.sampled_from([*answered * 3, *values]))
    return draw(comparisons(table.column(name), st.sampled_from(values[name])))


@pytest.mark.parametrize("table", some_of(TABLES.values(), 1, every=4), ids=lambda table: table.name)
def test_pushdown_changes_no_rows(table: Table, con: duckdb.DuckDBPyConnection) -> None:
    names = [column.name for column in table.columns]
    columns = ", ".join(f'"{name}"' for name in names)
    scan = f"harvest_scan('{table.name}')"
    con.execute(f"CREATE OR REPLACE TEMP TABLE plain AS SELECT {columns} FROM {scan} WHERE {period(table)}")
    drawn = [each.name for each in table.columns if isinstance(each.type, Scalar) and each.origin is not Origin.INPUT]
    # In one query, since there are 600 columns.
    lists = ", ".join(f'list_sort(list(DISTINCT "{name}") FILTER ("{name}" IS NOT NULL))[:40]' for name in drawn)
    (found,) = con.execute(f"SELECT {lists} FROM plain").fetchall()
    values = {name: [*map(literal, some), "NULL"] for name, some in zip(drawn, found, strict=True) if some}
    pushed_columns = ", ".join(name for name in names if name != "include_fixed_fee")

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(predicate=predicates(table, values))
    def holds(predicate: str) -> None:
        with rejecting_what_duckdb_refuses():
            assert_same_rows(
                con,
                found=f"SELECT {pushed_columns} FROM {scan} WHERE {period(table)} AND ({predicate})",
                wanted=f"SELECT {pushed_columns} FROM plain WHERE {predicate}",
            )

    holds()


def assert_same_rows(con: duckdb.DuckDBPyConnection, *, found: str, wanted: str) -> None:
    """Fail if two queries have different rows, in any order."""
    if fingerprint(con, found) == fingerprint(con, wanted):
        return
    for more, less in ((found, wanted), (wanted, found)):
        only = con.execute(f"({more}) EXCEPT ALL ({less}) LIMIT 3").fetchall()
        assert only == [], f"only in {more}"
    raise AssertionError(f"other rows: {found}")


def fingerprint(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int | None] | None:
    """Return the number of rows, and the sum of the hashes of whole rows: DuckDB adds up a table in no time."""
    found: tuple[int, int | None] | None = con.execute(
        f"SELECT count(*), sum(hash(each)::HUGEINT) FROM ({query}) each"
    ).fetchone()
    return found


def test_rows_in_another_order_are_the_same_and_others_are_not() -> None:
    with duckdb.connect() as con:
        one, other = "FROM (VALUES (1, [2]), (3, NULL))", "FROM (VALUES (3, NULL), (1, [2]))"
        assert_same_rows(con, found=one, wanted=other)
        for changed in ("FROM (VALUES (1, [2]), (4, NULL))", "FROM (VALUES (1, [2]))", f"{one} UNION ALL {one}"):
            with pytest.raises(AssertionError):
                assert_same_rows(con, found=one, wanted=changed)
