"""pandas reads SQL through a connection of DuckDB as it is, through a cursor, and through SQLAlchemy."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support.asked import asked
from support.clients import client

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.sandbox import Sandbox

NAMES = "SELECT name FROM harvest.clients ORDER BY id"


@pytest.fixture
def pandas() -> Any:
    """The module, before anything is connected."""
    return client("pandas")


def test_read_sql_takes_the_connection(
    pandas: Any, harvest: duckdb.DuckDBPyConnection, sandbox: Sandbox, names: list[str]
) -> None:
    assert pandas.read_sql(NAMES, harvest)["name"].tolist() == names
    assert asked(sandbox) == ["/clients"]


def test_read_sql_passes_parameters_to_harvest_and_reads_in_pieces(
    pandas: Any, harvest: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sql = "SELECT id, hours FROM harvest.time_entries WHERE spent_date >= ? ORDER BY id"
    pieces = list(pandas.read_sql(sql, harvest, params=["2026-11-01"], chunksize=50))
    rows = harvest.sql("SELECT count(id) FROM harvest.time_entries WHERE spent_date >= '2026-11-01'").fetchall()
    assert [len(piece) for piece in pieces][:-1] == [50] * (len(pieces) - 1)
    assert [(sum(map(len, pieces)),)] == rows
    assert set(asked(sandbox)) == {"/time_entries?from=2026-11-01"}


def test_read_sql_takes_an_engine_of_sqlalchemy(
    pandas: Any, harvest: duckdb.DuckDBPyConnection, sandbox: Sandbox, names: list[str]
) -> None:
    sqlalchemy, duckdb_engine = client("sqlalchemy"), client("duckdb_engine")
    engine = sqlalchemy.create_engine("duckdb://", creator=lambda: duckdb_engine.ConnectionWrapper(harvest.cursor()))
    with closing(engine.raw_connection()):
        assert pandas.read_sql(NAMES, engine)["name"].tolist() == names
    engine.dispose()
    assert asked(sandbox) == ["/clients"]
