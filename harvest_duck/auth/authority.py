"""Harvest ID over HTTP: exchanges a code or a refresh token for tokens, and returns the person of a token.

`requests` builds the requests and `responses` reads the answers; this module sends, and retries where that can help.
"""

from __future__ import annotations

import json
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harvest_duck.auth import requests, responses
from harvest_duck.errors import CredentialsError, HarvestDuckError, ProtocolError, Unauthorized
from harvest_duck.http.log import logger
from harvest_duck.http.ratelimit.window import Clock, SystemClock
from harvest_duck.http.request_log import LoggedRequest
from harvest_duck.http.retry import tries
from harvest_duck.http.transport import Transport
from harvest_duck.protocol import request as protocol
from harvest_duck.protocol.response import error_of
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.auth.credential import BoundUser, Credential
    from harvest_duck.auth.requests import TokenRequest
    from harvest_duck.auth.sign_ins import Tokens
    from harvest_duck.connection import Connection, Secret


#: Seconds that a request for tokens waits because the server asks for it, at most; other requests wait for the tokens.
_PATIENCE_S = 30.0
#: The most accounts that an error names, and the most characters of each name.
_NAMED, _LONGEST_NAME = 10, 40


@dataclass(frozen=True, slots=True)
class Account:
    """An account that a token reaches; `product` is "harvest" or "forecast"."""

    id: int
    name: str
    product: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The person of a token, with their id at Harvest ID, and the accounts that it reaches, in Harvest's order."""

    user_id: int
    name: str
    email: str
    accounts: tuple[Account, ...]

    @property
    def harvest_accounts(self) -> tuple[Account, ...]:
        """The accounts of Harvest; those of the sister product Forecast have another API."""
        return tuple(account for account in self.accounts if account.product == "harvest")


class Authority:
    """Sends the requests of one connection to Harvest ID; `now` is the time in Unix seconds."""

    def __init__(
        self, connection: Connection, *, now: Callable[[], float] = time.time, clock: Clock | None = None
    ) -> None:
        self._connection = connection
        self._now = now
        self._clock = clock or SystemClock()
        self._log = logger(connection.logfile, connection.verbosity)
        self._transport = Transport(connection)

    async def exchange(self, code: Secret, pkce_verifier: Secret | None) -> Tokens:
        """Return the tokens for an authorization code; raises as `responses.tokens_in` does, and `TransportError`."""
        return await self._tokens(requests.exchange(self._connection, code, pkce_verifier), previous=None)

    async def refresh(self, refresh_token: Secret) -> Tokens:
        """Return new tokens, with the old refresh token if Harvest sends no other; raises as `exchange` does."""
        return await self._tokens(requests.refresh(self._connection, refresh_token), previous=refresh_token)

    async def identity(self, token: Secret, entry: LoggedRequest | None = None) -> Identity:
        """Return the person of `token`, and the accounts that it reaches; `entry` records the request.

        Raises the error of `response.error_of` for an HTTP error, and `ProtocolError` for an answer of another shape.
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
                    raise error_of(asked, answer.status, answer.headers, answer.body)
                return _identity(answer.body)
        raise AssertionError("tenacity ends with a result or an error")

    async def aclose(self) -> None:
        """Close the open connections."""
        await self._transport.close()

    async def _tokens(self, request: TokenRequest, *, previous: Secret | None) -> Tokens:
        headers = protocol.headers(token=None, account_id=None, user_agent=self._connection.user_agent)

        async def ask() -> Tokens:
            answer = await self._transport.send(request.url, where=request.what, headers=headers, form=request.form)
            self._log.info("POST %s %d, %s", urlsplit(request.url).path, answer.status, request.what)
            return responses.tokens_in(
                request, answer.status, answer.headers, answer.body, now=self._now(), previous=previous
            )

        try:
            return await tries(self._clock, self._log, patience_s=_PATIENCE_S)(ask)
        except HarvestDuckError as error:
            # It was tried often enough; a caller that tries again would multiply the tries.
            error.retriable = False
            raise


async def identity(
    connection: Connection, credential: Credential, user: BoundUser, entry: LoggedRequest | None = None
) -> Identity:
    """Return whose token `connection` sends, and its accounts; asks again with the next token after a 401.

    `entry` records the request. Raises the errors of `Credential.tokens` and of `Authority.identity`.
    """
    async with aclosing(Authority(connection)) as authority, aclosing(credential.tokens(user)) as tokens:
        async for token in tokens:
            try:
                return await authority.identity(token, entry)
            except Unauthorized as error:
                refused = error
    raise refused


async def reached(
    connection: Connection, credential: Credential, user: BoundUser, entry: LoggedRequest | None = None
) -> tuple[Account, ...]:
    """Return the Harvest (not Forecast) accounts that the token reaches, in Harvest's order, each once.

    `entry` records the request. Raises `CredentialsError` if there is none, or there are several and `connection` has
    no AccountId that chooses among them, and the errors of `identity`.
    """
    who = await identity(connection, credential, user, entry)
    # Keyed by id: if Harvest listed an account twice, its rows would be read twice.
    accounts = {account.id: account for account in who.harvest_accounts}
    if not accounts:
        raise CredentialsError(
            f"the token of {who.name} reaches no Harvest account: use one of somebody who has an account"
        )
    if connection.account_id is None and len(accounts) > 1:
        raise CredentialsError(
            f"no AccountId is given, and the token reaches {len(accounts)} Harvest accounts, "
            f"{_listed(tuple(accounts.values()))}: set AccountId to one of the numbers, or to * for all of them"
        )
    return tuple(accounts.values())


def _listed(accounts: tuple[Account, ...]) -> str:
    named = [f"{account.id} ({shortened(account.name, _LONGEST_NAME)})" for account in accounts[:_NAMED]]
    return ", ".join(named) + (f" and {len(accounts) - _NAMED} more" if len(accounts) > _NAMED else "")


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
