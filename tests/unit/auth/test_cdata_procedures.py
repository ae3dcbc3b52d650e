"""CData's three procedures by their names, as functions: the steps of a sign-in on their own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from support.person import agreed
from support.sign_in import token_requests

import harvest_duck
from harvest_duck.errors import CredentialsError, LoginFailed, LoginRequired
from harvest_duck.sandbox import EURO_ID

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox


def test_the_three_steps_lead_to_tokens_that_work(harvest: Sandbox, connection: str, config: Path) -> None:
    begun = harvest_duck.get_oauth_authorization_url(connection, state="mine", scope=f"harvest:{EURO_ID}")
    assert begun.state == "mine"
    assert harvest.requests == [], "a URL is made without asking anybody"
    redirect = parse_qs(urlsplit(agreed(begun.url)).query)
    assert redirect["state"] == ["mine"]
    first = harvest_duck.get_oauth_access_token(
        connection, verifier=redirect["code"][0], pkce_verifier=begun.pkce_verifier
    )
    assert first.lifetime_s == 1_209_600
    assert first.refresh_token is not None
    second = harvest_duck.refresh_oauth_access_token(connection, refresh_token=first.refresh_token)
    assert second.access_token != first.access_token
    assert token_requests(harvest) == ["authorization_code", "refresh_token"]
    given = connection.replace("GETANDREFRESH", "OFF") + f";OAuthAccessToken={second.access_token.reveal()}"
    assert [account.id for account in harvest_duck.accounts(given)] == [EURO_ID]
    assert not config.exists(), "nothing is stored"
    assert "sandbox-" not in repr((begun.pkce_verifier, first, second))


def test_properties_of_the_string_stand_in_for_arguments(harvest: Sandbox, connection: str) -> None:
    begun = harvest_duck.get_oauth_authorization_url(f"{connection};UsePKCE=false")
    assert begun.pkce_verifier is None
    code = parse_qs(urlsplit(agreed(begun.url)).query)["code"][0]
    got = harvest_duck.get_oauth_access_token(f"{connection};OAuthVerifier={code}")
    assert got.refresh_token is not None
    text = f"{connection};OAuthRefreshToken={got.refresh_token.reveal()}"
    assert harvest_duck.refresh_oauth_access_token(text).access_token != got.access_token
    assert len(token_requests(harvest)) == 2


def test_what_is_missing_is_named(connection: str) -> None:
    with pytest.raises(CredentialsError, match="get_oauth_access_token needs the code of the redirect: pass verifier"):
        harvest_duck.get_oauth_access_token(connection)
    with pytest.raises(CredentialsError, match="refresh_oauth_access_token needs a refresh token: pass refresh_token"):
        harvest_duck.refresh_oauth_access_token(connection)
    with pytest.raises(CredentialsError, match="signing in needs an OAuth application"):
        harvest_duck.get_oauth_authorization_url("AccountId=1")


def test_what_is_refused_says_so(connection: str) -> None:
    code, token = "sandbox-code-unknown", "sandbox-refresh-unknown"
    with pytest.raises(LoginFailed, match="Harvest refused the code"):
        harvest_duck.get_oauth_access_token(connection, verifier=code)
    with pytest.raises(LoginRequired, match="Harvest refused the refresh token"):
        harvest_duck.refresh_oauth_access_token(connection, refresh_token=token)
