"""Codes and tokens of the ID host: exchange, refresh, expiry, revocation, and no secrets in the log."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from support.api_caller import Caller
from support.sandbox_sign_in import (
    AUTHORIZE,
    CALLBACK,
    S256,
    TOKEN,
    VERIFIER,
    ask,
    code_of,
    exchange,
    redirect_parameters,
    refresh,
    refused,
    s256,
    status_with,
)

from harvest_duck.sandbox import (
    EURO_ID,
    FORECAST_ID,
    MAIN_ID,
    OAUTH_CLIENT_ID,
    OAUTH_CLIENT_SECRET,
    REDIRECT_URIS,
    IssuedTokens,
    Sandbox,
)
from harvest_duck.sandbox.grants import CLIENTS
from harvest_duck.sandbox.identity.authority import Authority
from harvest_duck.sandbox.identity.authorization_request import AuthorizationRequest, OAuthError

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID_GRANT = (400, "invalid_grant")


@pytest.fixture
def now() -> list[float]:
    """The time of the clock of `timed`, which a test may advance."""
    return [1000.0]


@pytest.fixture
def timed(now: list[float]) -> Iterator[Sandbox]:
    with Sandbox(scale=0.1, clock=lambda: now[0], access_token_s=60) as running:
        yield running


@pytest.fixture
def timed_caller(timed: Sandbox) -> Iterator[Caller]:
    """A caller of the sandbox whose clock a test may advance."""
    with closing(Caller(timed)) as caller:
        yield caller


def test_a_code_becomes_tokens(caller: Caller) -> None:
    answer = exchange(caller, code_of(caller))
    assert answer.status == 200
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    tokens = answer.body
    assert re.fullmatch(r"sandbox-access-[0-9a-f]{32}", tokens.pop("access_token"))
    assert re.fullmatch(r"sandbox-refresh-[0-9a-f]{32}", tokens.pop("refresh_token"))
    assert tokens == {"token_type": "bearer", "expires_in": 1_209_600, "scope": "all"}


@pytest.mark.parametrize(
    ("user", "name", "roles"),
    [("administrator", "Ada", "administrator"), ("manager", "Ben", "manager"), ("member", "Clara", "member")],
)
def test_a_token_works_like_a_personal_one(caller: Caller, user: str, name: str, roles: str) -> None:
    token = exchange(caller, code_of(caller, user=user)).body["access_token"]
    headers = caller.headers | {"Authorization": f"Bearer {token}"}
    assert caller.send("/api/v2/accounts", headers=headers).body["user"]["first_name"] == name
    me = caller.send("/v2/users/me", headers=headers)
    assert (me.status, roles in me.body["access_roles"]) == (200, True)
    in_query = caller.send(f"/v2/users/me?access_token={token}&account_id={MAIN_ID}", headers={"User-Agent": "tests"})
    assert in_query.body == me.body


def test_a_code_used_twice_revokes_its_tokens(caller: Caller) -> None:
    code = code_of(caller)
    tokens = exchange(caller, code).body
    renewed = refresh(caller, tokens["refresh_token"]).body
    other = exchange(caller, code_of(caller)).body
    assert status_with(caller, renewed["access_token"]) == 200
    assert refused(exchange(caller, code)) == INVALID_GRANT
    assert [status_with(caller, each["access_token"]) for each in (tokens, renewed, other)] == [401, 401, 200]
    assert refused(refresh(caller, renewed["refresh_token"])) == INVALID_GRANT
    assert refresh(caller, other["refresh_token"]).status == 200
    assert refused(exchange(caller, code)) == INVALID_GRANT


def test_a_code_lives_for_ten_minutes(timed_caller: Caller, now: list[float]) -> None:
    first, second = code_of(timed_caller), code_of(timed_caller)
    now[0] += 599
    assert exchange(timed_caller, first).status == 200
    now[0] += 1
    assert refused(exchange(timed_caller, second)) == INVALID_GRANT


def test_a_code_is_bound_to_its_redirect_uri(caller: Caller) -> None:
    code = code_of(caller)
    for uri in (REDIRECT_URIS[0], f"{CALLBACK}/", "https://evil.example"):
        assert refused(exchange(caller, code, redirect_uri=uri)) == INVALID_GRANT
    assert exchange(caller, code).status == 200
    assert exchange(caller, code_of(caller), redirect_uri=None).status == 200


def test_codes_and_refresh_tokens_are_bound_to_their_client() -> None:
    authority = Authority(access_token_s=60, rotate=True, pkce=True, clock=lambda: 0)
    request = AuthorizationRequest(CLIENTS[OAUTH_CLIENT_ID], CALLBACK)
    code = authority.authorize(request, "member")
    with pytest.raises(OAuthError, match="unknown"):
        authority.exchange(code, client_id="other", redirect_uri=None, verifier=None)
    tokens = authority.exchange(code, client_id=OAUTH_CLIENT_ID, redirect_uri=None, verifier=None)
    with pytest.raises(OAuthError, match="unknown"):
        authority.exchange(code, client_id="other", redirect_uri=None, verifier=None)
    with pytest.raises(OAuthError, match="unknown"):
        authority.refresh(tokens.refresh_token, client_id="other")
    assert authority.grant(tokens.access_token) is not None
    assert authority.refresh(tokens.refresh_token, client_id=OAUTH_CLIENT_ID).scope == "all"


@pytest.mark.parametrize(
    ("challenge", "verifier"),
    [
        (S256, VERIFIER),
        ({"code_challenge": s256("a" * 128), "code_challenge_method": "S256"}, "a" * 128),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, VERIFIER),
        ({"code_challenge": VERIFIER}, VERIFIER),
        ({}, None),
    ],
)
def test_the_verifier_of_the_challenge_is_accepted(
    caller: Caller, challenge: dict[str, str], verifier: str | None
) -> None:
    code = code_of(caller, **challenge)
    assert exchange(caller, code, code_verifier=verifier).status == 200


@pytest.mark.parametrize(
    ("challenge", "verifier"),
    [
        (S256, None),
        (S256, ""),
        (S256, VERIFIER.swapcase()),
        (S256, S256["code_challenge"]),
        (S256, "é" * 43),
        ({"code_challenge": s256("short"), "code_challenge_method": "S256"}, "short"),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, f"{VERIFIER}x"),
        ({"code_challenge": VERIFIER}, None),
        ({}, VERIFIER),
    ],
)
def test_every_other_verifier_is_refused(caller: Caller, challenge: dict[str, str], verifier: str | None) -> None:
    code = code_of(caller, **challenge)
    assert refused(exchange(caller, code, code_verifier=verifier)) == INVALID_GRANT
    if challenge is S256:
        assert exchange(caller, code, code_verifier=VERIFIER).status == 200


def test_a_server_without_pkce_ignores_it() -> None:
    with Sandbox(scale=0.1, pkce=False) as sandbox, closing(Caller(sandbox)) as caller:
        for verifier in (VERIFIER, "wrong", None):
            code = code_of(caller, **S256)
            assert exchange(caller, code, code_verifier=verifier).status == 200
        assert ask(caller, code_challenge="short", code_challenge_method="S512").status == 200


def test_a_refresh_token_is_rotated(caller: Caller) -> None:
    first = exchange(caller, code_of(caller, scope="harvest:all")).body
    second = refresh(caller, first["refresh_token"]).body
    assert second.keys() == first.keys()
    assert (second["scope"], second["expires_in"]) == ("harvest:all", 1_209_600)
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert refused(refresh(caller, first["refresh_token"])) == INVALID_GRANT
    assert [status_with(caller, each["access_token"]) for each in (first, second)] == [200, 200]
    assert refresh(caller, second["refresh_token"]).status == 200


def test_without_rotation_the_refresh_token_stays() -> None:
    with Sandbox(scale=0.1, rotate_refresh_tokens=False) as sandbox, closing(Caller(sandbox)) as caller:
        first = exchange(caller, code_of(caller)).body
        for _ in range(2):
            again = refresh(caller, first["refresh_token"]).body
            assert again["refresh_token"] == first["refresh_token"]
            assert again["access_token"] != first["access_token"]
            assert status_with(caller, again["access_token"]) == 200


def test_access_tokens_expire_by_the_clock_and_refresh_tokens_do_not(
    timed: Sandbox, timed_caller: Caller, now: list[float]
) -> None:
    tokens = exchange(timed_caller, code_of(timed_caller)).body
    assert tokens["expires_in"] == 60
    now[0] += 59.5
    assert status_with(timed_caller, tokens["access_token"]) == 200
    now[0] += 0.5
    headers = timed_caller.headers | {"Authorization": f"Bearer {tokens['access_token']}"}
    wrong = timed_caller.send("/v2/users/me", headers=timed_caller.headers | {"Authorization": "Bearer wrong"})
    for target in ("/v2/users/me", "/api/v2/accounts"):
        expired = timed_caller.send(target, headers=headers)
        assert (expired.status, expired.body) == (401, wrong.body)
    now[0] += 10**9
    renewed = refresh(timed_caller, tokens["refresh_token"]).body
    assert status_with(timed_caller, renewed["access_token"]) == 200
    assert timed.issue_tokens().expires_in == 60


def test_a_token_without_lifetime_is_expired_at_once() -> None:
    with Sandbox(scale=0.1, access_token_s=0.5, clock=lambda: 0.0) as sandbox, closing(Caller(sandbox)) as caller:
        tokens = sandbox.issue_tokens()
        assert (tokens.expires_in, status_with(caller, tokens.access_token)) == (0, 200)
    with Sandbox(scale=0.1, access_token_s=0) as sandbox, closing(Caller(sandbox)) as caller:
        assert status_with(caller, sandbox.issue_tokens().access_token) == 401


def test_access_tokens_can_be_expired_by_a_test(small: Sandbox, caller: Caller) -> None:
    tokens = exchange(caller, code_of(caller)).body
    pending = code_of(caller)
    small.expire_access_tokens()
    assert status_with(caller, tokens["access_token"]) == 401
    assert status_with(caller, refresh(caller, tokens["refresh_token"]).body["access_token"]) == 200
    assert status_with(caller, exchange(caller, pending).body["access_token"]) == 200
    assert caller.get("/users/me").status == 200


def test_a_revoked_application_has_no_tokens_left(small: Sandbox, caller: Caller) -> None:
    tokens, pending = exchange(caller, code_of(caller)).body, code_of(caller)
    small.revoke_tokens()
    assert status_with(caller, tokens["access_token"]) == 401
    assert refused(refresh(caller, tokens["refresh_token"])) == INVALID_GRANT
    assert refused(exchange(caller, pending)) == INVALID_GRANT
    assert status_with(caller, exchange(caller, code_of(caller)).body["access_token"]) == 200
    assert caller.get("/users/me").status == 200


def test_tokens_can_be_issued_without_the_pages(small: Sandbox, caller: Caller) -> None:
    tokens = small.issue_tokens("member", scope="harvest:all")
    assert isinstance(tokens, IssuedTokens)
    assert repr(tokens) == "IssuedTokens(expires_in=1209600, scope='harvest:all')"
    headers = caller.headers | {"Authorization": f"Bearer {tokens.access_token}"}
    assert caller.send("/v2/users/me", headers=headers).body["first_name"] == "Clara"
    assert refresh(caller, tokens.refresh_token).body["scope"] == "harvest:all"
    assert small.issue_tokens().scope == "all"
    with pytest.raises(LookupError, match="nobody signs in as intern; there are: administrator, manager, member"):
        small.issue_tokens("intern")
    with pytest.raises(ValueError, match="'everything' is no scope"):
        small.issue_tokens(scope="everything")


@pytest.mark.parametrize(
    ("user", "scope", "reached"),
    [
        ("administrator", "all", [MAIN_ID, EURO_ID, FORECAST_ID]),
        ("administrator", "harvest:all", [MAIN_ID, EURO_ID]),
        ("administrator", "forecast:all", [FORECAST_ID]),
        ("administrator", f"harvest:{EURO_ID}", [EURO_ID]),
        ("administrator", f"harvest:{EURO_ID} harvest:{MAIN_ID}", [MAIN_ID, EURO_ID]),
        ("administrator", f"harvest:{MAIN_ID} forecast:{FORECAST_ID}", [MAIN_ID, FORECAST_ID]),
        ("administrator", f"forecast:{MAIN_ID} harvest:{FORECAST_ID}", []),
        ("administrator", f"harvest:{EURO_ID} all", [MAIN_ID, EURO_ID, FORECAST_ID]),
        ("member", "all", [MAIN_ID]),
        ("member", f"harvest:{EURO_ID}", []),
        ("manager", "forecast:all", []),
    ],
)
def test_a_scope_narrows_the_accounts(caller: Caller, user: str, scope: str, reached: list[int]) -> None:
    tokens = exchange(caller, code_of(caller, user=user, scope=scope)).body
    renewed = refresh(caller, tokens["refresh_token"]).body
    for each in (tokens, renewed):
        assert each["scope"] == scope
        headers = caller.headers | {"Authorization": f"Bearer {each['access_token']}"}
        accounts = caller.send("/api/v2/accounts", headers=headers).body["accounts"]
        assert [account["id"] for account in accounts] == reached
        for number in (MAIN_ID, EURO_ID, FORECAST_ID):
            answer = caller.send("/v2/users/me", headers=headers | {"Harvest-Account-Id": str(number)})
            assert answer.status == (200 if number in reached and number != FORECAST_ID else 404)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"client_id": None}, (401, "invalid_client")),
        ({"client_id": "other"}, (401, "invalid_client")),
        ({"client_secret": None}, (401, "invalid_client")),
        ({"client_secret": OAUTH_CLIENT_SECRET.upper()}, (401, "invalid_client")),
        ({"client_secret": "é"}, (401, "invalid_client")),
        ({"grant_type": None}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": "refresh_token"}, (400, "invalid_request")),
        ({"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-x"}, INVALID_GRANT),
        ({"code": None}, (400, "invalid_request")),
        ({"code": ""}, (400, "invalid_request")),
        ({"code": "sandbox-code-x"}, INVALID_GRANT),
    ],
)
def test_errors_of_token_requests(caller: Caller, changed: dict[str, str | None], expected: tuple[int, str]) -> None:
    code = code_of(caller)
    assert refused(exchange(caller, **{"code": code} | changed)) == expected
    assert exchange(caller, code).status == 200


def test_only_a_form_without_repeated_fields_is_read(caller: Caller) -> None:
    code = code_of(caller)
    fields = {"grant_type": "authorization_code", "client_id": OAUTH_CLIENT_ID, "code": code}
    twice = [*fields.items(), ("client_secret", OAUTH_CLIENT_SECRET), ("code", code)]
    assert refused(caller.post(TOKEN, twice)) == (400, "invalid_request")
    as_json = {"User-Agent": "tests", "Content-Type": "application/json"}
    assert refused(caller.post(TOKEN, fields, as_json)) == (400, "invalid_request")
    in_query = f"{TOKEN}?grant_type=authorization_code&client_id={OAUTH_CLIENT_ID}&client_secret={OAUTH_CLIENT_SECRET}"
    assert refused(caller.post(in_query, {"code": code})) == (400, "invalid_request")
    assert exchange(caller, code).status == 200


def test_the_token_endpoint_takes_only_post(caller: Caller) -> None:
    for method in ("GET", "PUT"):
        answer = caller.send(TOKEN, method=method)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    answer = caller.post(TOKEN, {"grant_type": "refresh_token"}, headers={})
    assert (answer.status, answer.body) == (400, {"message": "User-Agent header is required"})


@pytest.mark.parametrize("path", ["/v2/clients", "/api/v2/accounts", "/oauth2/other"])
def test_other_paths_take_no_form(caller: Caller, path: str) -> None:
    assert caller.post(path, {"name": "x"}, caller.headers).status == 405


def test_signing_in_does_not_count_against_the_limits(timed: Sandbox, timed_caller: Caller) -> None:
    for _ in range(101):
        assert refresh(timed_caller, timed.issue_tokens().refresh_token).status == 200
        assert ask(timed_caller).status == 200
    token = timed.issue_tokens().access_token
    assert [status_with(timed_caller, token) for _ in range(101)] == [200] * 100 + [429]


def test_the_log_holds_no_secret_of_a_sign_in(small: Sandbox, caller: Caller) -> None:
    code = code_of(caller, state="s p", code_challenge=VERIFIER)
    tokens = exchange(caller, code, code_verifier=VERIFIER).body
    renewed = refresh(caller, tokens["refresh_token"]).body
    caller.send(f"{AUTHORIZE}?code={code}&client_secret={OAUTH_CLIENT_SECRET}&access_token={tokens['access_token']}")
    asked, decided, exchanged, refreshed, odd = small.requests
    assert (asked.query["code_challenge"], asked.query["state"], asked.form) == ("***", "s p", {})
    assert decided.form == {
        "response_type": "code",
        "client_id": OAUTH_CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "all",
        "state": "s p",
        "code_challenge": "***",
        "code_challenge_method": "plain",
        "user": "administrator",
        "decision": "allow",
    }
    client = {"client_id": OAUTH_CLIENT_ID, "client_secret": "***"}
    assert exchanged.form == client | {
        "grant_type": "authorization_code",
        "code": "***",
        "code_verifier": "***",
        "redirect_uri": CALLBACK,
    }
    assert refreshed.form == client | {"grant_type": "refresh_token", "refresh_token": "***"}
    assert set(odd.query.values()) == {"***"}
    assert [each.status for each in small.requests] == [200, 302, 200, 200, 400]
    written = "".join(f"{each!r}{each.headers}" for each in small.requests)
    issued = [each[name] for each in (tokens, renewed) for name in ("access_token", "refresh_token")]
    assert [secret for secret in (code, VERIFIER, OAUTH_CLIENT_SECRET, *issued) if secret in written] == []


def test_forced_responses_and_hooks_take_precedence(small: Sandbox, caller: Caller) -> None:
    tokens = small.issue_tokens()
    small.respond_next(TOKEN, status=503, headers={"Retry-After": "1"})
    small.respond_next(AUTHORIZE, status=302, headers={"Location": "http://localhost/callback?error=server_error"})
    assert refresh(caller, tokens.refresh_token).status == 503
    assert small.requests[-1].form["grant_type"] == "refresh_token"
    assert redirect_parameters(ask(caller)) == {"error": "server_error"}
    assert refresh(caller, tokens.refresh_token).status == 200

    bodies: list[bytes] = []

    async def hook(request: web.BaseRequest) -> web.StreamResponse | None:
        bodies.append(await request.read())
        return web.Response(status=418) if request.path == TOKEN else None

    small.on_request = hook
    assert refresh(caller, "x").status == 418
    assert b"grant_type=refresh_token" in bodies[0]
    assert ask(caller).status == 200


def test_the_connection_string_names_the_client(small: Sandbox) -> None:
    urls = f"BaseURL={small.base_url};IdURL={small.id_url}"
    client = f"OAuthClientId={OAUTH_CLIENT_ID};OAuthClientSecret={OAUTH_CLIENT_SECRET}"
    assert small.oauth_connection_string() == (
        f"AccountId={MAIN_ID};AuthScheme=OAuth;InitiateOAuth=GETANDREFRESH;{client};"
        f"CallbackURL=http://localhost:8765/callback;{urls}"
    )
    assert small.oauth_connection_string(account_id=None, callback_port=9000, initiate="OFF") == (
        f"AuthScheme=OAuth;InitiateOAuth=OFF;{client};CallbackURL=http://localhost:9000/callback;{urls}"
    )


def test_the_command_prints_a_connection_string_to_sign_in() -> None:
    options = ["--port", "0", "--scale", "0.05", "--access-token-s", "90", "--no-rotate"]
    command = [sys.executable, "-m", "harvest_duck", "sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            connection = next(line for line in serving.stdout if "AuthScheme=OAuth" in line).split()[-1]
            properties = dict(pair.split("=", 1) for pair in connection.split(";"))
            with closing(Caller(properties["BaseURL"])) as caller:
                tokens = exchange(caller, code_of(caller)).body
                again = refresh(caller, tokens["refresh_token"]).body
        finally:
            serving.terminate()
            serving.communicate(timeout=30)
    assert (tokens["expires_in"], again["refresh_token"]) == (90, tokens["refresh_token"])
