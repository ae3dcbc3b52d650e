"""The sessions of aiohttp that hold a transport's open connections: one for new requests, and those that end.

After a sleep of the machine, or a change of network, every connection that rests in the pool may be dead and not know
it. So a request that waited in vain retires the session: the next one opens a connection of its own. aiohttp can close
a pool only with all that is under way in it (aiohttp 3.14), so a retired session is closed by its last request.
"""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import aiohttp

#: Seconds of silence after which the system asks whether the other host is there, between two such questions, and how
#: many stay without an answer. So a host that is gone is noticed where `Timeout=0` waits for ever.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


class Sessions:
    """Opens sessions by `make`, when they are needed; used on one event loop."""

    def __init__(self, make: Callable[[], aiohttp.ClientSession]) -> None:
        self._make = make
        self._current: aiohttp.ClientSession | None = None
        self._under_way: Counter[aiohttp.ClientSession] = Counter()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A context in which one request is sent; yields the session for it."""
        session = self._current = self._current or self._make()
        self._under_way[session] += 1
        try:
            yield session
        finally:
            self._under_way[session] -= 1
            await self._close_unused(session)

    def retire(self, session: aiohttp.ClientSession) -> None:
        """Begin no other request in `session`, which is closed when its last one has ended."""
        if self._current is session:
            self._current = None

    async def close(self) -> None:
        """Close all sessions, with what is under way."""
        self._current = None
        for session in tuple(self._under_way):
            self._under_way.pop(session)
            await session.close()

    async def _close_unused(self, session: aiohttp.ClientSession) -> None:
        if session is not self._current and self._under_way.get(session) == 0:
            del self._under_way[session]
            await session.close()


def kept_alive(address: aiohttp.AddrInfoType) -> socket.socket:
    """Return an unconnected socket for an address, over which the system notices when the other host is gone."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        # macOS has no TCP_KEEPIDLE before Python 3.10, nor has Windows before 10.
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made
