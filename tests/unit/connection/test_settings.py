"""The typed connection: what it says, what it keeps to itself, and what it asks for when something is missing."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.connection import (
    PROPERTIES,
    AuthScheme,
    Connection,
    InitiateOAuth,
    Kind,
    Secret,
    Support,
    UnsupportedPropertyWarning,
    render,
    resolve,
)
from harvest_duck.connection.settings import ProxySSLType
from harvest_duck.errors import ConnectionStringError, CredentialsError, LoginRequired

TOKEN_EXAMPLE = r"Profile=C:\profiles\Harvest.apip;ProfileSettings='APIKey=my_personal_key;AccountId=_your_account_id';"
OAUTH_EXAMPLE = (
    r"Profile=C:\profiles\Harvest.apip;ProfileSettings='AccountId=_your_account_id';Authscheme=OAuth;"
    "InitiateOAuth=GETANDREFRESH;OAuthClientId=your_client_id;OAuthClientSecret=your_client_secret;"
    "CallbackUrl=your_callback_url;"
)
SECRETS = [entry.name for entry in PROPERTIES.values() if entry.kind in {Kind.SECRET, Kind.TOKEN}]
# Long enough, and of letters that no message has, so that finding it means that it leaked.
secrets = st.text("ÄÖÜ§¤¥ÞÐ", min_size=4, max_size=12) | st.text("0123456789%&", min_size=12, max_size=20)


def read(text: str) -> Connection:
    """The connection of `text` alone."""
    return resolve(text, environ={})


def test_official_token_example() -> None:
    connection = read(TOKEN_EXAMPLE)
    assert connection.require_token().reveal() == "my_personal_key"
    assert connection.account_id == "_your_account_id"
    with pytest.raises(CredentialsError, match=r'^"_your_account_id" is not an account id: set AccountId or'):
        connection.require_accounts()


def test_official_oauth_example() -> None:
    connection = read(OAUTH_EXAMPLE)
    assert connection.auth_scheme is AuthScheme.OAUTH
    assert connection.oauth.initiate is InitiateOAuth.GETANDREFRESH
    assert connection.oauth.client_id == "your_client_id"
    assert connection.oauth.client_secret == Secret("your_client_secret")
    assert connection.oauth.callback_url == "your_callback_url"
    assert connection.stores_tokens
    connection.require_credentials()


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("AuthScheme=OAuth", LoginRequired, "InitiateOAuth is OFF and no OAuthAccessToken is given: set InitiateOAuth"),
        ("AuthScheme=OAuth;InitiateOAuth=REFRESH", CredentialsError, "no OAuthClientId is given: set OAuthClientId"),
        ("OAuthClientId=x", CredentialsError, "or AuthScheme=OAuth to sign in"),
    ],
)
def test_what_cannot_authorize_a_request_says_what_to_set(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        read(text).require_credentials()


def test_account_and_token_as_given() -> None:
    connection = read("AccountId = 123456; APIKey=1234567.pt.x")
    assert connection.require_accounts() == (123456,)
    assert connection.require_token() == Secret("1234567.pt.x")


@given(
    numbers=st.lists(st.integers(1, 12) | st.integers(1, 10**18 - 1), min_size=1),
    comma=st.sampled_from([",", ", ", "  ,"]),
)
@settings(deadline=None)
def test_accounts_come_in_the_order_given_each_once(numbers: list[int], comma: str) -> None:
    text = comma.join(map(str, numbers))
    expected = [number for at, number in enumerate(numbers) if number not in numbers[:at]]
    assert read(f"AccountId={text}").require_accounts() == tuple(expected)


def test_a_star_names_no_account_and_is_no_error() -> None:
    assert read("AccountId=*").require_accounts() is None


@pytest.mark.parametrize("text", [str(2**63), f"1,{2**63}", f"{2**63},1"])
def test_a_number_that_no_column_holds_is_refused(text: str) -> None:
    """As a program can make one, in place of a connection string."""
    connection = dataclasses.replace(read("AccountId=1"), account_id=text)
    with pytest.raises(CredentialsError, match=r"^AccountId 9223372036854775808 is larger than any account number"):
        connection.require_accounts()
    assert dataclasses.replace(connection, account_id=str(2**63 - 1)).require_accounts() == (2**63 - 1,)


@pytest.mark.parametrize("text", ["APIKey=x", "APIKey=x;AccountId="])
def test_a_missing_account_is_one_that_only_harvest_knows(text: str) -> None:
    assert read(text).require_accounts() is None


def test_missing_token_names_the_next_step() -> None:
    with pytest.raises(CredentialsError) as caught:
        read("AccountId=1").require_token()
    assert not isinstance(caught.value, LoginRequired)
    assert str(caught.value) == (
        "no Harvest token is given: run `harvest-duck connections add NAME`, or set APIKey or HARVEST_ACCESS_TOKEN "
        "to a token made at id.getharvest.com/developers; DSN=sandbox tries queries without an account"
    )


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("APIKey=personal", "personal"),
        ("OAuthAccessToken=access", "access"),
        ("APIKey=personal;OAuthAccessToken=access", "personal"),
        ("AuthScheme=None;OAuthAccessToken=access", "access"),
        ("AuthScheme=OAuth;APIKey=personal;OAuthAccessToken=access", "access"),
    ],
)
def test_which_token_is_sent(text: str, token: str) -> None:
    assert read(text).require_token().reveal() == token


def test_personal_token_is_no_substitute_under_oauth() -> None:
    with pytest.raises(LoginRequired):
        read("AuthScheme=OAuth;APIKey=personal").require_token()


def test_oauth_properties_are_kept() -> None:
    oauth = read(
        "AuthScheme=OAuth;InitiateOAuth=refresh;OAuthClientId=id;OAuthClientSecret=s;CallbackURL=http://localhost:1/cb;"
        "Scope='harvest:1 x';OAuthAccessToken=a;OAuthRefreshToken=r;OAuthExpiresIn=60.5;OAuthTokenTimestamp=17;"
        "OAuthVerifier=v;PKCEVerifier=w;UsePKCE=false;OAuthGrantType=code;OAuthParams=p=q;OAuthSettingsLocation=memory://x;OAuthVersion=2.0;"
        "OAuthAuthorizationURL=https://a.example/;OAuthAccessTokenURL=https://b.example;"
        "OAuthRefreshTokenURL=https://c.example/x"
    ).oauth
    revealed = {
        entry.name: value.reveal() if isinstance(value := getattr(oauth, entry.name), Secret) else value
        for entry in dataclasses.fields(oauth)
    }
    assert revealed == {
        "initiate": InitiateOAuth.REFRESH,
        "client_id": "id",
        "client_secret": "s",
        "callback_url": "http://localhost:1/cb",
        "scope": "harvest:1 x",
        "access_token": "a",
        "refresh_token": "r",
        "expires_in_s": 60.5,
        "token_timestamp_ms": 17,
        "verifier": "v",
        "pkce_verifier": "w",
        "pkce": False,
        "params": "p=q",
        "settings_location": "memory://x",
        "authorization_url": "https://a.example",
        "access_token_url": "https://b.example",
        "refresh_token_url": "https://c.example/x",
    }


def test_proxy() -> None:
    proxy = read("ProxyServer=Proxy.Example;ProxyPort=3128;ProxyUser=u;ProxyPassword=p;ProxySSLType=always").proxy
    assert proxy is not None
    assert (proxy.url, proxy.user, proxy.password) == ("https://proxy.example:3128", "u", Secret("p"))
    assert proxy.ssl_type is ProxySSLType.ALWAYS


def test_proxy_address_in_brackets() -> None:
    proxy = read("ProxyServer=::1").proxy
    assert proxy is not None
    assert proxy.url == "http://[::1]:80"


def test_proxy_without_authorization() -> None:
    proxy = read("ProxyServer=p;ProxyUser=u;ProxyPassword=p;ProxyAuthScheme=none").proxy
    assert proxy is not None
    assert (proxy.user, proxy.password) == (None, None)


@pytest.mark.parametrize(
    ("host", "serves"),
    [
        ("api.harvestapp.com", True),
        ("API.Internal.Example", False),
        ("deep.api.internal.example", True),
        ("x.dotted.example", False),
        ("dotted.example", True),
        ("a.b.starred.example", False),
        ("notstarred.example", True),
        ("10.0.0.1", False),
        ("localhost", False),
        ("127.0.0.1", False),
    ],
)
def test_proxy_exceptions(host: str, serves: bool) -> None:
    proxy = read(
        "ProxyServer=p;ProxyExceptions='api.internal.example; .dotted.example;*.starred.example;10.0.0.1'"
    ).proxy
    assert proxy is not None
    assert proxy.serves(host) is serves


def test_proxy_of_the_environment_only_without_one_of_its_own() -> None:
    assert read("ProxyAutoDetect=true").proxy_from_environment
    assert not read("ProxyAutoDetect=true;ProxyServer=p").proxy_from_environment
    assert read("ProxyUser=u;ProxyPort=1").proxy is None


def test_connection_keys_a_cache() -> None:
    """Equal strings make equal connections, and any difference makes a different one."""
    kept = {read("AccountId=1;APIKey=x"): "kept"}
    assert kept[read("ProfileSettings='api key=x;ACCOUNTID=1'")] == "kept"
    assert read("AccountId=1;APIKey=y") not in kept
    assert read("AccountId=1;APIKey=x;CustomHeaders='X-A: 1'") not in kept


def test_connection_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read("").account_id = "1"  # type: ignore[misc]


def test_secret_shows_stars_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hidden")
    logging.getLogger("here").error("token %s %r", secret, secret)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>9}", f"{secret!r}", "%s" % (secret,), str([secret])]  # noqa: UP031
    assert all("hidden" not in text and "***" in text for text in [*shown, caplog.text])


def test_secret_compares_by_its_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_secret_stays_in_the_process() -> None:
    connection = read("APIKey=hidden")
    for value in (Secret("hidden"), connection):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(value)
        with pytest.raises(TypeError, match="never pickled"):
            copy.deepcopy(value)
    with pytest.raises(TypeError, match="never pickled"):
        dataclasses.asdict(connection)
    with pytest.raises(TypeError):
        json.dumps(Secret("hidden"))


@pytest.mark.parametrize("name", [*SECRETS, "CustomHeaders"])
@given(secret=secrets)
@settings(deadline=None, max_examples=share(50))
def test_no_secret_is_ever_shown(name: str, secret: str) -> None:
    """Whether a secret is accepted or refused, no representation, error or warning has it."""
    text = render({name: f"X-A: {secret}" if name == "CustomHeaders" else secret, "ProxyServer": "p"})
    shown = []
    try:
        if PROPERTIES[name].support is Support.LATER:
            with pytest.warns(UnsupportedPropertyWarning) as caught:
                connection = read(text)
            shown += [str(warning.message) for warning in caught]
        else:
            connection = read(text)
        shown += [repr(connection), str(connection), f"{connection}", repr(connection.proxy), repr(connection.oauth)]
    except ConnectionStringError as error:
        shown += [str(error), repr(error), repr(error.__cause__)]
    assert shown
    assert all(secret not in text for text in shown)


@given(
    secret=secrets, damage=st.sampled_from(["'{0}", "{{{0}", '"{0}', "'{0}'{0}", "x;{0}", "x;{0}=y", "x;APIKey={0}"])
)
@settings(deadline=None)
def test_damaged_quotes_show_no_secret(secret: str, damage: str) -> None:
    """A secret that spills out of its quotes is not repeated either."""
    for text in ("APIKey=" + damage.format(secret), render({"ProfileSettings": "APIKey=" + damage.format(secret)})):
        with pytest.raises(ConnectionStringError) as caught:
            read(text)
        assert secret not in str(caught.value)
