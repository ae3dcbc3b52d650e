"""A connection of DuckDB that the tests of values share: to open one takes 0.04 s of CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with nothing in it, in UTC; its tests leave nothing that another reads."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'; SET threads = 1")
        yield con
