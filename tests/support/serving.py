"""A PostgreSQL server that runs in this process, and the clients that a test connects to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.wire_client import WireClient

from harvest_duck.sandbox import MAIN_ID
from harvest_duck.servers.postgres.server import PostgresServer
from harvest_duck.servers.served import Served

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

__all__ = ["DATABASE", "PAGE", "Serving", "connection_of", "server_of"]

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


def server_of(sandbox: Sandbox) -> PostgresServer:
    """A server of the database, on a port that is free."""
    return PostgresServer([Served(DATABASE, connection_of(sandbox))], port=0)
