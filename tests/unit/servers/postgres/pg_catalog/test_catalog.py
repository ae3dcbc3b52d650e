from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

import harvest_duck.servers.postgres.pg_catalog as package
from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.pg_catalog.rewrite import rewritten
from harvest_duck.servers.postgres.sql.tokens import tokens

if TYPE_CHECKING:
    from conftest import Database


def test_tables_views_and_keys_are_told(database: Database) -> None:
    assert database.answer(
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'harvest'"
    ) == [
        ("clients", "BASE TABLE"),
        ("lock_up", "VIEW"),
        ("projects", "BASE TABLE"),
    ]
    assert database.answer(
        "SELECT constraint_name, unique_constraint_name FROM information_schema.referential_constraints"
    ) == [("projects_client_id_fkey", "clients_pkey")]
    assert database.answer(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'projects'::regclass ORDER BY 1"
    ) == [
        ("projects_client_id_fkey", "FOREIGN KEY (client_id) REFERENCES clients(id)"),
        ("projects_pkey", "PRIMARY KEY (id)"),
    ]


def test_a_ready_view_is_a_function_too(database: Database) -> None:
    ((arguments, result),) = database.answer(
        "SELECT pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc WHERE proname = 'lock_up'"
    )
    assert arguments == "as_of date DEFAULT CURRENT_DATE"
    assert result == "TABLE(as_of date, due numeric)"
    ((definition,),) = database.answer("SELECT pg_get_viewdef('lock_up'::regclass)")
    assert definition == (
        " SELECT lock_up.as_of,\n    (lock_up.due)::numeric(18,4) AS due\n"
        "   FROM lock_up(CURRENT_DATE) lock_up(as_of, due);"
    )


@pytest.mark.parametrize(
    ("sql", "code", "message", "position"),
    [
        ("SELECT * FROM pg_stats", "0A000", "pg_catalog.pg_stats is not known to this server", 15),
        ("SELECT * FROM pg_class c, pg_catalog.pg_authid a", "42501", "permission denied for table pg_authid", 38),
        ("SELECT (SELECT 1 FROM information_schema.sql_parts)", "42501", "permission denied for table sql_parts", 42),
    ],
)
def test_what_cannot_be_told_is_an_error_that_names_it(
    database: Database, sql: str, code: str, message: str, position: int
) -> None:
    with pytest.raises(Failure) as caught:
        database.answer(sql)
    assert (caught.value.sqlstate, caught.value.message) == (code, message)
    assert (
        caught.value.position
        == sql.index(message.removesuffix(" is not known to this server").split(".")[-1].split()[-1]) + 1
    )


def test_a_name_that_is_no_relation_is_no_error(database: Database) -> None:
    assert database.answer("SELECT pg_stats.pg_authid FROM (SELECT 1 AS pg_authid) AS pg_stats") == [(1,)]


def test_a_view_that_is_not_provided_fails_and_is_made_with_those_that_it_reads(database: Database) -> None:
    asked = rewritten(tokens("SELECT count(*) > 0 FROM information_schema.role_table_grants"), database.catalogue)
    with pytest.raises(duckdb.Error, match=r"role_table_grants\" was not provided"):
        database.con.execute(asked.sql).fetchall()
    database.catalogue.provide(database.con, asked.relations)
    assert database.con.execute(asked.sql).fetchall() == [(True,)]


def test_the_package_stays_small() -> None:
    data = Path(package.__file__).parent / "data"
    assert sum(file.stat().st_size for file in data.iterdir()) < 320_000


def test_a_setting_is_that_of_the_session(database: Database) -> None:
    with database.con.cursor() as con:
        con.execute("SET search_path = 'postgres.catalog'")
        con.execute("SET VARIABLE postgres_settings = MAP {'application_name': 'Excel'}")
        con.execute("SET VARIABLE postgres_user = 'ann'")
        told = con.execute("SELECT current_setting('Application_Name'), current_user, current_setting('nix', true)")
        assert told.fetchall() == [("Excel", "ann", None)]
        with pytest.raises(duckdb.Error, match='unrecognized configuration parameter "nix"'):
            con.execute("SELECT current_setting('nix')").fetchall()
