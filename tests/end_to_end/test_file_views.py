"""The views of an account that is offline read the tables of the file itself, and follow what syncs make of it."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support import program
from support.loop_tasks import others
from support.run_size import some_of

import harvest_duck
from harvest_duck.mirror.tables import MIRRORED
from harvest_duck.runtime import loop
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(duckdb.__version__ == "1.4.1", reason="it opens a file only once in a process")
OPTIONS = ";RateLimit=off;ReportsRateLimit=off"


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """An account that the tests of this module change."""
    with Sandbox(seed=11, scale=0.05, time_entries=300, limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def everything(small: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy of that account as it was at first; no test changes it."""
    path = tmp_path_factory.mktemp("copies") / "acme.duckdb"
    harvest_duck.sync(small.connection_string() + OPTIONS, path)
    return path


@pytest.fixture(scope="module")
def offline(everything: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The account as it is in that copy."""
    with harvest_duck.connect(f"CacheLocation={everything};Offline=true") as opened:
        yield opened


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def copies(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many files are attached."""
    return len(rows(con, "FROM duckdb_databases() WHERE path IS NOT NULL"))


@pytest.mark.thorough
def test_every_view_has_the_names_types_comments_and_rows_of_harvest(
    offline: duckdb.DuckDBPyConnection, attached: duckdb.DuckDBPyConnection, small: Sandbox
) -> None:
    """A usual run compares the rows of a sixth of the tables, of which `test_cache.py` has others."""
    described = (
        "SELECT table_name, column_index, column_name, data_type, comment FROM duckdb_columns() "
        "WHERE database_name = 'harvest' AND schema_name = 'main' ORDER BY ALL"
    )
    assert rows(offline, described) == rows(attached, described)
    commented = "SELECT view_name, comment FROM duckdb_views() WHERE database_name = 'harvest' AND schema_name = 'main'"
    assert sorted(rows(offline, commented)) == sorted(rows(attached, commented))
    connection = small.connection_string() + OPTIONS
    small.clear_log()
    held = {each.name: rows(offline, f"FROM harvest.{each.name} ORDER BY ALL") for each in MIRRORED}
    assert small.requests == []
    with duckdb.connect() as live:
        harvest_duck.register(live, connection)
        for name, found in some_of(held.items(), 0):
            assert found == rows(live, f"FROM harvest_scan('{name}') ORDER BY ALL"), name


def test_a_report_of_a_copy_sends_nothing_and_says_what_no_copy_has(
    offline: duckdb.DuckDBPyConnection, small: Sandbox
) -> None:
    small.clear_log()
    page = harvest_duck.report(offline, as_of=small.today)
    assert small.requests == []
    assert "the table report_uninvoiced, which no copy of an account has" in page
    assert "the table time_entries" not in page


def test_a_view_reads_the_table_of_the_file(offline: duckdb.DuckDBPyConnection) -> None:
    ((_, plan),) = rows(offline, "EXPLAIN SELECT sum(hours) FROM harvest.time_entries WHERE id > 5")
    assert "SEQ_SCAN" in plan.upper().replace(" ", "_")
    assert "ARROW" not in plan.upper()


def test_what_the_file_does_not_have_is_said(offline: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match="report_time_team is in no copy, and the connection is offline"):
        rows(offline, "FROM harvest.report_time_team WHERE from_date = '2026-01-01' AND to_date = '2026-01-31'")


def test_views_follow_what_syncs_put_in_the_place_of_the_file(small: Sandbox, tmp_path: Path) -> None:
    path, connection = tmp_path / "acme.duckdb", small.connection_string() + OPTIONS
    harvest_duck.sync(connection, path, tables=["clients", "time_entries"])
    account = small.account(MAIN_ID)
    client = account.records("clients")[0]["id"]
    query = f"SELECT address FROM harvest.clients WHERE id = {client}"
    with harvest_duck.connect(f"CacheLocation={path};Offline=true") as con, con.cursor() as streaming:
        reader = streaming.execute("SELECT id FROM harvest.time_entries")
        first = reader.fetchmany(1)
        account.edit("clients", client, {"address": "by this process"})
        harvest_duck.sync(connection, path)
        assert rows(con, query) == [("by this process",)]
        assert len(first + reader.fetchall()) == len(account.records("time_entries"))


@pytest.mark.thorough
def test_views_follow_what_another_process_puts_there_and_let_go_of_it(small: Sandbox, tmp_path: Path) -> None:
    path, connection = tmp_path / "acme.duckdb", small.connection_string() + OPTIONS
    harvest_duck.sync(connection, path, tables=["clients"])
    account = small.account(MAIN_ID)
    client = account.records("clients")[0]["id"]
    query = f"SELECT address FROM harvest.clients WHERE id = {client}"
    with harvest_duck.connect(f"CacheLocation={path};Offline=true") as con:
        assert rows(con, query) != [("by another",)]
        account.edit("clients", client, {"address": "by another"})
        program.run(f"import harvest_duck; harvest_duck.sync({connection!r}, {str(path)!r})")
        while rows(con, query) != [("by another",)]:
            pass
        con.execute("USE memory; RESET search_path; DETACH harvest")
        while copies(con):
            pass


def test_max_rows_cuts_offline_too(everything: Path) -> None:
    with harvest_duck.connect(f"CacheLocation={everything};Offline=true;MaxRows=2") as con:
        assert rows(con, "SELECT count(*) FROM harvest.clients") == [(2,)]
        assert len(rows(con, "SELECT id FROM harvest.time_entries")) == 2


def test_an_account_that_is_attached_again_becomes_offline_and_back(
    small: Sandbox, everything: Path, offline: duckdb.DuckDBPyConnection
) -> None:
    number = len(small.records(MAIN_ID, "clients"))
    query = "SELECT count(*) FROM again.clients"
    for connection, requests in (
        (small.connection_string() + OPTIONS, 1),
        (f"CacheLocation={everything};Offline=true", 0),
        (small.connection_string() + OPTIONS, 1),
    ):
        harvest_duck.attach(offline, connection, name="again")
        small.clear_log()
        assert (rows(offline, query), len(small.requests)) == ([(number,)], requests)
    offline.execute("DETACH again")


@pytest.mark.thorough
def test_a_file_that_comes_later_is_followed_and_one_without_access_is_scanned(small: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "later.duckdb"
    with harvest_duck.connect(f"CacheLocation={path};Offline=true") as con:
        with pytest.raises(duckdb.Error, match="is not there, and the connection is offline"):
            rows(con, "FROM harvest.clients")
        harvest_duck.sync(small.connection_string() + OPTIONS, path, tables=["clients"])
        number = len(small.records(MAIN_ID, "clients"))
        assert rows(con, "SELECT count(*) FROM harvest.clients") == [(number,)]
        assert copies(con) == 1
    with duckdb.connect(config={"enable_external_access": "false"}) as closed:
        harvest_duck.attach(closed, f"CacheLocation={path};Offline=true", name="harvest")
        assert rows(closed, "SELECT count(*) FROM harvest.clients") == [(number,)]
        assert copies(closed) == 0


def test_a_database_that_was_opened_read_only_has_the_views_too(everything: Path, tmp_path: Path) -> None:
    database = tmp_path / "mine.duckdb"
    duckdb.connect(str(database)).close()
    offline = f"CacheLocation={everything};Offline=true"
    with harvest_duck.connect(offline, database=database, read_only=True) as con:
        assert rows(con, "SELECT count(*) > 0 FROM harvest.clients") == [(True,)]
        assert copies(con) == 2


def scanned(con: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether a query reads a dataset of ours, rather than the file alone."""
    ((_, plan),) = rows(con, f"EXPLAIN {sql}")
    return "ARROW" in plan.upper() or "PYTHON" in plan.upper()


PERIOD = "'2026-11-02', '2026-11-20'"


def test_ready_views_read_the_file_and_ask_nobody(
    offline: duckdb.DuckDBPyConnection, everything: Path, small: Sandbox
) -> None:
    queries = [
        f"SELECT count(*) FROM harvest.work({PERIOD})",
        "SELECT count(*) FROM harvest._internal.days_off('2026-01-01', '2026-12-31', true, true)",
        "SELECT role, people FROM harvest._internal.visible('work', 'account')",
    ]
    with harvest_duck.connect(small.connection_string() + OPTIONS) as live:
        wanted = [rows(live, query) for query in queries]
    small.clear_log()
    assert [rows(offline, query) for query in queries] == wanted
    explained = f"SELECT DISTINCT source, requests FROM harvest_explain($$FROM harvest.work({PERIOD})$$)"
    assert rows(offline, explained) == [("file", 0)]
    with pytest.raises(duckdb.Error, match="report_uninvoiced is in no copy, and the connection is offline"):
        rows(offline, f"FROM harvest.uninvoiced({PERIOD})")
    assert small.requests == []


@pytest.mark.thorough
def test_a_copy_of_an_account_without_paid_time_off_has_no_days_off(everything: Path, tmp_path: Path) -> None:
    path = tmp_path / "without.duckdb"
    shutil.copy(everything, path)
    with duckdb.connect(path) as con:
        for (name,) in rows(
            con, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND table_name LIKE 'pto_%'"
        ):
            con.execute(f"DROP TABLE main.{name}")
        con.execute("DELETE FROM mirror.proofs WHERE table_name LIKE 'pto_%'")
    query = "FROM harvest._internal.days_off('2026-01-01', '2026-12-31', true, true)"
    with harvest_duck.connect(f"CacheLocation={path};Offline=true") as con:
        assert rows(con, query) == []
    with duckdb.connect(path) as con:
        con.execute("UPDATE mirror.source SET tables = ['users', 'time_entries']")
    with (
        harvest_duck.connect(f"CacheLocation={path};Offline=true") as con,
        pytest.raises(duckdb.Error, match="does not have pto_requests whole"),
    ):
        rows(con, query)


def test_a_view_of_an_account_that_is_asked_reads_the_file_while_that_is_fresh(small: Sandbox, tmp_path: Path) -> None:
    path, connection = tmp_path / "acme.duckdb", small.connection_string() + OPTIONS
    harvest_duck.sync(connection, path, tables=["clients", "tasks"])
    account = small.account(MAIN_ID)
    client = account.records("clients")[0]["id"]
    query = f"SELECT address FROM harvest.clients WHERE id = {client}"
    with harvest_duck.connect(f"{connection};CacheLocation={path};CacheTolerance=100000") as con:
        small.clear_log()
        rows(con, query)
        assert len(small.requests) <= 1
        assert not scanned(con, query)
        account.edit("clients", client, {"address": "nobody asks"})
        small.clear_log()
        assert rows(con, query) != [("nobody asks",)]
        assert small.requests == []
        # Another connection string for the same catalog, by which the file is too old: it is synced, and read again.
        harvest_duck.attach(con, f"{connection};CacheLocation={path};CacheTolerance=0.000001", name="harvest")
        assert scanned(con, query)
        assert rows(con, query) == [("nobody asks",)]
        harvest_duck.attach(con, f"{connection};CacheLocation={path};CacheTolerance=100000", name="harvest")
        assert not scanned(con, query)
        account.edit("clients", client, {"address": "synced"})
        harvest_duck.sync(connection, path)
        small.clear_log()
        assert (rows(con, query), small.requests) == ([("synced",)], [])
        assert not scanned(con, query)


def test_a_view_reads_its_dataset_from_the_moment_on_at_which_the_file_is_too_old(
    small: Sandbox, everything: Path
) -> None:
    connection = f"{small.connection_string()}{OPTIONS};CacheLocation={everything};CacheTolerance=100000"
    described = "SELECT sql FROM duckdb_views() WHERE view_name = 'tasks' AND database_name = 'harvest'"
    with harvest_duck.connect(connection) as con:
        wanted = rows(con, "FROM harvest.tasks ORDER BY ALL")
        definition = next(sql for (sql,) in rows(con, described) if "_copy_" in sql)
        query = definition.partition(" AS ")[2].rstrip(";")
        assert not scanned(con, query)
        for moment, later in (("2000-01-01", True), ("2999-01-01", False)):
            other = re.sub(r"'\d{4}-\d\d-\d\d [^']*'", f"'{moment} 00:00:00+00'", query)
            con.execute(f"PREPARE asked AS FROM ({other}) ORDER BY ALL")
            assert (rows(con, "EXECUTE asked"), scanned(con, other)) == (wanted, later)


def test_an_explanation_says_that_the_file_of_an_account_that_is_asked_answers(
    small: Sandbox, everything: Path
) -> None:
    connection = f"{small.connection_string()}{OPTIONS};CacheLocation={everything};CacheTolerance=100000"
    with harvest_duck.connect(connection) as con:
        for _ in range(2):
            rows(con, "FROM harvest.tasks")
            explained = (
                "SELECT source, step, requests, age_s >= 0 FROM harvest_explain('FROM harvest.tasks WHERE id > 5')"
            )
            assert rows(con, explained) == [("file", "cached", 0, True)]
        assert not scanned(con, "FROM harvest.tasks")


def test_what_follows_the_file_is_no_task_of_a_query(offline: duckdb.DuckDBPyConnection) -> None:
    async def tasks() -> set[str]:
        return {task.get_name() for task in others()}

    rows(offline, "SELECT count(*) FROM harvest.clients")
    assert loop.run(tasks()) == set()
