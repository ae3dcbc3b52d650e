"""Answers that do not arrive: connections reset, closed and stalled, and bodies that end too early or never.

It writes to the socket itself, under the HTTP server. How the connection ends is the fault, so nothing comes after it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from harvest_duck.sandbox.faults.schedule import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: The kinds that end with the connection, before the answer does.
WRECKS = frozenset(
    {
        Kind.RESET,
        Kind.RESET_IN_BODY,
        Kind.CLOSED,
        Kind.CLOSED_IN_HEADERS,
        Kind.HALF_CLOSED,
        Kind.CUT_BODY,
        Kind.CUT_CHUNKS,
        Kind.STALLED_HEADERS,
        Kind.STALLED_BODY,
        Kind.ENDLESS_BODY,
    }
)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
_LATE_S = 0.02
_DRIP_S = 0.02
_LOOK_S = 0.005


async def wreck(kind: Kind, transport: asyncio.Transport, body: bytes) -> None:
    """Let the answer `body` go wrong on its way, and the connection with it."""
    whole = _HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode()
    half = body[: len(body) // 2]
    match kind:
        case Kind.RESET | Kind.CLOSED | Kind.STALLED_HEADERS:
            pass
        case Kind.CLOSED_IN_HEADERS:
            transport.write(whole[: len(_HEAD) // 2])
        case Kind.CUT_CHUNKS:
            transport.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunk(half))
        case Kind.ENDLESS_BODY:
            transport.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
            async for _ in _until_left(transport, _DRIP_S):
                transport.write(_chunk(b" "))
        case _:
            transport.write(whole + half)
    match kind:
        case Kind.RESET | Kind.RESET_IN_BODY:
            # What was written goes out before the reset, as it is small.
            abort(transport)
        case Kind.HALF_CLOSED if transport.can_write_eof():
            transport.write_eof()
            await _left(transport)
        case Kind.STALLED_HEADERS | Kind.STALLED_BODY:
            await _left(transport)
        case _:
            transport.close()


def abort(transport: asyncio.Transport) -> None:
    """End the connection with a reset rather than an end of its stream."""
    form = "hh" if os.name == "nt" else "ii"
    peer = transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
    transport.abort()


async def late(kind: Kind, request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """The answer, whose headers or body take their time."""
    if kind is Kind.LATE_HEADERS:
        await asyncio.sleep(_LATE_S)
        return response
    body = response.body
    assert isinstance(body, bytes)  # noqa: S101 - the sandbox's own answers
    dripping = web.StreamResponse(status=response.status, headers=_whole(response))
    await dripping.prepare(request)
    step = max(1, len(body) // 4)
    for start in range(0, len(body), step):
        await asyncio.sleep(_LATE_S / 4)
        await dripping.write(body[start : start + step])
    await dripping.write_eof()
    return dripping


def _whole(response: web.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "Content-Length"}


def _chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


async def _left(transport: asyncio.Transport) -> None:
    """Return when the client has hung up."""
    async for _ in _until_left(transport, _LOOK_S):
        pass


async def _until_left(transport: asyncio.Transport, pause_s: float) -> AsyncIterator[None]:
    while not transport.is_closing():
        yield
        await asyncio.sleep(pause_s)
