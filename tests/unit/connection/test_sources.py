"""Which source wins, what the file of named connections may be, and that no secret follows a string elsewhere."""

from __future__ import annotations

import itertools
import os
from datetime import date
from pathlib import Path

import platformdirs
import pytest

from harvest_duck.connection import (
    Connection,
    UnsupportedPropertyWarning,
    config_directory,
    render,
    resolve,
)
from harvest_duck.errors import ConnectionStringError, CredentialsError

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")


class Home:
    """A configuration directory with one file, and the environment beside it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "connections.toml"
        self.environ: dict[str, str] = {}

    def write(self, text: str | bytes, *, mode: int = 0o600) -> None:
        """Put `text` into the file."""
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        self.path.chmod(mode)

    def read(self, text: str) -> Connection:
        """The connection that `text` stands for here."""
        return resolve(text, environ=self.environ, config_dir=self.directory, builtin={})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


# Precedence


@pytest.mark.parametrize("given", [given for given in itertools.product([True, False], repeat=5) if any(given)])
def test_every_nearer_source_wins(home: Home, given: tuple[bool, ...]) -> None:
    """Of any set of sources that give a token, the one nearest to the string decides."""
    string, near, variable, far, token = given
    home.write('[near]\nAPIKey = "near"\n[far]\nAPIKey = "far"\n')
    home.environ["HARVEST_DUCK_CONNECTION"] = "APIKey=variable;" * variable + "DSN=far" * far
    home.environ["HARVEST_ACCESS_TOKEN"] = "token" * token
    nearest = ["string", "near", "variable", "far", "token"][given.index(True)]
    # Two names of connections are given, and only the nearer one is used: far counts without near alone.
    text = "Driver=x;" + "APIKey=string;" * string + "DSN=near" * near
    assert home.read(text).require_token().reveal() == nearest


def test_properties_come_from_different_sources(home: Home) -> None:
    home.write("[acme]\nTimeout = 2.5\nPagesize = 100\nProxyAutoDetect = true\n")
    home.environ.update(HARVEST_ACCESS_TOKEN="token", HARVEST_ACCOUNT_ID="7", HARVEST_DUCK_CONNECTION="Verbosity=3")
    connection = home.read("DSN=acme;Pagesize=50")
    assert connection.require_token().reveal() == "token"
    assert connection.account_id == "7"
    assert (connection.timeout_s, connection.page_size, connection.verbosity) == (2.5, 50, 3)
    assert connection.proxy_from_environment


def test_profile_settings_count_as_part_of_their_source(home: Home) -> None:
    home.write('[acme]\nProfileSettings = "AccountId=2;APIKey=far"\n')
    connection = home.read("DSN=acme;ProfileSettings='AccountId=1'")
    assert (connection.account_id, connection.require_token().reveal()) == ("1", "far")


def test_empty_value_hides_what_is_farther(home: Home) -> None:
    home.environ.update(HARVEST_ACCESS_TOKEN="token", HARVEST_DUCK_CONNECTION="ProxyServer=p")
    connection = home.read("APIKey=;ProxyServer=")
    assert connection.proxy is None
    with pytest.raises(CredentialsError):
        connection.require_token()


def test_empty_environment_variables_count_as_unset(home: Home) -> None:
    home.environ.update(
        HARVEST_ACCESS_TOKEN="", HARVEST_ACCOUNT_ID="", HARVEST_DUCK_CONNECTION="", HARVEST_DUCK_CONFIG_DIR=""
    )
    assert home.read("") == resolve("Driver=x", environ={})


def test_access_token_of_a_nearer_source_wins_over_a_personal_one(home: Home) -> None:
    home.environ.update(HARVEST_ACCESS_TOKEN="personal")
    assert home.read("OAuthAccessToken=access").require_token().reveal() == "access"


def test_fault_in_a_variable_names_the_variable(home: Home) -> None:
    home.environ.update(HARVEST_DUCK_CONNECTION="APIKey='x")
    with pytest.raises(
        ConnectionStringError, match=r"^HARVEST_DUCK_CONNECTION: the single quote opened at character 8"
    ):
        home.read("")
    home.environ.update(HARVEST_DUCK_CONNECTION="", HARVEST_ACCOUNT_ID="12ab")
    with pytest.raises(ConnectionStringError, match=r"^HARVEST_ACCOUNT_ID: AccountId has to be an account number, "):
        home.read("")


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("HARVEST_ACCOUNT_ID", "17")
    assert resolve("").account_id == "17"
    monkeypatch.setenv("HARVEST_ACCOUNT_ID", "17, 4")
    assert resolve("").require_accounts() == (17, 4)


# ProfileSettings


def test_inside_and_beside_with_the_same_value() -> None:
    assert resolve("AccountId=1;ProfileSettings='account id=1'", environ={}).account_id == "1"


@pytest.mark.parametrize(
    "text", ["AccountId=1;ProfileSettings='AccountId=2'", "ProfileSettings='AccountId=2';AccountId=1"]
)
def test_inside_and_beside_with_different_values(text: str) -> None:
    with pytest.raises(
        ConnectionStringError, match=r"^connection string: AccountId is given twice, with different values$"
    ):
        resolve(text, environ={})


def test_profile_settings_do_not_nest() -> None:
    text = render({"ProfileSettings": render({"ProfileSettings": "AccountId=1"})})
    with pytest.raises(ConnectionStringError, match=r"ProfileSettings stands within ProfileSettings$"):
        resolve(text, environ={})


@pytest.mark.parametrize("inner", ["Nothing=1", "AccountId", "AccountId='1"])
def test_fault_inside_names_profile_settings(inner: str) -> None:
    with pytest.raises(ConnectionStringError, match=r"^connection string: ProfileSettings: "):
        resolve(render({"ProfileSettings": inner}), environ={})


# Named connections


def test_named_connection_in_any_spelling(home: Home) -> None:
    home.write('[Acme]\n"Account Id" = 123\napikey = "x"\n[beta]\nconnection = "AccountId=2;APIKey=y"\nTimeout = 5\n')
    assert home.read("dsn=ACME").account_id == "123"
    assert home.read("dsn=ACME;AccountId=*").require_accounts() is None, "the string is nearer"
    beta = home.read("jdbc:api:DSN=beta")
    assert (beta.account_id, beta.require_token().reveal(), beta.timeout_s) == ("2", "y", 5)


def test_default_serves_only_the_empty_string(home: Home) -> None:
    home.write("[default]\nAccountId = 1\n[other]\nAccountId = 2\n")
    assert home.read("").account_id == "1"
    assert home.read(" jdbc:api: ;").account_id == "1"
    assert home.read("Timeout=1").account_id is None
    home.write("[default]\nAccountId = 1\nCacheLocation = 'a.duckdb'\n[other]\nAccountId = 2\n")
    assert home.read(";AsOf=2026-03-31T12:00:00Z").account_id == "1"
    home.environ.update(HARVEST_DUCK_CONNECTION="DSN=other")
    assert home.read("").account_id == "2"


def test_dsn_of_the_string_replaces_that_of_the_environment(home: Home) -> None:
    home.write("[a]\nAccountId = 1\n[b]\nAccountId = 2\nTimeout = 9\n")
    home.environ.update(HARVEST_DUCK_CONNECTION="DSN=b")
    connection = home.read("DSN=a")
    assert (connection.account_id, connection.timeout_s) == ("1", 60)


def test_unknown_name_lists_the_names_there_are(home: Home) -> None:
    home.write("[beta]\n[acme]\n")
    with pytest.raises(ConnectionStringError) as caught:
        resolve("DSN=nowhere", environ={}, config_dir=home.directory, builtin={"sandbox": str})
    assert str(caught.value) == (
        f"connection string: DSN names no connection in {home.path}; there are: acme, beta, sandbox; "
        "`harvest-duck connections add NAME` adds one"
    )


def test_unknown_name_without_a_file(home: Home) -> None:
    home.environ.update(HARVEST_DUCK_CONNECTION="DSN=nowhere")
    with pytest.raises(ConnectionStringError, match=r"^HARVEST_DUCK_CONNECTION: DSN names no .*; there are: none; `"):
        home.read("")


def test_builtin_is_called_only_when_named(home: Home) -> None:
    def sandbox(_: date | None) -> str:
        called.append(1)
        return "BaseURL=http://127.0.0.1:8080/v2;AccountId=1;APIKey=sandbox"

    called: list[int] = []
    home.write("[acme]\nAccountId = 2\n")
    for text, calls in (("", 0), ("DSN=acme", 0), ("DSN=Sandbox", 1)):
        resolve(text, environ={}, config_dir=home.directory, builtin={"sandbox": sandbox})
        assert len(called) == calls


@pytest.mark.parametrize(
    ("text", "variable", "today"),
    [
        ("DSN=sandbox", "", None),
        ("DSN=sandbox;Today=2026-03-31", "", date(2026, 3, 31)),
        ("", "DSN=sandbox;Today=2026-03-31", date(2026, 3, 31)),
        ("Today=2026-02-01", "DSN=sandbox;Today=2026-03-31", date(2026, 2, 1)),
        ("DSN=sandbox", "DSN=acme;Today=2026-03-31", None),
    ],
)
def test_builtin_is_told_the_today_beside_its_name(home: Home, text: str, variable: str, today: date | None) -> None:
    told: list[date | None] = []

    def sandbox(day: date | None) -> str:
        told.append(day)
        return "AccountId=1"

    environ = {"HARVEST_DUCK_CONNECTION": variable}
    resolve(text, environ=environ, config_dir=home.directory, builtin={"sandbox": sandbox})
    assert told == [today]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("AccountId=1;Today=2026-03-31", "connection string"),
        ("DSN=acme;Today=2026-03-31", "DSN acme"),
        ("DSN=dated", "DSN dated"),
    ],
)
def test_an_account_of_harvest_has_no_today(home: Home, text: str, where: str) -> None:
    home.write('[acme]\nAccountId = 2\n[dated]\nToday = "2026-03-31"\n')
    with pytest.raises(ConnectionStringError, match=f"^{where}: Today is only for DSN=sandbox: leave it out$"):
        home.read(text)


@pytest.mark.parametrize("today", ["2026-02-30", "20260331", "1999-12-31", "2026-03-31T00:00"])
def test_today_is_a_day(home: Home, today: str) -> None:
    with pytest.raises(ConnectionStringError, match=r"Today has to be a day from 2000-01-01 to 2099-12-31$"):
        resolve(f"DSN=sandbox;Today={today}", environ={}, config_dir=home.directory, builtin={"sandbox": str})


def test_file_wins_over_builtin(home: Home) -> None:
    home.write("[SANDBOX]\nAccountId = 2\n")
    connection = resolve(
        "DSN=sandbox", environ={}, config_dir=home.directory, builtin={"sandbox": lambda _: "AccountId=1"}
    )
    assert connection.account_id == "2"


@pytest.mark.parametrize("section", ['DSN = "other"', 'connection = "DSN=other"', "ProfileSettings = \"DSN='other'\""])
def test_named_connection_leads_to_no_other(home: Home, section: str) -> None:
    home.write(f"[acme]\n{section}\n[other]\n")
    with pytest.raises(ConnectionStringError, match=r"^DSN acme: a named connection cannot lead to another DSN$"):
        home.read("DSN=acme")


def test_fault_in_a_section_names_the_section(home: Home) -> None:
    home.write('[acme]\nAcountId = 1\n[beta]\nconnection = "APIKey=\'x"\n[gamma]\nTimeout = "soon"\n[delta.x]\ny=1\n')
    for name, message in (
        ("acme", "DSN acme: there is no property AcountId, did you mean AccountId?"),
        ("beta", "DSN beta: the single quote opened at character 8 is never closed"),
        ("gamma", "DSN gamma: Timeout has to be a number of seconds, 0 or more"),
        ("delta", "DSN delta: every value has to be text, a number, true or false"),
    ):
        with pytest.raises(ConnectionStringError) as caught:
            home.read(f"DSN={name}")
        assert str(caught.value) == message


def test_section_gives_a_property_once(home: Home) -> None:
    home.write('[acme]\nAccountId = 1\nconnection = "AccountId=2"\n')
    with pytest.raises(ConnectionStringError, match=r"^DSN acme: AccountId is given twice, with different values$"):
        home.read("DSN=acme")


def test_the_first_of_many_names_are_listed(home: Home) -> None:
    home.write("".join(f"[n{number:02}]\n" for number in range(25)))
    first = ", ".join(f"n{number:02}" for number in range(20))
    with pytest.raises(
        ConnectionStringError, match=f"there are: {first} and 5 more; `harvest-duck connections add NAME`"
    ):
        home.read("DSN=gamma")


def test_odd_section_names_stay_on_one_line(home: Home) -> None:
    home.write('["a\\nb"]\n')
    with pytest.raises(ConnectionStringError, match=r"there are: 'a\\nb'; `"):
        home.read("DSN=x")


def test_warning_names_the_properties_of_all_sources(home: Home) -> None:
    home.write("[acme]\nCacheMetadata = true\n")
    home.environ.update(HARVEST_DUCK_CONNECTION="RTK=x")
    with pytest.warns(UnsupportedPropertyWarning) as caught:
        home.read("DSN=acme;URI=x")
    assert [str(warning.message) for warning in caught] == ["without effect yet: CacheMetadata, RTK, URI"]


# The file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[acme]\nAPIKey = "Secret\n', r"is no TOML file: line 2, column \d+$"),
        ("[acme]\nAPIKey = 'Secret' x", r"is no TOML file: line 2, column \d+$"),
        (b'[acme]\nAPIKey = "Secret\xff"\n', "is no TOML file$"),
        ('APIKey = "Secret"\n', r"a property stands before the first \[section\]$"),
    ],
)
def test_unreadable_file(home: Home, text: str | bytes, message: str) -> None:
    home.write(text)
    with pytest.raises(ConnectionStringError, match=message) as caught:
        home.read("DSN=acme")
    assert str(caught.value).startswith(str(home.path))
    assert "Secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_directory_in_place_of_the_file(home: Home) -> None:
    home.path.mkdir()
    with pytest.raises(ConnectionStringError, match=r"connections\.toml cannot be read: "):
        home.read("")


def test_directory_that_is_none(home: Home) -> None:
    file = home.directory / "file"
    file.touch()
    assert resolve("", environ={}, config_dir=file) == resolve("Driver=x", environ={})


def test_file_is_not_opened_without_need(home: Home) -> None:
    home.write("this is no TOML")
    assert home.read("AccountId=1").account_id == "1"


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o602, 0o666])
@pytest.mark.parametrize(
    "secret",
    [
        'APIKey = "x"',
        '"proxy password" = "x"',
        'connection = "AccountId=1;APIKey=x"',
        "ProfileSettings = \"APIKey='x'\"",
        'CustomHeaders = "X-Key: x"',
        'connection = "APIKey=\'damaged"',
    ],
)
def test_open_file_with_a_secret_is_refused(home: Home, mode: int, secret: str) -> None:
    """The secret may stand in any section, however written."""
    home.write(f"[acme]\nAccountId = 1\n[beta]\n{secret}\n", mode=mode)
    with pytest.raises(ConnectionStringError) as caught:
        home.read("DSN=acme")
    assert str(caught.value) == (f"{home.path} holds a secret and is open to other users: chmod 600 {home.path}")


@posix
@pytest.mark.parametrize(
    ("text", "mode"),
    [("APIKey = 'x'", 0o600), ("APIKey = 'x'", 0o400), ("APIKey = ''", 0o644), ("AccountId = 1", 0o664)],
)
def test_closed_file_or_no_secret_is_fine(home: Home, text: str, mode: int) -> None:
    home.write(f"[acme]\n{text}\n", mode=mode)
    home.read("DSN=acme")


def test_configuration_directory() -> None:
    assert config_directory({"HARVEST_DUCK_CONFIG_DIR": "/etc/harvest"}) == Path("/etc/harvest")
    assert config_directory({}) == platformdirs.user_config_path("harvest_duck")


def test_configuration_directory_of_the_environment(home: Home) -> None:
    home.write("[default]\nAccountId = 5\n")
    assert resolve("", environ={"HARVEST_DUCK_CONFIG_DIR": str(home.directory)}).account_id == "5"


# Trust


@pytest.mark.parametrize("destination", ["BaseURL", "IdURL", "OAuthAccessTokenURL", "OAuthRefreshTokenURL"])
@pytest.mark.parametrize(
    "host", ["https://evil.example/v2", "http://127.0.0.1:8080", "https://api.harvestapp.com.evil.example"]
)
def test_string_cannot_send_the_token_of_the_environment_elsewhere(home: Home, destination: str, host: str) -> None:
    home.environ.update(HARVEST_ACCESS_TOKEN="token")
    for text in (f"{destination}={host}", f"ProfileSettings='{destination}={host}'"):
        with pytest.raises(ConnectionStringError) as caught:
            home.read(text)
        assert str(caught.value) == (
            f"connection string: {destination} would send APIKey of HARVEST_ACCESS_TOKEN to another host: "
            f"give APIKey beside {destination}"
        )


@pytest.mark.parametrize(
    "secret", ["APIKey", "OAuthAccessToken", "OAuthRefreshToken", "OAuthClientSecret", "OAuthParams", "CustomHeaders"]
)
def test_string_cannot_send_the_secrets_of_others_elsewhere(home: Home, secret: str) -> None:
    """Neither those of a named connection nor those of the environment's string."""
    home.write(f'[acme]\n{secret} = "{"X: x" if secret == "CustomHeaders" else "x"}"\n')
    scheme = ";AuthScheme=OAuth" if secret.startswith("OAuth") else ""
    with pytest.raises(ConnectionStringError, match=rf"BaseURL would send {secret} of DSN acme to another host"):
        home.read(f"DSN=acme;BaseURL=https://evil.example{scheme}")
    home.environ.update(HARVEST_DUCK_CONNECTION="DSN=acme")
    with pytest.raises(ConnectionStringError, match=rf"BaseURL would send {secret} of DSN acme to another host"):
        home.read(f"BaseURL=https://evil.example{scheme}")


@pytest.mark.parametrize("secret", ["OAuthRefreshToken", "OAuthClientSecret", "OAuthVerifier"])
@pytest.mark.parametrize(
    ("chosen", "to"),
    [
        ("OAuthAuthorizationURL=https://evil.example", "another host"),
        ("OAuthAccessTokenURL=https://evil.example", "another host"),
        (r"OAuthSettingsLocation=\\evil\share\tokens.json", "another place"),
    ],
)
def test_a_string_cannot_send_a_sign_in_of_others_elsewhere(home: Home, secret: str, chosen: str, to: str) -> None:
    """With OAuth, which the string may choose, and at a sign-in whatever it says; without, nothing of it is sent."""
    home.write(f'[acme]\n{secret} = "x"\n')
    name = chosen.partition("=")[0]
    with pytest.raises(
        ConnectionStringError, match=f"{name} would send {secret} of DSN acme to {to}: give {secret} be"
    ):
        home.read(f"DSN=acme;{chosen};AuthScheme=OAuth")
    with pytest.raises(ConnectionStringError, match=f"{name} would send {secret} of DSN acme to {to}"):
        resolve(f"DSN=acme;{chosen}", environ=home.environ, config_dir=home.directory, signing_in=True)
    home.read(f"DSN=acme;{chosen}")
    home.read("DSN=acme;AuthScheme=OAuth;OAuthSettingsLocation=memory://here")


def test_named_connection_cannot_send_the_token_of_the_environment_elsewhere(home: Home) -> None:
    home.write('[acme]\nBaseURL = "https://gateway.example"\n')
    home.environ.update(HARVEST_ACCESS_TOKEN="token")
    with pytest.raises(ConnectionStringError, match=r"^DSN acme: BaseURL would send APIKey of HARVEST_ACCESS_TOKEN"):
        home.read("DSN=acme")


@pytest.mark.parametrize(
    "text",
    [
        "BaseURL=https://gateway.example;APIKey=own",
        "BaseURL=http://localhost:1;OAuthAccessToken=own",
        "BaseURL=http://localhost:1;OAuthAccessToken=own;AuthScheme=OAuth",
        "BaseURL=http://localhost:1;APIKey=",
        "BaseURL=https://api.harvestapp.com/v2",
        "BaseURL=https://API.HARVESTAPP.COM/v3;IdURL=https://id.getharvest.com/",
        "BaseURL=",
        "OAuthAuthorizationURL=https://elsewhere.example",
    ],
)
def test_host_beside_its_own_token_or_harvest_itself(home: Home, text: str) -> None:
    home.environ.update(HARVEST_ACCESS_TOKEN="token")
    home.read(text)


def test_environment_trusts_itself(home: Home) -> None:
    home.environ.update(HARVEST_DUCK_CONNECTION="BaseURL=http://127.0.0.1:1", HARVEST_ACCESS_TOKEN="token")
    assert home.read("").require_token().reveal() == "token"


def test_farther_host_may_have_a_nearer_token(home: Home) -> None:
    home.write('[acme]\nBaseURL = "https://gateway.example"\n')
    assert home.read("DSN=acme;APIKey=own").base_url == "https://gateway.example"


def test_proxy_cannot_collect_passwords(home: Home) -> None:
    home.environ.update(HARVEST_DUCK_CONNECTION="ProxyServer=own;ProxyUser=u;ProxyPassword=hidden")
    with pytest.raises(ConnectionStringError, match=r"ProxyServer would send ProxyPassword of HARVEST_DUCK_CONNECTION"):
        home.read("ProxyServer=evil.example")
    assert home.read("ProxyPort=1").proxy is not None


def test_proxy_with_a_certificate_cannot_read_the_token(home: Home) -> None:
    certificate = home.directory / "ca.pem"
    certificate.touch()
    home.environ.update(HARVEST_ACCESS_TOKEN="token")
    with pytest.raises(ConnectionStringError, match=r"would send APIKey of HARVEST_ACCESS_TOKEN to another host"):
        home.read(render({"ProxyServer": "evil.example", "SSLServerCert": str(certificate)}))
    home.read("ProxyServer=proxy.example")
    home.read(render({"SSLServerCert": str(certificate)}))
    home.environ.update(HARVEST_DUCK_CONNECTION="ProxyServer=own.example")
    home.read(render({"SSLServerCert": str(certificate)}))
    home.read("SSLServerCert=;ProxyServer=proxy.example")
