"""The OAuth endpoints of the ID host over HTTP: the consent page, and the exchange of codes and refresh tokens.

https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/ gives paths, parameters and the
response with the tokens. It documents no errors: statuses and codes are those of RFC 6749, sections 4.1.2.1 and 5.2.
The client's secret has to be in the form, as Harvest documents it; HTTP Basic and the implicit grant are not supported
here.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from harvest_duck.sandbox.grants import CLIENTS, PERSONS, account_records
from harvest_duck.sandbox.identity.authorization_request import (
    AuthorizationRequest,
    ErrorRedirect,
    OAuthError,
    Parameters,
    UntrustedRequest,
)
from harvest_duck.sandbox.identity.consent_page import Candidate, consent_page, error_page
from harvest_duck.sandbox.wire import Refusal, encode

if TYPE_CHECKING:
    from harvest_duck.sandbox.identity.authority import Authority, IssuedTokens

_AUTHORIZE = "/oauth2/authorize"
_TOKEN = "/api/v2/oauth2/token"  # noqa: S105 - a path
_FORM = "application/x-www-form-urlencoded"
# https://datatracker.ietf.org/doc/html/rfc6749#section-5.1
_UNCACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
# Against framing, https://datatracker.ietf.org/doc/html/rfc6749#section-10.13, and leaks by the Referer header,
# https://datatracker.ietf.org/doc/html/rfc9700#section-4.2.4. Browsers apply form-action to redirects: it is left out.
_GUARDED = _UNCACHED | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def form_fields(request: web.BaseRequest) -> list[tuple[str, str]]:
    """Return the fields of a POSTed form, in order; none if the body is something else."""
    if request.method != "POST" or request.content_type != _FORM:
        return []
    return parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True)


class OAuth:
    """Answers for an `authority`; `names` are those of the Harvest accounts, for the consent page."""

    paths = frozenset({_AUTHORIZE, _TOKEN})

    def __init__(self, authority: Authority, names: dict[int, str]) -> None:
        self._authority = authority
        self._names = names

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Return the response to a request for one of `paths`; refuse other methods with 405."""
        methods = ("POST",) if request.path == _TOKEN else ("GET", "HEAD", "POST")
        if request.method not in methods:
            raise Refusal(405, "Method Not Allowed", headers={"Allow": ", ".join(methods)})
        form = Parameters(await form_fields(request))
        if request.path == _TOKEN:
            return self._token(form)
        try:
            if request.method == "POST":
                return _redirect(self._decision_location(form))
            return _html(self._consent(Parameters(request.query.items())))
        except UntrustedRequest as fault:
            return _html(error_page(str(fault)), status=400)
        except ErrorRedirect as fault:
            return _redirect(fault.location)

    def _consent(self, parameters: Parameters) -> str:
        """Return the page that asks for consent; nothing in `parameters` can give the consent."""
        request = AuthorizationRequest.read(parameters, pkce=self._authority.pkce)
        candidates = [
            Candidate(role, grant.person, account_records(grant.within(request.scope), self._names))
            for role, grant in PERSONS.items()
        ]
        return consent_page(request, candidates)

    def _decision_location(self, form: Parameters) -> str:
        """Return the URL to which the decision of the person sends the browser."""
        request = AuthorizationRequest.read(form, pkce=self._authority.pkce)
        match form.get("decision"), form.get("user"):
            case "deny", _:
                return request.denied()
            case "allow", str(role) if role in PERSONS:
                return request.allowed(self._authority.authorize(request, role))
        raise UntrustedRequest("The form was not filled in: it takes a user, and a decision to allow or to deny.")

    def _token(self, form: Parameters) -> web.Response:
        """Return tokens, or an error, as JSON."""
        try:
            tokens = self._issued_tokens(form)
        except OAuthError as fault:
            status = 401 if fault.error == "invalid_client" else 400
            return _json({"error": fault.error, "error_description": fault.description}, status=status)
        return _json(
            {
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token,
                "token_type": "bearer",
                "expires_in": tokens.expires_in,
                "scope": tokens.scope,
            }
        )

    def _issued_tokens(self, form: Parameters) -> IssuedTokens:
        """Return the tokens that the form of a known client asks for."""
        form.require_single()
        grant_type = form.require("grant_type")
        if grant_type not in ("authorization_code", "refresh_token"):
            raise OAuthError("unsupported_grant_type", "The grant_type is not authorization_code or refresh_token")
        client = CLIENTS.get(form.get("client_id") or "")
        secret = form.get("client_secret") or ""
        if client is None or not secrets.compare_digest(secret.encode(), client.client_secret.encode()):
            raise OAuthError("invalid_client", "The client_id or the client_secret is missing or wrong")
        if grant_type == "refresh_token":
            return self._authority.refresh(form.require("refresh_token"), client_id=client.client_id)
        return self._authority.exchange(
            form.require("code"),
            client_id=client.client_id,
            redirect_uri=form.get("redirect_uri"),
            verifier=form.get("code_verifier"),
        )


def _redirect(location: str) -> web.Response:
    """Return a redirect of the browser to the application."""
    return web.Response(status=302, headers=_GUARDED | {"Location": location})


def _html(page: str, *, status: int = 200) -> web.Response:
    """Return a page that may be neither cached nor framed, and sends no Referer."""
    return web.Response(status=status, headers=_GUARDED, text=page, content_type="text/html", charset="utf-8")


def _json(body: dict[str, object], *, status: int = 200) -> web.Response:
    """Return a response of the token endpoint."""
    headers = _UNCACHED | {"Content-Type": "application/json; charset=utf-8"}
    return web.Response(status=status, headers=headers, body=encode(body))
