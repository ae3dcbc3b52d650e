"""SQLAlchemy with duckdb-engine: attached on one connection of a pool, read from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.asked import asked
from support.clients import client

import harvest_duck

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

NAMES = "SELECT name FROM harvest.clients ORDER BY id"


@pytest.mark.parametrize("database", ["/:memory:shared", "/{folder}/own.duckdb"])
def test_what_one_connection_attaches_all_of_the_pool_read(
    database: str, connection: str, sandbox: Sandbox, names: list[str], tmp_path: Path
) -> None:
    sqlalchemy = client("sqlalchemy")
    client("duckdb_engine")
    engine = sqlalchemy.create_engine(f"duckdb://{database.format(folder=tmp_path)}")
    try:
        with engine.connect() as first, engine.connect() as second:
            assert first.connection.dbapi_connection is not second.connection.dbapi_connection
            # A transaction begins here, and is rolled back when the connection goes back to the pool.
            assert first.execute(sqlalchemy.text("SELECT 1")).scalar_one() == 1
            harvest_duck.attach(first, connection, name="harvest")
            assert second.execute(sqlalchemy.text(NAMES)).scalars().all() == names
            assert first.execute(sqlalchemy.text(NAMES)).scalars().all() == names
        with engine.connect() as third:
            assert third.execute(sqlalchemy.text(NAMES)).scalars().all() == names
    finally:
        engine.dispose()
    assert asked(sandbox) == ["/clients"] * 3


def test_a_table_is_an_object_whose_conditions_are_sent_to_harvest(
    connection: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    sqlalchemy = client("sqlalchemy")
    client("duckdb_engine")
    engine = sqlalchemy.create_engine(f"duckdb:///{tmp_path}/own.duckdb")
    entries = sqlalchemy.table(
        "time_entries", sqlalchemy.column("id"), sqlalchemy.column("spent_date"), schema="harvest.main"
    )
    query = sqlalchemy.select(sqlalchemy.func.count(entries.c.id)).where(entries.c.spent_date >= "2026-11-01")
    try:
        with engine.connect() as con:
            harvest_duck.attach(con, connection, name="harvest")
            assert con.execute(query).scalar_one() > 0
            assert "time_entries" in sqlalchemy.inspect(con).get_view_names(schema="harvest.main")
    finally:
        engine.dispose()
    assert asked(sandbox) == ["/time_entries?from=2026-11-01"]
