"""Which accounts a connection's token reaches, asked of Harvest ID over real HTTP."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.sign_in import kept, signed_in, token_requests

from harvest_duck.auth import BoundUser, credential_for
from harvest_duck.auth.authority import Account, reached
from harvest_duck.connection import resolve
from harvest_duck.errors import CredentialsError, Unauthorized
from harvest_duck.runtime import loop
from harvest_duck.sandbox import ADMINISTRATOR_TOKEN, EURO_ID, FORECAST_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

MAIN = Account(MAIN_ID, "Harbour & Vale", "harvest")
EURO = Account(EURO_ID, "Harbour & Vale Europe", "harvest")


def asked(text: str, user: BoundUser | None = None) -> tuple[Account, ...]:
    """The accounts that the token of a connection string reaches."""

    async def ask() -> tuple[Account, ...]:
        settings = resolve(text)
        credential = credential_for(settings)
        try:
            return await reached(settings, credential, user or BoundUser())
        finally:
            await credential.aclose()

    return loop.run(ask())


@pytest.mark.parametrize(("role", "accounts"), [("administrator", (MAIN, EURO)), ("member", (MAIN,))])
def test_the_accounts_of_harvest_come_in_its_order(harvest: Sandbox, role: str, accounts: tuple[Account, ...]) -> None:
    """Not the one of Forecast, which the administrator has too."""
    assert asked(harvest.connection_string(role=role).replace(f"AccountId={MAIN_ID}", "AccountId=*")) == accounts
    assert [(each.path, each.account_id) for each in harvest.requests] == [("/api/v2/accounts", None)]


def test_an_account_that_is_listed_twice_is_one(harvest: Sandbox) -> None:
    """Its rows would come twice."""
    listed = [{"id": each.id, "name": each.name, "product": "harvest"} for each in (EURO, MAIN, EURO)]
    harvest.respond_next("/api/v2/accounts", body={"user": {"id": 1, "first_name": "Ada"}, "accounts": listed})
    assert asked(harvest.connection_string()) == (EURO, MAIN)


@pytest.mark.parametrize("accounts", [[], [{"id": FORECAST_ID, "name": "Plans", "product": "forecast"}]])
def test_a_token_that_reaches_no_account_says_so(harvest: Sandbox, accounts: list[dict[str, object]]) -> None:
    body = {"user": {"id": 1, "first_name": "Ada", "last_name": "Moreau"}, "accounts": accounts}
    harvest.respond_next("/api/v2/accounts", body=body)
    with pytest.raises(CredentialsError) as caught:
        asked(harvest.connection_string())
    assert str(caught.value) == (
        "the token of Ada Moreau reaches no Harvest account: use one of somebody who has an account"
    )


def listed(*names: str) -> dict[str, object]:
    """An answer with accounts of these names, numbered from 1."""
    accounts = [{"id": number, "name": name, "product": "harvest"} for number, name in enumerate(names, start=1)]
    return {"user": {"id": 1, "first_name": "Ada"}, "accounts": accounts}


def test_without_an_account_the_only_one_is_reached(harvest: Sandbox) -> None:
    harvest.respond_next("/api/v2/accounts", body=listed("One"))
    unnumbered = harvest.connection_string().replace(f"AccountId={MAIN_ID}", "AccountId=")
    assert asked(unnumbered) == (Account(1, "One", "harvest"),)


def test_without_an_account_several_are_listed_as_far_as_a_line_goes(harvest: Sandbox) -> None:
    harvest.respond_next("/api/v2/accounts", body=listed("N" * 99, *("B\nC" for _ in range(12))))
    with pytest.raises(CredentialsError) as caught:
        asked(harvest.connection_string().replace(f"AccountId={MAIN_ID}", "AccountId="))
    others = ", ".join(f"{number} (B C)" for number in range(2, 11))
    assert str(caught.value) == (
        f"no AccountId is given, and the token reaches 13 Harvest accounts, 1 ({'N' * 40}…), {others} and 3 more: "
        "set AccountId to one of the numbers, or to * for all of them"
    )


def test_a_given_token_that_is_refused_is_not_sent_again(harvest: Sandbox) -> None:
    with pytest.raises(Unauthorized, match="answered 401"):
        asked(harvest.connection_string().replace(ADMINISTRATOR_TOKEN, "wrong"))
    assert len(harvest.requests) == 1


def test_a_kept_token_that_is_refused_is_refreshed(harvest: Sandbox, connection: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    every = connection.replace(f"AccountId={MAIN_ID}", "AccountId=*") + f";OAuthSettingsLocation={path}"
    signed_in(every)
    harvest.expire_access_tokens()
    harvest.clear_log()
    user = BoundUser()
    assert asked(every, user) == (MAIN, EURO)
    assert token_requests(harvest) == ["refresh_token"]
    assert [each.status for each in harvest.requests if each.path == "/api/v2/accounts"] == [401, 200]
    (sign_in,) = kept(path)
    assert user.person == (sign_in.user_id, None), "the scan that follows is held to the same person"


def test_accounts_are_not_asked_of_somebody_else(connection: str) -> None:
    signed_in(connection)
    with pytest.raises(CredentialsError, match="somebody else signed in to Harvest while rows were read"):
        asked(connection, BoundUser(person=(7, None)))


def test_the_packages_that_a_scan_is_made_of_load_no_http() -> None:
    code = "import sys, harvest_duck.scanner, harvest_duck.http, harvest_duck.auth; print('aiohttp' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_oauth_is_not_loaded_for_accounts_that_are_given() -> None:
    code = "import sys, harvest_duck.auth, harvest_duck.scanner.client; print('authlib' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
