"""What DuckDB's parse tree of a query may reach, by a cursor alone, on each DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from harvest_duck.servers.gate.gate import Reach, reach_of, refuse_unfit
from harvest_duck.servers.gate.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

FIT = [
    "SELECT * FROM clients",
    "SELECT * FROM Harvest.Clients",
    "SELECT * FROM harvest.main.clients c, LATERAL (SELECT c.id) x",
    "TABLE clients",
    "VALUES (1), (2)",
    "FROM utilization() SELECT id",
    "SELECT * FROM pg_class, postgres.information.tables",
    "SELECT current_setting('TimeZone'), postgres.catalog.current_setting('x')",
    "SELECT getvariable('postgres_user')",
    "WITH x AS (SELECT 1 AS a), y AS MATERIALIZED (SELECT * FROM x) SELECT * FROM y",
    "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r WHERE a < 3) SELECT * FROM r",
    "SELECT * FROM generate_series(1, 3), unnest([1, 2]), json_each('{}')",
    "SELECT sum(id) FILTER (WHERE id > 1) OVER (PARTITION BY name ORDER BY id), count(*) OVER () FROM clients",
    "SELECT list_transform([1], lambda x: x + 1), [x FOR x IN [1]], {'a': 1}.a, CASE WHEN true THEN 1 END",
    "SELECT * EXCLUDE (id) REPLACE (1 AS name), COLUMNS('id') FROM clients TABLESAMPLE 10%",
    "SELECT DISTINCT ON (id) id FROM clients UNION SELECT 1 ORDER BY 1 LIMIT 1 OFFSET 1",
    "SELECT id FROM clients LIMIT 10%",
    "DESCRIBE clients",
    "SUMMARIZE clients",
    "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b",
    "FROM clients PIVOT (count(*) FOR name IN ('a', 'b'))",
    "SELECT name.upper(), c.name.lower() FROM clients c",
    "SELECT DATE '2026-01-31', INTERVAL 1 DAY, TRY_CAST('x' AS INTEGER), 'a' COLLATE NOCASE",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id), string_agg(name, ',' ORDER BY id) FROM clients",
    "SELECT 1 WHERE 1 IN (SELECT id FROM clients) AND EXISTS (SELECT 1) AND 1 BETWEEN 0 AND 2 AND 1 = ANY (SELECT 1)",
    "FROM harvest_explain('SELECT * FROM clients', probe := false)",
]
#: DuckDB 1 has no such syntax.
SYNTAX_OF_1 = {"42601"} if duckdb.__version__.startswith("1.") else set()
UNFIT: list[tuple[str, str | set[str]]] = [
    ("", "42601"),
    ("SELECT 1; SELECT 2", "42601"),
    ("SELECT FROM WHERE", "42601"),
    ("INSERT INTO clients VALUES (1)", "25006"),
    ("CREATE TABLE t (a INTEGER)", "25006"),
    ("SET x = 1", "25006"),
    ("EXECUTE p", "25006"),
    ("CALL enable_logging()", "25006"),
    ("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "25006"),
    ("WITH x AS (INSERT INTO clients VALUES (1) RETURNING *) SELECT * FROM x", "25006"),
    ("WITH x AS NOT MATERIALIZED (DELETE FROM clients RETURNING *) SELECT * FROM x", "25006"),
    ("PIVOT clients ON id USING count(*)", "0A000"),
    ("SELECT * FROM 'x.csv'", "42501"),
    ('SELECT * FROM "/etc/passwd"', "42501"),
    ("SELECT * FROM read_csv('x')", "42501"),
    ("SELECT * FROM duckdb_settings", "42P01"),
    ("SELECT * FROM main.duckdb_views", "42P01"),
    ("SELECT * FROM system.main.duckdb_views", "42P01"),
    ("FROM information_schema.tables", "42P01"),
    ("SELECT * FROM harvest._internal.account", "42P01"),
    ("SELECT * FROM a.b.c.clients", SYNTAX_OF_1 | {"42P01"}),
    ("SELECT * FROM other.utilization()", "42501"),
    ("WITH duckdb_settings AS (SELECT * FROM duckdb_settings) FROM duckdb_settings", "42P01"),
    ("WITH RECURSIVE d AS (SELECT * FROM duckdb_logs UNION ALL SELECT 1), duckdb_logs AS (SELECT 1) FROM d", "42P01"),
    ("FROM duckdb_settings, (WITH duckdb_settings AS (SELECT 1) SELECT 1) x", "42P01"),
    ("SELECT system.main.current_setting('x')", "42501"),
    ("SELECT main.current_setting('x')", "42501"),
    ("SELECT getvariable('x')", "42501"),
    ("SELECT getvariable('postgres_' || 'x')", "42501"),
    ("SELECT 'x'.getvariable()", SYNTAX_OF_1 | {"42501"}),
    ("SELECT sum(getvariable('x')) OVER ()", "42501"),
    ("SELECT list_transform(['a'], lambda x: getvariable(x))", "42501"),
    ("SELECT 1 ORDER BY (SELECT nextval('s'))", "42501"),
    ("SELECT * FROM clients AT (VERSION => getvariable('x'))", "42501"),
    ("FROM clients PIVOT (max(getvariable('x')) FOR id IN (1))", "42501"),
    ("SELECT harvest._internal.argument(1)", "42501"),
    ("SELECT temp.main.f(1)", "42501"),
    ("SHOW TABLES", "42501"),
    ("FROM (SHOW ALL TABLES)", "42501"),
    ("DESCRIBE", "42501"),
    ("DESCRIBE duckdb_settings", "42P01"),
    ("FROM (SUMMARIZE duckdb_settings)", "42P01"),
    ("FROM harvest_explain('FROM duckdb_settings()')", "42501"),
    ("FROM harvest_explain(probe := 'SELECT 1', query := 'FROM duckdb_settings()')", "42501"),
    ("FROM harvest_explain('SELECT ' || '1')", "0A000"),
    ("SELECT 1" + "+1" * 3000, "54001"),
]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """An instance with relations and macros where the server has them."""
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS harvest; CREATE SCHEMA harvest._internal")
        opened.execute(
            "ATTACH ':memory:' AS postgres; CREATE SCHEMA postgres.catalog; CREATE SCHEMA postgres.information"
        )
        opened.execute("CREATE TABLE harvest.main.clients (id INTEGER, name VARCHAR, is_active BOOLEAN)")
        opened.execute("CREATE VIEW harvest._internal.account AS SELECT 1")
        opened.execute("CREATE MACRO harvest.main.utilization() AS TABLE SELECT 1 AS id")
        opened.execute("CREATE MACRO harvest.main.harvest_explain(query, probe := true) AS TABLE SELECT query, probe")
        opened.execute("CREATE MACRO harvest._internal.argument(x) AS x")
        opened.execute("CREATE TABLE postgres.catalog.pg_class (oid UINTEGER)")
        opened.execute("CREATE TABLE postgres.information.tables (name VARCHAR)")
        opened.execute("CREATE MACRO postgres.catalog.current_setting(name) AS 'ours'")
        opened.execute("SET search_path = 'postgres.catalog,harvest.main'")
        yield opened


@pytest.fixture(scope="module")
def reach(con: duckdb.DuckDBPyConnection) -> Reach:
    return reach_of(con)


@pytest.mark.parametrize("sql", FIT)
def test_what_a_client_may_ask(con: duckdb.DuckDBPyConnection, reach: Reach, sql: str) -> None:
    refuse_unfit(con, sql, reach)
    con.execute(f"EXPLAIN {sql}")


@pytest.mark.parametrize(("sql", "code"), UNFIT)
def test_what_a_client_may_not(con: duckdb.DuckDBPyConnection, reach: Reach, sql: str, code: str | set[str]) -> None:
    with pytest.raises(Refusal) as raised:
        refuse_unfit(con, sql, reach)
    assert raised.value.sqlstate in ({code} if isinstance(code, str) else code)
    assert "\n" not in raised.value.message


def test_our_macros_stand_before_duckdb_s(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("SELECT current_setting('memory_limit')").fetchall() == [("ours",)]


@pytest.mark.parametrize(
    ("sql", "near"),
    [
        ("SELECT 'äöü', getvariable('x')", "getvariable"),
        ("SELECT 'äöü' FROM duckdb_settings", "duckdb_settings"),
        ("SELECT 'äöü' FROM clients WHERE )", ")"),
    ],
)
def test_a_place_counts_characters_of_duckdb_s_text(con: duckdb.DuckDBPyConnection, sql: str, near: str) -> None:
    with pytest.raises(Refusal) as raised:
        refuse_unfit(con, sql)
    assert raised.value.offset == sql.index(near)


def test_a_relation_that_is_not_there_suggests_one_of_harvest_s(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(Refusal, match='relation "client" does not exist') as raised:
        refuse_unfit(con, "SELECT * FROM client")
    assert raised.value.hint == 'Perhaps you meant the relation "clients".'
