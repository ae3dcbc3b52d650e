"""Cursors, copies and threads of a connection know Harvest as the connection does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pytest
from support import program
from support.asked import asked

import harvest_duck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harvest_duck.sandbox import Sandbox

NAMES = "SELECT name FROM harvest.clients ORDER BY id"


@pytest.fixture(scope="module")
def harvest(agency: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that has Harvest attached, for the tests of this module."""
    with harvest_duck.connect(agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off") as opened:
        yield opened


def read(con: duckdb.DuckDBPyConnection, sql: str = NAMES) -> list[str]:
    return [name for (name,) in con.execute(sql).fetchall()]


@pytest.mark.parametrize(
    "open_another", [duckdb.DuckDBPyConnection.cursor, duckdb.DuckDBPyConnection.duplicate], ids=["cursor", "duplicate"]
)
@pytest.mark.parametrize("sql", [NAMES, "SELECT name FROM harvest.harvest_scan('clients') ORDER BY id"])
def test_another_connection_to_the_database_reads_harvest(
    harvest: duckdb.DuckDBPyConnection,
    open_another: Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyConnection],
    sql: str,
    sandbox: Sandbox,
    names: list[str],
) -> None:
    with closing(open_another(harvest)) as other, closing(open_another(other)) as third:
        assert read(other, sql) == names
        assert read(third, sql) == names
    assert asked(sandbox) == ["/clients"] * 2


def test_a_registered_cursor_needs_no_schema(
    harvest: duckdb.DuckDBPyConnection, sandbox: Sandbox, names: list[str]
) -> None:
    with closing(harvest.cursor()) as cursor:
        harvest_duck.register(cursor)
        assert read(cursor, "SELECT name FROM harvest_scan('clients') ORDER BY id") == names
        assert read(cursor, "SELECT name FROM clients ORDER BY id") == names
    assert asked(sandbox) == ["/clients"] * 2


def test_eight_threads_read_at_once_with_a_cursor_each(
    harvest: duckdb.DuckDBPyConnection, sandbox: Sandbox, names: list[str]
) -> None:
    def work(_: int) -> list[str]:
        with closing(harvest.cursor()) as cursor:
            return read(cursor)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(16))) == [names] * 16
    assert asked(sandbox) == ["/clients"] * 16


def test_a_file_reads_harvest_through_every_connection_to_it(
    connection: str, sandbox: Sandbox, names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("file") / "own.duckdb"
    with harvest_duck.connect(connection, database=file) as con, duckdb.connect(str(file)) as other:
        assert read(other) == names
        with closing(con.cursor()) as cursor:
            cursor.execute("CREATE TABLE names AS SELECT id, name FROM harvest.clients")
        assert read(other, "SELECT name FROM names ORDER BY id") == names
    assert asked(sandbox) == ["/clients"] * 2


DEFAULT = """
import duckdb, harvest_duck
harvest_duck.attach(duckdb.default_connection(), {connection!r}, name="harvest")
for con in (duckdb, duckdb.cursor(), duckdb.connect(":default:"), duckdb.connect(":default:").cursor()):
    print(con.execute("SELECT count(name) FROM harvest.clients").fetchall())
"""


@pytest.mark.thorough
def test_every_way_to_the_default_connection_of_duckdb_reads_harvest(connection: str, names: list[str]) -> None:
    found = program.run(DEFAULT.format(connection=connection))
    assert found.stdout.splitlines() == [f"[({len(names)},)]"] * 4, found.stderr
