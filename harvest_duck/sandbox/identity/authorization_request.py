"""Read and check the authorization request of an application.

https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.1 defines it. An error in the client or the redirect URI is
shown to the person; every other error goes to the application, at its redirect URI. Harvest documents neither errors
nor PKCE, https://datatracker.ietf.org/doc/html/rfc7636, which the sandbox supports by default.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.sandbox.grants import CLIENTS, EVERYTHING, Client, is_scope
from harvest_duck.sandbox.identity.redirect_uris import is_registered, with_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

# https://datatracker.ietf.org/doc/html/rfc7636#section-4.1 and 4.2
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGES = {"S256": re.compile(r"[A-Za-z0-9_-]{43}"), "plain": _VERIFIER}


class UntrustedRequest(Exception):
    """A request whose response may not be sent anywhere; the message is for the person."""


class OAuthError(Exception):
    """An error response, with its code and a description that contains nothing of the request."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class ErrorRedirect(Exception):
    """An error in a request that the application gets: the browser goes to `location`."""

    def __init__(self, location: str) -> None:
        super().__init__("the error goes to the application")
        self.location = location


class Parameters:
    """The parameters of a request to an OAuth endpoint; those without a value count as missing.

    https://datatracker.ietf.org/doc/html/rfc6749#section-3.1
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        given = list(pairs)
        self._values = {name: value for name, value in given if value}
        self.repeated = {name for name, count in Counter(name for name, _ in given).items() if count > 1}

    def get(self, name: str) -> str | None:
        """Return the value of a parameter; None if it is missing."""
        return self._values.get(name)

    def require(self, name: str) -> str:
        """Return the value of a parameter; raise `OAuthError` if it is missing."""
        value = self.get(name)
        if value is None:
            raise OAuthError("invalid_request", f"The parameter {name} is missing")
        return value

    def require_single(self) -> None:
        """Raise `OAuthError` if a parameter is given more than once."""
        if self.repeated:
            raise OAuthError("invalid_request", "A parameter is given more than once")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A PKCE challenge, which only the client that began the sign-in can answer."""

    method: str
    value: str = field(repr=False)

    def met_by(self, verifier: str) -> bool:
        """Return whether `verifier` is the secret behind the challenge."""
        # https://datatracker.ietf.org/doc/html/rfc7636#section-4.6
        if not _VERIFIER.fullmatch(verifier):
            return False
        if self.method == "S256":
            digest = hashlib.sha256(verifier.encode()).digest()
            verifier = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return secrets.compare_digest(verifier, self.value)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid request, which a person can allow or deny."""

    client: Client
    redirect_uri: str
    state: str | None = None
    scope: str = EVERYTHING
    challenge: Challenge | None = None

    @classmethod
    def read(cls, parameters: Parameters, *, pkce: bool) -> AuthorizationRequest:
        """Return the request in `parameters`; the first redirect URI and the scope `all` are the defaults."""
        client = CLIENTS.get(parameters.get("client_id") or "")
        if client is None or "client_id" in parameters.repeated:
            raise UntrustedRequest("The application is not known here: its client_id is missing or wrong.")
        redirect_uri = parameters.get("redirect_uri") or client.redirect_uris[0]
        if "redirect_uri" in parameters.repeated or not is_registered(redirect_uri, client.redirect_uris):
            raise UntrustedRequest("The redirect_uri is not one that the application registered.")
        state = parameters.get("state")
        try:
            scope = _scope(parameters)
            return cls(client, redirect_uri, state, scope, _challenge(parameters) if pkce else None)
        except OAuthError as error:
            raise ErrorRedirect(
                with_parameters(redirect_uri, error=error.error, error_description=error.description, state=state)
            ) from None

    @property
    def fields(self) -> dict[str, str]:
        """The parameters that make the same request again."""
        fields = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
        }
        if self.state is not None:
            fields["state"] = self.state
        if self.challenge is not None:
            fields |= {"code_challenge": self.challenge.value, "code_challenge_method": self.challenge.method}
        return fields

    def allowed(self, code: str) -> str:
        """Return the URL with the response of a person who consents."""
        # Harvest adds the scope, which RFC 6749 section 4.1.2 does not.
        return with_parameters(self.redirect_uri, code=code, scope=self.scope, state=self.state)

    def denied(self) -> str:
        """Return the URL with the response of a person who does not consent."""
        # https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2.1
        description = "The person denied the request"
        return with_parameters(
            self.redirect_uri, error="access_denied", error_description=description, state=self.state
        )


def _scope(parameters: Parameters) -> str:
    """Return the scope of a request for a code; raise `OAuthError` for other requests."""
    parameters.require_single()
    if parameters.require("response_type") != "code":
        raise OAuthError("unsupported_response_type", "The only response_type here is code")
    scope = parameters.get("scope") or EVERYTHING
    if not is_scope(scope):
        raise OAuthError("invalid_scope", "A scope is all, harvest:ID, harvest:all, forecast:ID or forecast:all")
    return scope


def _challenge(parameters: Parameters) -> Challenge | None:
    """Return the challenge of RFC 7636 section 4.3, if there is one."""
    value, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if value is None and method is None:
        return None
    syntax = _CHALLENGES.get(method or "plain")
    if syntax is None:
        raise OAuthError("invalid_request", "The code_challenge_method is not S256 or plain")
    if value is None or not syntax.fullmatch(value):
        raise OAuthError("invalid_request", "The code_challenge is missing or malformed")
    return Challenge(method or "plain", value)
