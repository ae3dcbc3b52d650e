"""Clients of the PostgreSQL server that the tests of a process share, which send raw messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.real_postgres import REQUIRED
from support.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.wire_client import WireClient

    from harvest_duck.sandbox import Sandbox
    from harvest_duck.servers.postgres.server import PostgresServer


@pytest.fixture(scope="session")
def required_run() -> None:
    """Skip the test where HARVEST_DUCK_REQUIRE_POSTGRES is not set: it takes another server, or much time."""
    if not REQUIRED:
        pytest.skip("it runs where HARVEST_DUCK_REQUIRE_POSTGRES is set, as .ci/postgres sets it")


@pytest.fixture
def served(running_server: PostgresServer, sandbox: Sandbox) -> Iterator[Serving]:
    """The shared server, with an empty request log; its clients are closed at the end."""
    serving = Serving(running_server, sandbox)
    yield serving
    for client in serving.clients:
        client.close()


@pytest.fixture
def client(served: Serving) -> WireClient:
    """A client of the shared server."""
    return served.connect()
