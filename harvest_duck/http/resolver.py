"""The addresses of a host, as the system resolves its name."""

from __future__ import annotations

import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import ResolveResult

from harvest_duck.runtime import loop

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Resolver(ThreadedResolver):
    """Resolves names in a thread, and on the event loop once the main thread has ended and no pool starts any."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses; raises OSError where there is none."""
        try:
            return await super().resolve(host, port, family)
        except RuntimeError:
            pass
        found = await loop.apart(lambda: socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM))
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=int(address[1]), family=kind, proto=protocol, flags=_NUMERIC
            )
            for kind, _, protocol, _, address in found
        ]
