"""An account attached live, with a cache in memory, with the file of a copy, and offline: the same tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked
from support.run_size import some_of

import harvest_duck
from harvest_duck.catalog.model import Limit, Origin
from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror.tables import MIRRORED
from harvest_duck.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harvest_duck.catalog.model import Table

HELD = [each.name for each in MIRRORED]
CACHED = {
    "remembered": "CacheLocation=:memory:",
    "copied": "CacheLocation={}",
    "offline": "CacheLocation={};Offline=true",
}
TURNS = {name: turn for turn, name in enumerate(TABLES)}
SPAN = {"from_date": "2026-01-01", "to_date": "2026-03-31"}


@pytest.fixture(scope="module")
def account() -> Iterator[Sandbox]:
    """A small account, which nobody changes."""
    with Sandbox(seed=5, scale=0.05, time_entries=250, limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def attached(account: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the account attached under the name of each source."""
    path = tmp_path_factory.mktemp("copy") / "acme.duckdb"
    live = account.connection_string() + ";RateLimit=off;ReportsRateLimit=off"
    harvest_duck.sync(live, path)
    with duckdb.connect() as opened:
        harvest_duck.attach(opened, live, name="live")
        for name, cache in CACHED.items():
            harvest_duck.attach(opened, f"{live};CacheTolerance=100000;{cache.format(path)}", name=name)
        # Asks once whose token it is.
        opened.execute("FROM copied.me").fetchall()
        yield opened


@pytest.fixture
def con(attached: duckdb.DuckDBPyConnection, account: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor with requests of its own."""
    harvest_duck.clear_cache()
    account.clear_log()
    with attached.cursor() as opened:
        harvest_duck.register(opened)
        yield opened


def chosen(table: Table) -> str:
    """The condition that a table wants, if any: a report has a period."""
    inputs: Mapping[str, str] = SPAN if table.limit is Limit.REPORTS else {}
    names = [column.name for column in table.columns if column.origin is Origin.INPUT and column.name in inputs]
    return " AND ".join(f"{name} = '{inputs[name]}'" for name in names) or "true"


def rows(con: duckdb.DuckDBPyConnection, source: str, table: Table) -> tuple[list[str], list[tuple[object, ...]]]:
    """The columns with their types, and the rows in an order that does not depend on their source."""
    found = con.sql(f"FROM {source}.{table.name} WHERE {chosen(table)} ORDER BY ALL")
    kinds = [f"{name} {kind}" for name, kind in zip(found.columns, found.types, strict=True)]
    return kinds, found.fetchall()


@pytest.mark.thorough
@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_is_the_same_from_each_source(
    table: Table, con: duckdb.DuckDBPyConnection, account: Sandbox
) -> None:
    """A usual run tries each table with one source, offline only what a file holds."""
    wanted = rows(con, "live", table)
    live = asked(account)
    sources = [*CACHED] if table.name in HELD else ["remembered", "copied"]
    tried = some_of(sources, TURNS[table.name], every=len(sources))
    for source in tried:
        for _ in range(2):
            assert rows(con, source, table) == wanted, source
    # From memory once, and for tables that no copy holds once more beside the file, where both share the answer.
    asks = "remembered" in tried or ("copied" in tried and table.name not in HELD)
    assert sorted(asked(account)) == sorted(live * (1 + asks))


def test_every_comment_is_the_same(con: duckdb.DuckDBPyConnection) -> None:
    def comments(source: str) -> list[tuple[object, ...]]:
        tables = "SELECT view_name, NULL, comment FROM duckdb_views()"
        columns = "SELECT table_name, column_name, comment FROM duckdb_columns()"
        of = f"WHERE database_name = '{source}' AND schema_name = 'main'"
        return con.sql(f"{tables} {of} UNION ALL {columns} {of} ORDER BY ALL").fetchall()

    wanted = comments("live")
    assert {comment is None for _, _, comment in wanted} == {False}
    for source in CACHED:
        assert comments(source) == wanted


def test_what_answered_is_told_after_and_before_a_query(con: duckdb.DuckDBPyConnection) -> None:
    sources = ("live", *CACHED)
    con.execute("FROM remembered.tasks").fetchall()
    explained = "SELECT source, step, requests, age_s >= 0 FROM harvest_explain($1, probe := false)"
    found = [con.execute(explained, [f"FROM {source}.tasks WHERE id > 5"]).fetchall() for source in sources]
    wanted = [("harvest", "list", None), ("memory", "cached", 0), ("file", "cached", 0), ("file", "cached", 0)]
    assert found == [[(*each, True)] for each in wanted]
    for source in sources:
        con.execute(f"FROM {source}.tasks").fetchall()
    # DuckDB reads the file by itself, but for 1.4.1.
    told = con.execute("SELECT source, age_s >= 0 FROM harvest_requests() WHERE table_name = 'tasks'").fetchall()
    assert [each for each in told if each[0] != "file"][-2:] == [("harvest", True), ("memory", True)]
