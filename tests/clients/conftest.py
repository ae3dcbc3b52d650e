"""What the tests of clients share: a connection that knows Harvest, and what it should find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.clients import client, client_names, let_warn

import harvest_duck

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from harvest_duck.sandbox import Sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let clients warn: they are released before the versions of Python and of each other that they meet here."""
    let_warn(items, "tests/clients/")


@pytest.fixture
def names(sandbox: Sandbox) -> list[str]:
    """The names of the clients of the agency, in the order of their ids."""
    return client_names(sandbox)


@pytest.fixture
def harvest(connection: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of one's own that has Harvest attached."""
    with harvest_duck.connect(connection) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_engine(agency: Sandbox) -> Iterator[Any]:
    """An engine of SQLAlchemy's by `harvest://`, of the administrator."""
    sqlalchemy = client("sqlalchemy")
    connection = agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off"
    engine = sqlalchemy.create_engine("harvest://", connect_args={"connection": connection})
    yield engine
    engine.dispose()


@pytest.fixture
def engine(shared_engine: Any, sandbox: Sandbox) -> Any:
    """The same, with an empty log of requests."""
    return shared_engine
