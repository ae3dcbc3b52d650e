"""Names of columns without an alias: those of PostgreSQL 15, which was asked for each of these expressions."""

from __future__ import annotations

import duckdb
import pytest

from harvest_duck.servers.postgres.sql.column_names import column_names

#: An expression over a (integer), b (text) and d (timestamp), and the name that PostgreSQL 15.18 gave it.
NAMES = [
    ("1", "?column?"),
    ("'a'", "?column?"),
    ("-1", "?column?"),
    ("true", "?column?"),
    ("null", "?column?"),
    ("1 + 2", "?column?"),
    ("a", "a"),
    ("t.a", "a"),
    ("(t).a", "a"),
    ("-a", "?column?"),
    ("a::text", "a"),
    ("(a + 1)::text", "text"),
    ("'2020-01-01'::date", "date"),
    ("date '2020-01-01'", "date"),
    ("interval '1 day'", "interval"),
    ("interval '1' day", "interval"),
    ("cast(1 as int)", "int4"),
    ("cast(a + 1 as double precision)", "float8"),
    ("cast('x' as varchar(3))", "varchar"),
    ("1::numeric(10,2)", "numeric"),
    ("1.5::float8", "float8"),
    ("'x'::character varying", "varchar"),
    ("'1'::bigint::text", "text"),
    ("sum(a)::int", "sum"),
    ("sum(a)", "sum"),
    ("count(*)", "count"),
    ("count(distinct a)", "count"),
    ("COUNT(a)", "count"),
    ("max(a) + 1", "?column?"),
    ("sum(a) over (order by a)", "sum"),
    ("row_number() over ()", "row_number"),
    ("case when a = 1 then 2 end", "case"),
    ("case when a = 1 then 2 else a end", "a"),
    ("case when a = 1 then 2 else 3 end", "case"),
    ("case a when 1 then b else lower(b) end", "lower"),
    ("case when true then 1 end::text", "text"),
    ("coalesce(a, 1)", "coalesce"),
    ("nullif(a, 1)", "nullif"),
    ("greatest(a, 1)", "greatest"),
    ("least(a, 1)", "least"),
    ("extract(year from d)", "extract"),
    ("date_part('year', d)", "date_part"),
    ("date_trunc('month', d)", "date_trunc"),
    ("position('a' in b)", "position"),
    ("substring(b from 1 for 2)", "substring"),
    ("substring(b, 1, 2)", "substring"),
    ("trim(b)", "btrim"),
    ("trim(both 'x' from b)", "btrim"),
    ("trim(leading from b)", "ltrim"),
    ("trim(trailing 'x' from b)", "rtrim"),
    ("overlay(b placing 'x' from 1)", "overlay"),
    ("now()", "now"),
    ("current_date", "current_date"),
    ("current_timestamp", "current_timestamp"),
    ("localtimestamp", "localtimestamp"),
    ("current_time", "current_time"),
    ("a in (1, 2)", "?column?"),
    ("a between 1 and 2", "?column?"),
    ("b like 'x'", "?column?"),
    ("b ilike 'x'", "?column?"),
    ("b not like 'x'", "?column?"),
    ("b is null", "?column?"),
    ("a is not null", "?column?"),
    ("not true", "?column?"),
    ("a = 1 and true", "?column?"),
    ("a is distinct from 1", "?column?"),
    ("exists(select 1)", "exists"),
    ("(select a)", "a"),
    ("(select max(a) from (select 1 a) x)", "max"),
    ("(select 1)", "?column?"),
    ("(select a as z)", "z"),
    ("array[1, 2]", "array"),
    ("array(select 1)", "array"),
    ("(array[1, 2])[1]", "array"),
    ("row(1, 2)", "row"),
    ("(1, 2)", "row"),
    ("d at time zone 'UTC'", "timezone"),
    ("a = any(array[1])", "?column?"),
    ("b || 'x'", "?column?"),
    ("lower(b)", "lower"),
    ("length(trim(b))", "length"),
    ('a as "Q"', "Q"),
    ("a q", "q"),
    ("string_agg(b, ',' order by b)", "string_agg"),
    ("array_agg(a)", "array_agg"),
    ("percentile_cont(0.5) within group (order by a)", "percentile_cont"),
    ("sum(a) filter (where a > 1)", "sum"),
    ("grouping(a)", "grouping"),
    ('b collate "C"', "b"),
    ("b ~ 'x'", "?column?"),
    ("b ~* 'x'", "?column?"),
    ("lower(b) = 'x'", "?column?"),
    ("mod(a, 2)", "mod"),
    ("a % 2", "?column?"),
    ("to_char(d, 'YYYY')", "to_char"),
    ("pg_catalog.lower(b)", "lower"),
    ("concat(b, 'x')", "concat"),
    ("round(a, 2)", "round"),
    ("md5(b)", "md5"),
    ("upper(b)::varchar", "upper"),
    ("(((a)))", "a"),
    ("((1))", "?column?"),
    ("interval '1 day' * 2", "?column?"),
    ("true and false", "?column?"),
    ("bool 'true'", "bool"),
    ("int4 '1'", "int4"),
    ("time '10:00'", "time"),
    ("timestamp '2020-01-01'", "timestamp"),
    ("timestamp with time zone '2020-01-01'", "timestamptz"),
    ("'1 day'::interval", "interval"),
    ("b::char(3)", "b"),
    ("'x'::name", "name"),
    ("a::smallint", "a"),
    ("a::real", "a"),
    ("1::real", "float4"),
    ("'{}'::json", "json"),
    ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "uuid"),
]


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def named(con: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    names = [column[0] for column in con.execute(sql).description]
    return column_names(sql, names)


@pytest.mark.parametrize(("expression", "name"), NAMES)
def test_an_expression_has_the_name_that_postgresql_gives_it(
    con: duckdb.DuckDBPyConnection, expression: str, name: str
) -> None:
    source = "(SELECT 1 AS a, 'x' AS b, TIMESTAMP '2026-01-31' AS d) AS t"
    grouped = " GROUP BY a" if "grouping" in expression else ""
    sql = f"SELECT {expression} FROM {source}{grouped}"
    try:
        assert named(con, sql) == [name]
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
        # Spelled otherwise for DuckDB, or a function of ours.
        assert column_names(sql, ["otherwise"]) == [name]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT *, count(*) OVER () FROM (SELECT 1 AS a, 2 AS b)", ["a", "b", "count"]),
        ("SELECT 1 + 1, t.*, max(a) OVER () FROM (SELECT 1 AS a, 2 AS b) t", ["?column?", "a", "b", "max"]),
        (
            "SELECT t.*, a + 1, u.*, lower('x') FROM (SELECT 1 AS a) t, (SELECT 2 AS b) u",
            ["a", "?column?", "b", "lower"],
        ),
        ("SELECT * EXCLUDE (a), 'x' FROM (SELECT 1 AS a, 2 AS b)", ["b", "?column?"]),
        ("SELECT count(*), count(*) FROM (SELECT 1)", ["count", "count"]),
        ('SELECT 1 AS "Sum (h)", 2 "b c"', ["Sum (h)", "b c"]),
        ("SELECT count(*) FROM (SELECT 1) UNION ALL SELECT 2 AS x", ["count"]),
        ("(SELECT sum(a) FROM (SELECT 1 AS a)) LIMIT 1", ["sum"]),
        (
            "WITH x(a) AS (SELECT 1), y AS MATERIALIZED (SELECT a, 2 FROM x) SELECT max(a), 3 FROM y",
            ["max", "?column?"],
        ),
        ("WITH RECURSIVE x AS (SELECT 1 AS a UNION SELECT a FROM x) SELECT min(a) FROM x", ["min"]),
        ("SELECT DISTINCT ON (a) lower(b) FROM (SELECT 1 AS a, 'X' AS b)", ["lower"]),
        ("SELECT ALL 1 IS DISTINCT FROM 2, 3", ["?column?", "?column?"]),
        ("VALUES (1, 'a'), (2, 'b')", ["column1", "column2"]),
        ("FROM (SELECT 1 AS a)", ["a"]),
        ("SELECT /* one */ upper('a') -- two\n, 1", ["upper", "?column?"]),
        ("SELECT COLUMNS('a') FROM (SELECT 1 AS a, 2 AS aa)", ["a", "aa"]),
    ],
)
def test_names_of_whole_queries(con: duckdb.DuckDBPyConnection, sql: str, names: list[str]) -> None:
    assert named(con, sql) == names


def test_a_statement_that_nobody_writes_keeps_duckdb_s_names() -> None:
    for sql in ("SELECT " + "(" * 1000 + "1" + ")" * 1000, "SELECT a" + " AT TIME ZONE a" * 1000):
        assert column_names(sql, ["x"]) == ["x"]
