"""Fixtures: one made-up agency for the tests that only read, and a DuckDB that knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.secret_watch import pytest_configure, pytest_runtest_makereport, pytest_runtest_setup  # noqa: F401 - hooks of pytest

import harvest_duck
from harvest_duck.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb


@pytest.fixture(scope="session", autouse=True)
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test sees the configuration or the environment of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("config")
        patch.setenv("HARVEST_DUCK_CONFIG_DIR", str(folder))
        for name in ("HARVEST_ACCESS_TOKEN", "HARVEST_ACCOUNT_ID", "HARVEST_DUCK_CONNECTION"):
            patch.delenv(name, raising=False)
        # Nor their keyring, which is chosen when keyring is imported.
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        yield folder


@pytest.fixture(scope="session")
def agency() -> Iterator[Sandbox]:
    """A sandbox of the usual size, shared: tests only read it."""
    with Sandbox(seed=7, scale=0.3, limits=False) as running:
        yield running


@pytest.fixture
def sandbox(agency: Sandbox) -> Sandbox:
    """The shared agency with an empty log of requests, and nothing of an earlier test waiting."""
    agency.clear_log()
    agency.clear_responses()
    return agency


@pytest.fixture
def connection(sandbox: Sandbox) -> str:
    """The connection string of the administrator of the first account, without a rate limit of its own."""
    return sandbox.connection_string() + ";RateLimit=off;ReportsRateLimit=off"


@pytest.fixture
def con(connection: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the agency in it."""
    opened = harvest_duck.connect(connection)
    opened.execute("SET TimeZone = 'UTC'")
    yield opened
    opened.close()
