"""HTTP as one connection asks for it: TLS, proxy and time limits, no redirects, no cookies, and faults as errors.

`client` sends requests for records through it, `auth` those for tokens. What an answer means is for them to say.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)
from yarl import URL

from harvest_duck.errors import ConnectionStringError, HarvestDuckError, RateLimited, ServerError, TransportError

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from harvest_duck.connection import Connection
    from harvest_duck.ratelimit import Clock

__all__ = ["ATTEMPTS", "Answer", "Transport", "tries"]

#: How often a request is tried at most. With the waits between, a dead server costs seconds.
ATTEMPTS = 5

_wait_s = wait_random_exponential(multiplier=0.5, max=20)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status; the body is unpacked."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport:
    """Sends what it is given, on one event loop; its sockets stay open until `close`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, *, where: str, headers: Mapping[str, str], form: str | None = None) -> Answer:
        """The answer to a GET, or to a POST of a `form`, as it is encoded; the `url` is sent as it is.

        Raises `TransportError`, which begins with `where`, when no whole answer comes.
        """
        sent = dict(self._connection.custom_headers) | dict(headers)
        if urlsplit(url).scheme == "http":
            # Only this machine itself is spoken to without TLS. There unpacking a page costs more than it saves:
            # 5.6 ms against 1.4 ms for 2,000 time entries (aiohttp 3.14, 2026-11).
            sent["Accept-Encoding"] = "identity"
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            async with self._opened().request(
                "GET" if form is None else "POST",
                URL(url, encoded=True),
                headers=sent,
                data=None if form is None else form.encode(),
                allow_redirects=False,
                proxy=self._proxy(url),
            ) as answer:
                return Answer(answer.status, dict(answer.headers), await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            # An answer of a proxy is not chained: it carries the address of the proxy, with its password.
            cause = None if isinstance(error, aiohttp.ClientResponseError) else error
            raise _no_answer(where, url, error, self._connection) from cause

    async def close(self) -> None:
        """Close the connections that are kept open."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            wanted = self._connection
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=wanted.max_connections, ssl=_tls(wanted)),
                timeout=_timeout(wanted.timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _proxy(self, url: str) -> URL | None:
        proxy = self._connection.proxy
        if self._connection.proxy_from_environment:
            return _proxy_of_environment(urlsplit(url))
        if proxy is None or not proxy.serves(urlsplit(url).hostname or ""):
            return None
        address = URL(proxy.url)
        if proxy.user is not None:
            password = proxy.password.reveal() if proxy.password else None
            address = address.with_user(proxy.user).with_password(password)
        return address


def tries(clock: Clock, log: logging.Logger, *, patience_s: float = float("inf")) -> AsyncRetrying:
    """The attempts at a request: again after errors that are `retriable`, later each time or when the server says.

    The error stands where the server asks for more than `patience_s` seconds.
    """

    def pause_s(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        log.warning("%s; try %d of %d failed", error, state.attempt_number, ATTEMPTS)
        if isinstance(error, RateLimited | ServerError) and error.retry_after_s is not None:
            return error.retry_after_s
        return _wait_s(state)

    return AsyncRetrying(
        sleep=clock.sleep,
        stop=stop_after_attempt(ATTEMPTS),
        retry=retry_if_exception(lambda error: _retriable(error) and _advice_s(error) <= patience_s),
        wait=pause_s,
        reraise=True,
    )


def _retriable(error: BaseException) -> bool:
    return isinstance(error, HarvestDuckError) and error.retriable


def _advice_s(error: BaseException) -> float:
    """The seconds that the server asks to wait; 0 where it does not say."""
    return error.retry_after_s or 0.0 if isinstance(error, RateLimited | ServerError) else 0.0


def _proxy_of_environment(url: SplitResult) -> URL | None:
    """The proxy that the environment or the system names for a URL; not aiohttp's, which reads passwords of .netrc."""
    host = url.hostname or ""
    proxy = None if proxy_bypass(host) else getproxies().get(url.scheme)
    try:
        return URL(proxy) if proxy else None
    except ValueError:
        # Not chained, and not repeated: it may hold a password.
        raise ConnectionStringError(f"the proxy that the environment names for {url.scheme} is no URL") from None


def _timeout(timeout_s: float | None) -> aiohttp.ClientTimeout:
    """So many seconds for the connection and between two pieces of the answer, and ten times as many for all of it."""
    total_s = None if timeout_s is None else 10 * timeout_s
    return aiohttp.ClientTimeout(total=total_s, sock_connect=timeout_s, sock_read=timeout_s)


def _tls(connection: Connection) -> ssl.SSLContext | bool:
    """How TLS is checked: against the certificates of the system, or against the one that is given alone."""
    if connection.ssl_server_cert is None:
        return True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=connection.ssl_server_cert)
    except (OSError, ssl.SSLError) as error:
        raise ConnectionStringError(f"SSLServerCert: {connection.ssl_server_cert} is no PEM certificate") from error
    return context


def _no_answer(where: str, url: str, error: BaseException, connection: Connection) -> TransportError:
    parts = urlsplit(url)
    host = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        advice = f"TLS with {host} failed ({reason}): check SSLServerCert, BaseURL and the clock of this machine"
        failed = TransportError(f"{where}: {advice}")
        failed.retriable = False
        return failed
    if isinstance(error, aiohttp.ClientHttpProxyError):
        refused = TransportError(
            f"{where}: the proxy answered {error.status}: check ProxyServer, ProxyUser and ProxyPassword"
        )
        refused.retriable = error.status >= 500  # noqa: PLR2004 - the class of server errors
        return refused
    if isinstance(error, aiohttp.ClientResponseError):
        reason = f"{error.status} {error.message}"
    if isinstance(error, TimeoutError):
        within = f" within {connection.timeout_s:g} s" if connection.timeout_s else ""
        return TransportError(f"{where}: no answer from {host}{within}: try again, or raise Timeout")
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or reason
        own = "BaseURL" if url.startswith(connection.base_url) else "IdURL"
        return TransportError(f"{where}: {host} cannot be reached ({reason}): check the network, {own} and ProxyServer")
    return TransportError(f"{where}: the answer from {host} broke off ({reason}): try again")
