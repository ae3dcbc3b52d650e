"""The names that a connection knows, from DuckDB's catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from harvest_duck.catalog.tables import TABLES
from harvest_duck.engine.catalogue_names import names
from harvest_duck.introspection.sql_completion import complete
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


def test_all_that_is_offered_behind_an_account_is_bound_and_nothing_is_sent(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    found = [each.text for each in complete("FROM harvest.", "", names(con))]
    assert found == [*sorted(TABLES), *(f"{name}(" for name in sorted(views()))]
    for text in found:
        con.execute(f"DESCRIBE FROM harvest.{text}{')' if text.endswith('(') else ''}")
    assert not sandbox.requests


def test_all_columns_and_arguments_are_known_with_what_they_mean(con: duckdb.DuckDBPyConnection) -> None:
    known = names(con)
    for name, table in TABLES.items():
        relation = known.relation(["harvest", name])
        assert relation is not None
        assert relation.meaning == table.description
        assert [each.name for each in relation.columns] == [column.name for column in table.columns]
        assert all(each.type and each.meaning for each in relation.columns)
    for name, view in views().items():
        relation = known.relation([name])
        assert relation is not None
        assert [each.name for each in relation.columns] == [*view.columns]
        assert [each.meaning for each in relation.arguments or ()] == [each.text for each in view.arguments]
    for name, relation in known.within(["temp"]).items():
        assert not name.startswith("harvest_") or relation.meaning, name


def test_each_function_takes_accounts_and_tables_where_duckdb_does(con: duckdb.DuckDBPyConnection) -> None:
    known = names(con, ["acme"])
    functions = con.execute("""
        SELECT DISTINCT function_name, parameters FROM duckdb_functions() WHERE function_name LIKE 'harvest_%'
    """).fetchall()
    for function, parameters in functions:
        for position, parameter in enumerate(parameters):
            before = f"FROM {function}({'NULL, ' * position}'"
            offered = [each.text for each in complete(before, "", known)]
            assert ("DSN=acme" in offered) is (parameter == "conn"), (before, offered)
            assert ("clients'" in offered) is (parameter == "tbl"), (before, offered)


def test_what_somebody_makes_is_known() -> None:
    with duckdb.connect() as con:
        con.execute("""
            ATTACH ':memory:' AS europe; CREATE TABLE europe.clients (id INTEGER);
            CREATE SCHEMA "my stage"; CREATE TABLE "my stage".t (a INTEGER); CREATE TEMP TABLE mine ("b c" DATE);
            CREATE MACRO summed(x) AS 2 * x; CREATE MACRO europe.recent(days) AS TABLE SELECT 1;
            COMMENT ON TABLE "my stage".t IS 'for later'; SET search_path = '"my stage",europe'
        """)
        known = names(con, ["acme"])

    def offered(before: str, after: str = "") -> list[str]:
        return [each.text for each in complete(before, after, known)]

    assert offered("FROM ") == ["europe.", "memory.", '"my stage".', "clients", "mine", "t", "recent("]
    assert offered("FROM recent(") == ["days := "]
    assert known.within(["my stage"])["t"].meaning == "for later"
    assert offered('SELECT "b', " FROM mine") == ['"b c"']
    assert offered("SELECT summe") == ["summed("]
    assert offered("SELECT 'DSN=") == ["DSN=acme"]
    assert {"read_csv(", "read_json("} <= {*offered("FROM read_")}
    assert {"sum("} <= {*offered("SELECT su")}
