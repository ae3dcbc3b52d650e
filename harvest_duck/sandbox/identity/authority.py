"""The authorization server without its pages: sign-ins, and their codes and tokens.

https://datatracker.ietf.org/doc/html/rfc6749 has the rules. Harvest documents few of them:
https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/ says that an access token is valid
for 14 days and that a refresh returns a refresh token again. The rest is the sandbox's guess: a code is valid for ten
minutes; a refresh token is valid until it is rotated or revoked; a rotated one is refused, and the other tokens of the
sign-in stay valid; access tokens stay valid after a refresh; revoking the application ends codes and tokens.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.sandbox.grants import EVERYTHING, OAUTH_CLIENT_ID, PERSONS, Grant, is_scope
from harvest_duck.sandbox.identity.authorization_request import OAuthError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.sandbox.identity.authorization_request import AuthorizationRequest, Challenge

# https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2 recommends at most this much.
_CODE_S = 600


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """The tokens that the token endpoint issues; `expires_in` counts whole seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scope: str


@dataclass(frozen=True, slots=True, eq=False)
class _SignIn:
    """A person's consent; ending it ends the tokens issued for it."""

    client_id: str
    grant: Grant
    scope: str


@dataclass(frozen=True, slots=True)
class _Code:
    """An authorization code that was not exchanged for tokens yet."""

    sign_in: _SignIn
    redirect_uri: str
    challenge: Challenge | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class _AccessToken:
    """An access token and its expiry."""

    sign_in: _SignIn
    expires_at: float


class Authority:
    """Issues and revokes codes and tokens; `clock` counts the seconds. It is thread-safe.

    An access token is valid for `access_token_s`. With `rotate` a refresh ends the refresh token that it used. Without
    `pkce` challenges and verifiers are ignored.
    """

    def __init__(self, *, access_token_s: float, rotate: bool, pkce: bool, clock: Callable[[], float]) -> None:
        self.pkce = pkce
        self._access_token_s = access_token_s
        self._rotate = rotate
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}
        self._used_codes: dict[str, _SignIn] = {}
        self._access_tokens: dict[str, _AccessToken] = {}
        self._refresh_tokens: dict[str, _SignIn] = {}

    def authorize(self, request: AuthorizationRequest, role: str) -> str:
        """Return the code for a `request` that the person with `role` consents to."""
        client = request.client
        sign_in = _SignIn(client.client_id, PERSONS[role].within(request.scope), request.scope)
        code = f"sandbox-code-{secrets.token_hex(16)}"
        with self._lock:
            self._codes[code] = _Code(sign_in, request.redirect_uri, request.challenge, self._clock() + _CODE_S)
        return code

    def exchange(self, code: str, *, client_id: str, redirect_uri: str | None, verifier: str | None) -> IssuedTokens:
        """Return the tokens for a code, once; a second use of the code revokes the tokens issued for it.

        RFC 6749 requires the same `redirect_uri` again, Harvest's documentation leaves it out: here it may be missing,
        but has to be the same otherwise.
        """
        with self._lock:
            used = self._used_codes.get(code)
            if used is not None and used.client_id == client_id:
                self._end(used)
                raise OAuthError("invalid_grant", "The code was used before; the tokens issued for it are revoked")
            found = self._codes.get(code)
            if found is None or found.sign_in.client_id != client_id:
                raise OAuthError("invalid_grant", "The code is unknown")
            if self._clock() >= found.expires_at:
                raise OAuthError("invalid_grant", "The code is expired")
            if redirect_uri not in (None, found.redirect_uri):
                raise OAuthError("invalid_grant", "The redirect_uri is not that of the authorization request")
            if self.pkce:
                _check_verifier(found.challenge, verifier)
            del self._codes[code]
            self._used_codes[code] = found.sign_in
            return self._issue(found.sign_in, _refresh_token())

    def refresh(self, refresh_token: str, *, client_id: str) -> IssuedTokens:
        """Return new tokens for a refresh token; the refresh token stays the same unless it is rotated."""
        with self._lock:
            sign_in = self._refresh_tokens.get(refresh_token)
            if sign_in is None or sign_in.client_id != client_id:
                raise OAuthError("invalid_grant", "The refresh token is unknown, used or revoked")
            if not self._rotate:
                return self._issue(sign_in, refresh_token)
            del self._refresh_tokens[refresh_token]
            return self._issue(sign_in, _refresh_token())

    def sign_in(self, role: str, scope: str = EVERYTHING) -> IssuedTokens:
        """Return tokens for the person with `role`; LookupError or ValueError for an unknown role or scope."""
        if role not in PERSONS:
            raise LookupError(f"nobody signs in as {role}; there are: {', '.join(PERSONS)}")
        if not is_scope(scope):
            raise ValueError(f"{scope!r} is no scope of Harvest's")
        with self._lock:
            return self._issue(_SignIn(OAUTH_CLIENT_ID, PERSONS[role].within(scope), scope), _refresh_token())

    def grant(self, access_token: str) -> Grant | None:
        """Return the grant of an access token; None if it is unknown, expired or revoked."""
        with self._lock:
            found = self._access_tokens.get(access_token)
            return found.sign_in.grant if found is not None and self._clock() < found.expires_at else None

    def expire_access_tokens(self) -> None:
        """End all access tokens; refresh tokens stay valid."""
        with self._lock:
            self._access_tokens.clear()

    def revoke(self) -> None:
        """End all codes and tokens, as if every person had revoked the application."""
        with self._lock:
            self._codes.clear()
            self._access_tokens.clear()
            self._refresh_tokens.clear()

    def _issue(self, sign_in: _SignIn, refresh_token: str) -> IssuedTokens:
        """Return a new access token for `sign_in` with a refresh token that is valid from now on."""
        access_token = f"sandbox-access-{secrets.token_hex(16)}"
        self._access_tokens[access_token] = _AccessToken(sign_in, self._clock() + self._access_token_s)
        self._refresh_tokens[refresh_token] = sign_in
        return IssuedTokens(access_token, refresh_token, int(self._access_token_s), sign_in.scope)

    def _end(self, sign_in: _SignIn) -> None:
        """Revoke the tokens of `sign_in`."""
        # https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2
        for token in [token for token, each in self._access_tokens.items() if each.sign_in is sign_in]:
            del self._access_tokens[token]
        for token in [token for token, each in self._refresh_tokens.items() if each is sign_in]:
            del self._refresh_tokens[token]


def _refresh_token() -> str:
    return f"sandbox-refresh-{secrets.token_hex(16)}"


def _check_verifier(challenge: Challenge | None, verifier: str | None) -> None:
    """Refuse a verifier that does not match the challenge, and a verifier without a challenge."""
    # https://datatracker.ietf.org/doc/html/rfc7636#section-4.6 and, for the latter,
    # https://datatracker.ietf.org/doc/html/rfc9700#section-2.1.1
    if challenge is None and verifier is None:
        return
    if challenge is None or verifier is None or not challenge.met_by(verifier):
        raise OAuthError("invalid_grant", "The code_verifier is missing or not the one behind the code_challenge")
