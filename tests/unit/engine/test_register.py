"""How DuckDB meets Harvest: registering, attaching, and leaving nothing behind."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow.compute as pc
import pytest

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import ConnectionStringError, Forbidden, HarvestDuckError, QueryError, UnknownTable
from harvest_duck.introspection import catalog_tables
from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox


@pytest.fixture
def own(connection: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of the test's own."""
    with harvest_duck.connect(connection) as opened:
        yield opened


def test_register_serves_the_default_connection_and_can_be_done_again(connection: str) -> None:
    harvest_duck.register()
    harvest_duck.register()
    found = duckdb.sql(f"SELECT count(*) > 0 FROM harvest_scan('clients', '{connection}')").fetchall()
    assert found == [(True,)]


def test_a_connection_string_can_be_a_parameter_or_named(connection: str) -> None:
    with duckdb.connect() as con:
        harvest_duck.register(con)
        first = con.execute("SELECT count(*) FROM harvest_scan(?, ?)", ["clients", connection]).fetchone()
        second = con.execute("SELECT count(*) FROM harvest_scan('Clients', conn := ?)", [connection]).fetchone()
    assert first == second


def test_views_describe_themselves(con: duckdb.DuckDBPyConnection) -> None:
    views = con.execute(
        "SELECT view_name, comment FROM duckdb_views() WHERE database_name = 'harvest' AND schema_name = 'main'"
    ).fetchall()
    assert dict(views) == {table.name: table.description for table in TABLES.values()}
    comment = con.execute(
        "SELECT comment FROM duckdb_columns() "
        "WHERE database_name = 'harvest' AND table_name = 'time_entries' AND column_name = 'hours'"
    ).fetchone()
    assert comment == (TABLES["time_entries"].column("hours").description,)


def test_views_join(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    found = con.execute(
        "SELECT count(*) FROM harvest.projects p JOIN harvest.clients c ON c.id = p.client_id"
    ).fetchone()
    assert found == (len(sandbox.records(MAIN_ID, "projects")),)


def test_accounts_stand_side_by_side(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    harvest_duck.attach(con, sandbox.connection_string(account_id=EURO_ID), name="second account")
    found = con.execute(
        'SELECT DISTINCT account_id FROM (FROM harvest.clients UNION ALL FROM "second account".clients)'
    ).fetchall()
    con.execute('DETACH "second account"')
    assert sorted(found) == [(MAIN_ID,), (EURO_ID,)]


def test_attaching_a_name_again_replaces_it_and_a_taken_name_is_refused(
    own: duckdb.DuckDBPyConnection, connection: str
) -> None:
    harvest_duck.attach(own, connection, name="harvest")
    with pytest.raises(ConnectionStringError, match="memory cannot be attached, choose another name"):
        harvest_duck.attach(own, connection, name="memory")


def test_a_database_file_keeps_nothing(tmp_path: Path, connection: str) -> None:
    file = tmp_path / "own.duckdb"
    with harvest_duck.connect(connection, database=file) as con:
        con.execute("CREATE TABLE kept AS SELECT id, name FROM harvest.clients")
    with duckdb.connect(str(file)) as con:
        assert con.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("kept",)]
        assert con.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchone() == (0,)
    assert b"APIKey" not in file.read_bytes()


def test_a_connection_string_that_cannot_be_used_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConnectionStringError, match="DSN names no connection"):
        harvest_duck.connect("DSN=nope", database=tmp_path / "own.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_file_can_be_queried_beside_harvest(tmp_path: Path, connection: str) -> None:
    file = tmp_path / "own.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE mine AS SELECT 42 AS answer")
    with harvest_duck.connect(connection, database=file, read_only=True) as con:
        assert con.execute("SELECT answer, (SELECT count(*) > 0 FROM harvest.clients) FROM mine").fetchone() == (
            42,
            True,
        )
        with pytest.raises(duckdb.Error):
            con.execute("CREATE TABLE own.other (i INT)")


def test_results_become_parquet(con: duckdb.DuckDBPyConnection, tmp_path: Path, sandbox: Sandbox) -> None:
    target = tmp_path / "invoices.parquet"
    con.execute(f"COPY (FROM harvest_scan('invoices')) TO '{target}'")
    read = con.execute(f"SELECT count(*) FROM '{target}'").fetchone()
    assert read == (len(sandbox.records(MAIN_ID, "invoices")),)


def test_the_catalogue_is_a_table(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("SELECT count(*) FROM harvest_tables()").fetchone() == (len(TABLES),)
    columns = sum(len(table.columns) for table in TABLES.values())
    assert con.execute("SELECT count(*) FROM harvest_columns()").fetchone() == (columns,)
    found = con.execute(
        "SELECT data_type, operators FROM harvest_columns('time_entries') WHERE column_name = 'spent_date'"
    ).fetchone()
    assert found == ("DATE", ["=", "IN", "<", "<=", ">", ">="])


def test_the_types_that_are_told_are_the_types_that_come(con: duckdb.DuckDBPyConnection) -> None:
    told = con.execute("SELECT table_name, column_name, data_type FROM harvest_columns()").fetchall()
    come = con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'harvest' AND schema_name = 'main'"
    ).fetchall()
    unquoted = [(table, column, kind.replace('"', "")) for table, column, kind in come]
    assert sorted(told) == sorted(unquoted)


def test_an_unknown_table_names_the_nearest(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match='no Harvest table "tme_entries"; did you mean "time_entries"'):
        con.execute("FROM harvest_scan('tme_entries')")
    with pytest.raises(UnknownTable, match="did you mean"):
        harvest_duck.scan("tme_entries")
    with pytest.raises(duckdb.Error, match="no Harvest table"):
        con.execute("FROM harvest_scan('clients''; DROP TABLE x; --')")


def test_the_hidden_column_comes_where_it_is_asked_for(con: duckdb.DuckDBPyConnection, connection: str) -> None:
    hidden = f"harvest_duck._internal.roles WHERE _session = '' AND _connection = '{connection}'"
    wanted = con.execute("SELECT id FROM harvest.roles WHERE id > 0 ORDER BY id").fetchall()
    found = con.execute(f"SELECT _connection, id FROM {hidden} AND id > 0 ORDER BY id").fetchall()
    assert found == [(connection, number) for (number,) in wanted]
    assert con.execute(f"SELECT _connection FROM {hidden}").fetchall() == [(connection,)] * len(wanted)
    assert con.execute(f"SELECT id FROM {hidden} AND (_connection = 'y' OR id < 0)").fetchall() == []


def test_without_the_optimizer_a_scan_refuses(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("PRAGMA disable_optimizer")
    with pytest.raises(duckdb.Error, match="no connection string reached the scan"):
        con.execute("FROM harvest.clients").fetchall()


def test_a_connection_string_from_a_column_refuses(con: duckdb.DuckDBPyConnection, connection: str) -> None:
    with pytest.raises(duckdb.Error, match="only supports literals as parameters"):
        con.execute(
            f"SELECT * FROM (VALUES ('{connection}'), ('x')) v(c), LATERAL (FROM harvest_scan('clients', c))"
        ).fetchall()


@pytest.mark.parametrize("sql", ["FROM harvest_scan('clients', NULL)", "FROM harvest_scan('clients', ?)"])
def test_a_connection_string_that_is_null_is_refused(sql: str, con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match="the connection string is NULL"):
        con.execute(sql, [None] if "?" in sql else None)


def test_the_handle_of_an_attached_account_cannot_be_guessed(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT sql FROM duckdb_views() WHERE database_name = 'harvest' AND view_name = 'users'"
    ).fetchone()
    assert found is not None
    assert re.search(r"_connection = '@[0-9a-f]{32}'", found[0])
    assert "APIKey" not in found[0]


def test_the_last_error_keeps_its_type(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    harvest_duck.register(con, sandbox.connection_string(role="member") + ";RateLimit=off")
    assert harvest_duck.last_error(con) is None
    with pytest.raises(duckdb.Error, match="clients page 1: Harvest answered 403"):
        con.execute("FROM harvest_scan('clients')").fetchall()
    assert isinstance(harvest_duck.last_error(con), Forbidden)


def test_an_option_that_is_not_chosen_is_asked_for(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match="add include_fixed_fee = true or include_fixed_fee = false"):
        con.execute(
            "SELECT project_name FROM harvest.report_time_projects "
            "WHERE from_date = '2026-01-01' AND to_date = '2026-02-01' AND NOT include_fixed_fee"
        ).fetchall()
    assert isinstance(harvest_duck.last_error(con), QueryError)


def test_dsn_sandbox_needs_nothing() -> None:
    with harvest_duck.connect("DSN=sandbox") as con:
        assert con.execute("SELECT count(*) > 0 FROM harvest.clients").fetchone() == (True,)


def test_every_public_name_exists() -> None:
    for name in harvest_duck.__all__:
        assert getattr(harvest_duck, name)
    assert issubclass(ConnectionStringError, HarvestDuckError)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = harvest_duck.nothing  # type: ignore[attr-defined]


def test_a_database_of_the_users_own_is_never_written_to(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, connection: str
) -> None:
    file = tmp_path / "mine.duckdb"
    with duckdb.connect(str(file)) as own:
        own.execute("CREATE VIEW time_entries AS SELECT 1 AS mine")
    con.execute(f"ATTACH '{file}' AS mine")
    with pytest.raises(ConnectionStringError, match=r"a database called mine \(.*mine.duckdb\) is there already"):
        harvest_duck.attach(con, connection, name="mine")
    assert con.execute("SELECT mine FROM mine.time_entries").fetchone() == (1,)
    con.execute("DETACH mine")


def test_both_values_of_an_option_are_two_reports(connection: str) -> None:
    days = (pc.field("from_date") == date(2026, 1, 1)) & (pc.field("to_date") == date(2026, 6, 30))
    keep = days & pc.field("include_fixed_fee").isin([True, False])
    read = harvest_duck.scan("report_time_clients", connection, filter=keep).read_all()
    assert set(read.column("include_fixed_fee").to_pylist()) == {True, False}


def test_registering_computes_no_listing() -> None:
    catalog_tables.columns.cache_clear()
    with duckdb.connect() as con:
        harvest_duck.register(con)
        assert catalog_tables.columns.cache_info().misses == 0
        con.execute("FROM harvest_columns()").fetchall()
    assert catalog_tables.columns.cache_info().misses == 1
