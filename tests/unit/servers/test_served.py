from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harvest_duck.connection import Connection, resolve
from harvest_duck.errors import ConnectionStringError
from harvest_duck.servers.served import Served, age_of_answers, called_by_dsn, duration, served

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "AccountId=1;APIKey=abc"


@pytest.fixture(autouse=True)
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections that a DSN may name."""
    lines = {
        "acme": "",
        "Berlin": "CacheLocation = ':memory:'\nCacheTolerance = 60\n",
        "copy": f"CacheLocation = '{tmp_path / 'own.duckdb'}'\n",
        "offline": f"CacheLocation = '{tmp_path / 'own.duckdb'}'\nOffline = true\n",
        "live": "AutoCache = false\n",
    }
    text = "".join(f"[{name}]\nAccountId = 1\nAPIKey = 'abc'\n{more}" for name, more in lines.items())
    file = tmp_path / "connections.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))


def one(connection: str, *, cache_s: int | None = None, mirrors: tuple[str, ...] = ()) -> Served:
    (found,) = served([called_by_dsn(connection)], cache_s=cache_s, mirrors=mirrors)
    return found


def settings(connection: str, *, cache_s: int | None = None, mirrors: tuple[str, ...] = ()) -> Connection:
    return resolve(one(connection, cache_s=cache_s, mirrors=mirrors).connection)


def test_a_database_is_called_as_its_dsn_is_written() -> None:
    assert [one(f"dsn={name}").name for name in ("acme", "ACME", "Berlin")] == ["acme", "ACME", "Berlin"]
    assert TOKEN not in repr(one(f"DSN=acme;{TOKEN}"))


def test_a_connection_string_without_a_dsn_needs_a_name() -> None:
    with pytest.raises(ValueError, match="has no name for its database: give it one by --database"):
        called_by_dsn(TOKEN)
    (found,) = served([("main", TOKEN)], cache_s=None, mirrors=())
    assert found.name == "main"
    assert resolve(found.connection).account_id == "1"


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["acme", "ACME"], "two databases would be called ACME"),
        ([""], "an empty name cannot be the name of a database"),
        (["a\nb"], r"'a\\nb' cannot be the name of a database"),
    ],
)
def test_names_are_different_and_can_be_shown(names: list[str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        served([(name, TOKEN) for name in names], cache_s=None, mirrors=())


def test_a_string_that_cannot_be_used_is_an_error_of_its_own() -> None:
    with pytest.raises(ConnectionStringError, match="there is no property Elsewhere"):
        called_by_dsn("DSN=acme;Elsewhere=1")
    with pytest.raises(ConnectionStringError, match="DSN names no connection"):
        one("DSN=elsewhere")


@pytest.mark.parametrize(
    ("connection", "cache_s", "answers"),
    [
        ("DSN=acme", None, "from memory, at most 10 min old"),
        ("DSN=acme", 90, "from memory, at most 90 s old"),
        ("DSN=acme", 0, "asked of Harvest each time"),
        ("DSN=acme;CacheTolerance=7200", None, "from memory, at most 2 h old"),
        ("DSN=Berlin", None, "from memory, at most 1 min old"),
        ("DSN=Berlin", 3600, "from memory, at most 1 h old"),
        ("DSN=Berlin", 0, "asked of Harvest each time"),
        ("DSN=copy", None, "from own.duckdb, at most 10 min old"),
        ("DSN=copy", 86_400, "from own.duckdb, at most 1 d old"),
        ("DSN=copy", 0, "from own.duckdb, at most 0 s old"),
        ("DSN=offline", None, "from own.duckdb alone, whatever its age"),
        ("DSN=offline", 0, "from own.duckdb alone, whatever its age"),
        ("DSN=copy;AsOf=2026-03-31T12:00:00Z", None, "from own.duckdb, as of 2026-03-31 12:00 UTC"),
        ("DSN=live", None, "asked of Harvest each time"),
        ("DSN=live", 600, "from memory, at most 10 min old"),
    ],
)
def test_answers_come_from_memory_unless_the_connection_says_otherwise(
    connection: str, cache_s: int | None, answers: str
) -> None:
    assert age_of_answers(settings(connection, cache_s=cache_s)) == answers


@pytest.mark.parametrize("connection", ["DSN=acme", "DSN=Berlin", "DSN=copy", "DSN=live"])
def test_a_mirror_is_the_file_of_the_only_database(
    connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cache = settings(connection, mirrors=("acme.duckdb",), cache_s=30).cache
    assert cache is not None
    assert (cache.path, cache.tolerance_s, cache.offline) == (tmp_path / "acme.duckdb", 30, False)


def test_mirrors_of_several_databases_are_given_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    both = [("acme", "DSN=acme"), ("b", "DSN=Berlin")]
    first, second = served(both, cache_s=None, mirrors=["b=b.duckdb"])
    assert [age_of_answers(resolve(each.connection)) for each in (first, second)] == [
        "from memory, at most 10 min old",
        "from b.duckdb, at most 1 min old",
    ]


@pytest.mark.parametrize(
    ("mirrors", "fault"),
    [
        (["a.duckdb"], "say which database it is of, such as acme=FILE"),
        (["c=a.duckdb"], "no database is called c"),
        (["./c=a.duckdb"], "say which database it is of, such as acme=FILE"),
        (["b=nowhere/a.duckdb"], "its folder is not there"),
        (["b="], "the file is missing"),
        (["b=1.duckdb", "b=2.duckdb"], "b has two files"),
    ],
)
def test_a_mirror_that_is_of_no_database_is_refused(mirrors: list[str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        served([("acme", "DSN=acme"), ("b", "DSN=Berlin")], cache_s=None, mirrors=mirrors)


def test_a_time_is_told_in_its_largest_unit() -> None:
    assert [duration(each) for each in (0, 1, 59.5, 60, 90, 3600, 5400, 86_400)] == [
        "0 s",
        "1 s",
        "59.5 s",
        "1 min",
        "90 s",
        "1 h",
        "90 min",
        "1 d",
    ]
