"""Requests for records over HTTP: authorized, held to the rate limits, and tried again where that can help.

One `Client` serves a connection; scans with the same credential share its rate limits. `protocol` decides what an
answer means, `decoder` what a page holds; `http` sends, and `auth` chooses the token.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from harvest_duck.auth import BoundUser, Credential, credential_for
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.connection import Completeness
from harvest_duck.errors import TransportError
from harvest_duck.http.log import logger
from harvest_duck.http.ratelimit.registry import limiter
from harvest_duck.http.ratelimit.window import Clock, SlidingWindow, SystemClock
from harvest_duck.http.retry import LIMITED_PATIENCE_S, RetryBudget, pause_s, tries
from harvest_duck.http.transport import Answer, Transport
from harvest_duck.protocol import request as protocol
from harvest_duck.protocol.request import Request
from harvest_duck.protocol.response import error_of, retry_after_s
from harvest_duck.scanner.account_list import AccountList

if TYPE_CHECKING:
    from harvest_duck.auth.authority import Account
    from harvest_duck.connection import Connection
    from harvest_duck.http.request_log import LoggedRequest

#: The one status of success that Harvest documents for GET, and those of errors that decide what is asked next.
_OK, _UNAUTHORIZED, _NOT_FOUND, _TOO_MANY = 200, 401, 404, 429
#: The statuses by which an account is refused that the token may have lost.
_REFUSED = frozenset({401, 403, 404})


class Client:
    """Sends the requests of one connection; used on one event loop, closed with `close`."""

    def __init__(
        self, connection: Connection, clock: Clock | None = None, *, credential: Credential | None = None
    ) -> None:
        self._connection = connection
        self._clock = clock or SystemClock()
        self._log = logger(connection.logfile, connection.verbosity)
        self._transport = Transport(connection)
        self._credential = credential or credential_for(connection)
        self._limiters: dict[Limit, SlidingWindow] = {}
        self._proven: set[int | None] = set()
        self.account_list = AccountList(self._clock)
        # All requests that are under way at once may be tried again until each is given up.
        self._retries = RetryBudget(4 * connection.max_connections + 20)
        self.users = 0

    async def get(self, entry: LoggedRequest, user: BoundUser) -> Answer | None:
        """Send the request of `entry`, which records what becomes of it.

        Returns the answer of status 200, None where the status means that there are no rows. `user` holds the requests
        of one scan to one person. Raises the error that the last answer stands for, after as many tries as can help.
        """
        async for attempt in tries(
            self._clock,
            self._log,
            patience_s=LIMITED_PATIENCE_S[entry.request.limit],
            budget=self._retries,
            waited_s=lambda: entry.waited_s,
        ):
            with attempt:
                entry.retries = attempt.retry_state.attempt_number - 1
                answer = await self._answered(entry, user)
                self._retries.succeeded(self._clock.now())
                return answer
        raise AssertionError("tenacity ends with a result or an error")

    async def accounts(self, entry: LoggedRequest, user: BoundUser) -> tuple[Account, ...]:
        """Return the accounts of Harvest that the token reaches; `entry` records the request to Harvest ID.

        No rate limit applies: Harvest documents none for its ID service, and one request serves a scan.
        """
        # Imported here, because a connection with an AccountId needs no OAuth: 60 ms of imports (authlib 1.9, 2026-11).
        from harvest_duck.auth.authority import reached  # noqa: PLC0415

        return await reached(self._connection, self._credential, user, entry)

    async def bind(self, user: BoundUser) -> None:
        """Bind `user` to the owner of the token that their next request would carry; raises as `get` does."""
        async with aclosing(self._credential.tokens(user)) as tokens:
            await anext(tokens)

    @property
    def believes_totals(self) -> bool:
        """Whether a list is complete only if as many records came as Harvest announced."""
        return self._connection.completeness is Completeness.ANNOUNCED

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds on the clock by which requests are timed."""
        await self._clock.sleep(seconds)

    def now(self) -> float:
        """Return the present moment on the clock by which requests are timed, in seconds."""
        return self._clock.now()

    def earliest_s(self, limit: Limit, requests: int) -> float:
        """Return the seconds until the last of so many further requests can go, if nobody else sends any."""
        return self._limiter(limit).earliest_s(requests)

    async def close(self) -> None:
        """Close the connections that are kept open."""
        await self._transport.close()
        await self._credential.aclose()

    async def _answered(self, entry: LoggedRequest, user: BoundUser) -> Answer | None:
        request, answer = entry.request, await self._authorized(entry, user)
        if answer.status == _OK:
            if not answer.body or answer.body.isspace():
                raise TransportError(
                    f"{request.where}: the answer is empty: try again, or check BaseURL and ProxyServer"
                )
            self._proven.add(request.account_id)
            return answer
        if answer.status in request.absent_on and await self._proves_absence(entry, user):
            return None
        if answer.status in _REFUSED:
            self.account_list.drop()
        raise error_of(request, answer.status, answer.headers, answer.body)

    async def _proves_absence(self, entry: LoggedRequest, user: BoundUser) -> bool:
        """Return whether a status that may mean that there are no rows does mean it.

        Host, token and account have to be right, so that it can only mean the requested object. A parent that was in a
        list has to be gone besides: one that is there, or that the user may not read, proves nothing.
        """
        account_id, parent = entry.request.account_id, entry.request.parent_record
        if account_id not in self._proven:
            # Any user may ask who they are: https://help.getharvest.com/api-v2/users-api/users/users/
            url = f"{self._connection.base_url}/users/me"
            me = Request("me", url, (), Limit.GENERAL, Paging.NONE, account_id=account_id)
            if await self._status(entry.follow_up(me), user) != _OK:
                return False
            self._proven.add(account_id)
        return parent is None or await self._status(entry.follow_up(parent), user) == _NOT_FOUND

    async def _status(self, entry: LoggedRequest, user: BoundUser) -> int:
        """Return the status of an answer whose body is not needed; raise the error of one that may soon be another."""
        answer = await self._authorized(entry, user)
        if answer.status != _OK:
            error = error_of(entry.request, answer.status, answer.headers, answer.body)
            if error.retriable:
                raise error
        return answer.status

    async def _authorized(self, entry: LoggedRequest, user: BoundUser) -> Answer:
        """Return the answer, after 401 that to another token, where there is one; after 429 nothing else goes out."""
        limit = entry.request.limit
        async with aclosing(self._credential.tokens(user)) as tokens:
            async for token in tokens:
                answer = await self._sent(entry, token.reveal())
                if answer.status == _OK:
                    self._credential.accepted(token)
                if answer.status != _UNAUTHORIZED:
                    break
        if answer.status == _TOO_MANY:
            self._limiter(limit).pause(pause_s(limit, retry_after_s(answer.headers)))
        return answer

    async def _sent(self, entry: LoggedRequest, token: str) -> Answer:
        request, agent = entry.request, self._connection.user_agent
        headers = protocol.headers(token=token, account_id=request.account_id, user_agent=agent)
        async with self._limiter(request.limit).slot() as waited_s:
            if waited_s > 1:
                self._log.info("%s waited %.1f s for the rate limit", request.where, waited_s)
            began = self._clock.now()
            entry.mark_sent(waited_s)
            answer = await self._transport.send(request.address, where=request.where, headers=headers)
        entry.mark_answered(answer.status, len(answer.body), (self._clock.now() - began) * 1000)
        shown = (request.path_and_query, answer.status, len(answer.body), entry.elapsed_ms)
        self._log.info("GET %s %d, %d bytes, %.0f ms", *shown)
        return answer

    def _limiter(self, limit: Limit) -> SlidingWindow:
        if limit not in self._limiters:
            reports = limit is Limit.REPORTS
            rate = self._connection.reports_rate_limit if reports else self._connection.rate_limit
            key = (self._connection.base_url, self._credential.identity, limit)
            self._limiters[limit] = limiter(key, rate, self._clock, self._log)
        return self._limiters[limit]
