"""Clients of the PostgreSQL server that the tests of a process share, which send raw messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.real_postgres import REQUIRED
from support.serving import DATABASE, Serving
from support.wire_client import WireClient

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.fixture(scope="module")
def lasting_client(running_server: PostgresServer) -> Iterator[WireClient]:
    """A client of the shared server for the tests of a module: to begin a session takes 0.05 s of CPU."""
    with WireClient(running_server.port, database=DATABASE) as opened:
        yield opened


@pytest.fixture
def client(lasting_client: WireClient, served: Serving) -> WireClient:
    """A client of the shared server, with nothing left of another test."""
    lasting_client.query("ROLLBACK")
    lasting_client.query("DISCARD ALL")
    return lasting_client
