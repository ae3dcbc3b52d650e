"""Requests over HTTP: authorized, kept under the rate limits, tried again where that can help.

One `Client` serves a connection; scans with the same token share its rate limits. What an answer means is decided by
`protocol`, what a page holds by `decode`.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import OrderedDict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential
from yarl import URL

from harvest_duck import background, protocol
from harvest_duck.errors import ConnectionStringError, HarvestDuckError, RateLimited, ServerError, TransportError
from harvest_duck.logs import logger
from harvest_duck.protocol import Request
from harvest_duck.ratelimit import Clock, SlidingWindow, SystemClock
from harvest_duck.table import Limit, Paging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from harvest_duck.connection import Connection, RateLimit

__all__ = ["Client", "client_for"]

#: How often a request is tried at most. With the waits between, a dead server costs seconds.
ATTEMPTS = 5
#: Clients kept for the next query, so that its first request finds an open connection.
_KEPT = 8
_UNLIMITED = 1 << 62

_wait_s = wait_random_exponential(multiplier=0.5, max=20)


class Client:
    """Sends the requests of one connection; used on one event loop, closed with `close`."""

    def __init__(self, connection: Connection, clock: Clock | None = None) -> None:
        self._connection = connection
        self._clock = clock or SystemClock()
        self._log = logger(connection.logfile, connection.verbosity)
        self._session: aiohttp.ClientSession | None = None
        self._windows: dict[Limit, SlidingWindow] = {}
        self._proven = False
        self.users = 0

    async def get(self, request: Request) -> bytes | None:
        """The body of the answer, None where its status means that there are no rows.

        Raises the error of the tree that the last answer stands for, after as many tries as can help.
        """
        tries = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(ATTEMPTS),
            retry=retry_if_exception(_retriable),
            wait=self._pause_s,
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                return await self._send(request)
        raise AssertionError("tenacity ends with a result or an error")

    async def close(self) -> None:
        """Close the connections that are kept open."""
        if self._session is not None:
            await self._session.close()

    async def _send(self, request: Request) -> bytes | None:
        window = self._window(request.limit)
        async with window.slot() as waited_s:
            if waited_s > 1:
                self._log.info("%s waited %.1f s for the rate limit", request.where, waited_s)
            status, sent, body = await self._exchange(request)
        if status == 429:  # noqa: PLR2004 - too many requests, so nothing else goes out meanwhile either
            window.pause(protocol.retry_after_s(sent) or 0)
        if status == 200:  # noqa: PLR2004 - the one status of success that Harvest documents for GET
            self._proven = True
            return body
        if status in request.absent_on and await self._proves():
            return None
        raise protocol.error_of(request, status, sent, body)

    async def _proves(self) -> bool:
        """Whether host, token and account are right, so that a 404 can only mean the object that was asked for."""
        if not self._proven:
            # Any user may ask who they are: https://help.getharvest.com/api-v2/users-api/users/users/
            me = Request("me", f"{self._connection.base_url}/users/me", (), Limit.GENERAL, Paging.NONE)
            async with self._window(Limit.GENERAL).slot():
                status, _, _ = await self._exchange(me)
            self._proven = status == 200  # noqa: PLR2004 - as above
        return self._proven

    async def _exchange(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        began = self._clock.now()
        try:
            session = self._opened()
            async with session.get(
                URL(request.address, encoded=True), allow_redirects=False, proxy=self._proxy(request.url)
            ) as answer:
                body = await answer.read()
                status, sent = answer.status, dict(answer.headers)
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise _no_answer(request, error, self._connection) from error
        elapsed_ms = (self._clock.now() - began) * 1000
        self._log.info("GET %s %d, %d bytes, %.0f ms", request.path_and_query, status, len(body), elapsed_ms)
        return status, sent, body

    def _pause_s(self, state: RetryCallState) -> float:
        """The seconds before the next try; for a 429 the whole window waits, so that no other request runs into it."""
        error = state.outcome.exception() if state.outcome else None
        self._log.warning("%s; try %d of %d failed", error, state.attempt_number, ATTEMPTS)
        if isinstance(error, RateLimited | ServerError) and error.retry_after_s is not None:
            return error.retry_after_s
        return _wait_s(state)

    def _window(self, limit: Limit) -> SlidingWindow:
        if limit not in self._windows:
            reports = limit is Limit.REPORTS
            rate = self._connection.reports_rate_limit if reports else self._connection.rate_limit
            self._windows[limit] = _window(self._connection, limit, rate, self._clock)
        return self._windows[limit]

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            wanted = self._connection
            self._session = aiohttp.ClientSession(
                headers=self._headers(),
                connector=aiohttp.TCPConnector(limit=wanted.max_connections, ssl=_tls(wanted)),
                timeout=_timeout(wanted.timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _headers(self) -> dict[str, str]:
        wanted = self._connection
        account_id = wanted.account_id if wanted.account_id is None else int(wanted.require_account())
        token = wanted.require_token().reveal()
        own = protocol.headers(token=token, account_id=account_id, user_agent=wanted.user_agent)
        if urlsplit(wanted.base_url).scheme == "http":
            # Only this machine itself is spoken to without TLS. There unpacking a page costs more than it saves:
            # 5.6 ms against 1.4 ms for 2,000 time entries (aiohttp 3.14, 2026-11).
            own["Accept-Encoding"] = "identity"
        return dict(wanted.custom_headers) | own

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


@asynccontextmanager
async def client_for(connection: Connection) -> AsyncIterator[Client]:
    """A client for `connection`, kept for the next scan when this one is done with it."""
    kept = background.own("clients", _Clients)
    client = kept.open(connection)
    client.users += 1
    try:
        yield client
    finally:
        client.users -= 1
        await kept.trim()


class _Clients:
    """The clients of a process, the least recently used first."""

    def __init__(self) -> None:
        self._clients: OrderedDict[Connection, Client] = OrderedDict()
        background.at_stop(self.close)

    def open(self, connection: Connection) -> Client:
        if connection not in self._clients:
            self._clients[connection] = Client(connection)
        self._clients.move_to_end(connection)
        return self._clients[connection]

    async def trim(self) -> None:
        idle = [connection for connection, client in self._clients.items() if not client.users]
        gone = [self._clients.pop(connection) for connection in idle[: max(0, len(self._clients) - _KEPT)]]
        for client in gone:
            await client.close()

    async def close(self) -> None:
        while self._clients:
            await self._clients.popitem()[1].close()


def _window(connection: Connection, limit: Limit, rate: RateLimit | None, clock: Clock) -> SlidingWindow:
    """The window that all scans of this process with the same token and limit share."""
    windows = background.own("windows", dict[tuple[object, ...], SlidingWindow])
    key = (connection.base_url, connection.token, limit, rate, clock if not isinstance(clock, SystemClock) else None)
    if key not in windows:
        windows[key] = (
            SlidingWindow(rate.requests, rate.window_s, clock) if rate else SlidingWindow(_UNLIMITED, 0, clock)
        )
    return windows[key]


def _retriable(error: BaseException) -> bool:
    return isinstance(error, HarvestDuckError) and error.retriable


def _proxy_of_environment(url: SplitResult) -> URL | None:
    """The proxy that the environment or the system names for a URL; not aiohttp's, which reads passwords of .netrc."""
    host = url.hostname or ""
    proxy = None if proxy_bypass(host) else getproxies().get(url.scheme)
    return URL(proxy) if proxy else None


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


def _no_answer(request: Request, error: BaseException, connection: Connection) -> TransportError:
    parts = urlsplit(request.url)
    host = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        advice = f"TLS with {host} failed ({reason}): check SSLServerCert, BaseURL and the clock of this machine"
        failed = TransportError(f"{request.where}: {advice}")
        failed.retriable = False
        return failed
    if isinstance(error, TimeoutError):
        within = f" within {connection.timeout_s:g} s" if connection.timeout_s else ""
        return TransportError(f"{request.where}: no answer from {host}{within}: try again, or raise Timeout")
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or reason
        return TransportError(
            f"{request.where}: {host} cannot be reached ({reason}): check the network, BaseURL and Proxy"
        )
    return TransportError(f"{request.where}: the answer from {host} broke off ({reason}): try again")
