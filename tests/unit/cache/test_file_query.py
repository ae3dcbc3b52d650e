"""The SELECT for the file of a copy: it keeps every row that the filter keeps, and narrows what it can."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import duckdb
import pytest

from harvest_duck.cache.file_query import select
from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror.definitions import columns
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown

TIME = TABLES["time_entries"]


@pytest.mark.parametrize(
    ("term", "where"),
    [
        (Compare("id", Op.GE, 5), ' WHERE "id" >= 5'),
        (Compare("hours", Op.NE, Decimal("1E+2")), ' WHERE "hours" <> 100'),
        (Compare("notes", Op.EQ, "it's"), " WHERE \"notes\" = 'it''s'"),
        (Compare("is_running", Op.EQ, value=True), ' WHERE "is_running" = true'),
        (Compare("spent_date", Op.LT, date(2026, 1, 2)), " WHERE \"spent_date\" < DATE '2026-01-02'"),
        (Compare("started_time", Op.GT, time(9, 30)), " WHERE \"started_time\" > TIME '09:30:00'"),
        (
            Compare("updated_at", Op.GT, datetime(2026, 1, 2, tzinfo=UTC)),
            " WHERE \"updated_at\" > TIMESTAMPTZ '2026-01-02 00:00:00+00:00'",
        ),
        (In("id", frozenset([7])), ' WHERE "id" IN (7)'),
        (In("id", frozenset()), " WHERE false"),
        (Not(IsNull("id")), ' WHERE "id" IS NOT NULL'),
        (Or((IsNull("id"), Compare("id", Op.EQ, 1))), ' WHERE ("id" IS NULL OR "id" = 1)'),
        (Or(()), " WHERE (false)"),
        (Unknown("no idea"), ""),
        (Not(Compare("id", Op.EQ, 1)), ""),
        (Or((IsNull("id"), Unknown("no idea"))), ""),
        (And((IsNull("id"), Unknown("no idea"))), ' WHERE ("id" IS NULL)'),
        (In("id", frozenset(range(2_000))), ""),
    ],
)
def test_a_term_is_written_where_sql_can_say_it(term: Predicate, where: str) -> None:
    query = select(TIME, "entries", ["id"], [term])
    assert query == f'SELECT "id" FROM entries{where}'
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE entries ({', '.join(f'{name} {kind}' for name, kind in columns(TIME).items())})")
        assert con.execute(query).fetchall() == []


def test_without_columns_rows_are_counted() -> None:
    assert select(TIME, "entries", [], []) == "SELECT count(*) FROM entries"


def test_a_term_that_nests_too_deep_is_left_to_the_filter() -> None:
    term: Predicate = IsNull("id")
    for _ in range(100):
        term = And((term,))
    assert select(TIME, "entries", ["id"], [term]) == 'SELECT "id" FROM entries'
