"""SQL names no file to write, whichever way a connection string takes; whoever runs the SQL may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

import harvest_duck
from harvest_duck import connections
from harvest_duck.errors import ConnectionStringError
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

#: Statements with `{}` for a connection string in quotes.
SCANS = [
    "FROM harvest_scan('clients', {})",
    "SELECT count(*) FROM harvest_scan('clients', {})",
    "FROM harvest_scan('accounts', conn := {})",
]
OTHERS = [
    "CREATE TABLE kept AS FROM harvest_scan('clients', {})",
    "FROM harvest_access({})",
    "FROM harvest_as_of('clients', now(), {})",
]
FILES = ["Logfile={}", "log file={}", "ProfileSettings='Logfile={}'", "AuthScheme=OAuth;OAuthSettingsLocation={}"]


@pytest.fixture(scope="module")
def lasting() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that has no connection string of its own."""
    with duckdb.connect() as opened:
        harvest_duck.register(opened)
        yield opened


@pytest.fixture
def con(lasting: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of it, with errors of its own."""
    with lasting.cursor() as opened:
        harvest_duck.register(opened)
        yield opened


@pytest.fixture(params=FILES)
def chosen(request: pytest.FixtureRequest, connection: str, tmp_path: Path) -> str:
    """A connection string that chooses a file, in the quotes of SQL."""
    return text(f"{connection};{request.param.format(tmp_path / 'chosen')}")


@pytest.mark.parametrize(
    ("statement", "explained"), [(each, False) for each in SCANS + OTHERS] + [(each, True) for each in SCANS]
)
def test_a_statement_creates_no_file(  # noqa: PLR0917 - parameters and fixtures of a test
    statement: str, explained: bool, chosen: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox, tmp_path: Path
) -> None:
    sql = statement.format(chosen)
    with pytest.raises(duckdb.Error):
        con.execute(f"FROM harvest_explain({text(sql)})" if explained else sql).fetchall()
    error = harvest_duck.last_error(con)
    assert isinstance(error, ConnectionStringError)
    assert "names a file to write, which SQL must not choose" in str(error)
    assert list(tmp_path.iterdir()) == []
    assert sandbox.requests == []


def test_a_named_connection_may_log_what_sql_asks(
    con: duckdb.DuckDBPyConnection, connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    connections.add("logged", f"{connection};Verbosity=3;Logfile={tmp_path / 'log'}")
    con.execute("FROM harvest_scan('clients', 'DSN=logged')").fetchall()
    assert "GET /v2/clients" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("handed", ["attach", "register"])
def test_a_string_that_python_hands_over_may_name_a_log(
    handed: str, con: duckdb.DuckDBPyConnection, connection: str, tmp_path: Path
) -> None:
    logged = f"{connection};Verbosity=3;Logfile={tmp_path / 'log'}"
    if handed == "attach":
        harvest_duck.attach(con, logged, name="acme")
        con.execute("FROM acme.clients").fetchall()
    else:
        harvest_duck.register(con, logged)
        con.execute("FROM harvest_scan('clients')").fetchall()
        con.execute("FROM harvest_access()").fetchall()
    assert "GET /v2/clients" in (tmp_path / "log").read_text()
