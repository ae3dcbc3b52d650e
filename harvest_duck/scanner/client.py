"""Requests for records over HTTP: authorized, kept under the rate limits, tried again where that can help.

One `Client` serves a connection; scans with the same credential share its rate limits. What an answer means is decided
by `protocol`, what a page holds by `decode`; `transport` sends, and `auth` says with which token.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from harvest_duck.auth import BoundUser, Credential, credential_for, reached
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.http.log import logger
from harvest_duck.http.ratelimit import shared
from harvest_duck.http.ratelimit.window import Clock, SlidingWindow, SystemClock, Window
from harvest_duck.http.request_log import Sent
from harvest_duck.http.retry import PATIENCE_S, RetryBudget, tries
from harvest_duck.http.transport import Answer, Transport
from harvest_duck.protocol import request as protocol
from harvest_duck.protocol.request import Request
from harvest_duck.protocol.response import error_of, retry_after_s
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncIterator

    from harvest_duck.auth.authority import Account
    from harvest_duck.connection import Connection, RateLimit

#: The clock by which the kept clients wait and try again; a test puts one of its own here.
clock: Clock = SystemClock()

#: Clients kept for the next query, so that its first request finds an open connection.
_KEPT = 8
_UNLIMITED = 1 << 62
#: Seconds that a request waits at most because it was answered 429: Harvest's window, and a little more.
_PATIENCE_S = {Limit.GENERAL: PATIENCE_S, Limit.REPORTS: PATIENCE_S + 900}
#: Seconds without any request after a 429 that does not say how long to wait.
_UNADVISED_S = 5.0


class Client:
    """Sends the requests of one connection; used on one event loop, closed with `close`."""

    def __init__(
        self, connection: Connection, timed_by: Clock | None = None, *, credential: Credential | None = None
    ) -> None:
        self._connection = connection
        self._clock = timed_by or clock
        self._log = logger(connection.logfile, connection.verbosity)
        self._transport = Transport(connection)
        self._credential = credential or credential_for(connection)
        self._windows: dict[Limit, Window] = {}
        self._proven: set[int | None] = set()
        # All that are under way at once may be tried again until each is given up.
        self._retries = RetryBudget(4 * connection.max_connections + 20)
        self.users = 0

    async def get(self, request: Request, user: BoundUser | None = None, sent: Sent | None = None) -> Answer | None:
        """The answer of status 200, None where the status means that there are no rows.

        `user` holds the requests of one scan to one person; `sent` is told what became of the request.
        Raises the error of the tree that the last answer stands for, after as many tries as can help.
        """
        entry = sent or Sent(request)
        async for attempt in tries(
            self._clock,
            self._log,
            patience_s=_PATIENCE_S[request.limit],
            budget=self._retries,
            waited_s=lambda: entry.waited_s,
        ):
            with attempt:
                entry.retries = attempt.retry_state.attempt_number - 1
                answer = await self._answered(request, user or BoundUser(), entry)
                self._retries.succeeded()
                return answer
        raise AssertionError("tenacity ends with a result or an error")

    async def accounts(self, user: BoundUser | None = None, sent: Sent | None = None) -> tuple[Account, ...]:
        """The accounts of Harvest that the token reaches, as Harvest ID tells; `sent` is told that it was asked."""
        sent = sent or Sent(protocol.accounts_request(self._connection.id_url))
        began = self._clock.now()
        sent.going(0.0)
        found = await reached(self._connection, self._credential, user or BoundUser())
        sent.came(200, None, (self._clock.now() - began) * 1000)
        return found

    def now(self) -> float:
        """The present moment on the clock by which requests are timed, in seconds."""
        return self._clock.now()

    def earliest_s(self, limit: Limit, requests: int) -> float:
        """In how many seconds the last of so many further requests can go, if nobody else sends any."""
        return self._window(limit).earliest_s(requests)

    async def close(self) -> None:
        """Close the connections that are kept open."""
        await self._transport.close()
        await self._credential.aclose()

    async def _answered(self, request: Request, user: BoundUser, sent: Sent) -> Answer | None:
        answer = await self._authorized(request, user, sent)
        if answer.status == 429:  # noqa: PLR2004 - too many requests, so nothing else goes out meanwhile either
            advice_s = retry_after_s(answer.headers)
            pause_s = _UNADVISED_S if advice_s is None else min(advice_s, _PATIENCE_S[request.limit])
            self._window(request.limit).pause(pause_s)
        if answer.status == 200:  # noqa: PLR2004 - the one status of success that Harvest documents for GET
            self._proven.add(request.account_id)
            return answer
        if answer.status in request.absent_on and await self._proves(request, user, sent):
            return None
        raise error_of(request, answer.status, answer.headers, answer.body)

    async def _proves(self, request: Request, user: BoundUser, sent: Sent) -> bool:
        """Whether host, token and account are right, so that a 404 can only mean the object that was asked for."""
        if request.account_id not in self._proven:
            # Any user may ask who they are: https://help.getharvest.com/api-v2/users-api/users/users/
            url = f"{self._connection.base_url}/users/me"
            me = Request("me", url, (), Limit.GENERAL, Paging.NONE, account_id=request.account_id)
            if (await self._authorized(me, user, sent.also(me))).status == 200:  # noqa: PLR2004 - as above
                self._proven.add(request.account_id)
        return request.account_id in self._proven

    async def _authorized(self, request: Request, user: BoundUser, sent: Sent) -> Answer:
        """The answer; sent again with another token, where there is one, after 401."""
        async with aclosing(self._credential.tokens(user)) as tokens:
            async for token in tokens:
                answer = await self._sent(request, token.reveal(), sent)
                if answer.status != 401:  # noqa: PLR2004 - unauthorized
                    break
        return answer

    async def _sent(self, request: Request, token: str, sent: Sent) -> Answer:
        agent = self._connection.user_agent
        headers = protocol.headers(token=token, account_id=request.account_id, user_agent=agent)
        async with self._window(request.limit).slot() as waited_s:
            if waited_s > 1:
                self._log.info("%s waited %.1f s for the rate limit", request.where, waited_s)
            began = self._clock.now()
            sent.going(waited_s)
            answer = await self._transport.send(request.address, where=request.where, headers=headers)
        sent.came(answer.status, len(answer.body), (self._clock.now() - began) * 1000)
        told = (request.path_and_query, answer.status, len(answer.body), sent.elapsed_ms)
        self._log.info("GET %s %d, %d bytes, %.0f ms", *told)
        return answer

    def _window(self, limit: Limit) -> Window:
        if limit not in self._windows:
            reports = limit is Limit.REPORTS
            rate = self._connection.reports_rate_limit if reports else self._connection.rate_limit
            whose = (self._connection.base_url, self._credential.identity, limit)
            self._windows[limit] = _window(whose, rate, self._clock, self._log)
        return self._windows[limit]


@asynccontextmanager
async def client_for(connection: Connection) -> AsyncIterator[Client]:
    """A client for `connection`, kept for the next scan when this one is done with it."""
    kept = loop.own("clients", _Clients)
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
        self._clients: OrderedDict[tuple[Connection, Clock], Client] = OrderedDict()
        loop.at_stop(self.close)

    def open(self, connection: Connection) -> Client:
        key = connection, clock
        if key not in self._clients:
            self._clients[key] = Client(connection, clock)
        self._clients.move_to_end(key)
        return self._clients[key]

    async def trim(self) -> None:
        idle = [key for key, client in self._clients.items() if not client.users]
        gone = [self._clients.pop(key) for key in idle[: max(0, len(self._clients) - _KEPT)]]
        for client in gone:
            await client.close()

    async def close(self) -> None:
        while self._clients:
            await self._clients.popitem()[1].close()


def _window(whose: tuple[object, ...], rate: RateLimit | None, timed_by: Clock, log: logging.Logger) -> Window:
    """The window that scans with one credential and limit share: by the machine's clock, those of all processes."""
    windows = loop.own("windows", dict[tuple[object, ...], Window])
    named = (*whose, rate, None if isinstance(timed_by, SystemClock) else timed_by)
    if named not in windows:
        if rate is None:
            windows[named] = SlidingWindow(_UNLIMITED, 0, timed_by)
        elif isinstance(timed_by, SystemClock):
            windows[named] = shared.shared(whose, rate.requests, rate.window_s, timed_by, log)
        else:
            windows[named] = SlidingWindow(rate.requests, rate.window_s, timed_by)
    return windows[named]
