"""CData's three OAuth procedures, under their names: the steps of a sign-in one by one; they store nothing.

For programs that show the consent page themselves, and for machines without a browser. `sessions.login` does all
steps at once.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from harvest_duck.auth import requests
from harvest_duck.auth.authority import Authority
from harvest_duck.connection import Connection, Secret, resolve
from harvest_duck.errors import CredentialsError
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harvest_duck.auth.requests import Authorization
    from harvest_duck.auth.sign_ins import Tokens


def get_oauth_authorization_url(
    connection: str = "", *, callback_url: str | None = None, scope: str | None = None, state: str | None = None
) -> Authorization:
    """Return the `url` at which a person consents, with its `state` and the `pkce_verifier` for the exchange.

    Sends nothing. The caller has to compare the `state` in the redirect.
    """
    return requests.authorization(_with_properties(connection, callback_url, scope), state=state)


def get_oauth_access_token(
    connection: str = "",
    *,
    verifier: str | Secret | None = None,
    callback_url: str | None = None,
    pkce_verifier: str | Secret | None = None,
) -> Tokens:
    """Return the tokens for the code in `verifier` or OAuthVerifier; raises `LoginFailed` if Harvest refuses it."""
    settings = _with_properties(connection, callback_url, None)
    code = _secret(verifier) or settings.oauth.verifier
    if code is None:
        raise CredentialsError("get_oauth_access_token needs the code of the redirect: pass verifier or OAuthVerifier")
    proof = _secret(pkce_verifier) or settings.oauth.pkce_verifier
    return _tokens(settings, lambda authority: authority.exchange(code, proof))


def refresh_oauth_access_token(connection: str = "", *, refresh_token: str | Secret | None = None) -> Tokens:
    """Return new tokens for a refresh token, which may be void afterwards; raises `LoginRequired` if it is refused."""
    settings = resolve(connection, signing_in=True)
    token = _secret(refresh_token) or settings.oauth.refresh_token
    if token is None:
        raise CredentialsError(
            "refresh_oauth_access_token needs a refresh token: pass refresh_token or OAuthRefreshToken"
        )
    return _tokens(settings, lambda authority: authority.refresh(token))


def _tokens(settings: Connection, ask: Callable[[Authority], Awaitable[Tokens]]) -> Tokens:
    async def asked() -> Tokens:
        async with aclosing(Authority(settings)) as authority:
            return await ask(authority)

    return loop.run(asked())


def _with_properties(connection: str, callback_url: str | None, scope: str | None) -> Connection:
    settings = resolve(connection, signing_in=True)
    wanted = settings.oauth
    return replace(
        settings,
        oauth=replace(wanted, callback_url=callback_url or wanted.callback_url, scope=scope or wanted.scope),
    )


def _secret(value: str | Secret | None) -> Secret | None:
    return Secret(value) if isinstance(value, str) and value else value if isinstance(value, Secret) else None
