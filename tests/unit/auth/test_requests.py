"""The messages of OAuth as values: what is sent, and what is taken from answers and redirects."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.auth import requests, responses
from harvest_duck.auth.requests import Authorization, TokenRequest
from harvest_duck.connection import Connection, Secret, resolve
from harvest_duck.errors import (
    ConnectionStringError,
    CredentialsError,
    HarvestDuckError,
    LoginFailed,
    LoginRequired,
    ProtocolError,
    RateLimited,
    ServerError,
)

APP = "AccountId=1;AuthScheme=OAuth;InitiateOAuth=REFRESH;OAuthClientId=app;OAuthClientSecret=s3cret"
APP += ";CallbackURL=http://localhost:8765/callback"
LOGIN = "harvest-duck login"
EXPECTED = Authorization("https://id.getharvest.com/oauth2/authorize", "the-state", Secret("the-verifier"), LOGIN)
REFRESH = TokenRequest("https://id.getharvest.com/api/v2/oauth2/token", "", "refresh", LOGIN)
EXCHANGE = TokenRequest("https://id.getharvest.com/api/v2/oauth2/token", "", "exchange of the code", LOGIN)


def read(text: str = "") -> Connection:
    """The connection of an application, with `text` about it."""
    return resolve(f"{APP};{text}", environ={})


def fields(text: str) -> dict[str, str]:
    """The fields of a query or form."""
    return {name: values[0] for name, values in parse_qs(text, strict_parsing=True, keep_blank_values=True).items()}


def test_the_url_for_consent_has_what_rfc_6749_and_7636_ask_for() -> None:
    begun = requests.authorization(read("Scope=harvest:1 harvest:2"))
    parts = urlsplit(begun.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://id.getharvest.com/oauth2/authorize"
    assert begun.pkce_verifier is not None
    digest = hashlib.sha256(begun.pkce_verifier.reveal().encode()).digest()
    assert fields(parts.query) == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": "http://localhost:8765/callback",
        "scope": "harvest:1 harvest:2",
        "state": begun.state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    assert 43 <= len(begun.pkce_verifier.reveal()) <= 128
    assert len(begun.state) >= 32


def test_no_two_sign_ins_have_a_state_or_verifier_in_common() -> None:
    begun = [requests.authorization(read()) for _ in range(50)]
    assert len({each.state for each in begun}) == len({each.pkce_verifier for each in begun}) == 50


def test_pkce_can_be_turned_off() -> None:
    begun = requests.authorization(read("UsePKCE=false"))
    assert begun.pkce_verifier is None
    assert "code_challenge" not in begun.url


def test_what_is_shown_of_a_sign_in_hides_verifier_and_secret() -> None:
    begun = requests.authorization(read())
    assert begun.pkce_verifier is not None
    assert begun.pkce_verifier.reveal() not in repr(begun)
    assert "s3cret" not in repr(requests.refresh(read(), Secret("r")))


def test_addresses_can_be_set() -> None:
    settings = read(
        "OAuthAuthorizationURL=https://a.example/go;OAuthAccessTokenURL=https://b.example/t;"
        "OAuthRefreshTokenURL=https://c.example/r"
    )
    assert requests.authorization(settings).url.startswith("https://a.example/go?response_type=code")
    assert requests.exchange(settings, Secret("c"), None).url == "https://b.example/t"
    assert requests.refresh(settings, Secret("r")).url == "https://c.example/r"
    assert requests.refresh(read("OAuthAccessTokenURL=https://b.example/t"), Secret("r")).url == "https://b.example/t"


def test_the_exchange_names_application_code_and_verifier() -> None:
    request = requests.exchange(read(), Secret("the code"), Secret("v"))
    assert request.url == "https://id.getharvest.com/api/v2/oauth2/token"
    assert fields(request.form) == {
        "grant_type": "authorization_code",
        "code": "the code",
        "redirect_uri": "http://localhost:8765/callback",
        "client_id": "app",
        "client_secret": "s3cret",
        "code_verifier": "v",
    }


def test_the_refresh_names_application_and_token() -> None:
    assert fields(requests.refresh(read(), Secret("r+/=&")).form) == {
        "grant_type": "refresh_token",
        "refresh_token": "r+/=&",
        "client_id": "app",
        "client_secret": "s3cret",
    }


@pytest.mark.parametrize("params", ["a=1,b=x y", "a=1&b=x%20y", " a=1 , b=x+y,"])
def test_further_parameters_are_sent_along(params: str) -> None:
    sent = fields(requests.refresh(read(f"OAuthParams='{params}'"), Secret("r")).form)
    assert (sent["a"], sent["b"]) == ("1", "x y")


@pytest.mark.parametrize(
    "params", ["client_id=other", "grant_type=x", "loose", "a=1,code=2", "body=grant_type%3Dpassword"]
)
def test_further_parameters_replace_none_of_our_own(params: str) -> None:
    with pytest.raises(ConnectionStringError, match=r"OAuthParams has to be name=value pairs"):
        requests.refresh(read(f"OAuthParams='{params}'"), Secret("r"))


def test_signing_in_needs_an_application() -> None:
    with pytest.raises(
        CredentialsError, match=r"register one at id\.getharvest\.com/developers, and set OAuthClientId"
    ):
        requests.authorization(resolve("AuthScheme=OAuth", environ={}))


def answer(status: int = 200, request: TokenRequest = REFRESH, previous: Secret | None = None, **body: Any) -> Any:
    """The tokens in an answer with this JSON, received at 1000."""
    return responses.tokens_in(
        request, status, {"Retry-After": "7"}, json.dumps(body).encode(), now=1000, previous=previous
    )


def test_tokens_are_read_with_their_expiry() -> None:
    tokens = answer(access_token="a", refresh_token="r", token_type="Bearer", expires_in=1209600, scope="all")
    assert (tokens.access_token, tokens.refresh_token) == (Secret("a"), Secret("r"))
    assert (tokens.issued_at, tokens.expires_at, tokens.lifetime_s) == (1000, 1210600, 1209600)


@pytest.mark.parametrize("refresh_token", [{}, {"refresh_token": None}])
def test_a_refresh_token_stays_where_no_other_comes(refresh_token: dict[str, None]) -> None:
    assert answer(access_token="a", previous=Secret("old"), **refresh_token).refresh_token == Secret("old")


@pytest.mark.parametrize(
    ("expires_in", "lifetime_s"),
    [
        ("3600", 3600),
        ("9" * 5000, None),
        (60.5, 60.5),
        (None, None),
        ("soon", None),
        (-1, None),
        (True, None),
        (float("nan"), None),
    ],
)
def test_a_lifetime_that_is_none_is_not_known(expires_in: object, lifetime_s: float | None) -> None:
    assert answer(access_token="a", expires_in=expires_in).lifetime_s == lifetime_s


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": ""},
        {"access_token": "two words"},
        {"access_token": "a\r\nX: y"},
        {"access_token": 5},
        {"access_token": "a", "token_type": "mac"},
        {"access_token": "a", "refresh_token": 5},
    ],
)
def test_an_answer_without_a_bearer_token_is_none(body: dict[str, object]) -> None:
    with pytest.raises(ProtocolError, match=r"^refresh: the answer of Harvest ID holds no bearer token: check IdURL$"):
        answer(**body)


@pytest.mark.parametrize(
    ("status", "error", "request_", "kind", "says"),
    [
        (400, "invalid_grant", REFRESH, LoginRequired, "refused the refresh token.*run `harvest-duck login`"),
        (401, "invalid_grant", REFRESH, LoginRequired, "refused the refresh token"),
        (400, "invalid_grant", EXCHANGE, LoginFailed, "refused the code, which is used already"),
        (
            401,
            "invalid_client",
            REFRESH,
            CredentialsError,
            "401 invalid_client: check OAuthClientId and OAuthClientSec",
        ),
        (400, "invalid_request", EXCHANGE, CredentialsError, "400 invalid_request: check OAuthClientId, CallbackURL"),
        (500, "x", REFRESH, ServerError, "a fault of the server; try again later"),
        (429, "x", REFRESH, RateLimited, "too many requests; try again later"),
        (302, None, REFRESH, ProtocolError, "a redirect, which is not followed, as secrets would go with it"),
        (404, None, REFRESH, ProtocolError, "a status that a token endpoint does not have: check IdURL"),
    ],
)
def test_a_refusal_says_what_to_do(
    status: int, error: str | None, request_: TokenRequest, kind: type[HarvestDuckError], says: str
) -> None:
    with pytest.raises(kind, match=says) as raised:
        answer(status, request_, error=error, error_description="repeats s3cret")
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert getattr(raised.value, "retry_after_s", 7) == 7


@given(st.binary(max_size=200) | st.sampled_from([b"null", b"[]", b"[" * 5000]), st.integers(200, 599))
def test_any_answer_is_tokens_or_an_error_of_the_tree(body: bytes, status: int) -> None:
    said = ""
    try:
        responses.tokens_in(REFRESH, status, {}, body, now=0, previous=None)
    except HarvestDuckError as error:
        said = str(error)
    assert said.isprintable()


def redirect(**params: str) -> str:
    """A redirect with these parameters."""
    return f"/callback?{urlencode(params)}"


def test_the_code_of_the_right_redirect_is_taken() -> None:
    assert responses.code_in(redirect(code="c", state="the-state", scope="all"), EXPECTED) == Secret("c")


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (redirect(code="c"), "carries no state and was refused, as anybody could have made it"),
        (redirect(code="c", state=""), "carries the state of another sign-in and was refused"),
        (redirect(code="c", state="forged"), "carries the state of another sign-in and was refused"),
        (redirect(code="c", state="thé-state"), "carries the state of another sign-in and was refused"),
        ("/callback?code=c&state=\udcff", "carries the state of another sign-in and was refused"),
        ("/callback?code=a&code=b&state=the-state", "names a parameter twice"),
        ("/callback?code=a&state=forged&state=the-state", "names a parameter twice"),
        (redirect(error="access_denied", state="the-state"), "the consent was denied"),
        (redirect(error="access_denied", state="forged"), "carries the state of another sign-in"),
        (redirect(error="invalid_scope\r\nX", state="the-state"), "reports invalid_scope X: check OAuthClientId"),
        (redirect(state="the-state"), "carries no code: check CallbackURL"),
        (redirect(code="", state="the-state"), "carries no code"),
        ("/callback", "carries no state"),
    ],
)
def test_any_other_redirect_is_refused(target: str, says: str) -> None:
    with pytest.raises(LoginFailed, match=says) as refused:
        responses.code_in(target, EXPECTED)
    assert str(refused.value).isprintable()
    assert "the-state" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8765/callback?code=c&state=the-state",
        "  HTTP://localhost:8765/callback?state=the-state&code=c\n",
        "?code=c&state=the-state",
        "code=c&state=the-state",
        "c",
        " c \n",
    ],
)
def test_what_is_pasted_may_be_the_address_its_query_or_the_code(text: str) -> None:
    found = responses.pasted(text, EXPECTED, "http://localhost:8765/callback")
    assert (found if isinstance(found, Secret) else responses.code_in(found, EXPECTED)) == Secret("c")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://evil.example/callback?code=c&state=the-state", "does not begin with CallbackURL"),
        ("http://localhost:8766/callback?code=c&state=the-state", "does not begin with CallbackURL"),
        ("http://localhost:8765/other?code=c&state=the-state", "does not begin with CallbackURL"),
        ("http://localhost:99999/callback?code=c&state=the-state", "does not begin with CallbackURL"),
        ("http://localhost:8765/callback?code=c&state=forged", "the state of another sign-in"),
        ("code=c", "carries no state"),
        ("http://[::1?code=c&state=the-state", "does not begin with CallbackURL"),
        ("two words", "nothing that could be a code"),
        ("", "nothing that could be a code"),
    ],
)
def test_anything_else_that_is_pasted_is_refused(text: str, says: str) -> None:
    with pytest.raises(LoginFailed, match=says):
        responses.pasted(text, EXPECTED, "http://localhost:8765/callback")


@given(st.text(max_size=80))
def test_anything_that_is_pasted_is_a_code_or_an_error_of_the_tree(text: str) -> None:
    said = ""
    try:
        responses.pasted(text, EXPECTED, "http://localhost:8765/callback")
    except LoginFailed as error:
        said = str(error)
    assert said.isprintable()


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("Pagesize=5", True),
        ("Timeout=5;CallbackURL=http://localhost:1/;OAuthClientSecret=x", True),
        ("BaseURL=https://evil.example/v2", False),
        ("IdURL=https://evil.example", False),
        ("OAuthAccessTokenURL=https://evil.example", False),
        ("OAuthRefreshTokenURL=https://evil.example", False),
        ("OAuthAuthorizationURL=https://evil.example", False),
        ("OAuthClientId=other", False),
        ("ProxyServer=proxy.example", True),
        ("ProxyServer=proxy.example;SSLServerCert={cert}", False),
        ("SSLServerCert={cert}", True),
    ],
)
def test_a_kept_sign_in_is_for_the_hosts_that_it_was_made_with(other: str, same: bool, tmp_path: Any) -> None:
    """A connection string that somebody else wrote cannot send a kept token to a host of theirs."""
    certificate = tmp_path / "cert.pem"
    certificate.touch()
    plain = {"AccountId": "1", "AuthScheme": "OAuth", "OAuthClientId": "app"}
    changed = plain | dict(pair.split("=", 1) for pair in other.replace("{cert}", str(certificate)).split(";"))
    texts = [";".join(f"{name}={value}" for name, value in pairs.items()) for pairs in (plain, changed)]
    first, second = (requests.wanted(resolve(text, environ={})) for text in texts)
    assert (first == second) is same


@pytest.mark.parametrize(
    ("account_id", "accounts"),
    [("1", {1}), ("3,1,2", {1, 2, 3}), ("*", set()), ("_your_account_id", set()), ("", set())],
)
def test_every_account_that_is_named_is_wanted_of_a_sign_in(account_id: str, accounts: set[int]) -> None:
    """Rate limits are shared whatever the accounts are, as they are those of the credential."""
    wanted = requests.wanted(resolve(APP.replace("AccountId=1", f"AccountId={account_id}"), environ={}))
    assert wanted.accounts == accounts
    assert wanted == requests.wanted(read())


def test_tokens_and_codes_of_a_string_name_a_seed_of_their_own() -> None:
    seeds = [
        requests.wanted(read(text)).seed
        for text in ("", "OAuthAccessToken=a", "OAuthRefreshToken=a", "OAuthAccessToken=b", "OAuthVerifier=a")
    ]
    assert seeds[0] is None
    assert len(set(seeds)) == len(seeds)
    assert all(seed is None or "a" * 5 not in seed for seed in seeds)
