"""The properties that say what answers in place of Harvest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harvest_duck.auth.sessions import prepare
from harvest_duck.connection import resolve
from harvest_duck.connection.cache import Cache
from harvest_duck.errors import ConnectionStringError, CredentialsError

if TYPE_CHECKING:
    from harvest_duck.connection.settings import Connection

FILE = Path("acme.duckdb")
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def resolved(text: str) -> Connection:
    """The connection of a string alone."""
    return resolve(text, environ={})


@pytest.mark.parametrize(
    ("text", "path", "tolerance_s"),
    [
        ("CacheLocation=acme.duckdb", FILE, 600),
        ("Cache Location=acme.duckdb;AutoCache=True;CacheTolerance=1.5", FILE, 1.5),
        ("CacheLocation=:memory:", None, 600),
        ("CacheLocation=:MEMORY:;CacheTolerance=0", None, 0),
        ("AutoCache=true", None, 600),
        ("CacheLocation=acme.duckdb;Offline=false;AsOf=", FILE, 600),
    ],
)
def test_a_location_or_auto_cache_turns_the_cache_on(text: str, path: Path | None, tolerance_s: float) -> None:
    assert resolved(text).cache == Cache(path=path, tolerance_s=tolerance_s, offline=False, as_of=None)


@pytest.mark.parametrize(
    "text", ["", "CacheTolerance=60", "AutoCache=false;CacheLocation=acme.duckdb", "CacheLocation=", "AutoCache="]
)
def test_everything_else_is_live(text: str) -> None:
    assert resolved(text).cache is None


@pytest.mark.parametrize(
    ("text", "as_of"),
    [
        ("Offline=true", None),
        ("Offline=true;AutoCache=false", None),
        ("AsOf=2026-03-31T12:00:00Z", NOON),
        ("AsOf=2026-03-31 14:00:00+02", NOON),
        ("AsOf=2026-03-31T12:00Z;AutoCache=true", NOON),
    ],
)
def test_offline_and_as_of_read_the_file_alone(text: str, as_of: datetime | None) -> None:
    assert resolved(f"CacheLocation=acme.duckdb;{text}").cache == Cache(
        path=FILE, tolerance_s=600, offline=True, as_of=as_of
    )


@pytest.mark.parametrize("text", ["Offline=true", "AsOf=2026-03-31T12:00:00Z"])
@pytest.mark.parametrize("location", ["", "CacheLocation=:memory:;", "AutoCache=true;"])
def test_offline_and_as_of_need_a_file(text: str, location: str) -> None:
    name = text.partition("=")[0]
    with pytest.raises(ConnectionStringError) as caught:
        resolved(location + text)
    assert str(caught.value) == (
        f"connection string: {name} needs CacheLocation, the file of a copy that `harvest-duck sync` makes"
    )


@pytest.mark.parametrize(
    "text", ["AsOf=2026-03-31", "AsOf=2026-03-31T12:00:00", "AsOf=noon", "CacheTolerance=-1", "CacheLocation=/"]
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ConnectionStringError, match=f"^connection string: {text.partition('=')[0]} has to be"):
        resolved(f"{text};AutoCache=true")


def test_nobody_signs_in_for_a_connection_that_is_offline() -> None:
    prepare("CacheLocation=acme.duckdb;Offline=true;AuthScheme=OAuth;InitiateOAuth=GETANDREFRESH")


def test_offline_needs_no_token() -> None:
    resolved("CacheLocation=acme.duckdb;Offline=true").require_credentials()
    with pytest.raises(CredentialsError):
        resolved("CacheLocation=acme.duckdb").require_credentials()


@pytest.mark.parametrize(
    "text", ["Pagesize=7", "MaxRows=3", "CacheLocation=:memory:", "RateLimit=off", "Timeout=5", "Logfile=log"]
)
def test_what_leaves_the_rows_as_they_are_is_not_part_of_the_identity(text: str) -> None:
    assert resolved(f"APIKey=a;AccountId=1;{text}").identity == resolved("APIKey=a;AccountId=1").identity


@pytest.mark.parametrize(
    "text", ["APIKey=b;AccountId=1", "APIKey=a;AccountId=2", "APIKey=a;AccountId=1;BaseURL=http://localhost:1/v2"]
)
def test_another_account_or_token_is_another_identity(text: str) -> None:
    assert resolved(text).identity != resolved("APIKey=a;AccountId=1").identity
