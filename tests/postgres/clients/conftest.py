"""What the tests of clients share: our server and a real one, with the same tables and rows in a database `acme`.

A client does the same with both, and what it hands over has to be the same. So what is compared is what people see in
their tool, in the tool's own types, and each test is a check of itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.postgres_address import Address
from support.real_postgres import REQUIRED, real_postgres  # noqa: F401 - a fixture
from support.same_tables import fill

from harvest_duck.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.real_postgres import RealPostgres

DATABASE = "acme"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the clients where they are not required, and let them warn."""
    for item in items:
        if item.path.parent.name == "clients" and item.path.parent.parent.name == "postgres":
            item.add_marker(pytest.mark.filterwarnings("default"))
            if not REQUIRED:
                item.add_marker(pytest.mark.skip(reason="clients run where HARVEST_DUCK_REQUIRE_POSTGRES is set"))


@pytest.fixture(scope="session")
def account() -> Iterator[Sandbox]:
    """A small account with rows in every table."""
    with Sandbox(seed=7, scale=0.1, time_entries=300, limits=False) as running:
        yield running


@pytest.fixture(scope="session")
def account_connection(account: Sandbox) -> str:
    """The connection string of the account, without rate limits."""
    return account.connection_string() + ";RateLimit=off;ReportsRateLimit=off"


@pytest.fixture(scope="session")
def ours(account_connection: str) -> Iterator[Address]:
    """Our server: the database `acme`, which reads each table once, and `live`, which asks for each query."""
    from harvest_duck.servers.postgres.server import PostgresServer  # noqa: PLC0415
    from harvest_duck.servers.served import Served  # noqa: PLC0415 - of the extra serve

    kept = f"{account_connection};CacheLocation=:memory:;CacheTolerance=600"
    served = (Served(DATABASE, kept), Served("live", account_connection))
    with PostgresServer(served, host="127.0.0.1", port=0) as server:
        yield Address(server.port, DATABASE)


@pytest.fixture(scope="session")
def theirs(real_postgres: RealPostgres, account_connection: str) -> Address:  # noqa: F811 - as pytest has it
    """A real PostgreSQL with the same tables and rows, as `harvest_duck.connect` reads them."""
    address = Address(real_postgres.port, DATABASE)
    fill(real_postgres, DATABASE, address.user, account_connection)
    return address
