"""Asks Harvest whose the token is, who its user is in the account, and for a record of each endpoint.

The requests go out as a scan's do: with the same headers, proxy and certificates, and counted in the shared rate limit;
but only once, and with a bound in time. A sign-in that is due is refreshed as a query would refresh it, and nobody is
asked to sign in.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harvest_duck.auth import BoundUser, Credential, credential_for
from harvest_duck.auth.terminal import Interaction
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.diagnosis import field_probes
from harvest_duck.diagnosis.facts import Account, Exchange, Outcome
from harvest_duck.errors import HarvestDuckError
from harvest_duck.http.log import logger
from harvest_duck.http.ratelimit.registry import limiter
from harvest_duck.http.ratelimit.window import SystemClock
from harvest_duck.http.retry import pause_s
from harvest_duck.http.transport import Transport
from harvest_duck.protocol import request as protocol
from harvest_duck.protocol.request import Request
from harvest_duck.protocol.response import retry_after_s, served_at
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.connection import Connection, Secret
    from harvest_duck.diagnosis.facts import Sample
    from harvest_duck.http.transport import Answer

#: Seconds for an answer, for a token that has to be refreshed first, and for room in the rate limit.
_ANSWER_S, _TOKEN_S, _ROOM_S = 10.0, 30.0, 5.0
_OUTCOMES = {
    401: Outcome.UNAUTHORIZED,
    403: Outcome.FORBIDDEN,
    404: Outcome.NOT_FOUND,
    429: Outcome.LIMITED,
}
_LONGEST = 80


@dataclass(slots=True)
class Asked:
    """The answers of Harvest ID and of the API, None where a question was not asked, and why there is no token.

    `samples` are records of the account, one of each endpoint. `requests` are those that were sent.
    """

    accounts: Exchange | None = None
    me: Exchange | None = None
    samples: Sequence[Sample] | None = None
    error: HarvestDuckError | None = None
    requests: list[str] = field(default_factory=list)


def credential_of(connection: Connection) -> Credential:
    """Return the credential of a connection, which asks nobody to sign in; raises as `credential_for` does."""
    if not connection.stores_tokens:
        return credential_for(connection)
    # Imported here, because a given token needs no OAuth.
    from harvest_duck.auth.stored_credential import StoredCredential  # noqa: PLC0415 - as above

    return StoredCredential(connection, interaction=Interaction(browser=False, terminal=False))


async def asked(
    connection: Connection, credential: Credential, account_id: int | None, *, id_host: bool, api_host: bool
) -> Asked:
    """Return what Harvest says about the token and about its user in an account, each where its host can be reached.

    Without an `account_id` it is the first account that the token reaches.
    """
    patience_s = min(connection.timeout_s or _ANSWER_S, _ANSWER_S)
    found = Asked()
    async with aclosing(_Questions(replace(connection, timeout_s=patience_s), credential, found.requests)) as questions:
        try:
            token = await questions.token_known(found) if id_host else await questions.first_token()
            account_id = account_id or _first(found.accounts)
            if token is not None and account_id is not None and api_host and _useful(found.accounts):
                found.me = await questions.me(token, account_id)
                if found.me.outcome is Outcome.ANSWERED:
                    ask, known = partial(questions.limited, token), {"me": found.me, "accounts": found.accounts}
                    today = datetime.now(UTC).date()
                    found.samples = await field_probes.samples(ask, connection, account_id, today, known)
        except HarvestDuckError as error:
            found.error = error
        except TimeoutError:
            found.error = HarvestDuckError(f"no token came within {_TOKEN_S:g} s")
    return found


def _useful(accounts: Exchange | None) -> bool:
    """Whether the API is worth a request: a token that Harvest ID refuses would be refused once more."""
    return accounts is None or accounts.outcome is not Outcome.UNAUTHORIZED


def _first(exchange: Exchange | None) -> int | None:
    return next((each.id for each in accounts_in(exchange) or ()), None)


class _Questions:
    """Sends the requests; `sent` lists them."""

    def __init__(self, connection: Connection, credential: Credential, sent: list[str]) -> None:
        self._connection = connection
        self._credential = credential
        self._transport = Transport(connection)
        self._sent = sent

    async def first_token(self) -> Secret | None:
        """Return the token that a request would carry first."""
        async with aclosing(self._credential.tokens(BoundUser())) as tokens, asyncio.timeout(_TOKEN_S):
            return await anext(tokens, None)

    async def token_known(self, found: Asked) -> Secret | None:
        """Ask Harvest ID about the token, and about the next one after a 401; return the last."""
        token = None
        async with aclosing(self._credential.tokens(BoundUser())) as tokens:
            while True:
                async with asyncio.timeout(_TOKEN_S):
                    following = await anext(tokens, None)
                if following is None:
                    return token
                token = following
                url = protocol.accounts_request(self._connection.id_url).url
                found.accounts = await self._exchange(url, token, None)
                if found.accounts.outcome is not Outcome.UNAUTHORIZED:
                    return token

    async def me(self, token: Secret, account_id: int) -> Exchange:
        """Ask the API who the user of the token is in an account."""
        url = f"{self._connection.base_url}/users/me"
        request = Request("me", url, (), Limit.GENERAL, Paging.NONE, account_id=account_id)
        return await self.limited(token, request)

    async def limited(self, token: Secret, request: Request) -> Exchange:
        """Send a request to the API in the shared rate limit."""
        general = request.limit is Limit.GENERAL
        rate = self._connection.rate_limit if general else self._connection.reports_rate_limit
        key = (self._connection.base_url, self._credential.identity, request.limit)
        window = limiter(key, rate, SystemClock(), logger(None, 1))
        try:
            async with asyncio.timeout(_ROOM_S) as waiting, window.slot():
                waiting.reschedule(None)
                answered = await self._exchange(request.address, token, request.account_id)
        except TimeoutError:
            return Exchange(Outcome.NO_ROOM)
        if answered.outcome is Outcome.LIMITED:
            window.pause(pause_s(request.limit, answered.retry_after_s))
        return answered

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _exchange(self, url: str, token: Secret, account_id: int | None) -> Exchange:
        agent = self._connection.user_agent
        headers = protocol.headers(token=token.reveal(), account_id=account_id, user_agent=agent)
        self._sent.append(f"GET {url}")
        began = time.time()
        try:
            answer = await self._transport.send(url, where=urlsplit(url).path, headers=headers)
        except HarvestDuckError as error:
            return Exchange(Outcome.NO_ANSWER, str(error))
        return exchange_of(answer, (began + time.time()) / 2)


def accounts_in(exchange: Exchange | None) -> tuple[Account, ...] | None:
    """Return the accounts of Harvest (not Forecast) in an answer of Harvest ID; None where it does not tell them."""
    if exchange is None or exchange.outcome is not Outcome.ANSWERED:
        return None
    listed = exchange.answer.get("accounts")
    if not isinstance(listed, list):
        return None
    return tuple(
        Account(each["id"], one_line(str(each.get("name") or "")))
        for each in listed
        if isinstance(each, dict) and isinstance(each.get("id"), int) and each.get("product", "harvest") == "harvest"
    )


def exchange_of(answer: Answer, moment: float) -> Exchange:
    """Return what became of a request, by an answer that came about the Unix time `moment`."""
    served = served_at(answer.headers)
    # A Date header counts whole seconds.
    ahead_s = None if served is None else served.timestamp() + 0.5 - moment
    wait_s = retry_after_s(answer.headers)
    if answer.status == 200:  # noqa: PLR2004 - the one status of success
        record = _record(answer.body)
        if record is None:
            return Exchange(Outcome.NOT_HARVEST, _shown(answer.body), ahead_s=ahead_s)
        return Exchange(Outcome.ANSWERED, answer=record, ahead_s=ahead_s)
    if answer.status >= 500:  # noqa: PLR2004 - the class of server errors
        return Exchange(Outcome.BROKEN, f"status {answer.status}", ahead_s=ahead_s)
    outcome = _OUTCOMES.get(answer.status)
    if outcome is None or (outcome is not Outcome.LIMITED and _record(answer.body) is None):
        return Exchange(Outcome.NOT_HARVEST, f"status {answer.status}{_target(answer)}", ahead_s=ahead_s)
    return Exchange(outcome, ahead_s=ahead_s, retry_after_s=wait_s)


def _record(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a body, None for anything else; every answer of Harvest is one."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _shown(body: bytes) -> str:
    text = one_line(body[:400].decode("utf-8", "replace"))
    return "an HTML page" if text.startswith("<") else f"a text that is no JSON object: {shortened(text, _LONGEST)}"


def _target(answer: Answer) -> str:
    """Return the host that a redirect leads to, as a part of a sentence."""
    location = next((value for name, value in answer.headers.items() if name.lower() == "location"), "")
    try:
        host = urlsplit(location).hostname
    except ValueError:
        host = None
    return f", a redirect to {shortened(one_line(host), _LONGEST)}" if host else ""
