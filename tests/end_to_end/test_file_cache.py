"""Answers from the file of a copy: the rows of Harvest, a sync where they are too old, and nothing sent offline."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.asked import asked
from support.run_size import some_of

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import MirrorError
from harvest_duck.mirror import run_lock
from harvest_duck.mirror.paths import MirrorPaths
from harvest_duck.mirror.tables import MIRRORED
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = [each.name for each in MIRRORED]


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """An account that the tests of this module change."""
    with Sandbox(seed=11, scale=0.05, time_entries=300, limits=False) as running:
        yield running


@pytest.fixture
def harvest(small: Sandbox) -> str:
    """The connection to that account."""
    small.clear_log()
    small.clear_responses()
    return small.connection_string() + ";RateLimit=off;ReportsRateLimit=off"


@pytest.fixture(scope="module")
def everything(small: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy of that account as it was at first; no test changes it."""
    path = tmp_path_factory.mktemp("copies") / "acme.duckdb"
    harvest_duck.sync(small.connection_string() + ";RateLimit=off;ReportsRateLimit=off", path)
    return path


@pytest.fixture(scope="module")
def some(small: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of some tables of that account, to be copied to a file that a test changes."""
    path = tmp_path_factory.mktemp("copies") / "some.duckdb"
    tables = ["clients", "time_entries", "invoice_payments"]
    harvest_duck.sync(small.connection_string() + ";RateLimit=off;ReportsRateLimit=off", path, tables=tables)
    return path


@pytest.fixture(scope="module")
def plain() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of DuckDB that knows the functions alone."""
    with duckdb.connect() as opened:
        harvest_duck.register(opened)
        yield opened


@pytest.fixture
def con(plain: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor with requests of its own."""
    with plain.cursor() as opened:
        harvest_duck.register(opened)
        yield opened


def cached(harvest: str, path: Path, more: str = "CacheTolerance=100000") -> str:
    return f"{harvest};CacheLocation={path};{more}"


def using(con: duckdb.DuckDBPyConnection, connection: str) -> duckdb.DuckDBPyConnection:
    """Let a connection read an account by its functions."""
    harvest_duck.register(con, connection)
    return con


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def table_of(connection: str, name: str) -> Any:
    found = harvest_duck.scan(name, connection).read_all()
    return found.schema, sorted(found.to_pylist(), key=repr)


@pytest.mark.takes_a_share
@pytest.mark.parametrize("name", some_of(NAMES, 0, every=3))
def test_a_table_is_the_same_asked_of_harvest_and_of_the_file(
    name: str, small: Sandbox, harvest: str, everything: Path
) -> None:
    live = table_of(harvest, name)
    small.clear_log()
    assert table_of(cached(harvest, everything), name) == live
    assert asked(small) in ([], ["/users/me"])
    small.clear_log()
    assert table_of(f"CacheLocation={everything};Offline=true", name) == live
    assert asked(small) == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM {}",
        "SELECT count(*) FROM {} WHERE spent_date >= '2026-01-01'",
        "SELECT id, hours FROM {} WHERE user_id = 3200007 OR hours > 7.5 ORDER BY id",
        "SELECT user_name, sum(hours) FROM {} WHERE notes LIKE '%e%' AND NOT billable GROUP BY ALL ORDER BY ALL",
        "SELECT id FROM {} WHERE notes IS NULL AND updated_at > TIMESTAMPTZ '2020-01-01' ORDER BY id LIMIT 5",
        "SELECT DISTINCT client_name FROM {} WHERE client_name IN ('a', 'b') OR length(client_name) > 9 ORDER BY ALL",
        "SELECT id FROM {} WHERE id <> 5 AND hours IN (1, 2, 3.5) ORDER BY id",
        "SELECT count(*) FROM {} a JOIN {} b USING (id) WHERE a.started_time > TIME '09:00:00'",
    ],
)
def test_a_query_has_the_same_rows(
    query: str, con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, everything: Path
) -> None:
    named = query.format(*["harvest_scan('time_entries')"] * 2)
    live = rows(using(con, harvest), named)
    small.clear_log()
    assert rows(using(con, f"CacheLocation={everything};Offline=true"), named) == live
    assert asked(small) == []
    sources = rows(con, "SELECT DISTINCT source, request FROM harvest_requests() WHERE source <> 'harvest'")
    assert sources == [("file", everything.name)]


def test_what_is_too_old_is_synced_once(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    using(con, cached(harvest, tmp_path / "new.duckdb"))
    query = "SELECT count(*) FROM harvest_scan('clients')"
    count = len(small.records(MAIN_ID, "clients"))
    assert rows(con, query) == [(count,)]
    assert asked(small) == ["/users/me", "/clients"]
    assert rows(con, query) == [(count,)]
    assert asked(small) == ["/users/me", "/clients"]
    # What another table repeats comes with it.
    assert rows(con, "SELECT count(*) FROM harvest_scan('projects')") == [(len(small.records(MAIN_ID, "projects")),)]
    assert asked(small)[2:] == ["/users/me", "/clients", "/projects"]
    using(con, cached(harvest, tmp_path / "new.duckdb", "CacheTolerance=0"))
    small.clear_log()
    assert rows(con, query) == [(count,)]
    assert asked(small) == ["/users/me", "/clients", "/projects"]
    log = rows(con, "SELECT table_name, source, request, records, age_s >= 0 FROM harvest_requests()")
    assert log[-1] == ("clients", "file", "new.duckdb", count, True)
    assert [each[0] for each in log[:-1]] == ["me", "clients", "projects"]


def test_a_sync_by_another_thread_is_seen_by_the_next_query(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, some: Path, tmp_path: Path
) -> None:
    path = shutil.copy(some, tmp_path)
    using(con, f"CacheLocation={path};Offline=true")
    account = small.account(MAIN_ID)
    client = account.records("clients")[0]["id"]
    query = f"SELECT address FROM harvest_scan('clients') WHERE id = {client}"
    before = rows(con, query)
    account.edit("clients", client, {"address": "a new one"})
    thread = Thread(target=harvest_duck.sync, args=(harvest, path))
    thread.start()
    thread.join()
    assert before != rows(con, query) == [("a new one",)]


@pytest.mark.skipif(duckdb.__version__ == "1.4.1", reason="it opens a file only once in a process")
def test_a_publication_leaves_what_is_being_read_as_it_is(
    small: Sandbox, harvest: str, some: Path, tmp_path: Path
) -> None:
    path = shutil.copy(some, tmp_path)
    reader = harvest_duck.scan("time_entries", f"CacheLocation={path};Offline=true")
    live = [each.to_pylist() for each in (reader.read_next_batch(),)]
    account = small.account(MAIN_ID)
    account.edit("time_entries", account.records("time_entries")[0]["id"], {"notes": "published meanwhile"})
    assert harvest_duck.sync(harvest, path).published
    held = [*live[0], *reader.read_all().to_pylist()]
    assert len(held) == len(account.records("time_entries"))
    assert "published meanwhile" not in {each["notes"] for each in held}
    again = harvest_duck.scan("time_entries", f"CacheLocation={path};Offline=true").read_all()
    assert "published meanwhile" in again["notes"].to_pylist()


def test_offline_says_what_is_missing_and_how_old_the_copy_is(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "so me.duckdb"
    using(con, f"CacheLocation={path};Offline=true")
    with pytest.raises(duckdb.Error, match=r"so me\.duckdb is not there, and the connection is offline"):
        rows(con, "FROM harvest_scan('clients')")
    harvest_duck.sync(harvest, path, tables=["clients"])
    small.clear_log()
    with pytest.raises(
        duckdb.Error, match=r"so me\.duckdb, which is \d+ .* have tasks whole, .* tasks --to '/.*/so me\.duckdb'`"
    ):
        rows(con, "FROM harvest_scan('tasks')")
    with pytest.raises(duckdb.Error, match="accounts is in no copy, and the connection is offline"):
        rows(con, "FROM harvest_scan('accounts')")
    assert isinstance(harvest_duck.last_error(con), MirrorError)
    using(con, f"CacheLocation={path};Offline=true;AccountId=42")
    with pytest.raises(duckdb.Error, match=f"is a copy for account {MAIN_ID}, and the connection names 42"):
        rows(con, "FROM harvest_scan('clients')")
    assert asked(small) == []


def test_a_file_that_ends_too_early_cannot_be_read(
    con: duckdb.DuckDBPyConnection, everything: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.duckdb"
    half.write_bytes(everything.read_bytes()[: everything.stat().st_size // 2])
    using(con, f"CacheLocation={half};Offline=true")
    with pytest.raises(duckdb.Error, match=r"half\.duckdb cannot be read( as a copy)?: "):
        rows(con, "FROM harvest_scan('clients')")


def test_the_children_of_one_parent_are_asked_for_alone(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    using(con, cached(harvest, tmp_path / "new.duckdb"))
    invoice = small.records(MAIN_ID, "invoices")[0]["id"]
    rows(con, f"FROM harvest_scan('invoice_payments') WHERE invoice_id = {invoice}")
    assert asked(small) == [f"/invoices/{invoice}/payments"]


def test_a_payment_is_in_the_file_as_soon_as_its_invoice_was_synced(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, some: Path, tmp_path: Path
) -> None:
    path = shutil.copy(some, tmp_path)
    using(con, cached(harvest, path, "CacheTolerance=0"))
    rows(con, "SELECT count(*) FROM harvest_scan('invoices')")
    small.clear_log()
    using(con, cached(harvest, path))
    live = con.execute("SELECT count(*) FROM harvest_scan('invoice_payments', ?)", [harvest]).fetchall()
    small.clear_log()
    assert rows(con, "SELECT count(*) FROM harvest_scan('invoice_payments')") == live
    assert asked(small) == []


def test_what_no_copy_holds_is_asked_of_harvest(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, everything: Path
) -> None:
    using(con, cached(harvest, everything))
    assert rows(con, "SELECT count(*) > 0 FROM harvest_get('/clients')") == [(True,)]
    assert asked(small) == ["/clients"]


def test_a_copy_of_somebody_else_is_refused(con: duckdb.DuckDBPyConnection, small: Sandbox, everything: Path) -> None:
    member = small.connection_string(role="member") + ";RateLimit=off;ReportsRateLimit=off"
    for tolerance in (100_000, 0):
        using(con, cached(member, everything, f"CacheTolerance={tolerance}"))
        with pytest.raises(duckdb.Error, match=r"is a copy for user .*, and the connection is that of user"):
            rows(con, "FROM harvest_scan('clients')")


def test_a_query_waits_for_a_sync_by_somebody_else(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "busy.duckdb"
    using(con, cached(harvest, path))
    found: list[Any] = []
    query = "SELECT count(*) FROM harvest_scan('clients')"
    thread = Thread(target=lambda: found.extend(rows(con, query)))
    with run_lock.held(MirrorPaths.of(path).lock, path):
        thread.start()
    thread.join()
    assert found == [(len(small.records(MAIN_ID, "clients")),)]


def test_the_wait_for_a_sync_by_somebody_else_can_be_interrupted(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "busy.duckdb"
    using(con, cached(harvest, path))
    errors: list[Exception] = []

    def query() -> None:
        try:
            rows(con, "FROM harvest_scan('clients')")
        except duckdb.Error as error:
            errors.append(error)

    with run_lock.held(MirrorPaths.of(path).lock, path):
        thread = Thread(target=query)
        thread.start()
        while thread.is_alive():
            harvest_duck.interrupt(con)
            thread.join(0.01)
    assert len(errors) == 1
    assert asked(small) == []


def test_sql_names_no_file(con: duckdb.DuckDBPyConnection, harvest: str, everything: Path) -> None:
    using(con, "")
    for text in (f"CacheLocation={everything};Offline=true", f"{harvest};CacheLocation={everything}"):
        with pytest.raises(duckdb.Error, match="CacheLocation"):
            con.execute("FROM harvest_scan('clients', ?)", [text])


def test_a_name_that_others_repeat_is_the_new_one_after_the_sync(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, some: Path, tmp_path: Path
) -> None:
    path = shutil.copy(some, tmp_path)
    account = small.account(MAIN_ID)
    client = account.records("clients")[0]["id"]
    account.edit("clients", client, {"name": "Another Name"})
    using(con, cached(harvest, path, "CacheTolerance=0"))
    rows(con, "SELECT count(*) FROM harvest_scan('clients')")
    using(con, cached(harvest, path))
    names = "count(*), count(*) FILTER (client_name = 'Another Name')"
    query = f"SELECT {names} FROM harvest_scan('time_entries') WHERE client_id = {client}"
    ((every, renamed),) = rows(con, query)
    assert every == renamed > 0


def test_as_of_reads_what_the_file_held_then(
    con: duckdb.DuckDBPyConnection, small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "history.duckdb"
    harvest_duck.sync(harvest, path, tables=["clients"], history=True)
    account = small.account(MAIN_ID)
    client = account.records("clients")[0]
    query = f"SELECT name FROM harvest_scan('clients') WHERE id = {client['id']}"
    then = datetime.now(UTC).isoformat()
    account.edit("clients", client["id"], {"name": "Renamed"})
    harvest_duck.sync(harvest, path)
    small.clear_log()
    assert rows(using(con, f"CacheLocation={path};AsOf={then}"), query) == [(client["name"],)]
    assert rows(con, "SELECT age_s >= 0 FROM harvest_requests()") == [(True,)]
    assert rows(using(con, f"CacheLocation={path};Offline=true"), query) == [("Renamed",)]
    with pytest.raises(duckdb.Error, match="keeps the history of clients since"):
        rows(using(con, f"CacheLocation={path};AsOf=2020-01-01T00:00:00Z"), query)
    assert asked(small) == []


def test_every_table_is_in_a_copy_or_said_to_be_in_none() -> None:
    assert set(TABLES) - set(NAMES) == {
        *(name for name in TABLES if name.startswith("report_")),
        "accounts",
        "invoice_message_templates",
    }
