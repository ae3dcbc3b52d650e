"""Every connection of a database knows what one of them attached: cursors, duplicates, threads, files."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import duckdb
import pytest

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import ConnectionStringError, Forbidden, QueryError
from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

CLIENTS = "SELECT count(*) FROM harvest.clients"


@pytest.fixture
def own(connection: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of the test's own, as a user opens it, for what would change the shared one."""
    with harvest_duck.connect(connection) as opened:
        yield opened


@pytest.fixture
def clients(sandbox: Sandbox) -> tuple[int]:
    """The row of `CLIENTS`."""
    return (len(sandbox.records(MAIN_ID, "clients")),)


@pytest.mark.parametrize(
    "way",
    [
        lambda con: con.cursor(),
        lambda con: con.duplicate(),
        lambda con: con.cursor().cursor(),
        lambda con: con,
    ],
    ids=["cursor", "duplicate", "cursor of a cursor", "itself"],
)
def test_another_connection_of_the_database_reads_what_one_attached(
    con: duckdb.DuckDBPyConnection,
    clients: tuple[int],
    way: Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyConnection],
) -> None:
    other = way(con)
    assert other.execute(CLIENTS).fetchone() == clients
    assert other.execute("SELECT count(*) FROM harvest.harvest_scan('clients')").fetchone() == clients
    assert other.execute("SELECT count(*) FROM harvest.harvest_tables()").fetchone() == (len(TABLES),)


def test_the_cursor_of_duckdb_itself_is_one_of_its_default_connection(connection: str, clients: tuple[int]) -> None:
    harvest_duck.attach(None, connection, name="harvest")
    try:
        assert duckdb.cursor().execute(CLIENTS).fetchone() == clients
        assert duckdb.connect(":default:").execute(CLIENTS).fetchone() == clients
    finally:
        duckdb.execute("DETACH harvest")


def test_the_default_connection_keeps_its_account(connection: str, clients: tuple[int]) -> None:
    # Twice, since the first account of a database is kept by the database. DuckDB frees the object that stands for it.
    for _ in range(2):
        harvest_duck.register(None, connection)
        gc.collect()
        assert duckdb.execute("SELECT count(*) FROM harvest_scan('clients')").fetchone() == clients
    explained = duckdb.execute("SELECT requests FROM harvest_explain('SELECT id FROM harvest_scan(''clients'')')")
    assert explained.fetchall() == [(1,)]
    assert duckdb.execute("SELECT DISTINCT table_name FROM harvest_requests()").fetchall() == [("clients",)]


def test_a_cursor_whose_connection_was_dropped_at_once_reads(connection: str, clients: tuple[int]) -> None:
    cursor = harvest_duck.connect(connection).cursor()
    gc.collect()
    assert cursor.execute(CLIENTS).fetchone() == clients


def test_threads_read_with_a_cursor_each(con: duckdb.DuckDBPyConnection, clients: tuple[int]) -> None:
    found: list[object] = []

    def read(cursor: duckdb.DuckDBPyConnection, *, registered: bool) -> None:
        with cursor:
            if registered:
                harvest_duck.register(cursor)
            found.extend(cursor.execute(CLIENTS).fetchone() for _ in range(5))

    threads = [threading.Thread(target=read, args=(con.cursor(),), kwargs={"registered": n % 2 == 0}) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [clients] * 40


@pytest.mark.thorough
def test_threads_that_register_at_once_bind_the_database_once(connection: str, clients: tuple[int]) -> None:
    with duckdb.connect() as con:
        errors: list[BaseException] = []
        together = threading.Barrier(3)

        def register(cursor: duckdb.DuckDBPyConnection, name: str) -> None:
            try:
                together.wait()
                harvest_duck.register(cursor, connection)
                harvest_duck.attach(cursor, connection, name=name)
                assert cursor.execute("SELECT count(*) FROM harvest_scan('clients')").fetchone() == clients
                cursor.close()
            except BaseException as error:  # noqa: BLE001 - raised again below
                errors.append(error)

        threads = [threading.Thread(target=register, args=(con.cursor(), f"account{n}")) for n in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert errors == []
        # The cursor that bound the database is closed by now.
        for n in range(3):
            assert con.execute(f"SELECT count(*) FROM account{n}.clients").fetchone() == clients


def test_a_registered_cursor_has_requests_errors_and_an_account_of_its_own(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    cursor = con.cursor()
    harvest_duck.register(cursor, sandbox.connection_string(account_id=EURO_ID))
    query = "SELECT DISTINCT account_id FROM harvest_scan('clients')"
    assert (con.execute(query).fetchall(), cursor.execute(query).fetchall()) == ([(MAIN_ID,)], [(EURO_ID,)])
    sent = "SELECT DISTINCT account_id FROM harvest_requests()"
    assert (con.execute(sent).fetchall(), cursor.execute(sent).fetchall()) == ([(MAIN_ID,)], [(EURO_ID,)])
    with pytest.raises(duckdb.Error):
        cursor.execute("FROM harvest.report_time_team").fetchall()
    assert isinstance(harvest_duck.last_error(cursor), QueryError)
    assert harvest_duck.last_error(con) is None


def test_a_registered_cursor_finds_tables_and_functions_without_a_catalog(con: duckdb.DuckDBPyConnection) -> None:
    cursor = con.cursor()
    assert cursor.execute("SHOW TABLES").fetchall() == []
    harvest_duck.register(cursor)
    for each in (con, cursor):
        assert each.execute("SHOW TABLES").fetchall() == [(name,) for name in sorted(TABLES)]
        each.execute("SELECT id FROM clients LIMIT 1").fetchall()
        each.execute("FROM harvest_scan('clients') LIMIT 1").fetchall()


@pytest.mark.parametrize(
    "name",
    [
        'my "a", b.c',
        pytest.param("Harvest", marks=pytest.mark.thorough),
        pytest.param("select", marks=pytest.mark.thorough),
    ],
)
def test_tables_stand_once_in_the_search_path_whatever_the_catalog_is_called(
    name: str, connection: str, clients: tuple[int]
) -> None:
    with harvest_duck.connect(connection, name=name) as con:
        path = con.execute("SELECT current_setting('search_path')").fetchall()
        harvest_duck.register(con)
        assert con.execute("SELECT current_setting('search_path')").fetchall() == path
        assert con.execute("SELECT count(*) FROM clients").fetchone() == clients


def test_a_cursor_is_registered_although_the_account_was_detached(own: duckdb.DuckDBPyConnection) -> None:
    own.execute("DETACH harvest")
    cursor = own.cursor()
    harvest_duck.register(cursor)
    assert cursor.execute("SELECT count(*) > 0 FROM harvest_scan('clients')").fetchone() == (True,)


def test_what_is_made_goes_to_the_database_of_the_user(own: duckdb.DuckDBPyConnection) -> None:
    own.execute("CREATE TABLE clients AS SELECT 'mine' AS whose")
    assert own.execute("SELECT whose FROM clients").fetchall() == [("mine",)]
    assert own.execute("SELECT database_name FROM duckdb_tables()").fetchall() == [("memory",)]
    assert own.execute("SELECT count(*) > 0 FROM harvest.clients").fetchone() == (True,)


def test_helpers_stand_in_the_internal_schema_alone(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_catalog <> 'harvest' "
        "OR table_name NOT IN (SELECT table_name FROM harvest_tables())"
    ).fetchall()
    assert found == [("_internal",)]
    assert con.execute("SELECT count(*) FROM duckdb_views() WHERE temporary AND NOT internal").fetchone() == (0,)


def test_unregistered_cursors_share_requests_and_the_last_error(own: duckdb.DuckDBPyConnection) -> None:
    first, second = own.cursor(), own.cursor()
    first.execute("SELECT id FROM harvest.clients").fetchall()
    assert second.execute("SELECT table_name FROM harvest.harvest_requests()").fetchall() == [("clients",)]
    with pytest.raises(duckdb.Error):
        first.execute("FROM harvest.report_time_team").fetchall()
    assert isinstance(harvest_duck.last_error(second), QueryError)
    assert harvest_duck.progress(second).num_rows == 0
    assert harvest_duck.last_error(own) is None
    assert own.execute("FROM harvest_requests()").fetchall() == []


def test_a_cursor_explains(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    wanted = con.execute("FROM harvest_explain('SELECT id FROM harvest.clients', probe := false)").fetchall()
    sql = "FROM harvest.harvest_explain('SELECT id FROM harvest.clients', probe := false)"
    assert con.cursor().execute(sql).fetchall() == wanted
    assert sandbox.requests == []
    assert harvest_duck.explain("SELECT id FROM harvest.clients", con.cursor(), probe=False).num_rows == len(wanted)


def test_a_cursor_explains_by_any_registered_connection_that_is_open(connection: str) -> None:
    sql = "FROM harvest.harvest_explain('SELECT id FROM harvest.clients', probe := false)"
    with duckdb.connect() as con:
        first, second = con.cursor(), con.cursor()
        harvest_duck.register(first)
        harvest_duck.register(second)
        harvest_duck.attach(first, connection, name="harvest")
        first.close()
        assert len(con.execute(sql).fetchall()) == 1
        second.close()
        with pytest.raises(duckdb.Error, match="the connection that was registered is closed: register this one"):
            con.execute(sql)


def test_the_account_of_the_environment_is_attached(
    connection: str, clients: tuple[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVEST_DUCK_CONNECTION", connection)
    with harvest_duck.connect(only_attached=True) as con:
        assert con.execute("SELECT count(*) FROM harvest_scan('clients')").fetchone() == clients
        assert con.cursor().execute("SELECT count(*) FROM harvest.harvest_scan('clients')").fetchone() == clients
    with duckdb.connect() as con:
        harvest_duck.register(con, only_attached=True)
        with pytest.raises(duckdb.Error, match="only_attached=True"):
            con.execute("FROM harvest_scan('clients')")


@pytest.mark.thorough
def test_a_file_is_let_go_when_its_last_connection_closes(tmp_path: Path, connection: str) -> None:
    file = tmp_path / "own.duckdb"
    elsewhere = [
        sys.executable,
        "-c",
        f"import duckdb; duckdb.connect({str(file)!r}).execute('CREATE TABLE t (i INT)')",
    ]
    con = harvest_duck.connect(connection, database=file)
    cursor = con.cursor()
    assert cursor.execute("SELECT count(*) > 0 FROM harvest.clients").fetchone() == (True,)
    assert subprocess.run(elsewhere, capture_output=True, check=False).returncode == 1
    con.close()
    subprocess.run(elsewhere, check=True)


def test_a_connection_of_a_file_outlives_the_one_that_bound_it(tmp_path: Path, connection: str) -> None:
    file = tmp_path / "own.duckdb"
    with duckdb.connect(str(file)) as other:
        with harvest_duck.connect(connection, database=file) as con:
            con.execute("CREATE TABLE t (i INT)")
        assert other.execute("SELECT count(*) > 0 FROM harvest.clients").fetchone() == (True,)
        harvest_duck.register(other)
        assert other.execute("SELECT count(*) > 0 FROM harvest_scan('clients')").fetchone() == (True,)


@pytest.mark.skipif(not duckdb.__version__.startswith("1."), reason="what DuckDB 1.x needs kept open")
def test_what_bound_the_datasets_stays_open_after_an_account_was_detached(tmp_path: Path, connection: str) -> None:
    with duckdb.connect(str(tmp_path / "own.duckdb")) as other:
        with harvest_duck.connect(connection, database=tmp_path / "own.duckdb") as con:
            harvest_duck.attach(con, connection, name="live")
            con.execute("DETACH live")
        gc.collect()
        assert other.execute("FROM duckdb_connection_count()").fetchall() == [(2,)]
        assert other.execute("SELECT count(id) > 0 FROM harvest.clients").fetchone() == (True,)


@pytest.mark.thorough
def test_cursors_of_a_read_only_file_read_both(tmp_path: Path, connection: str, clients: tuple[int]) -> None:
    file = tmp_path / "own.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE mine AS SELECT 42 AS answer")
    with harvest_duck.connect(connection, database=file, read_only=True) as con:
        for each in (con, con.cursor(), con.duplicate()):
            assert each.execute("SELECT answer, (SELECT count(*) FROM harvest.clients) FROM mine").fetchone() == (
                42,
                *clients,
            )
    with duckdb.connect(str(file), read_only=True) as con:
        harvest_duck.attach(con, connection, name="live")
        assert con.cursor().execute("SELECT count(*) FROM live.clients").fetchone() == clients


def test_a_file_that_is_called_as_the_account_would_be_asks_for_another_name(tmp_path: Path, connection: str) -> None:
    file = tmp_path / "harvest.duckdb"
    with pytest.raises(
        ConnectionStringError, match=r"choose another name, as in attach\(…, name='live'\): .*harvest.duckdb"
    ):
        harvest_duck.connect(connection, database=file)
    with harvest_duck.connect(connection, database=file, name="live") as con:
        assert con.cursor().execute("SELECT count(*) > 0 FROM live.clients").fetchone() == (True,)


def test_neither_a_transaction_nor_a_pending_result_of_a_cursor_is_disturbed(connection: str) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (i INT)")
        harvest_duck.register(con)
        cursor = con.cursor()
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t VALUES (1)")
        harvest_duck.attach(cursor, connection, name="harvest")
        assert con.execute("FROM t").fetchall() == []
        cursor.execute("ROLLBACK")
        assert con.execute(CLIENTS.replace("count(*)", "count(*) > 0")).fetchone() == (True,)


def test_a_database_of_the_name_of_ours_is_left_alone() -> None:
    with duckdb.connect() as con:
        con.execute("ATTACH ':memory:' AS harvest_duck")
        with pytest.raises(
            ConnectionStringError,
            match="detach or rename that database: a database called harvest_duck is there already",
        ):
            harvest_duck.register(con)
        con.execute("DETACH harvest_duck")
        harvest_duck.register(con)


def test_the_catalog_of_ours_is_no_name_for_an_account(con: duckdb.DuckDBPyConnection, connection: str) -> None:
    for name in ("harvest_duck", "HARVEST_DUCK"):
        with pytest.raises(ConnectionStringError, match="choose another name"):
            harvest_duck.attach(con, connection, name=name)


def test_what_was_prepared_reads_the_account_that_was_attached_again(
    own: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    own.execute("PREPARE accounts AS SELECT DISTINCT account_id FROM harvest.clients")
    relation = own.sql("SELECT DISTINCT account_id FROM harvest.clients")
    assert own.execute("EXECUTE accounts").fetchall() == [(MAIN_ID,)]
    harvest_duck.attach(own.cursor(), sandbox.connection_string(account_id=EURO_ID), name="HARVEST")
    assert own.execute("EXECUTE accounts").fetchall() == [(EURO_ID,)]
    assert relation.fetchall() == [(EURO_ID,)]


@pytest.mark.thorough
def test_a_name_is_free_when_it_was_detached_while_a_query_runs(
    own: duckdb.DuckDBPyConnection, connection: str, clients: tuple[int]
) -> None:
    cursor = own.cursor()
    cursor.execute("SELECT id FROM harvest.clients")
    own.execute("DETACH harvest")
    harvest_duck.attach(own, connection, name="harvest")
    assert own.execute(CLIENTS).fetchone() == clients
    assert len(cursor.fetchall()) == clients[0]


def test_a_database_that_was_detached_is_bound_again(own: duckdb.DuckDBPyConnection, connection: str) -> None:
    own.execute("DETACH harvest_duck")
    with pytest.raises(QueryError, match="was detached from this database: register the connection again"):
        harvest_duck.explain("FROM harvest.clients", own)
    harvest_duck.register(own, connection)
    assert own.execute("SELECT count(*) > 0 FROM harvest_scan('clients')").fetchone() == (True,)


def test_an_error_keeps_its_type_for_a_cursor(sandbox: Sandbox) -> None:
    with harvest_duck.connect(sandbox.connection_string(role="member") + ";RateLimit=off") as con:
        cursor = con.cursor()
        with pytest.raises(duckdb.Error, match="clients page 1: Harvest answered 403"):
            cursor.execute("FROM harvest.clients").fetchall()
        assert isinstance(harvest_duck.last_error(cursor), Forbidden)
