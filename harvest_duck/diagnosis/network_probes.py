"""Looks at the way to a host, step by step: its name, a connection, TLS. Nothing is sent on the connection."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harvest_duck.diagnosis.blocking_call import within
from harvest_duck.diagnosis.facts import Step, Way
from harvest_duck.errors import ConnectionStringError
from harvest_duck.http.connection_errors import tls_reason
from harvest_duck.http.proxy import named_proxy, proxy_for, unread_bundle, unread_proxy
from harvest_duck.http.transport import certificates
from harvest_duck.text import one_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from harvest_duck.connection import Connection

#: What OpenSSL looks for certificates by: https://docs.openssl.org/master/man3/SSL_CTX_load_verify_locations/
_STORES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
#: Seconds for each step.
_STEP_S = 5.0


class _Failed(Exception):
    """A step that failed; the message is the reason."""

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(one_line(reason))
        self.step = step


async def way_to(url: str, connection: Connection) -> Way:
    """Return the way to the host of a URL; through a proxy it ends there, since only a request can tell the rest."""
    parts = urlsplit(url)
    guarded = parts.scheme == "https"
    unread = unread_proxy(connection, url)
    way = Way(
        host=parts.hostname or "",
        port=parts.port or (443 if guarded else 80),
        guarded=guarded,
        unread_proxy=unread.source if unread else None,
        unread_bundle=unread_bundle(connection),
        trusts_own=connection.ssl_server_cert is not None,
        replaced_store=next((name for name in _STORES if os.environ.get(name)), None),
    )
    try:
        proxy = proxy_for(connection, url)
    except ConnectionStringError as error:
        return replace(way, failed=Step.PROXY, reason=str(error))
    if proxy is None:
        return await _looked_at(way, way.host, way.port, connection if guarded else None)
    way = replace(way, proxy=f"{proxy.host}:{proxy.port}", proxy_from=_chooser(url, connection))
    return await _looked_at(way, proxy.host or "", proxy.port or 80, None)


async def _looked_at(way: Way, host: str, port: int, trusting: Connection | None) -> Way:
    """Return the way with what each step to `host` says; TLS is tried where `trusting` says whom to trust."""
    try:
        way = replace(way, addresses=await _addresses(host, port))
        async with _connected(way.addresses, port) as writer:
            if trusting is not None:
                await _guard(writer, host, trusting)
    except _Failed as failed:
        way = replace(way, failed=failed.step, reason=str(failed))
    return way


def _chooser(url: str, connection: Connection) -> str:
    named = named_proxy(url) if connection.proxy_from_environment else None
    return named.source if named else "ProxyServer"


async def _addresses(host: str, port: int) -> tuple[str, ...]:
    """Return the first address of each family of a host, that of IPv4 first."""
    try:
        found = await within(_STEP_S, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TimeoutError:
        raise _Failed(Step.NAME, f"no answer from the name server within {_STEP_S:g} s") from None
    except (OSError, UnicodeError) as error:
        raise _Failed(Step.NAME, getattr(error, "strerror", None) or type(error).__name__) from None
    first: dict[bool, str] = {}
    for entry in found:
        address = str(entry[4][0])
        first.setdefault(":" in address, address)
    return tuple(first[six] for six in sorted(first))


@asynccontextmanager
async def _connected(addresses: tuple[str, ...], port: int) -> AsyncIterator[asyncio.StreamWriter]:
    """A context with a connection to the first address that answers."""
    writer = await _opened(addresses, port)
    try:
        yield writer
    finally:
        writer.close()
        # The end of TLS may take its time, or come as an error.
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await writer.wait_closed()


async def _opened(addresses: tuple[str, ...], port: int) -> asyncio.StreamWriter:
    reasons = []
    for address in addresses:
        try:
            async with asyncio.timeout(_STEP_S):
                return (await asyncio.open_connection(address, port))[1]
        except TimeoutError:
            reasons.append(f"{address}: no answer within {_STEP_S:g} s")
        except OSError as error:
            reasons.append(f"{address}: {os.strerror(error.errno) if error.errno else type(error).__name__}")
    raise _Failed(Step.CONNECTION, ", ".join(reasons))


async def _guard(writer: asyncio.StreamWriter, host: str, connection: Connection) -> None:
    try:
        trusted = certificates(connection)
        context = ssl.create_default_context() if isinstance(trusted, bool) else trusted
        async with asyncio.timeout(_STEP_S):
            await writer.start_tls(context, server_hostname=host)
    except TimeoutError:
        raise _Failed(Step.TLS, f"no answer within {_STEP_S:g} s") from None
    except (OSError, ConnectionStringError) as error:
        raise _Failed(Step.TLS, tls_reason(error)) from None
