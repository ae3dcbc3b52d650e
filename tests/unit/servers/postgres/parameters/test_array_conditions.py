from __future__ import annotations

import duckdb
import pytest

from harvest_duck.servers.postgres.parameters.array_conditions import with_lists
from harvest_duck.servers.postgres.parameters.parameters import literal
from harvest_duck.servers.postgres.sql.tokens import tokens

NUMBERS = literal(1016, 0, b"{3,NULL,1}")


def written(sql: str) -> str:
    return "".join(token.text for token in with_lists(tokens(sql)))


@pytest.mark.parametrize(
    ("condition", "listed"),
    [
        ("id = ANY(ARRAY[1, x + 2])", "id  IN (1,x + 2)"),
        ("id=some ( array [f(1, 2)] )", "id IN (f(1, 2))"),
        ("id <> ALL(ARRAY['a'])", "id  NOT IN ('a')"),
        ("id = ANY(ARRAY[1]::pg_catalog.int8[]) AND x", "id  IN ((1)::pg_catalog.int8) AND x"),
        (f"id = ANY({NUMBERS})", "id  IN (3,NULL,1)"),
        (f"id = ANY({literal(1007, 0, b'{3}')}::int[])", "id  IN ((3)::int)"),
        (f"name = ANY({literal(1009, 0, b'{a,NULL}')})", "name  IN ('a',CAST(NULL AS VARCHAR))"),
    ],
)
def test_a_condition_on_known_elements_is_a_list(condition: str, listed: str) -> None:
    assert written(f"SELECT 1 WHERE {condition}") == f"SELECT 1 WHERE {listed}"


@pytest.mark.parametrize(
    "condition",
    [
        "id = ANY(SELECT 1)", "id = ANY(names)", "id > ANY(ARRAY[1])", "id = ALL(ARRAY[1])", "id <> ANY(ARRAY[1])",
        "id = ANY('{1,2}')", "id = ANY(ARRAY[])", f"id = ANY({literal(1016, 0, b'{}')})", "id = ANY(ARRAY[[1]])",
        "id = ANY(ARRAY[1] || ARRAY[2])", "id = ANY(ARRAY[1]::text)", "id = any", "id = ANY(ARRAY[1", "any = 1",
    ],
)  # fmt: skip
def test_any_other_condition_stays(condition: str) -> None:
    assert written(f"SELECT 1 WHERE {condition}") == f"SELECT 1 WHERE {condition}"


def test_the_list_means_what_the_array_means() -> None:
    rows = "(VALUES (1), (2), (NULL)) t(id)"
    with duckdb.connect() as con:
        for elements in (b"{1}", b"{1,NULL}", b"{NULL}", b"{5,1}"):
            array = literal(1016, 0, elements)
            for condition in (f"id = ANY({array})", f"id <> ALL({array})", f"NOT id + 0 = ANY({array})"):
                listed = written(condition)
                assert "IN (" in listed
                sql = "SELECT id FROM {} WHERE {} ORDER BY 1"
                assert con.sql(sql.format(rows, condition)).fetchall() == con.sql(sql.format(rows, listed)).fetchall()
