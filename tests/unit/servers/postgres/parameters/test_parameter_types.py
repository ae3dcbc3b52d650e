from __future__ import annotations

import pytest

from harvest_duck.servers.postgres.parameters.parameter_types import parameter_types
from harvest_duck.servers.postgres.sql.tokens import tokens
from harvest_duck.servers.postgres.sql.type_names import named_type

BOOL, INT8, INT4, TEXT, FLOAT8, NUMERIC = 16, 20, 23, 25, 701, 1700
DATE, TIMESTAMPTZ, INTERVAL, UNKNOWN = 1082, 1184, 1186, 705
COLUMNS = {
    "id": INT8, "client_id": INT8, "name": TEXT, "hours": NUMERIC, "spent_date": DATE, "billable": BOOL,
    "created_at": TIMESTAMPTZ, "external_reference": 114,
}  # fmt: skip


def types(sql: str, *declared: int) -> tuple[int, ...]:
    return parameter_types(tokens(sql), declared or (0,) * sql.count("$"), COLUMNS.get)


@pytest.mark.parametrize(
    ("place", "oid"),
    [
        ("id = $1", INT8),
        ("$1 = t.id", INT8),
        ('"harvest"."clients"."id" <> $1', INT8),
        ("spent_date >= $1", DATE),
        ("created_at<$1", TIMESTAMPTZ),
        ("hours > ($1)", NUMERIC),
        ("hours > -$1", NUMERIC),
        ("billable = $1", BOOL),
        ("name LIKE $1", TEXT),
        ("name NOT ILIKE $1 ESCAPE '!'", TEXT),
        ("name ~* $1", TEXT),
        ("id IS DISTINCT FROM $1", INT8),
        ("id IS NOT DISTINCT FROM $1", INT8),
        ("spent_date BETWEEN $1 AND now()", DATE),
        ("spent_date NOT BETWEEN date '2026-01-01' AND $1", DATE),
        ("id > 1 AND $1 AND name = ''", BOOL),
        ("$1 BETWEEN id AND 9", INT8),
        ("id IN ($1)", INT8),
        ("id NOT IN (1, 2, $1)", INT8),
        ("id = ANY($1)", 1016),
        ("spent_date = ANY ($1)", 1182),
        ("id <> ALL($1)", 1016),
        ("id = ANY($1::int[])", 1007),
        ("id = $1::text", TEXT),
        ("x = CAST($1 AS date)", DATE),
        ("x = CAST($1 AS timestamp(3) with time zone)", TIMESTAMPTZ),
        ("x = $1::numeric(10, 2)", NUMERIC),
        ("x = $1::pg_catalog.int4", INT4),
        ("x = $1::character varying(20)", 1043),
        ("x = $1::double precision", FLOAT8),
        ("x = $1::_text", 1009),
        ("x = $1::integer ARRAY", 1007),
        ("x = $1::regclass", TEXT),
        ("(($1))::date = x", DATE),
        ("x::date = $1", DATE),
        ("x::varchar(3) = $1", 1043),
        ("CAST(x AS date) = $1", DATE),
        ("lower(name) = $1", TEXT),
        ("date_trunc('month', spent_date) = $1", TIMESTAMPTZ),
        ("date_trunc('month', created_at::timestamp) = $1", 1114),
        ("extract(year FROM spent_date) = $1", NUMERIC),
        ("date_part('year', spent_date) = $1", FLOAT8),
        ("hours * 2 > $1", NUMERIC),
        ("$1 < 2 * hours + 1", NUMERIC),
        ("other_column * 2 > $1", NUMERIC),
        ("id + 1 = $1", INT8),
        ("id / 2 = $1", FLOAT8),
        ("spent_date + 1 BETWEEN $1 AND now()", DATE),
        ("spent_date - date '2026-01-01' > $1", INT4),
        ("created_at - INTERVAL '1 day' > $1", TIMESTAMPTZ),
        ("now() - created_at > $1", INTERVAL),
        ("INTERVAL '1 day' * 2 > $1", INTERVAL),
        ("spent_date - INTERVAL '1 day' > $1", 1114),
        ("id = -1 + $1", INT4),
        ("sum(id) = $1", NUMERIC),
        ("coalesce(hours, 0) < $1", NUMERIC),
        ("7 = $1", INT4),
        ("hours * $1 > 3", NUMERIC),
        ("id = $1 + 1", INT4),
        ("spent_date >= $1 - INTERVAL '1 day'", DATE),
        ("spent_date + $1 > now()", INT4),
        ("created_at + $1 > now()", INTERVAL),
        ("spent_date = current_date - $1", DATE),
        ("NOT $1", BOOL),
        ("(($1) OR true)", BOOL),
        ("x = $1", UNKNOWN),
        ("external_reference = $1", UNKNOWN),
        ("$1 = $1", UNKNOWN),
        ("(a, b) = $1", UNKNOWN),
        ("created_at AT TIME ZONE $1 > now()", TEXT),
    ],
)
def test_a_parameter_has_the_type_of_what_it_stands_beside(place: str, oid: int) -> None:
    assert types(f"SELECT 1 FROM time_entries t WHERE {place}", 0) == (oid,)


@pytest.mark.parametrize(
    ("sql", "oids"),
    [
        ("SELECT $1", (UNKNOWN,)),
        ("SELECT $1 LIMIT $2 OFFSET $3", (UNKNOWN, INT8, INT8)),
        ("SELECT 1 FETCH FIRST $1 ROWS ONLY", (INT8,)),
        ("FROM t WHERE spent_date BETWEEN $1 AND $2 AND id = $3", (DATE, DATE, INT8)),
        ("FROM t WHERE id IN ($1, $2) OR spent_date = $3", (INT8, INT8, DATE)),
        ("SELECT coalesce(hours, $1), nullif($2, id), round(hours, $3)", (NUMERIC, INT8, INT4)),
        ("SELECT date_trunc($1, $2), to_char(spent_date, $3)", (TEXT, TIMESTAMPTZ, TEXT)),
        ("FROM harvest.utilization($1, $2)", (DATE, DATE)),
        ("FROM utilization(to_date := $1, week_starts => $2)", (DATE, TEXT)),
        ("FROM t WHERE $1 IS NULL OR id = $1", (INT8,)),
        ("SELECT '$1', \"$2\", $$ $3 $$, $1 -- $4", (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)),
        ("SELECT (a)[$1] FROM t HAVING sum(hours) > $2", (UNKNOWN, NUMERIC)),
    ],
)
def test_each_parameter_has_a_type(sql: str, oids: tuple[int, ...]) -> None:
    assert types(sql, *[0] * len(oids)) == oids


def test_what_a_client_declared_stays() -> None:
    assert types("SELECT 1 FROM t WHERE id = $1 AND spent_date = $2", 1043, 0) == (1043, DATE)


def test_a_parameter_that_there_is_not_is_passed_over() -> None:
    assert types("SELECT $0, $9, ($1", 0) == (UNKNOWN,)


def test_thousands_of_parameters_take_no_time_that_grows_with_their_square() -> None:
    count = 4_000
    sql = f"SELECT 1 FROM t WHERE id IN ({', '.join(f'${number}' for number in range(1, count + 1))})"
    assert set(types(sql, *[0] * count)) == {INT8}


@pytest.mark.parametrize(
    ("name", "oid"),
    [("int", INT4), ("int[]", 1007), ("int[][]", 1007), ("_date", 1182), ("varchar[]", 1015), ("parsec", None)],
)
def test_a_type_has_the_number_that_it_has_in_postgresql(name: str, oid: int | None) -> None:
    assert named_type(name) == oid
