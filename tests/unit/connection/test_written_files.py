"""A connection string within SQL names no file to write; every other source may."""

from __future__ import annotations

from pathlib import Path

import pytest

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import PROPERTIES, Connection, Kind, Support, resolve
from harvest_duck.errors import ConnectionStringError
from harvest_duck.introspection.access import access
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.sandbox import Sandbox
from harvest_duck.scanner.scan_request import scan_request

#: A file of each kind, in every spelling that means it.
SPELLINGS = [
    "Logfile={}",
    "LOG FILE={}",
    " log file = '{}' ",
    'lOgFiLe="{}"',
    "Logfile={{{}}}",
    "jdbc:cdata:api:AccountId=1;Logfile={};Verbosity=3",
    "ProfileSettings='AccountId=1;Logfile={}'",
    "Profile Settings={{Log File={}}}",
    "ProfileSettings='Logfile={0}';Logfile={0}",
    "DSN=acme;Logfile={}",
    "OAuthSettingsLocation={}",
    "AuthScheme=OAuth;OAuth Settings Location='{}'",
    "ProfileSettings='OAuthSettingsLocation={}'",
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A configuration directory with a connection that logs."""
    path = tmp_path / "connections.toml"
    path.write_text(
        f"[acme]\nAccountId = 1\nAPIKey = 'x'\nLogfile = '{tmp_path}/dsn.log'\n"
        f"OAuthSettingsLocation = '{tmp_path}/dsn.json'\n"
    )
    path.chmod(0o600)
    return tmp_path


def within_sql(text: str, directory: Path, variable: str = "") -> Connection:
    """The connection of a string that stands in SQL."""
    environ = {"HARVEST_DUCK_CONNECTION": variable}
    return resolve(text, environ=environ, config_dir=directory, builtin={}, written_in_sql=True)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_file_in_the_string_itself_is_refused(spelling: str, directory: Path) -> None:
    text = spelling.format(directory / "chosen")
    with pytest.raises(ConnectionStringError) as raised:
        within_sql(text, directory)
    name = "OAuthSettingsLocation" if "settings" in spelling.lower().replace("profile", "") else "Logfile"
    name = "Logfile" if "log" in spelling.lower() else name
    assert str(raised.value) == (
        f"connection string: {name} names a file to write, which SQL must not choose: "
        "give it in a named connection (DSN), in HARVEST_DUCK_CONNECTION, or to harvest_duck.attach in Python"
    )
    assert [each.name for each in directory.iterdir()] == ["connections.toml"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_python_may_name_any_file(spelling: str, directory: Path) -> None:
    named = resolve(spelling.format(directory / "chosen"), environ={}, config_dir=directory)
    assert directory / "chosen" in {named.logfile, Path(named.oauth.settings_location or "")}


def test_a_named_connection_may_name_them_for_sql(directory: Path) -> None:
    named = within_sql("DSN=acme", directory)
    assert (named.logfile, named.oauth.settings_location) == (directory / "dsn.log", str(directory / "dsn.json"))


def test_the_environment_may_name_them_for_sql(directory: Path) -> None:
    named = within_sql("AccountId=2", directory, f"Logfile={directory}/variable.log")
    assert named.logfile == directory / "variable.log"
    assert within_sql("AccountId=2", directory, "DSN=acme").logfile == directory / "dsn.log"


@pytest.mark.parametrize(
    "text", ["DSN=acme;Logfile=", "OAuthSettingsLocation=memory://x", "Verbosity=5;CacheLocation=:memory:"]
)
@pytest.mark.filterwarnings("ignore:without effect yet")
def test_what_writes_no_file_is_allowed(text: str, directory: Path) -> None:
    assert within_sql(text, directory).logfile is None


def test_no_other_property_is_the_path_of_a_file_that_may_be_written() -> None:
    """A new one has to be thought of: one that is read has to be there, and is of the kind FILE."""
    honoured = {entry for entry in PROPERTIES.values() if entry.support is Support.HONOURED}
    paths = {entry.name for entry in honoured if entry.kind in {Kind.PATH, Kind.LOCATION, Kind.DATABASE}}
    assert paths == {"CacheLocation", "Logfile", "OAuthSettingsLocation"}
    assert {entry.name for entry in honoured if entry.kind is Kind.FILE} == {"SSLServerCert"}


def test_scans_and_access_take_the_word_for_it(tmp_path: Path) -> None:
    clients = TABLES["clients"]
    text = f"AccountId=1;APIKey=x;Logfile={tmp_path}/log"
    read = read_filter(None, schema_of(clients))
    scan_request(clients, text, ["id"], read)
    with pytest.raises(ConnectionStringError, match="Logfile names a file to write"):
        scan_request(clients, text, ["id"], read, written_in_sql=True)
    with Sandbox(seed=1, scale=0.05, limits=False) as sandbox:
        with pytest.raises(ConnectionStringError, match="Logfile names a file to write"):
            access(f"{sandbox.connection_string()};Logfile={tmp_path}/log", written_in_sql=True)
        assert sandbox.requests == []
    assert list(tmp_path.iterdir()) == []
