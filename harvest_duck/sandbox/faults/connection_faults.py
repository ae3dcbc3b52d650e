"""Broken connections: reset, closed or stalled, with bodies that end too early or never.

These faults write to the socket below the HTTP server, and are the last use of the connection.
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

#: The kinds that end the connection before the response is complete.
CONNECTION_FAULTS = frozenset(
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
_POLL_S = 0.005


async def break_connection(kind: Kind, transport: asyncio.Transport, body: bytes) -> None:
    """Send a part of the response with `body`, or none of it, and end the connection as `kind` says."""
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
            async for _ in _until_closed(transport, _DRIP_S):
                transport.write(_chunk(b" "))
        case _:
            transport.write(whole + half)
    match kind:
        case Kind.RESET | Kind.RESET_IN_BODY:
            # The part already written is small, so it goes out before the reset.
            abort(transport)
        case Kind.HALF_CLOSED if transport.can_write_eof():
            transport.write_eof()
            await _closed_by_peer(transport)
        case Kind.STALLED_HEADERS | Kind.STALLED_BODY:
            await _closed_by_peer(transport)
        case _:
            transport.close()


def abort(transport: asyncio.Transport) -> None:
    """End the connection with a reset instead of an orderly close."""
    form = "hh" if os.name == "nt" else "ii"
    peer = transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
    transport.abort()


async def delayed(kind: Kind, request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """Return the response after a delay of its headers, or send its body in slow pieces."""
    if kind is Kind.LATE_HEADERS:
        await asyncio.sleep(_LATE_S)
        return response
    body = response.body
    assert isinstance(body, bytes)  # noqa: S101 - a response of the sandbox
    dripping = web.StreamResponse(status=response.status, headers=_headers_without_length(response))
    await dripping.prepare(request)
    step = max(1, len(body) // 4)
    for start in range(0, len(body), step):
        await asyncio.sleep(_LATE_S / 4)
        await dripping.write(body[start : start + step])
    await dripping.write_eof()
    return dripping


def _headers_without_length(response: web.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "Content-Length"}


def _chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


async def _closed_by_peer(transport: asyncio.Transport) -> None:
    """Return when the client has closed the connection."""
    async for _ in _until_closed(transport, _POLL_S):
        pass


async def _until_closed(transport: asyncio.Transport, pause_s: float) -> AsyncIterator[None]:
    while not transport.is_closing():
        yield
        await asyncio.sleep(pause_s)
