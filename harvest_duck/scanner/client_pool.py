"""The clients of a process, kept for the next scan so that its first request finds an open connection."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from harvest_duck.http.ratelimit.window import Clock, SystemClock
from harvest_duck.runtime import loop
from harvest_duck.scanner.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from harvest_duck.connection import Connection

#: The most clients that stay open unused.
_IDLE = 8


@asynccontextmanager
async def client_for(connection: Connection) -> AsyncIterator[Client]:
    """Provide a client for `connection`, which stays open for the next scan."""
    clients = pool()
    client = clients.open(connection)
    client.users += 1
    try:
        yield client
    finally:
        client.users -= 1
        await clients.trim()


def pool() -> ClientPool:
    """Return the pool of this process."""
    return loop.own("clients", ClientPool)


class ClientPool:
    """The open clients, the least recently used first; a test may set another `clock` for those to come."""

    def __init__(self) -> None:
        self.clock: Clock = SystemClock()
        self._clients: dict[tuple[Connection, Clock], Client] = {}
        loop.at_stop(self.close)

    def open(self, connection: Connection) -> Client:
        """Return the client for `connection`, a new one where there is none."""
        key = connection, self.clock
        # Put in at the end, where the latest ones are.
        self._clients[key] = client = self._clients.pop(key, None) or Client(connection, self.clock)
        return client

    async def trim(self) -> None:
        """Close unused clients where there are too many."""
        idle = [key for key, client in self._clients.items() if not client.users]
        gone = [self._clients.pop(key) for key in idle[: max(0, len(self._clients) - _IDLE)]]
        for client in gone:
            await client.close()

    async def close(self) -> None:
        """Close all clients."""
        while self._clients:
            await self._clients.popitem()[1].close()
