"""Signing in, from the address a person is told to the tokens that queries use, over real HTTP."""

from __future__ import annotations

import asyncio
import html
import json
import socket
import stat
import threading
from typing import TYPE_CHECKING

import pytest
from support.person import Person, agreed, fetched
from support.sign_in import signed_in, token_requests

import harvest_duck
from harvest_duck import connections
from harvest_duck.auth.stored_credential import StoredCredential
from harvest_duck.auth.terminal import Interaction
from harvest_duck.connection import resolve
from harvest_duck.errors import (
    ConnectionStringError,
    CredentialsError,
    LoginFailed,
    LoginRequired,
    ProtocolError,
    TransportError,
)
from harvest_duck.runtime import loop
from harvest_duck.sandbox import EURO_ID, FORECAST_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from aiohttp import web


def test_a_person_signs_in_and_queries_use_it(harvest: Sandbox, connection: str, config: Path) -> None:
    person = Person()
    who = signed_in(connection, person)
    assert (who.name, who.email) == ("Ada Moreau", "ada.moreau@harbourvale.example")
    assert [account.id for account in who.harvest_accounts] == [MAIN_ID, EURO_ID]
    ((status, page),) = person.pages
    assert (status, "You are signed in to Harvest" in page) == (200, True)
    assert "Ada Moreau may read in Harbour &amp; Vale (1000001) and Harbour &amp; Vale Europe (1000002)" in page
    harvest.clear_log()
    read = harvest_duck.scan("clients", connection).read_all()
    assert read.num_rows == len(harvest.records(MAIN_ID, "clients"))
    assert [request.path for request in harvest.requests] == ["/v2/clients"], "nothing is refreshed before it is due"
    (kept,) = (config / "oauth").glob("*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_the_sign_in_serves_every_account_of_the_person(connection: str, harvest: Sandbox) -> None:
    signed_in(connection)
    other = connection.replace(f"AccountId={MAIN_ID}", f"AccountId={EURO_ID}")
    assert harvest_duck.scan("clients", other).read_all().num_rows == len(harvest.records(EURO_ID, "clients"))


def test_two_persons_are_signed_in_beside_each_other(harvest: Sandbox, connection: str) -> None:
    """Each account is asked with the sign-in that reaches it, the latest where both do."""
    signed_in(connection, Person(user="administrator"))
    assert signed_in(connection, Person(user="member")).name == "Clara Lindqvist"
    euro = connection.replace(f"AccountId={MAIN_ID}", f"AccountId={EURO_ID}")
    assert [harvest_duck.whoami(text).name for text in (connection, euro)] == ["Clara Lindqvist", "Ada Moreau"]
    ended = harvest_duck.logout(connection)
    assert (ended.signed_out, ended.still_signed_in) == (("Clara Lindqvist",), "Ada Moreau")
    assert harvest_duck.whoami(connection).name == "Ada Moreau"
    assert len(harvest.requests) > 0


def for_accounts(connection: str, accounts: str) -> str:
    """The same connection for other accounts."""
    return connection.replace(f"AccountId={MAIN_ID};", f"AccountId={accounts};")


def test_several_accounts_are_asked_with_one_sign_in_that_reaches_all(harvest: Sandbox, connection: str) -> None:
    """Whoever signed in later and reaches one of them alone is not asked; `*` takes the latest."""
    signed_in(connection, Person(user="administrator"))
    signed_in(connection, Person(user="member"))
    both, every = for_accounts(connection, f"{EURO_ID},{MAIN_ID}"), for_accounts(connection, "*")
    assert [harvest_duck.whoami(text).name for text in (both, every)] == ["Ada Moreau", "Clara Lindqvist"]
    harvest.clear_log()
    read = harvest_duck.scan("clients", both).read_all()
    assert read.num_rows == sum(len(harvest.records(each, "clients")) for each in (MAIN_ID, EURO_ID))
    assert [each.account_id for each in harvest.requests] == [str(EURO_ID), str(MAIN_ID)]
    harvest.clear_log()
    assert harvest_duck.scan("me", every, columns=["account_id"]).read_all().to_pylist() == [{"account_id": MAIN_ID}]
    assert [each.account_id for each in harvest.requests] == [None, str(MAIN_ID)]


def test_accounts_that_nobody_reaches_together_are_told(connection: str) -> None:
    signed_in(connection, Person(user="member"))
    refreshing = for_accounts(connection, f"{EURO_ID},{MAIN_ID}").replace("GETANDREFRESH", "REFRESH")
    with pytest.raises(
        LoginRequired, match=r"^nobody who reaches accounts 1000001 and 1000002 is signed in to Harvest, says "
    ):
        harvest_duck.scan("clients", refreshing).read_all()


def test_a_star_signs_in_whoever_agrees(connection: str) -> None:
    every = for_accounts(connection, "*")
    assert signed_in(every, Person(user="member")).name == "Clara Lindqvist"
    assert harvest_duck.scan("me", every, columns=["account_id"]).read_all().to_pylist() == [{"account_id": MAIN_ID}]


def test_who_and_which_accounts(connection: str) -> None:
    signed_in(connection)
    assert harvest_duck.whoami(connection).name == "Ada Moreau"
    assert [(each.id, each.product) for each in harvest_duck.accounts(connection)] == [
        (MAIN_ID, "harvest"),
        (EURO_ID, "harvest"),
        (1000003, "forecast"),
    ]


def test_whoami_works_with_a_personal_token(harvest: Sandbox) -> None:
    assert harvest_duck.whoami(harvest.connection_string(role="member")).name == "Clara Lindqvist"


def test_a_query_asks_a_person_where_nothing_is_kept(harvest: Sandbox, connection: str, last_page: Future[str]) -> None:
    """GETANDREFRESH opens the browser, once for all scans of the query."""
    with harvest_duck.connect(connection) as con:
        found = con.execute(
            "SELECT (SELECT count(*) FROM harvest.clients), (SELECT count(*) FROM harvest.tasks)"
        ).fetchall()
    assert found == [(len(harvest.records(MAIN_ID, "clients")), len(harvest.records(MAIN_ID, "tasks")))]
    assert "You are signed in to Harvest" in last_page.result(30)
    assert token_requests(harvest) == ["authorization_code"]


@pytest.mark.parametrize("initiate", ["REFRESH", "GETANDREFRESH"])
def test_without_a_browser_and_a_terminal_a_query_says_what_to_run(connection: str, initiate: str) -> None:
    with pytest.raises(
        LoginRequired,
        match=r"^nobody who reaches account 1000001 is signed in to Harvest, says .*: run `harvest-duck login`$",
    ):
        harvest_duck.scan("clients", connection.replace("GETANDREFRESH", initiate)).read_all()


def test_everybody_of_an_application_can_be_signed_out(connection: str) -> None:
    signed_in(connection)
    signed_in(connection, Person(user="member"))
    ended = harvest_duck.logout(connection, everybody=True)
    assert (ended.signed_out, ended.still_signed_in) == (("Ada Moreau", "Clara Lindqvist"), None)


def test_what_one_person_asked_answers_nobody_who_signs_in_after_them(connection: str) -> None:
    remembering = f"{connection};CacheLocation=:memory:"
    signed_in(connection)
    before = harvest_duck.scan("expenses", remembering).read_all()
    harvest_duck.logout(connection)
    with pytest.raises(LoginRequired):
        harvest_duck.scan("expenses", remembering).read_all()
    signed_in(connection, Person(user="member"))
    found = harvest_duck.scan("expenses", remembering).read_all()
    assert found == harvest_duck.scan("expenses", connection).read_all()
    assert found.num_rows < before.num_rows


def test_a_store_that_will_not_do_is_told_before_anybody_is_asked(connection: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("precious")
    path.chmod(0o600)
    person = Person()
    with pytest.raises(CredentialsError, match="holds something else than sign-ins"):
        signed_in(f"{connection};OAuthSettingsLocation={path}", person)
    assert person.told == []


def test_advice_names_the_connection_that_was_asked_with(connection: str, config: Path) -> None:
    connections.add("my acme", connection)
    with pytest.raises(LoginRequired, match=r"run `harvest-duck login --connection 'DSN=my acme'`$"):
        harvest_duck.scan("clients", "DSN=my acme").read_all()
    from_the_environment = resolve("", environ={"HARVEST_DUCK_CONNECTION": "DSN=my acme"}, config_dir=config)
    assert from_the_environment.login_command == "harvest-duck login"


def test_off_uses_what_is_given_and_nothing_that_is_kept(harvest: Sandbox, connection: str) -> None:
    signed_in(connection)
    off = connection.replace("GETANDREFRESH", "OFF")
    with pytest.raises(LoginRequired, match="InitiateOAuth is OFF and no OAuthAccessToken is given"):
        harvest_duck.scan("clients", off)
    issued = harvest.issue_tokens()
    given = f"{off};OAuthAccessToken={issued.access_token};OAuthRefreshToken={issued.refresh_token}"
    assert harvest_duck.scan("clients", given).read_all().num_rows > 0
    harvest.expire_access_tokens()
    harvest.clear_log()
    with pytest.raises(harvest_duck.HarvestDuckError, match="answered 401"):
        harvest_duck.scan("clients", given).read_all()
    assert token_requests(harvest) == []


def test_logout_forgets_here_and_in_the_store(connection: str, config: Path) -> None:
    signed_in(connection)
    refreshing = connection.replace("GETANDREFRESH", "REFRESH")
    assert harvest_duck.scan("clients", refreshing).read_all().num_rows > 0
    assert harvest_duck.logout(connection).signed_out == ("Ada Moreau",)
    assert list((config / "oauth").glob("*.json")) == []
    with pytest.raises(LoginRequired):
        harvest_duck.scan("clients", refreshing).read_all()
    assert harvest_duck.logout(connection).signed_out == ()


@pytest.mark.parametrize(
    ("person", "says"),
    [
        (Person(decision="deny"), "the consent was denied: run `harvest-duck login` again and choose to allow access"),
        (Person(tamper=lambda url: url.replace("code=sandbox", "code=forged")), "Harvest refused the code"),
    ],
    ids=["denied", "forged code"],
)
def test_what_goes_wrong_is_told_in_the_terminal_and_in_the_browser(
    person: Person, says: str, connection: str, config: Path
) -> None:
    with pytest.raises(LoginFailed, match=says) as failed:
        signed_in(connection, person)
    ((status, page),) = person.pages
    assert status == 200
    assert "The sign-in did not work" in page
    assert "Nothing was stored" in page
    assert str(failed.value).split("`", maxsplit=1)[0][1:].rstrip() in html.unescape(page)
    assert list((config / "oauth").glob("*.json")) == []


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (lambda url: url.replace("state=", "state=forged"), "carries the state of another sign-in and was refused"),
        (lambda url: url.partition("&state=")[0], "carries no state and was refused"),
        (lambda url: url.partition("?")[0], "carries no state and was refused"),
        (lambda url: f"{url}&state=twice", "names a parameter twice and was refused"),
    ],
    ids=["forged state", "no state", "nothing", "two states"],
)
def test_a_redirect_that_anybody_could_have_made_is_refused_and_ends_nothing(
    forge: Callable[[str], str], says: str, connection: str
) -> None:
    """Any page in the same browser can make one; its page and the terminal say so, and the real one still counts."""
    forged: list[str] = []

    def first_the_forged_one(url: str) -> str:
        forged.append(fetched(forge(url))[2])
        return url

    person = Person(tamper=first_the_forged_one)
    assert signed_in(connection, person).name == "Ada Moreau"
    assert "The sign-in did not work" in forged[0]
    assert says in html.unescape(forged[0])
    assert any(says in text for text in person.told)
    assert "You are signed in" in person.pages[0][1]


def test_the_limit_is_for_the_person_and_not_for_harvest(harvest: Sandbox, connection: str) -> None:
    """Whoever agreed in time is signed in, however long the exchange takes."""
    late = threading.Event()

    async def hold(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path == "/api/v2/oauth2/token":
            await asyncio.to_thread(late.wait, 1.5)
        return None

    harvest.on_request = hold
    assert signed_in(connection, limit_s=1).name == "Ada Moreau"


def test_another_person_who_signs_in_during_a_scan_ends_it(connection: str) -> None:
    """Rows of two persons are never mixed."""
    signed_in(connection)
    reader = harvest_duck.scan("time_entries", f"{connection};Pagesize=20;MaxConnections=1", columns=["id"])
    assert reader.read_next_batch().num_rows == 20
    signed_in(connection, Person(user="member"))
    with pytest.raises(CredentialsError, match="somebody else signed in to Harvest while rows were read: run the quer"):
        reader.read_all()


def test_a_refresh_of_one_person_does_not_change_whom_a_query_asks(harvest: Sandbox, connection: str) -> None:
    signed_in(connection)
    signed_in(connection, Person(user="member"))
    harvest.expire_access_tokens()
    euro = connection.replace(f"AccountId={MAIN_ID}", f"AccountId={EURO_ID}")
    assert harvest_duck.whoami(euro).name == "Ada Moreau"
    assert harvest_duck.whoami(connection).name == "Clara Lindqvist"


def test_an_account_that_nobody_reaches_is_not_asked_with_somebody_elses_token(
    harvest: Sandbox, connection: str
) -> None:
    signed_in(connection, Person(user="member"))
    harvest.clear_log()
    euro = connection.replace(f"AccountId={MAIN_ID}", f"AccountId={EURO_ID}")
    with pytest.raises(LoginRequired, match="nobody who reaches account 1000002 is signed in to Harvest, says"):
        harvest_duck.scan("clients", euro).read_all()
    assert harvest_duck.logout(connection, account=EURO_ID).signed_out == ()
    assert harvest.requests == []
    assert harvest_duck.whoami(connection).name == "Clara Lindqvist"


def test_names_from_harvest_steer_no_terminal(harvest: Sandbox, connection: str) -> None:
    body = {
        "user": {"id": 7, "first_name": "A\x1b]0;pwned\x07\nharvest-duck: error", "email": "a\r\nb"},
        "accounts": [{"id": MAIN_ID, "name": "x\x1b[2J\ny", "product": "harvest"}],
    }
    harvest.respond_next("/api/v2/accounts", body=body)
    who = signed_in(connection)
    assert (who.name, who.email, who.accounts[0].name) == ("A ]0;pwned harvest-duck: error", "a b", "x [2J y")


@pytest.mark.parametrize("user", [{"id": float("inf")}, {"id": None}, {}, [], None, "Ada"])
def test_an_answer_that_names_nobody_is_an_error(harvest: Sandbox, connection: str, user: object) -> None:
    body = json.dumps({"user": user, "accounts": []}).encode()
    harvest.respond_next("/api/v2/accounts", body=body)
    with pytest.raises(ProtocolError, match="the answer of Harvest ID names no user and accounts: check IdURL"):
        signed_in(connection)


def test_an_account_that_the_person_does_not_reach_is_named(connection: str, config: Path) -> None:
    with pytest.raises(LoginFailed) as failed:
        signed_in(connection, Person(user="member"), account=EURO_ID)
    assert str(failed.value) == (
        "Clara Lindqvist signed in, who reaches Harbour & Vale (1000001) and not 1000002: "
        "sign in to Harvest as somebody else, or set another AccountId"
    )
    assert list((config / "oauth").glob("*.json")) == []


@pytest.mark.parametrize(
    ("accounts", "missing"),
    [
        (f"{MAIN_ID},{EURO_ID}", "1000002"),
        (f"9,{EURO_ID}, {MAIN_ID} ,5", "5, 9 and 1000002"),
        (5, "5"),
    ],
)
def test_every_account_that_the_person_does_not_reach_is_named(
    connection: str, config: Path, accounts: int | str, missing: str
) -> None:
    """Whether the string lists them or the caller does."""
    says = (
        rf"^Clara Lindqvist signed in, who reaches Harbour & Vale \(1000001\) and not {missing}: sign in to Harvest as"
    )
    with pytest.raises(LoginFailed, match=says):
        signed_in(for_accounts(connection, str(accounts)), Person(user="member"))
    with pytest.raises(LoginFailed, match=says):
        signed_in(connection, Person(user="member"), account=accounts)
    assert list((config / "oauth").glob("*.json")) == []


def test_an_account_of_forecast_is_not_reached_by_harvests_api(connection: str) -> None:
    with pytest.raises(LoginFailed, match=r"Europe \(1000002\) and not 1000003: sign in to Harvest as somebody else"):
        signed_in(connection, account=FORECAST_ID)


def test_a_person_signs_in_and_out_for_several_accounts(connection: str) -> None:
    both = f"{MAIN_ID}, {EURO_ID}"
    assert signed_in(connection, account=both).name == "Ada Moreau"
    assert signed_in(connection, Person(user="member"), account="*").name == "Clara Lindqvist"
    ended = harvest_duck.logout(connection, account=both)
    assert (ended.signed_out, ended.still_signed_in) == (("Ada Moreau",), None)
    assert harvest_duck.logout(connection).signed_out == ("Clara Lindqvist",)


@pytest.mark.parametrize("account", ["", "1,", "1,*", "acme", 0, -1, 2**63])
def test_what_is_no_account_is_told_before_anybody_is_asked(connection: str, account: int | str) -> None:
    person = Person()
    for call in (
        lambda: signed_in(connection, person, account=account),
        lambda: harvest_duck.logout(connection, account=account),
    ):
        with pytest.raises(
            ConnectionStringError, match=r"^AccountId has to be an account number, several parted by com"
        ):
            call()
    assert person.told == []


def test_nobody_waits_for_ever(connection: str) -> None:
    with pytest.raises(LoginFailed, match=r"^nobody agreed within 1 s: run `harvest-duck login` again"):
        signed_in(connection, Person(tamper=lambda _: None), limit_s=1)


def test_whoever_gives_up_frees_the_port(connection: str, port: int) -> None:
    """In a process that goes on, such as a notebook."""
    waiting = threading.Event()
    interaction = Interaction(browser=False, terminal=True, tell=lambda _: waiting.set())
    kept = StoredCredential(resolve(connection), interaction=interaction)
    asking = loop.start(kept.sign_in())
    assert waiting.wait(30)
    with pytest.raises(OSError, match="in use"), socket.create_server(("127.0.0.1", port)):
        pass
    asking.cancel()
    loop.run(kept.aclose())
    # The next sign-in waits for the end of this one, and then finds the port free.
    assert signed_in(connection).name == "Ada Moreau"


def test_a_port_that_is_taken_is_named(connection: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "true %s")
    with socket.create_server(("127.0.0.1", port)), pytest.raises(LoginFailed) as failed:
        harvest_duck.login(connection, tell=lambda _: None)
    assert str(failed.value) == (
        f"port {port} of CallbackURL is in use by another program: end it, or register and set a CallbackURL with "
        "another port"
    )


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda text: text.replace("OAuthClientId=", "User="), CredentialsError, "signing in needs an OAuth applicat"),
        (lambda text: text.replace("secret;", "wrong;"), CredentialsError, "invalid_client: check OAuthClientId and"),
        (lambda text: text.replace("CallbackURL=http://", "CallbackURL="), ConnectionStringError, "CallbackURL has to"),
        (lambda text: text + ";OAuthAccessTokenURL=http://127.0.0.1:9/", TransportError, "127.0.0.1:9 cannot be reach"),
        (lambda text: text + ";OAuthGrantType=PASSWORD", ConnectionStringError, "OAuthGrantType has to be CODE"),
    ],
    ids=["no client", "wrong secret", "no url", "unreachable", "other grant"],
)
@pytest.mark.filterwarnings("ignore::harvest_duck.connection.UnsupportedPropertyWarning")
def test_a_wrong_application_is_told(
    connection: str, change: Callable[[str], str], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as failed:
        signed_in(change(connection))
    assert "\n" not in str(failed.value)


def test_an_unknown_client_is_told_on_harvests_own_page(connection: str, port: int) -> None:
    told: list[str] = []
    with pytest.raises(LoginFailed, match="nobody agreed within"):
        harvest_duck.login(
            connection.replace("sandbox-client-id", "unknown"), browser=False, limit_s=1, tell=told.append
        )
    address = next(word for text in told for word in text.split() if word.startswith("http"))
    assert fetched(address)[0] == 400
    assert port > 0


@pytest.mark.parametrize("pkce", [True, False])
@pytest.mark.parametrize("knows", [True, False])
def test_pkce_is_sent_unless_turned_off(pkce: bool, knows: bool, port: int) -> None:
    with Sandbox(scale=0.1, pkce=knows) as harvest:
        signed_in(f"{harvest.oauth_connection_string(callback_port=port)};UsePKCE={pkce}")
        asked = next(request for request in harvest.requests if request.path == "/oauth2/authorize")
        exchanged = next(request for request in harvest.requests if request.path == "/api/v2/oauth2/token")
    assert ("code_challenge" in asked.query, "code_verifier" in exchanged.form) == (pkce, pkce)


def test_the_scope_of_the_string_is_asked_for(harvest: Sandbox, connection: str) -> None:
    who = signed_in(f"{connection};Scope=harvest:{MAIN_ID}")
    assert [account.id for account in who.accounts] == [MAIN_ID]
    assert harvest.requests[0].query["scope"] == f"harvest:{MAIN_ID}"


def test_the_official_string_signs_in_as_it_is(harvest: Sandbox, port: int) -> None:
    """CData's example with the reader's own values, and the sandbox in Harvest's place."""
    official = (
        rf"Profile=C:\profiles\Harvest.apip;ProfileSettings='AccountId={MAIN_ID}';Authscheme=OAuth;"
        "InitiateOAuth=GETANDREFRESH;OAuthClientId=sandbox-client-id;OAuthClientSecret=sandbox-client-secret;"
        f"CallbackUrl=http://localhost:{port}/callback;BaseURL={harvest.base_url};IdURL={harvest.id_url}"
    )
    signed_in(official)
    assert harvest_duck.scan("clients", official).read_all().num_rows == len(harvest.records(MAIN_ID, "clients"))


def test_a_code_from_a_browser_elsewhere_signs_in(harvest: Sandbox, connection: str) -> None:
    """OAuthVerifier with PKCEVerifier: the steps of a machine without a browser, as CData documents them."""
    begun = harvest_duck.get_oauth_authorization_url(connection)
    redirect = agreed(begun.url)
    assert begun.state in redirect
    assert begun.pkce_verifier is not None
    code = redirect.partition("code=")[2].partition("&")[0]
    headless = f"{connection};OAuthVerifier={code};PKCEVerifier={begun.pkce_verifier.reveal()}"
    rows = len(harvest.records(MAIN_ID, "clients"))
    assert harvest_duck.scan("clients", headless).read_all().num_rows == rows
    assert harvest_duck.scan("clients", f"{headless};Pagesize=9").read_all().num_rows == rows
    assert harvest_duck.scan("clients", connection).read_all().num_rows == rows, "it can be taken out of the string"
    assert token_requests(harvest) == ["authorization_code"]


def test_a_code_is_not_used_where_nobody_may_sign_in(connection: str) -> None:
    with pytest.raises(LoginRequired, match="nobody who reaches account 1000001 is signed in"):
        harvest_duck.scan("clients", connection.replace("GETANDREFRESH", "REFRESH") + ";OAuthVerifier=c").read_all()


def test_a_used_code_says_so(connection: str) -> None:
    used = f"{connection};OAuthVerifier=sandbox-code-used"
    with pytest.raises(LoginFailed, match="Harvest refused the code, which is used already"):
        harvest_duck.scan("clients", used).read_all()
