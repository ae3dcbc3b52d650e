"""Attempts to get at tokens of others, which fail; tests of the redirect server, the login and the store have more."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.person import Person, agreed, fetched
from support.sign_in import signed_in
from support.sign_in_fixtures import *  # noqa: F403

import harvest_duck
from harvest_duck.auth.callback_url import Callback
from harvest_duck.auth.redirect_server import RedirectServer
from harvest_duck.errors import LoginFailed, ProtocolError, Unauthorized

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


def code_for(connection: str) -> tuple[str, str]:
    """A code from a person's consent, and the PKCE verifier that belongs to it."""
    begun = harvest_duck.get_oauth_authorization_url(connection)
    assert begun.pkce_verifier is not None
    return agreed(begun.url).partition("code=")[2].partition("&")[0], begun.pkce_verifier.reveal()


def test_a_code_is_good_once_and_a_replay_takes_its_tokens_away(connection: str) -> None:
    code, verifier = code_for(connection)
    got = harvest_duck.get_oauth_access_token(connection, verifier=code, pkce_verifier=verifier)
    off = connection.replace("GETANDREFRESH", "OFF") + f";OAuthAccessToken={got.access_token.reveal()}"
    assert harvest_duck.scan("clients", off).read_all().num_rows > 0
    with pytest.raises(LoginFailed, match="Harvest refused the code, which is used already"):
        harvest_duck.get_oauth_access_token(connection, verifier=code, pkce_verifier=verifier)
    with pytest.raises(Unauthorized):
        harvest_duck.scan("clients", off).read_all()


def test_a_stolen_code_is_worth_nothing_without_the_verifier(connection: str) -> None:
    code, _ = code_for(connection)
    with pytest.raises(LoginFailed, match="Harvest refused the code"):
        harvest_duck.get_oauth_access_token(connection, verifier=code)
    _, another = code_for(connection)
    with pytest.raises(LoginFailed, match="Harvest refused the code"):
        harvest_duck.get_oauth_access_token(connection, verifier=code, pkce_verifier=another)


def test_a_redirect_with_the_code_of_an_attacker_signs_nobody_in(connection: str, harvest: Sandbox) -> None:
    """Their code would have the victim read the attacker's account; state and PKCE are in the way."""
    theirs = harvest_duck.get_oauth_authorization_url(connection)
    forged = agreed(theirs.url, user="member")
    with pytest.raises(LoginFailed, match="nobody agreed within 1 s"):
        signed_in(connection, Person(tamper=lambda _: forged), limit_s=1)
    code = forged.partition("code=")[2].partition("&")[0]
    with pytest.raises(LoginFailed, match="Harvest refused the code"):
        signed_in(
            connection, Person(tamper=lambda own: own.partition("?code=")[0] + f"?code={code}&state=" + state(own))
        )
    assert [request.path for request in harvest.requests].count("/api/v2/accounts") == 0


def state(redirect: str) -> str:
    """The state of a redirect."""
    return redirect.partition("state=")[2].partition("&")[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_token_endpoint_is_not_followed(
    status: int, connection: str, harvest: Sandbox, small_other: Sandbox
) -> None:
    """Code, client secret and refresh token would go along."""
    harvest.respond_next(
        "/api/v2/oauth2/token", status=status, headers={"Location": f"{small_other.id_url}/api/v2/oauth2/token"}
    )
    with pytest.raises(ProtocolError, match="a redirect, which is not followed, as secrets would go with it"):
        signed_in(connection)
    assert small_other.requests == []


@pytest.mark.parametrize("path", ["/api/v2/accounts", "/v2/clients"])
def test_a_redirect_of_the_api_is_not_followed(
    path: str, connection: str, harvest: Sandbox, small_other: Sandbox
) -> None:
    signed_in(connection)
    harvest.respond_next(path, status=302, headers={"Location": f"{small_other.id_url}{path}"})
    with pytest.raises(ProtocolError, match="a redirect, which is not followed, because the token would go with it"):
        harvest_duck.whoami(connection) if path.startswith("/api") else harvest_duck.scan(
            "clients", connection
        ).read_all()
    assert small_other.requests == []


def test_a_link_to_another_host_does_not_get_the_token(connection: str, harvest: Sandbox, small_other: Sandbox) -> None:
    signed_in(connection)
    body = json.dumps({"clients": [{"id": 7}], "links": {"next": f"{small_other.base_url}/clients?cursor=x"}})
    harvest.respond_next("/v2/clients", body=body)
    with pytest.raises(ProtocolError, match=r"links\.next points away"):
        harvest_duck.scan("clients", connection).read_all()
    assert small_other.requests == []


def test_the_consent_page_redirects_to_no_other_host(connection: str, small_other: Sandbox) -> None:
    elsewhere = harvest_duck.get_oauth_authorization_url(connection, callback_url=f"{small_other.id_url}/callback")
    other_host = elsewhere.url.replace("127.0.0.1%3A" + small_other.id_url.rpartition(":")[2], "evil.example")
    status, headers, page = fetched(other_host)
    assert (status, headers["Location"]) == (400, None), page


def test_the_network_cannot_reach_the_callback(port: int) -> None:
    """The addresses of this machine beside loopback refuse, as only a loopback address is listened on."""
    found = {entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address: nothing is sent, the system only picks the source
        found.add(probe.getsockname()[0])
    outward = sorted(str(address) for address in found if not str(address).startswith("127."))
    if not outward:
        pytest.skip("this machine has no other address")

    async def reached() -> list[bool]:
        answers = []
        async with RedirectServer(Callback("localhost", port, "/callback")):
            for address in outward:
                with closing(socket.socket()) as visitor:
                    visitor.settimeout(5)
                    answers.append(await asyncio.to_thread(visitor.connect_ex, (address, port)) == 0)
        return answers

    assert asyncio.run(reached()) == [False] * len(outward)
