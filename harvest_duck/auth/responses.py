"""The answers of Harvest ID, as functions of values: the tokens, the code in a redirect, or the error.

They answer what `requests` builds. No error repeats a token, a code, a secret, or a description that may hold one.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response

from harvest_duck.auth.sign_ins import Tokens
from harvest_duck.connection import Secret
from harvest_duck.errors import CredentialsError, LoginFailed, LoginRequired, ProtocolError, RateLimited, ServerError
from harvest_duck.protocol.response import retry_after_s
from harvest_duck.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.auth.requests import Authorization, TokenRequest

_TOKEN = re.compile(r"[!-~]+")
_QUOTED = 200


def tokens_in(
    request: TokenRequest, status: int, headers: Mapping[str, str], body: bytes, *, now: float, previous: Secret | None
) -> Tokens:
    """Return the tokens in an answer of the token endpoint, with the `previous` refresh token if it has none.

    Raises `LoginRequired` for a refused refresh token, `LoginFailed` for a refused code, `CredentialsError` for a
    refused application, `ServerError` and `RateLimited` if trying again can help, else `ProtocolError`.
    """
    answer = _object(body)
    if status != 200:  # noqa: PLR2004 - RFC 6749, section 5.1
        raise _refusal(request, status, headers, answer)
    token, renewing, lifetime = answer.get("access_token"), answer.get("refresh_token"), answer.get("expires_in")
    kind = answer.get("token_type", "bearer")
    if not _is_token(token) or not (renewing is None or _is_token(renewing)) or str(kind).lower() != "bearer":
        raise ProtocolError(f"{request.what}: the answer of Harvest ID holds no bearer token: check IdURL")
    lifetime_s = _seconds(lifetime)
    return Tokens(
        access_token=Secret(token),
        refresh_token=Secret(renewing) if renewing else previous,
        issued_at=now,
        expires_at=None if lifetime_s is None else now + lifetime_s,
    )


def require_state(redirect: str, expected: Authorization) -> dict[str, str]:
    """Return the parameters of a redirect that answers `expected`, whatever they say.

    Raises `LoginFailed` if the state is missing or another one (RFC 6749, section 10.12): anybody can send a redirect.
    """
    params = parse_qsl(urlsplit(redirect).query, keep_blank_values=True)
    answer, again = dict(params), _again(expected)
    if len(answer) < len(params):
        raise LoginFailed(f"the redirect names a parameter twice and was refused: {again}")
    if "state" not in answer:
        raise LoginFailed(f"the redirect carries no state and was refused, as anybody could have made it: {again}")
    if not hmac.compare_digest(answer["state"].encode(errors="replace"), expected.state.encode()):
        raise LoginFailed(
            "the redirect carries the state of another sign-in and was refused: "
            f"close older pages of Harvest's sign-in, and {again}"
        )
    return answer


def code_in(redirect: str, expected: Authorization) -> Secret:
    """Return the authorization code in a redirect that answers `expected`.

    Raises `LoginFailed` as `require_state` does, and if the person refused or Harvest reports an error.
    """
    answer = require_state(redirect, expected)
    if answer.get("error") == "access_denied":
        raise LoginFailed(f"the consent was denied: {_again(expected)} and choose to allow access")
    if "error" in answer:
        raise LoginFailed(f"Harvest ID reports {_kind(answer)}: check OAuthClientId, CallbackURL and Scope")
    try:
        return Secret(parse_authorization_code_response(redirect, expected.state)["code"])
    except OAuth2Error as error:
        raise LoginFailed(f"the redirect carries no code: check CallbackURL, and {_again(expected)}") from error


def pasted(text: str, expected: Authorization, callback_url: str | None) -> str | Secret:
    """Return what a person pasted: a redirect that answers `expected`, for `code_in`, or a code by itself.

    The redirect is the address of the page that they landed on, or its query. Raises `LoginFailed` as `require_state`
    does, and for an address other than CallbackURL, after which they may paste the right one.
    """
    text = text.strip()
    if text.lower().startswith(("http://", "https://")):
        place = _place(text)
        if place is None or (callback_url is not None and place != _place(callback_url)):
            raise LoginFailed(
                "the pasted address does not begin with CallbackURL: paste the address of the page that you land on "
                "after you agree"
            )
        require_state(text, expected)
        return text
    if "=" in text:
        redirect = f"http://localhost/?{text.lstrip('?')}"
        require_state(redirect, expected)
        return redirect
    if not _is_token(text):
        raise LoginFailed("nothing that could be a code was pasted: paste the whole address of the page you land on")
    return Secret(text)


def _again(begun: Authorization | TokenRequest) -> str:
    return f"run `{begun.login_command}` again"


def _refusal(
    request: TokenRequest, status: int, headers: Mapping[str, str], answer: dict[str, Any]
) -> LoginRequired | LoginFailed | CredentialsError | ServerError | RateLimited | ProtocolError:
    # RFC 6749, section 5.2
    answered = f"{request.what}: Harvest ID answered {status}"
    if status == 429:  # noqa: PLR2004 - too many requests
        wait = retry_after_s(headers)
        return RateLimited(f"{answered}: too many requests; try again later", status=status, retry_after_s=wait)
    if status >= 500:  # noqa: PLR2004 - the class of server errors
        wait = retry_after_s(headers)
        return ServerError(f"{answered}: a fault of the server; try again later", status=status, retry_after_s=wait)
    match answer.get("error"):
        case "invalid_grant" if request.what == "refresh":
            return LoginRequired(
                "Harvest refused the refresh token, which is expired, revoked or used already: "
                f"run `{request.login_command}`"
            )
        case "invalid_grant":
            return LoginFailed(
                "Harvest refused the code, which is used already, older than a few minutes, or meant for another "
                f"CallbackURL: {_again(request)}"
            )
        case "invalid_client" | "unauthorized_client":
            return CredentialsError(
                f"{answered} {_kind(answer)}: check OAuthClientId and OAuthClientSecret at id.getharvest.com/developers"
            )
        case str():
            return CredentialsError(f"{answered} {_kind(answer)}: check OAuthClientId, CallbackURL and OAuthParams")
    if 300 <= status < 400:  # noqa: PLR2004 - the class of redirections
        return ProtocolError(f"{answered}: a redirect, which is not followed, as secrets would go with it: check IdURL")
    return ProtocolError(f"{answered}: a status that a token endpoint does not have: check IdURL")


def _kind(answer: Mapping[str, Any]) -> str:
    """Return the error code of Harvest ID, on one line; not its description, which may repeat the request."""
    return one_line(str(answer.get("error", "")))[:_QUOTED] or "an error"


def _object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _is_token(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _seconds(value: object) -> float | None:
    """Return the lifetime of a token, None if it is missing or cannot be one."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,10}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e10:  # noqa: PLR2004 - 317 years
        return None
    return float(value)


def _place(url: str) -> tuple[object, ...] | None:
    """Return the parts of a URL without its query, None for a text that is no URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port, parts.path.rstrip("/")
    except ValueError:
        return None
