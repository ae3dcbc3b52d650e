"""Fixtures: one made-up agency for the tests that only read, and a DuckDB connection with it; the watch for secrets."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import collected, run_size, secret_watch
from support.collected import pytest_make_collect_report  # noqa: F401 - hooks of pytest
from support.secret_watch import pytest_runtest_makereport, pytest_runtest_setup  # noqa: F401 - hooks of pytest

import harvest_duck
from harvest_duck.cli import query
from harvest_duck.http.ratelimit.window import SystemClock
from harvest_duck.sandbox import Sandbox
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import duckdb

    from harvest_duck.servers.postgres.server import PostgresServer

_TESTS = Path(__file__).parent
#: Directories of tests whose lines the others count. Counting takes longer than what they compare.
_UNCOUNTED = {"fuzz", "mirror", "properties", "security"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--thorough`, `--share` and `--with-thorough`."""
    run_size.add_option(parser)


def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are cores, since many tests wait for processes of their own."""
    return int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") or (os.cpu_count() or 1) + 1)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare this process, which those that tests start inherit from, and begin the search for secrets.

    Ctrl-C interrupts it, although `nohup … &` starts it with SIGINT ignored. Compiled modules are kept, so that not
    every short program compiles the package again.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    secret_watch.watch()
    run_size.apply(config)
    # Until the tests are collected, which makes much and leaves no garbage: 5.4 s of CPU in each worker, not 6.5.
    gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to a thorough run what it does more than a usual one, and count no lines where others count the same."""
    collected.in_one_order(items)
    run_size.keep_what_differs(config, items)
    for item in items:
        if any(item.nodeid.startswith(f"tests/{each}/") for each in _UNCOUNTED):
            item.add_marker(pytest.mark.uncounted)


def pytest_collection_finish() -> None:
    """Keep what was collected out of the search for garbage: a full one takes 0.12 s with it, and there are many."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run a test that is marked `uncounted` without the trace of coverage.

    The threads that it uses keep theirs: `no_cover` of pytest-cov 7.1.0 takes it from them for good, and the thread
    that scans lives as long as the process.
    """
    trace = sys.gettrace()
    if item.get_closest_marker("uncounted"):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(trace)


@pytest.fixture(scope="session", autouse=True)
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Hide the configuration and the environment of the developer from the tests."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("config")
        patch.setenv("HARVEST_DUCK_CONFIG_DIR", str(folder))
        proxies = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
        certificates = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
        harvest = ("HARVEST_ACCESS_TOKEN", "HARVEST_ACCOUNT_ID", "HARVEST_DUCK_CONNECTION")
        for name in (*harvest, *certificates, *proxies, *map(str.lower, proxies)):
            patch.delenv(name, raising=False)
        # The keyring of the system is chosen when keyring is imported.
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        yield folder


@pytest.fixture(scope="session")
def agency() -> Iterator[Sandbox]:
    """A sandbox that all tests share and none changes, with two pages of time entries."""
    with Sandbox(seed=7, scale=0.3, time_entries=2500, limits=False) as running:
        yield running


@pytest.fixture
def sandbox(agency: Sandbox) -> Sandbox:
    """The shared agency with an empty request log and no prepared responses."""
    agency.clear_log()
    agency.clear_responses()
    return agency


@pytest.fixture
def new_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scans begin with clients that know nothing of earlier tests, such as the accounts of the token."""
    monkeypatch.setattr(pool(), "clock", SystemClock())


@pytest.fixture
def connection(sandbox: Sandbox) -> str:
    """The connection string of the administrator of the first account, without rate limits."""
    return sandbox.connection_string() + ";RateLimit=off;ReportsRateLimit=off"


@pytest.fixture(scope="session")
def attached(agency: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with the agency attached as `harvest`, whose 635 comments take most of the time."""
    with harvest_duck.connect(agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(attached: duckdb.DuckDBPyConnection, agency: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor as `con` gives, for the tests of a module that leave it as it is."""
    with attached.cursor() as opened:
        harvest_duck.register(opened, agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off")
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


@pytest.fixture
def con(attached: duckdb.DuckDBPyConnection, connection: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor that knows the agency, with requests, errors and temporary tables of its own."""
    with attached.cursor() as opened:
        harvest_duck.register(opened, connection)
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


@pytest.fixture(scope="session")
def running_server(agency: Sandbox) -> Iterator[PostgresServer]:
    """A PostgreSQL server that all tests of a process share: to open its database takes 1.7 s of CPU.

    It is imported here, since many tests run without what it needs.
    """
    with importlib.import_module("support.serving").server_of(agency) as server:
        yield server


@pytest.fixture(scope="session")
def lasting(agency: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection as `harvest-duck query` opens one, for `support.command.write_from`."""
    with query.opened(f"{agency.connection_string()};RateLimit=off;ReportsRateLimit=off") as opened:
        yield opened
