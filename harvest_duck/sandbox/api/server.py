"""The sandbox as an HTTP server: it checks a request in the order in which Harvest does, and answers it.

The order is: User-Agent, token, account; rate limits; route, permission, parameters. The API is under `/v2`, the ID
host's list of accounts at `/api/v2/accounts`; its sign-in, which needs no token, has the paths of `oauth_endpoints`.
Bodies of status 200 are cached, so that the same request by the same user costs only a lookup.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import TYPE_CHECKING

from aiohttp import web

from harvest_duck.sandbox.api.lists import add_lists
from harvest_duck.sandbox.api.permissions import Viewer
from harvest_duck.sandbox.api.rate_limits import GENERAL, REPORTS, Limiter
from harvest_duck.sandbox.api.reports import add_reports
from harvest_duck.sandbox.api.request_log import ForcedResponses, LoggedRequest, without_secrets
from harvest_duck.sandbox.api.routing import RequestContext, Routes
from harvest_duck.sandbox.api.singletons import accounts_of_token, add_singletons
from harvest_duck.sandbox.grants import TOKENS, Grant
from harvest_duck.sandbox.identity.oauth_endpoints import OAuth, form_fields
from harvest_duck.sandbox.wire import Body, Refusal, encode

if TYPE_CHECKING:
    from datetime import datetime

    from harvest_duck.sandbox.api.listening_port import ListeningPort
    from harvest_duck.sandbox.data.account import Account
    from harvest_duck.sandbox.identity.authority import Authority

_JSON = "application/json; charset=utf-8"
_SECRET_HEADERS = frozenset({"authorization", "cookie"})
# Compressing less than a packet gains nothing.
_SMALL = 1400
_INVALID = "The access token provided is expired, revoked, malformed or invalid for other reasons."

Hook = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
#: Answers a request as the server does without faults.
Answerer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
#: Answers a request in place of the `Answerer` that it is given, or returns None after it ended the connection.
Interceptor = Callable[[web.BaseRequest, Answerer], Awaitable[web.StreamResponse | None]]


class Server:
    """Answers requests about `accounts`; `clock` counts the seconds of the log and of the limits.

    `now` returns the moment in UTC that answers say in `Date`. Valid tokens are the fixed ones and those of the
    `authority`.
    """

    def __init__(
        self,
        accounts: dict[int, Account],
        authority: Authority,
        *,
        latency_ms: float,
        limits: bool,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self.accounts = accounts
        self._names = {number: account.profile.name for number, account in accounts.items()}
        self.authority = authority
        self._oauth = OAuth(authority, self._names)
        self.latency_ms = latency_ms
        self.requests: list[LoggedRequest] = []
        self.forced_responses = ForcedResponses()
        self.on_request: Hook | None = None
        self.interceptor: Interceptor | None = None
        self.ports: list[ListeningPort] = []
        self._limits = limits
        self._limiter = Limiter(clock)
        self._clock = clock
        self.now = now
        self._routes = Routes()
        add_lists(self._routes)
        add_singletons(self._routes)
        add_reports(self._routes)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer `request` after the latency; log it whatever the response."""
        entry = self._logged(request)
        self.requests.append(entry)
        entry.form = without_secrets(await form_fields(request))
        if self.latency_ms:
            await asyncio.sleep(self.latency_ms / 1000)
        intercept = self.interceptor
        response = await (self._answer(request) if intercept is None else intercept(request, self._answer))
        if response is None:
            # The interceptor ended the connection.
            return web.Response()
        entry.status = response.status
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return a forced response, else that of the hook, else that of Harvest, with the moment of its making."""
        response = await self._usual_answer(request)
        response.headers.setdefault("Date", format_datetime(self.now(), usegmt=True))
        return response

    async def _usual_answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return a forced response, else that of the hook, else that of Harvest."""
        forced = self.forced_responses.take(request.path)
        if forced is not None:
            headers = {"Content-Type": _JSON} | forced.headers
            return web.Response(status=forced.status, headers=headers, body=forced.body)
        if self.on_request is not None:
            response = await self.on_request(request)
            if response is not None:
                return response
        try:
            return await self._harvest_answer(request)
        except Refusal as refusal:
            headers = {"Content-Type": _JSON} | refusal.headers
            return web.Response(status=refusal.status, headers=headers, body=encode(refusal.body))

    async def _harvest_answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the response of Harvest with status 200; raise `Refusal` otherwise."""
        if not request.headers.get("User-Agent"):
            raise Refusal(400, "User-Agent header is required")
        if request.path in OAuth.paths:
            return await self._oauth.answer(request)
        body = self._body(request)
        headers = {"Content-Type": _JSON, "Vary": "Accept-Encoding"}
        if len(body.plain) > _SMALL and "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(headers=headers | {"Content-Encoding": "gzip"}, body=body.compressed)
        return web.Response(headers=headers, body=body.plain)

    def _body(self, request: web.BaseRequest) -> Body:
        """Return the body of status 200; raise `Refusal` otherwise."""
        token, grant = self._granted(request)
        if request.method not in ("GET", "HEAD"):
            raise Refusal(405, "The sandbox is read-only")
        if request.path == "/api/v2/accounts":
            return Body(encode(accounts_of_token(grant, self._names)))
        account = self._account(request, grant).state
        self._count(token, account.profile.account_id, request.path)
        viewer = Viewer(account, account.token_users[grant.user_positions[account.profile.account_id]]["id"])
        key = (viewer.user_id, request.host, request.path_qs)
        cache = account.body_cache
        body = cache.get(key)
        if body is None:
            body = Body(encode(self._record_answer(request, viewer)))
            cache.put(key, body)
        return body

    def _record_answer(self, request: web.BaseRequest, viewer: Viewer) -> dict[str, object]:
        """Return the JSON object that answers `request`."""
        if not request.path.startswith("/v2/"):
            raise Refusal(404, "Not Found")
        path = request.path.removeprefix("/v2")
        handler, ids = self._routes.find(path)
        return handler(RequestContext(viewer, path, request.query, ids, f"{request.scheme}://{request.host}/v2"))

    def _granted(self, request: web.BaseRequest) -> tuple[str, Grant]:
        """Return the token of `request`, from its header or else its query, and its grant."""
        # https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.query.get("access_token", "")
        token = token.strip()
        grant = TOKENS.get(token) or self.authority.grant(token)
        if grant is None:
            raise Refusal(401, _INVALID)
        return token, grant

    def _account(self, request: web.BaseRequest, grant: Grant) -> Account:
        """Return the account that `request` names; a missing name counts as an invalid token, as observed.

        It is not documented how Harvest answers for an account that the token does not reach. The sandbox answers 404,
        as Harvest does for hidden records, so that account ids cannot be probed.
        """
        name = request.headers.get("Harvest-Account-Id") or request.query.get("account_id")
        if not name:
            raise Refusal(401, _INVALID)
        number = int(name) if name.isascii() and name.isdigit() else 0
        if number not in grant.user_positions:
            raise Refusal(404, "Not Found")
        return self.accounts[number]

    def _count(self, token: str, account_id: int, path: str) -> None:
        """Refuse with 429 beyond the limits."""
        if not self._limits:
            return
        reports = path.startswith("/v2/reports/")
        wait = self._limiter.admit((token, account_id, reports), REPORTS if reports else GENERAL)
        if wait is not None:
            raise Refusal(429, "This request has been throttled.", headers={"Retry-After": str(wait)})

    def _logged(self, request: web.BaseRequest) -> LoggedRequest:
        """Return `request` for the log, without its secrets."""
        return LoggedRequest(
            method=request.method,
            path=request.path,
            query=without_secrets(request.query.items()),
            headers={name: value for name, value in request.headers.items() if name.lower() not in _SECRET_HEADERS},
            has_token="Authorization" in request.headers or "access_token" in request.query,
            user_agent=request.headers.get("User-Agent"),
            account_id=request.headers.get("Harvest-Account-Id") or request.query.get("account_id"),
            time=self._clock(),
        )
