"""The catalogs in memory of a database: made whole or not at all."""

from __future__ import annotations

import duckdb
import pytest

from harvest_duck.engine.one_transaction import in_one_transaction
from harvest_duck.engine.shared_catalog import new_catalog
from harvest_duck.errors import ConnectionStringError


def test_a_catalog_that_cannot_be_filled_is_detached() -> None:
    with duckdb.connect() as own:
        with pytest.raises(KeyboardInterrupt):
            fill(own, KeyboardInterrupt)
        assert own.execute("SELECT count(*) FROM duckdb_databases() WHERE database_name = 'live'").fetchone() == (0,)


def test_a_catalog_that_is_there_is_left_alone() -> None:
    with duckdb.connect() as own:
        own.execute("ATTACH ':memory:' AS LIVE; CREATE TABLE LIVE.t (i INT)")
        with pytest.raises(ConnectionStringError, match="live cannot be attached, choose another name: a database"):
            fill(own, KeyboardInterrupt)
        assert own.execute("SELECT count(*) FROM LIVE.t").fetchone() == (0,)


def fill(own: duckdb.DuckDBPyConnection, error: type[BaseException]) -> None:
    """Raise the error where a catalog `live` is filled."""
    with new_catalog(own, "live", "choose another name"), in_one_transaction(own):
        own.execute("CREATE VIEW live.main.made AS SELECT 1")
        raise error
