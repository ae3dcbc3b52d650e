"""The condition of Spark's data source."""

from __future__ import annotations

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import QueryError
from harvest_duck.integrations.spark.condition import refuse_no_condition

_TIME_ENTRIES = TABLES["time_entries"]


@pytest.mark.parametrize(
    "where",
    [
        "spent_date >= '2026-01-01' AND hours > 1.5",
        "time_entries.notes LIKE '%;%' -- no statement ends here",
        "id NOT IN (1, 2) OR lower(client_name) = 'a' OR started_time > '09:00'",
        "updated_at >= now() - INTERVAL 1 DAY",
        "CASE WHEN is_billed THEN true END",
    ],
)
def test_a_condition_is_let_through(where: str) -> None:
    refuse_no_condition(where, _TIME_ENTRIES)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("true) OR (true", "cannot be read"),
        ("(id = 1", "cannot be read"),
        ("true /* x", "cannot be read"),
        ("  ", "cannot be read"),
        ("true; DROP TABLE t", "nothing follows it"),
        ("true; SELECT 1", "nothing follows it"),
        ("true LIMIT 1", "nothing follows it"),
        ("true ORDER BY id", "nothing follows it"),
        ("true GROUP BY id", "nothing follows it"),
        ("true UNION SELECT 1", "nothing follows it"),
        ("true QUALIFY true", "nothing follows it"),
        ("true USING SAMPLE 10%", "nothing follows it"),
        ("id IN (SELECT 1)", "a subquery"),
        ("EXISTS (FROM read_csv('/etc/passwd'))", "a subquery"),
        ("row_number() OVER () = 1", "a window function"),
        ("id = ?", "a parameter"),
        ("COLUMNS(*) IS NULL", "a star"),
        ("count(*) = 1", "aggregates"),
        ("hour = 1", "hour"),
        ("spent_date >= '2026-13-01'", "out of range"),
        ("id", "is a BIGINT"),
        ("'x'", "is a VARCHAR"),
        ("read_text('/etc/passwd') = ''", "table function"),
    ],
)
def test_what_is_no_condition_is_refused(where: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        refuse_no_condition(where, _TIME_ENTRIES)
    assert str(caught.value).startswith("option where")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
