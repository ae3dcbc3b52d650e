"""One port of the sandbox: open, shut, or open with somebody else behind it, as far as TLS can tell."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

#: Seconds after which a door that was shut opens by itself.
_SHUT_S = 1.0


class Door:
    """Listens on `port` of `host` with `tls`, or for a while as an `impostor`; connections go to what `serve` makes."""

    def __init__(
        self,
        serve: Callable[[], asyncio.BaseProtocol],
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        impostor: ssl.SSLContext | None,
    ) -> None:
        self._serve = serve
        self._host = host
        #: The port; the one that was found, once it is open, where any would do.
        self.port = port
        self._tls = tls
        self._impostor = impostor
        self._listening: asyncio.Server | None = None
        self._reopening: asyncio.TimerHandle | None = None
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Listen, as at first. OSError where the port is taken."""
        async with self._turn:
            if self._reopening is not None or self._listening is None:
                await self._close()
                await self._open(self._tls)

    async def shut(self, *, impostor: bool = False) -> bool:
        """Whether the port refuses connections from now on, or an `impostor` answers them, where there is one.

        It opens again when told to, or after a second.
        """
        if impostor and self._impostor is None:
            return False
        async with self._turn:
            await self._close()
            if impostor:
                await self._open(self._impostor)
            loop = asyncio.get_running_loop()
            self._reopening = loop.call_later(_SHUT_S, lambda: loop.create_task(self.open()))
        return True

    async def close(self) -> None:
        """Listen no more; connections that are there go on."""
        async with self._turn:
            await self._close()

    async def _open(self, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._serve, self._host, self.port, ssl=tls)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        listening, self._listening = self._listening, None
        if listening is None:
            return
        # A connection that is accepted in the very moment of the close is served by nobody (CPython 3.11).
        for each in listening.sockets:
            with suppress(NotImplementedError):
                asyncio.get_running_loop().remove_reader(each.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        listening.close()
