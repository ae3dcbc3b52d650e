"""The consent page: its content, the redirects to the application, and the places it never redirects to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.sandbox_sign_in import (
    AUTHORIZE,
    CALLBACK,
    S256,
    VERIFIER,
    Page,
    ask,
    code_of,
    decide,
    exchange,
    redirect_parameters,
)

from harvest_duck.sandbox import EURO_ID, FORECAST_ID, MAIN_ID, OAUTH_CLIENT_ID, REDIRECT_URIS
from harvest_duck.sandbox.identity.redirect_uris import is_registered

if TYPE_CHECKING:
    from support.api_caller import Answer, Caller


def shown(answer: Answer) -> Page:
    """Return an error page, from which the browser goes nowhere."""
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Location"] is None
    page = Page(answer.content.decode())
    assert page.all("form") == page.all("a") == page.all("script") == []
    return page


def test_the_page_asks_for_a_user_and_a_decision(caller: Caller) -> None:
    answer = ask(caller, scope="all", **S256)
    page = Page(answer.content.decode())
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("title")) == len(page.all("h1")) == 1
    assert page.all("label") == [{"for": "user"}]
    assert page.all("select") == [{"id": "user", "name": "user"}]
    assert page.all("option") == [
        {"value": "administrator", "selected": None},
        {"value": "manager"},
        {"value": "member"},
    ]
    assert [(each["name"], each["value"]) for each in page.all("button")] == [
        ("decision", "allow"),
        ("decision", "deny"),
    ]
    (form,) = page.all("form")
    assert (form["method"], form["action"]) == ("post", AUTHORIZE)
    assert page.hidden == {
        "response_type": "code",
        "client_id": OAUTH_CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "all",
        "state": "s1",
        **S256,
    }
    for text in ("Harvest Sandbox Client", "Ada Moreau", "Ben Okafor", "Clara Lindqvist", CALLBACK):
        assert text in page.text
    for number in (MAIN_ID, EURO_ID, FORECAST_ID):
        assert str(number) in page.text


def test_the_page_shows_the_accounts_within_the_scope(caller: Caller) -> None:
    page = Page(ask(caller, scope=f"harvest:{EURO_ID} forecast:all").content.decode())
    assert "Harbour & Vale Europe (Harvest, 1000002); Harbour & Vale (Forecast, 1000003)" in page.text
    assert str(MAIN_ID) not in page.text
    assert page.text.count("No account") == 2


def test_the_page_may_be_neither_cached_nor_framed_nor_named_as_referrer(caller: Caller) -> None:
    for answer in (ask(caller), ask(caller, client_id="x"), decide(caller)):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "' onfocus='x", "a&amp;b", "é \u2028 ~ %41+"])
def test_text_of_the_request_is_escaped(caller: Caller, text: str) -> None:
    page = Page(ask(caller, state=text).content.decode())
    assert page.hidden["state"] == text
    assert page.all("script") == []
    assert redirect_parameters(decide(caller, state=text))["state"] == text
    for name in ("client_id", "redirect_uri"):
        assert text not in shown(ask(caller, **{name: text})).text


def test_consent_gives_a_code_the_scope_and_the_state(caller: Caller) -> None:
    answer = decide(caller, state="a b&c=d", scope=f"harvest:{MAIN_ID}")
    assert answer.headers["Location"].startswith(f"{CALLBACK}?code=sandbox-code-")
    got = redirect_parameters(answer)
    assert len(got.pop("code").removeprefix("sandbox-code-")) == 32
    assert got == {"scope": f"harvest:{MAIN_ID}", "state": "a b&c=d"}
    assert redirect_parameters(decide(caller, state=None)).keys() == {"code", "scope"}


def test_the_application_gets_a_denial(caller: Caller) -> None:
    got = redirect_parameters(decide(caller, decision="deny"))
    assert got == {"error": "access_denied", "error_description": "The person denied the request", "state": "s1"}


def test_the_redirect_keeps_the_query_of_its_uri(caller: Caller) -> None:
    for decision in ("allow", "deny"):
        answer = decide(caller, decision=decision, redirect_uri=f"{CALLBACK}?tenant=a%20b&x=")
        assert answer.headers["Location"].startswith(f"{CALLBACK}?tenant=a%20b&x=&")
        assert redirect_parameters(answer)["state"] == "s1"


def test_without_a_redirect_uri_the_first_registered_one_is_used(caller: Caller) -> None:
    answer = decide(caller, redirect_uri=None)
    assert answer.headers["Location"].startswith(f"{REDIRECT_URIS[0]}?code=")
    for given in (None, REDIRECT_URIS[0]):
        assert exchange(caller, code_of(caller, redirect_uri=None), redirect_uri=given).status == 200


ACCEPTED_URIS = [
    *REDIRECT_URIS,
    "http://localhost:1/callback",
    "http://127.0.0.1:65535/callback/deeper?x=1",
    "http://[::1]:8765/callback",
    "HTTP://LOCALHOST:8765/callback",
    "https://app.example:443/callback/x.y/..z",
]


def test_redirect_uris_that_extend_a_registered_one_are_accepted(caller: Caller) -> None:
    for uri in ACCEPTED_URIS:
        assert decide(caller, redirect_uri=uri).headers["Location"].startswith(uri), uri


REFUSED_URIS = [
    "http://localhost.evil.example/callback",
    "http://localhost@evil.example/callback",
    "http://localhost:8765@evil.example/callback",
    "http://user@localhost/callback",
    "http://evil.example/http://localhost/callback",
    "http://evil.example\\@localhost/callback",
    "http://localhost\\.evil.example/callback",
    "http://localhost%2eevil.example/callback",
    "http://localhost/callback/../x",
    "http://localhost/callback/./x",
    "http://localhost/callback/..",
    "http://localhost/callback/%2e%2e/x",
    "http://localhost/callback/..%2Fx",
    "http://localhost/callback/%5c../x",
    "http://localhost/callback\\..\\x",
    "http://localhost/callbackevil",
    "http://localhost/",
    "http://localhost",
    "http://localhost/Callback",
    "http://localhost/x/callback",
    "http://localhost/callback#",
    "http://localhost/callback#code",
    "http://localhost:99999/callback",
    "http://localhost:port/callback",
    "http://[::1/callback",
    "http://[::2]/callback",
    "http://127.0.0.2/callback",
    "http://127.1/callback",
    "http:///callback",
    "//localhost/callback",
    "/callback",
    "https://localhost/callback",
    "http://app.example/callback",
    "https://app.example:8443/callback",
    "https://app.example./callback",
    "https://xapp.example/callback",
    "javascript:alert(1)",
    "http://localhost/callback\r\nSet-Cookie: a=b",
    " http://localhost/callback",
    "http://loc\talhost/callback",
    "http://localhost/callback?é",
    "http://ⓛocalhost/callback",
]


def test_a_browser_is_never_redirected_elsewhere(caller: Caller) -> None:
    for uri in REFUSED_URIS:
        assert "redirect_uri" in shown(ask(caller, redirect_uri=uri)).text, uri
        fields = {"client_id": OAUTH_CLIENT_ID, "response_type": "code", "user": "member", "redirect_uri": uri}
        for decision in ("allow", "deny"):
            shown(caller.post(AUTHORIZE, fields | {"decision": decision}))
        shown(ask(caller, redirect_uri=uri, response_type="token"))


def test_an_invalid_registered_uri_accepts_nothing() -> None:
    assert not is_registered("http://localhost/callback", ["", "no uri", "http://localhost/callback#x"])


@pytest.mark.parametrize("client_id", [None, "", "other", "<b>"])
def test_the_person_sees_that_the_application_is_unknown(caller: Caller, client_id: str | None) -> None:
    page = shown(ask(caller, client_id=client_id))
    assert "client_id" in page.text
    assert page.all("b") == []


def test_the_person_sees_that_a_client_or_a_redirect_uri_is_given_twice(caller: Caller) -> None:
    query = f"client_id={OAUTH_CLIENT_ID}&response_type=code&redirect_uri={CALLBACK}"
    for twice in (f"client_id={OAUTH_CLIENT_ID}", f"redirect_uri={CALLBACK}"):
        shown(caller.send(f"{AUTHORIZE}?{query}&{twice}"))
    assert redirect_parameters(caller.send(f"{AUTHORIZE}?{query}&scope=all&scope=all"))["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "harvest:x"}, "invalid_scope"),
        ({"scope": "harvest:"}, "invalid_scope"),
        ({"scope": "harvest:all,forecast:all"}, "invalid_scope"),
        ({"scope": "all  all"}, "invalid_scope"),
        ({"code_challenge": VERIFIER, "code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": f"{VERIFIER}=", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_the_application_gets_every_other_error(caller: Caller, changed: dict[str, str | None], error: str) -> None:
    got = redirect_parameters(ask(caller, **changed))
    assert (got["error"], got["state"], got.keys()) == (error, "s1", {"error", "error_description", "state"})
    assert "state" not in redirect_parameters(ask(caller, state=None, **changed))
    fields = {"client_id": OAUTH_CLIENT_ID, "response_type": "code", "decision": "allow", "user": "member"} | changed
    posted = caller.post(AUTHORIZE, {name: value for name, value in fields.items() if value is not None})
    assert redirect_parameters(posted)["error"] == error


def test_a_get_never_grants(caller: Caller) -> None:
    answer = ask(caller, decision="allow", user="administrator")
    assert (answer.status, answer.headers["Location"]) == (200, None)
    assert b"sandbox-code-" not in answer.content
    assert Page(answer.content.decode()).hidden.keys() & {"decision", "user"} == set()
    target = f"{AUTHORIZE}?client_id={OAUTH_CLIENT_ID}&response_type=code&decision=allow&user=member"
    head = caller.send(target, method="HEAD")
    assert (head.status, head.content) == (200, b"")
    shown(caller.post(target, {}))


@pytest.mark.parametrize(
    "fields", [{}, {"decision": "allow"}, {"decision": "allow", "user": "intern"}, {"decision": "y", "user": "member"}]
)
def test_a_form_without_a_decision_grants_nothing(caller: Caller, fields: dict[str, str]) -> None:
    asked = {"client_id": OAUTH_CLIENT_ID, "response_type": "code"}
    assert "decision" in shown(caller.post(AUTHORIZE, asked | fields)).text


def test_the_page_has_no_other_methods(caller: Caller) -> None:
    for method in ("PUT", "DELETE"):
        answer = caller.send(AUTHORIZE, method=method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_signing_in_requires_a_user_agent(caller: Caller) -> None:
    answer = caller.send(AUTHORIZE, headers={})
    assert (answer.status, answer.body) == (400, {"message": "User-Agent header is required"})
