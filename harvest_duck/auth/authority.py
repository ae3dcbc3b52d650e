"""Harvest ID over HTTP: a code or a refresh token turned into tokens, and a token into whose it is.

`oauth` says what to send and `answers` what comes back; this sends it, and tries again what can be tried again.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harvest_duck.auth import requests, responses
from harvest_duck.errors import HarvestDuckError, ProtocolError
from harvest_duck.http.log import logger
from harvest_duck.http.ratelimit.window import Clock, SystemClock
from harvest_duck.http.request_log import LoggedRequest
from harvest_duck.http.retry import tries
from harvest_duck.http.transport import Transport
from harvest_duck.protocol import request as protocol
from harvest_duck.protocol.request import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.auth.requests import TokenRequest
    from harvest_duck.auth.sign_ins import Tokens
    from harvest_duck.connection import Connection, Secret


#: The longest that a request for tokens is put off; others wait for it.
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Account:
    """An account that a token reaches; `product` is "harvest" or "forecast"."""

    id: int
    name: str
    product: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is, by their id at Harvest ID, and the accounts that it reaches, in Harvest's order."""

    user_id: int
    name: str
    email: str
    accounts: tuple[Account, ...]

    @property
    def harvest_accounts(self) -> tuple[Account, ...]:
        """The accounts that have a Harvest API; the sister product Forecast has another."""
        return tuple(account for account in self.accounts if account.product == "harvest")


class Authority:
    """Asks Harvest ID on behalf of one connection; `now` is the time in Unix seconds."""

    def __init__(
        self, connection: Connection, *, now: Callable[[], float] = time.time, clock: Clock | None = None
    ) -> None:
        self._connection = connection
        self._now = now
        self._clock = clock or SystemClock()
        self._log = logger(connection.logfile, connection.verbosity)
        self._transport = Transport(connection)

    async def exchange(self, code: Secret, pkce_verifier: Secret | None) -> Tokens:
        """The tokens for an authorization code; the errors of `answers.tokens_in` and `TransportError`."""
        return await self._tokens(requests.exchange(self._connection, code, pkce_verifier), kept=None)

    async def refresh(self, refresh_token: Secret) -> Tokens:
        """New tokens; the refresh token among them is the old one where Harvest sends no other. Errors as above."""
        return await self._tokens(requests.refresh(self._connection, refresh_token), kept=refresh_token)

    async def identity(self, token: Secret, entry: LoggedRequest | None = None) -> Identity:
        """Whose `token` it is, and the accounts that it reaches; `entry` records the request.

        Raises what `protocol.error_of` makes of an error, and `ProtocolError` for an answer of another shape.
        """
        asked = protocol.accounts_request(self._connection.id_url)
        headers = protocol.headers(token=token.reveal(), account_id=None, user_agent=self._connection.user_agent)
        entry = entry or LoggedRequest(asked)
        async for attempt in tries(self._clock, self._log):
            with attempt:
                entry.retries = attempt.retry_state.attempt_number - 1
                began = self._clock.now()
                entry.mark_sent(0.0)
                answer = await self._transport.send(asked.url, where="accounts", headers=headers)
                entry.mark_answered(answer.status, len(answer.body), (self._clock.now() - began) * 1000)
                self._log.info("GET %s %d", asked.path_and_query, answer.status)
                if answer.status != 200:  # noqa: PLR2004 - the one status of success
                    raise protocol.error_of(asked, answer.status, answer.headers, answer.body)
                return _identity(answer.body)
        raise AssertionError("tenacity ends with a result or an error")

    async def close(self) -> None:
        """Close the connections that are kept open."""
        await self._transport.close()

    async def _tokens(self, request: TokenRequest, *, kept: Secret | None) -> Tokens:
        headers = protocol.headers(token=None, account_id=None, user_agent=self._connection.user_agent)
        try:
            async for attempt in tries(self._clock, self._log, patience_s=_PATIENCE_S):
                with attempt:
                    answer = await self._transport.send(
                        request.url, where=request.what, headers=headers, form=request.form
                    )
                    self._log.info("POST %s %d, %s", urlsplit(request.url).path, answer.status, request.what)
                    return responses.tokens_in(
                        request, answer.status, answer.headers, answer.body, now=self._now(), kept=kept
                    )
        except HarvestDuckError as error:
            # It was tried often enough: whoever waits for the token must not multiply that.
            error.retriable = False
            raise
        raise AssertionError("tenacity ends with a result or an error")


def _identity(body: bytes) -> Identity:
    try:
        answer = json.loads(body)
        user = answer["user"]
        names = (user.get("first_name"), user.get("last_name"))
        return Identity(
            user_id=int(user["id"]),
            name=one_line(" ".join(str(name) for name in names if name) or str(user.get("email") or user["id"])),
            email=one_line(str(user.get("email") or "")),
            accounts=tuple(
                Account(int(each["id"]), one_line(str(each.get("name") or "")), str(each.get("product") or "harvest"))
                for each in answer["accounts"]
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ProtocolError("accounts: the answer of Harvest ID names no user and accounts: check IdURL") from error
