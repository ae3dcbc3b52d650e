"""The bytes between the server and one client: TLS, buffers with limits, and the news that the client is gone."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from harvest_duck.servers.postgres.failure import Failure

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

__all__ = ["Channel", "ClientGone"]

#: The bytes of a client that are kept before somebody asks for them.
_MOST_UNREAD = 1 << 18
#: The bytes of answers that are kept to be sent together, as many as PostgreSQL keeps (PQ_SEND_BUFFER_SIZE).
_TOGETHER = 8192
#: Seconds that a client has to take the last words of a session.
_LAST_WORDS_S = 1.0
#: A client that a network lost without a word is asked after this many idle seconds, and this often; never by polling.
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6))


class ClientGone(ConnectionError):
    """The client closed its connection, or it broke."""


class Channel(asyncio.Protocol):
    """What a client sends and gets. `opened` is called once it is connected, `on_gone` when it went away.

    What is sent stays in a buffer until `flush`, or until it is much.
    """

    def __init__(self, opened: Callable[[Channel], None]) -> None:
        self._opened = opened
        self.on_gone: Callable[[], None] = lambda: None
        self.gone = False
        self._ended = False
        self.closed = asyncio.get_running_loop().create_future()
        self.tls: ssl.SSLContext | None = None
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._wanted = 0
        self._unsent: list[bytes | memoryview] = []
        self._unsent_bytes = 0
        self._readable: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._reading_paused = False
        self._writing_paused = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        _keep_alive(transport.get_extra_info("socket"))
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        """Keep what the client sent."""
        self._unread += data
        if len(self._unread) > max(_MOST_UNREAD, self._wanted) and not self._reading_paused:
            self._reading_paused = True
            self._made().pause_reading()
        _wake(self._readable)

    def eof_received(self) -> None:
        """Take it that the client is gone: none of them closes one half alone."""
        self._lose()

    def connection_lost(self, _: Exception | None) -> None:
        """Tell whoever waits."""
        self._lose()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Let those who drain wait."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """Let those who drain go on."""
        self._writing_paused = False
        _wake(self._writable)

    # What sessions call.

    @property
    def address(self) -> str:
        """The address of the client."""
        peer = self._made().get_extra_info("peername")
        return str(peer[0]) if peer else ""

    @property
    def is_local(self) -> bool:
        """Whether the client is on this machine."""
        with suppress(ValueError):
            address = ipaddress.ip_address(self.address.partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None)
            return (mapped or address).is_loopback
        return False

    async def read(self, count: int) -> bytes:
        """Return the next `count` bytes; raise `ClientGone` where they do not come."""
        self._wanted = count
        while len(self._unread) < count:
            if self.gone or self._ended:
                raise ClientGone
            self._resume_reading()
            self._readable = asyncio.get_running_loop().create_future()
            await self._readable
        taken = bytes(self._unread[:count])
        del self._unread[:count]
        self._wanted = 0
        if len(self._unread) <= _MOST_UNREAD:
            self._resume_reading()
        return taken

    def send(self, data: bytes | memoryview) -> None:
        """Send bytes, soon."""
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if self._unsent_bytes > _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Send now what was kept back."""
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        if unsent and not self.gone:
            self._made().write(unsent[0] if len(unsent) == 1 else b"".join(unsent))

    async def drain(self) -> None:
        """Return when the client has taken most of what was sent, or when `wake` is called."""
        self.flush()
        if self._writing_paused and not self.gone and not self._ended:
            self._writable = asyncio.get_running_loop().create_future()
            await self._writable

    def wake(self) -> None:
        """Let whoever drains go on at once."""
        _wake(self._writable)

    async def encrypt(self, context: ssl.SSLContext) -> None:
        """Go on in TLS; raises a Failure where the client has sent more already, which nobody could trust."""
        self.flush()
        if self._unread:
            raise Failure("08P01", "received unencrypted data after SSL request", fatal=True)
        loop = asyncio.get_running_loop()
        try:
            made = await loop.start_tls(self._made(), self, context, server_side=True)
        except OSError as error:
            # An error of TLS is one too: the client speaks another version of it, or does not trust the certificate.
            raise ClientGone from error
        if made is None:
            raise ClientGone
        self._transport = made
        self.tls = context

    def end(self) -> None:
        """Read nothing more."""
        self._ended = True
        _wake(self._readable)

    def close(self) -> None:
        """Close the connection once the client has its last words, or soon without it."""
        self.flush()
        transport = self._made()
        transport.close()
        if not self.closed.done():
            asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._abort)

    def _abort(self) -> None:
        if not self.closed.done():
            self._made().abort()

    def _lose(self) -> None:
        if not self.gone:
            self.gone = True
            self.on_gone()
        _wake(self._readable)
        _wake(self._writable)

    def _resume_reading(self) -> None:
        if self._reading_paused and not self.gone:
            self._reading_paused = False
            self._made().resume_reading()

    def _made(self) -> asyncio.Transport:
        if self._transport is None:
            raise AssertionError
        return self._transport


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


def _keep_alive(connected: socket.socket | None) -> None:
    if connected is None:
        return
    with suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
