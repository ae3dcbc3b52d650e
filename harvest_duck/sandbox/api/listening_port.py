"""One port of the sandbox: open, closed for a while, or open with the certificate of an impostor."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

#: Seconds after which a port that a fault closed opens again.
_SHUT_S = 1.0


class ListeningPort:
    """Listens on `port` of `host` with `tls`, or for a while with the certificate of the `impostor`.

    `protocol_factory` makes the protocol of each connection.
    """

    def __init__(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        impostor: ssl.SSLContext | None,
    ) -> None:
        self._protocol_factory = protocol_factory
        self._host = host
        #: The number of the port; for port 0 the one that was taken, once it is open.
        self.port = port
        self._tls = tls
        self._impostor = impostor
        self._listening: asyncio.Server | None = None
        self._reopening: asyncio.TimerHandle | None = None
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Listen with the right certificate. OSError if the port is taken."""
        async with self._changing:
            if self._reopening is not None or self._listening is None:
                await self._close()
                await self._open(self._tls)

    async def shut(self, *, impostor: bool = False) -> bool:
        """Refuse connections for a second, or let the `impostor` serve them; `open` ends that earlier.

        Return False if there is no impostor.
        """
        if impostor and self._impostor is None:
            return False
        async with self._changing:
            await self._close()
            if impostor:
                await self._open(self._impostor)
            loop = asyncio.get_running_loop()
            self._reopening = loop.call_later(_SHUT_S, lambda: loop.create_task(self.open()))
        return True

    async def close(self) -> None:
        """Stop listening; open connections go on."""
        async with self._changing:
            await self._close()

    async def _open(self, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._protocol_factory, self._host, self.port, ssl=tls)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        listening, self._listening = self._listening, None
        if listening is None:
            return
        # CPython 3.11 never serves a connection that it accepts while the server closes.
        for each in listening.sockets:
            with suppress(NotImplementedError):
                asyncio.get_running_loop().remove_reader(each.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        listening.close()
