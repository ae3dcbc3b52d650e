"""The property table: complete, found in any spelling, and each value read as its kind or refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import each

from harvest_duck.connection import (
    PROPERTIES,
    AuthScheme,
    Connection,
    InitiateOAuth,
    Kind,
    RateLimit,
    Support,
    UnsupportedPropertyWarning,
    render,
    resolve,
)
from harvest_duck.connection.properties import Property, find
from harvest_duck.connection.settings import ProxySSLType
from harvest_duck.errors import ConnectionStringError

DOCUMENTED = re.findall(
    r"\w+",
    """
AccountId APIKey AuthScheme AutoCache BatchSize BrowsableSchemas CacheConnection CacheDriver CacheLocation CacheMetadata
CacheProvider CacheQueryResult CacheTolerance CallbackURL ConnectionLifeTime ConnectOnOpen CustomHeaders CustomUrlParams
FirewallPassword FirewallPort FirewallServer FirewallType FirewallUser Format GenerateSchemaFiles InitiateOAuth Location
Logfile LogModules MaxLogFileSize MaxRows OAuthAccessToken OAuthAccessTokenSecret OAuthAccessTokenURL
OAuthAuthorizationURL OAuthClientId OAuthClientSecret OAuthExpiresIn OAuthGrantType OAuthParams OAuthRefreshToken
OAuthRefreshTokenURL OAuthRequestTokenURL OAuthSettingsLocation OAuthTokenTimestamp OAuthVerifier OAuthVersion Offline
Other Pagesize Password PKCEVerifier PoolIdleTimeout PoolMaxSize PoolMinSize PoolWaitTime Profile ProfileSettings
ProxyAuthScheme ProxyAutoDetect ProxyExceptions ProxyPassword ProxyPort ProxyServer ProxySSLType ProxyUser PseudoColumns
Readonly RowScanDepth RTK Scope SSLClientCert SSLClientCertPassword SSLClientCertSubject SSLClientCertType SSLServerCert
SupportEnhancedSQL Tables Timeout URI UseConnectionPooling User UserDefinedViews Verbosity Views XPath
""",
)
OWN = ["BaseURL", "IdURL", "RateLimit", "ReportsRateLimit", "MaxConnections", "UserAgent", "DSN", "Driver", "UsePKCE"]
OWN += ["Completeness", "Today", "AsOf"]
LATER = [entry.name for entry in PROPERTIES.values() if entry.support is Support.LATER]
CHECKED = {Kind.INTEGER, Kind.SECONDS, Kind.BOOLEAN, Kind.CHOICE, Kind.URL, Kind.RATE, Kind.HEADERS, Kind.HOST}
CHECKED |= {Kind.HOSTS, Kind.FILE, Kind.TOKEN, Kind.ACCOUNT, Kind.DAY, Kind.MOMENT}


def resolved(name: str, value: str) -> Connection:
    """The connection of a string with one property and the least beside it that it needs."""
    beside = {"ProxyServer": "proxy.example"} if name.startswith("Proxy") and name != "ProxyServer" else {}
    return resolve(render({name: value, **beside}), environ={})


def test_table_holds_what_is_documented_and_our_own() -> None:
    assert sorted(PROPERTIES) == sorted([*DOCUMENTED, *OWN])


@each(PROPERTIES.values())
def test_entry_is_sound(entry: Property) -> None:
    """One line of description, choices exactly for a choice, a default among them."""
    assert entry.about.endswith(".")
    assert "\n" not in entry.about
    assert (entry.kind is Kind.CHOICE) == bool(entry.choices)
    assert not entry.choices or entry.default in entry.choices
    assert find(" ".join(entry.name).upper(), where="here") is entry


@pytest.mark.parametrize(
    ("written", "nearest"),
    [("ApiKy", "APIKey"), ("acount_id", "AccountId"), ("PageSizes", "Pagesize"), ("OAuthClientID2", "OAuthClientId")],
)
def test_unknown_property_suggests_the_nearest(written: str, nearest: str) -> None:
    with pytest.raises(ConnectionStringError, match=rf"no property {written}, did you mean {nearest}\?$"):
        resolve(f"{written}=1", environ={})


def test_unknown_property_without_a_likeness() -> None:
    with pytest.raises(ConnectionStringError, match=r"^connection string: there is no property Xyzzyx$"):
        resolve("Xyzzyx=1", environ={})


def test_unlikely_name_is_not_repeated() -> None:
    """What follows a semicolon may be the rest of a secret that lacks its quotes."""
    with pytest.raises(ConnectionStringError, match=r"^connection string: there is a name that no property has$"):
        resolve("APIKey=abc;1234567=x", environ={})


def test_one_warning_names_all_that_have_no_effect() -> None:
    with pytest.warns(UnsupportedPropertyWarning) as caught:
        resolve("batch size=7;RTK=hidden;Tables=clients", environ={})
    assert [str(warning.message) for warning in caught] == ["without effect yet: BatchSize, RTK, Tables"]
    assert caught[0].filename == __file__


@each(LATER)
def test_later_property_is_accepted_with_a_warning(name: str) -> None:
    with pytest.warns(UnsupportedPropertyWarning, match=f"^without effect yet: {name}$"):
        resolve(f"{name}=anything", environ={})


def test_profile_and_driver_are_accepted_in_silence() -> None:
    assert resolve("Driver={CData API};Profile=Harvest.apip", environ={}) == resolve("AuthScheme=None", environ={})


@pytest.mark.parametrize(
    "entry",
    [entry for entry in PROPERTIES.values() if entry.support is Support.HONOURED and entry.kind in CHECKED],
    ids=lambda entry: entry.name,
)
def test_value_of_the_wrong_kind_is_refused_by_name(entry: Property) -> None:
    """The message names the property and what it has to be, and not the value."""
    with pytest.raises(ConnectionStringError) as caught:
        resolved(entry.name, "§ value/")
    assert str(caught.value) == f"connection string: {entry.name} has to be {entry.expected}"


@pytest.mark.parametrize("name", ["ProxyUser", "Scope", "CallbackURL", "UserAgent", "APIKey", "Logfile", "Timeout"])
@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\x7f", "\ud800"])
def test_control_characters_are_refused(name: str, character: str) -> None:
    with pytest.raises(ConnectionStringError, match=f"^connection string: {name} has to be"):
        resolved(name, f"a{character}b")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Pagesize", ["1", "2000"], ["0", "2001", "-1", "1.5", "1e3", "٣", " "]),
        ("MaxConnections", ["1", "100"], ["0", "101"]),
        ("Verbosity", ["1", "5"], ["0", "6"]),
        ("ProxyPort", ["1", "65535"], ["0", "65536"]),
        ("MaxRows", ["-1", "0", "5"], ["-2", "9" * 5000]),
        ("Timeout", ["0", "0.5", "3600"], ["-1", "nan", "inf", "1e3", ".5"]),
        ("OAuthTokenTimestamp", ["0", "1700000000000"], ["-1", "now"]),
        ("Readonly", ["true", "TRUE"], ["false", "1", "yes"]),
        ("AuthScheme", ["none", "NONE", "OAuth"], ["Basic", "Token"]),
        ("OAuthVersion", ["2.0"], ["1.0"]),
        ("RateLimit", ["100/15", "1 / 0.5", "off", "OFF"], ["0/15", "100/0", "100", "-1/15", "100/15/1", "100/"]),
        ("ProxyServer", ["proxy", "Proxy.Example", "10.0.0.1", "::1"], ["http://proxy", "proxy:80", "u@proxy", "a b"]),
        ("ProxyExceptions", ["a", "a; b ;", ".a", "*.a.b"], ["*", "a b", "http://a", "*.*"]),
        ("APIKey", ["1234567.pt.x-_~"], ["Bearer x", "clé", "a\tb"]),
        ("AccountId", ["1", "123456", "1,2", "*", "_your_account_id", "<account id>"], ["0", "-1", "12ab", "1.5"]),
    ],
)
def test_bounds(name: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        resolved(name, value)
    for value in bad:
        with pytest.raises(ConnectionStringError, match=f"^connection string: {name} has to be"):
            resolved(name, value)


@pytest.mark.parametrize(
    ("text", "account_id"),
    [("1,2,3", "1,2,3"), (" 1 , 2  ,3 ", "1,2,3"), ("2,1,2", "2,1"), ("7, 7", "7"), ("'*'", "*"), ("' * '", "*")],
)
def test_accounts_are_written_in_one_form(text: str, account_id: str) -> None:
    """So that equal connections are equal however they are written."""
    assert resolve(f"AccountId={text}", environ={}).account_id == account_id


@pytest.mark.parametrize(
    "text",
    [
        *("1,", ",1", "1,,2", "1, ,2", ",", "1 2", "1,*", "*,1", "*,*", "**"),
        *("01", "1,0", "1,02", "1,-2", "1.5,2", "9" * 19, "1," + "9" * 19, "1,٢", "1,\u00a02"),
        *("1,x", "x,y", "_your_account_id,1", "1234567.pt.x"),
    ],
)
def test_what_is_no_account_is_told_what_accounts_are(text: str) -> None:
    with pytest.raises(ConnectionStringError) as caught:
        resolve(f"AccountId={text}", environ={})
    assert str(caught.value) == (
        "connection string: AccountId has to be an account number, several parted by commas, or *"
    )


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.harvestapp.com/v2", "https://api.harvestapp.com/v2"),
        ("HTTPS://API.HarvestApp.com/v2/", "https://api.harvestapp.com/v2"),
        ("https://gateway.example:8443/harvest/v2//", "https://gateway.example:8443/harvest/v2"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1/", "http://127.0.0.1"),
        ("http://127.255.3.4:1", "http://127.255.3.4:1"),
        ("http://[::1]:8080/v2", "http://[::1]:8080/v2"),
        ("https://[2001:DB8::1]/", "https://[2001:db8::1]"),
    ],
)
def test_accepted_urls(text: str, url: str) -> None:
    assert resolve(f"BaseURL={text}", environ={}).base_url == url
    assert resolve(f"IdURL={text}", environ={}).id_url == url
    assert resolve(f"OAuthAccessTokenURL={text}", environ={}).oauth.access_token_url == url


@pytest.mark.parametrize(
    "text",
    [
        "api.harvestapp.com",
        "https://",
        "https:///v2",
        "ftp://localhost",
        "http://api.harvestapp.com",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://128.0.0.1",
        "http://[::2]",
        "http://[::ffff:127.0.0.1]",
        "http://0x7f.1",
        "http://2130706433",
        "https://user@host.example",
        "https://user:password@host.example",
        "https://host.example?x=1",
        "https://host.example#x",
        "https://host.example?",
        r"https://host.example\@api.harvestapp.com",
        "https://ho st.example",
        "https://host.example:99999",
        "https://host.example:http",
        "https://[::1",
        "https://hôst.example",
        "https://host.example/%\x00",
    ],
)
def test_refused_urls(text: str) -> None:
    with pytest.raises(ConnectionStringError, match=r"^connection string: BaseURL has to be an https URL"):
        resolve(render({"BaseURL": text}), environ={})


@pytest.mark.parametrize("line_end", ["\n", "\r\n", r"\n", r"\r\n"])
def test_custom_headers(line_end: str) -> None:
    text = line_end.join(["X-Trace: a: b", "", "X-Empty:", "x-plain:1 "])
    headers = resolve(render({"CustomHeaders": text}), environ={}).custom_headers
    assert headers == (("X-Trace", "a: b"), ("X-Empty", ""), ("x-plain", "1"))


@pytest.mark.parametrize(
    "name", ["Authorization", "AUTHORIZATION", "Harvest-Account-Id", "Host", "Content-Length", "Transfer-Encoding"]
)
def test_custom_headers_leave_our_own_alone(name: str) -> None:
    with pytest.raises(ConnectionStringError, match=f"CustomHeaders has to be headers other than {name}") as caught:
        resolve(render({"CustomHeaders": f"X-A: 1\n{name}: secret"}), environ={})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["X-A", ": 1", "X A: 1", "X-A : 1", "X-A: é", "X-A: a\rX-B: b", "X-A: \0", "X-A: \x85"]
)
def test_malformed_custom_headers(text: str) -> None:
    with pytest.raises(ConnectionStringError, match="CustomHeaders has to be lines of"):
        resolve(render({"CustomHeaders": text}), environ={})


def test_certificate_file_has_to_be_there(tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    with pytest.raises(ConnectionStringError, match="SSLServerCert has to be the path of an existing PEM file"):
        resolve(render({"SSLServerCert": str(certificate)}), environ={})
    certificate.write_text("-----BEGIN CERTIFICATE-----")
    assert resolve(render({"SSLServerCert": str(certificate)}), environ={}).ssl_server_cert == certificate


@pytest.mark.parametrize("text", ["*", "x" * 5000])
def test_certificate_that_can_be_no_file(text: str) -> None:
    with pytest.raises(ConnectionStringError, match="SSLServerCert has to be the path of an existing PEM file"):
        resolve(render({"SSLServerCert": text}), environ={})


def test_paths_may_start_at_home() -> None:
    assert resolve("Logfile=~/harvest.log", environ={}).logfile == Path.home() / "harvest.log"
    with pytest.raises(ConnectionStringError, match="Logfile has to be the path of a file"):
        resolve("Logfile=~no_such_user_here/harvest.log", environ={})


def test_defaults() -> None:
    plain = resolve("", environ={}, config_dir=Path("/nonexistent"))
    assert plain.base_url == "https://api.harvestapp.com/v2"
    assert plain.id_url == "https://id.getharvest.com"
    assert plain.rate_limit == RateLimit(100, 15)
    assert plain.reports_rate_limit == RateLimit(100, 900)
    assert (plain.timeout_s, plain.page_size, plain.max_rows, plain.max_connections) == (60, 2000, None, 16)
    assert (plain.account_id, plain.token, plain.proxy, plain.ssl_server_cert, plain.logfile) == (None,) * 5
    assert (plain.auth_scheme, plain.oauth.initiate) == (AuthScheme.NONE, InitiateOAuth.OFF)
    assert (plain.user_agent, plain.custom_headers, plain.verbosity) == (
        "harvest_duck (Python package harvest-duck)",
        (),
        1,
    )
    assert plain.proxy_from_environment is False


@each(sorted(set(PROPERTIES) - set(LATER) - {"DSN", "ProfileSettings"}))
def test_empty_value_is_the_default(name: str) -> None:
    assert resolve(f"{name}=", environ={}) == resolve("Driver=x", environ={})


def test_zero_and_off_mean_no_limit() -> None:
    free = resolve("Timeout=0;MaxRows=0;RateLimit=off;ReportsRateLimit=OFF", environ={})
    assert (free.timeout_s, free.max_rows, free.rate_limit, free.reports_rate_limit) == (None, None, None, None)


def test_choices_match_their_enums() -> None:
    assert PROPERTIES["AuthScheme"].choices == tuple(AuthScheme)
    assert PROPERTIES["InitiateOAuth"].choices == tuple(InitiateOAuth)
    assert PROPERTIES["ProxySSLType"].choices == tuple(ProxySSLType)


@given(st.sampled_from(sorted(set(PROPERTIES) - set(LATER))), st.text() | st.text("0123456789/.:;-_aA*[]\\@\n"))
@settings(deadline=None, max_examples=1000)
def test_any_value_resolves_or_is_refused(name: str, value: str) -> None:
    """No text of any property raises anything but the error of connection strings, on one line."""
    message = ""
    try:
        resolve(render({name: value}), environ={}, config_dir=Path("/nonexistent"))
    except ConnectionStringError as error:
        message = str(error)
    assert not re.search(r"[\r\n]", message)
