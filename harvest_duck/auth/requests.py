"""The requests to Harvest ID, as functions of values: for a person's consent, for tokens, and for a refresh.

Authlib builds the messages of RFC 6749 and RFC 7636. This module adds Harvest's addresses, and decides which stored
sign-in may be sent to them. `responses` reads the answers. Nothing here sends anything.

Source: https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from harvest_duck.auth.sign_ins import Wanted
from harvest_duck.connection import Secret
from harvest_duck.errors import ConnectionStringError, CredentialsError
from harvest_duck.protocol.request import id_api

if TYPE_CHECKING:
    from harvest_duck.connection import Connection

_OWN = {"grant_type", "client_id", "client_secret", "code", "redirect_uri", "refresh_token", "code_verifier"}
_OWN |= {"scope", "body"}


@dataclass(frozen=True, slots=True)
class Authorization:
    """A request for consent: the `url` for a browser, the values that check the redirect, and the command to retry."""

    url: str
    state: str = field(repr=False)
    pkce_verifier: Secret | None
    login_command: str


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A POST to the token endpoint; `what` is its name in errors and logs."""

    url: str
    form: str = field(repr=False)
    what: str
    login_command: str


def wanted(connection: Connection) -> Wanted:
    """Return which stored sign-in the connection may use.

    The audience is a digest of all hosts that would see its tokens or the consent, so that a connection string cannot
    send another person's tokens to a host of its choice. A proxy sees them only if SSLServerCert is set too.
    """
    oauth, proxy = connection.oauth, connection.proxy
    hosts = [connection.base_url, connection.id_url, _token_url(connection), _refresh_url(connection)]
    hosts.append(_authorization_url(connection))
    if connection.ssl_server_cert is not None and (proxy is not None or connection.proxy_from_environment):
        hosts += [proxy.url if proxy else "the proxy of the environment", str(connection.ssl_server_cert)]
    given = [oauth.access_token, oauth.refresh_token]
    given = given if any(given) else [oauth.verifier]
    texts = (connection.account_id or "").split(",")
    return Wanted(
        audience=_digest(*hosts),
        client_id=oauth.client_id or "",
        seed=_digest(*(secret.reveal() if secret else "" for secret in given)) if any(given) else None,
        accounts=frozenset(int(text) for text in texts if text.isdecimal()),
    )


def authorization(connection: Connection, *, state: str | None = None) -> Authorization:
    """Return a new request for consent, with a random `state` and PKCE verifier.

    Raises `CredentialsError` without OAuthClientId.
    """
    # RFC 6749, section 4.1.1, and RFC 7636, section 4.3
    oauth = connection.oauth
    verifier = Secret(generate_token(64)) if oauth.pkce else None
    state = state or generate_token(43)
    challenge = create_s256_code_challenge(verifier.reveal()).rstrip("=") if verifier else None
    url = prepare_grant_uri(
        _authorization_url(connection),
        client_id=_client_id(connection),
        response_type="code",
        redirect_uri=oauth.callback_url,
        scope=oauth.scope,
        state=state,
        code_challenge=challenge,
        code_challenge_method="S256" if challenge else None,
    )
    return Authorization(url, state, verifier, connection.login_command)


def exchange(connection: Connection, code: Secret, pkce_verifier: Secret | None) -> TokenRequest:
    """Return the request that exchanges a code for tokens."""
    # RFC 6749, section 4.1.3
    form = prepare_token_request(
        "authorization_code",
        redirect_uri=connection.oauth.callback_url,
        code=code.reveal(),
        code_verifier=pkce_verifier.reveal() if pkce_verifier else None,
        **_client(connection),
    )
    return TokenRequest(_token_url(connection), form, "exchange of the code", connection.login_command)


def refresh(connection: Connection, refresh_token: Secret) -> TokenRequest:
    """Return the request that exchanges a refresh token for new tokens."""
    # RFC 6749, section 6
    form = prepare_token_request("refresh_token", refresh_token=refresh_token.reveal(), **_client(connection))
    return TokenRequest(_refresh_url(connection), form, "refresh", connection.login_command)


def _client_id(connection: Connection) -> str:
    if connection.oauth.client_id is None:
        raise CredentialsError(
            "signing in needs an OAuth application: register one at id.getharvest.com/developers, and set "
            "OAuthClientId, OAuthClientSecret and CallbackURL"
        )
    return connection.oauth.client_id


def _client(connection: Connection) -> dict[str, str | None]:
    """Return the form fields of the application and of OAuthParams."""
    secret = connection.oauth.client_secret
    own = {"client_id": _client_id(connection), "client_secret": secret.reveal() if secret else None}
    return _further(connection) | own


def _further(connection: Connection) -> dict[str, str | None]:
    params = connection.oauth.params
    if params is None:
        return {}
    pairs = [pair.strip() for pair in re.split("[,&]", params.reveal()) if pair.strip()]
    further = dict(parse_qsl("&".join(pairs), keep_blank_values=True))
    if not all("=" in pair for pair in pairs) or _OWN & further.keys():
        raise ConnectionStringError(
            "OAuthParams has to be name=value pairs parted by commas or '&', none of them set by harvest_duck itself"
        )
    return dict(further)


def _authorization_url(connection: Connection) -> str:
    return connection.oauth.authorization_url or f"{connection.id_url}/oauth2/authorize"


def _token_url(connection: Connection) -> str:
    return connection.oauth.access_token_url or f"{id_api(connection.id_url)}/oauth2/token"


def _refresh_url(connection: Connection) -> str:
    return connection.oauth.refresh_token_url or _token_url(connection)


def _digest(*texts: str) -> str:
    """Return a name for texts from which none of them can be read."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]
