"""A PostgreSQL server in this process, in front of the shared agency, with a client that sends raw messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from support.wire_client import WireClient

from harvest_duck.sandbox import MAIN_ID
from harvest_duck.servers.postgres.served import Served
from harvest_duck.servers.postgres.server import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

#: The database of the server, in pages so small that its lists have many.
DATABASE = "sandbox"
PAGE = 50


@dataclass
class Serving:
    """A server that runs, and the clients that a test connects to it."""

    server: PostgresServer
    sandbox: Sandbox
    clients: list[WireClient] = field(default_factory=list)
    #: The account that the database shows.
    account = MAIN_ID

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self.server.port

    def connect(self, **given: Any) -> WireClient:
        """A new client, which the end of the test closes."""
        self.clients.append(WireClient(self.port, **{"database": DATABASE, **given}))
        return self.clients[-1]

    def requests(self, path: str) -> int:
        """The number of requests of the test whose path ends so."""
        return sum(entry.path.endswith(path) for entry in self.sandbox.requests)


def connection_of(sandbox: Sandbox) -> str:
    """The connection string of the administrator, without rate limits."""
    return f"{sandbox.connection_string()};RateLimit=off;ReportsRateLimit=off;Pagesize={PAGE}"


@pytest.fixture(scope="session")
def running_server(agency: Sandbox) -> Iterator[PostgresServer]:
    """A server that all tests of a process share: to open its database takes 1.7 s of CPU."""
    with PostgresServer([Served(DATABASE, connection_of(agency))], port=0) as server:
        yield server


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
