"""Fixtures for tests of signing in: a sandbox for each test, a configuration directory, a free port for the redirect.

A `conftest` or a module takes them by `from support.sign_in_fixtures import *`.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import webbrowser
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest
from support.paths import TESTS

from harvest_duck.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["browser", "config", "connection", "harvest", "last_page", "port", "small_other"]


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration directory of the test, without browser, screen and keyring."""
    folder = tmp_path / "config"
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(folder))
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def harvest() -> Iterator[Sandbox]:
    """A small sandbox, whose tokens the test may do with as it likes."""
    with Sandbox(scale=0.1, limits=False) as running:
        yield running


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago on both loopback addresses."""
    for _ in range(20):
        with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
            four.bind(("127.0.0.1", 0))
            found = int(four.getsockname()[1])
            try:
                six.bind(("::1", found))
            except OSError:
                continue
            return found
    raise AssertionError("no port is free on both addresses")


@pytest.fixture
def connection(harvest: Sandbox, port: int) -> str:
    """The connection string for signing in at the sandbox."""
    return harvest.oauth_connection_string(callback_port=port) + ";RateLimit=off"


@pytest.fixture
def small_other() -> Iterator[Sandbox]:
    """Another server, of somebody else: whatever it is asked is too much."""
    with Sandbox(scale=0.1, limits=False) as running:
        yield running


_AGREEING = """
import pathlib, sys
sys.path.insert(0, {tests!r})
from support.person import agreed, fetched
page = fetched(agreed(sys.argv[1]))[2]
if {pipe!r}:
    pathlib.Path({pipe!r}).write_text(page)
"""


def _browser(folder: Path, monkeypatch: pytest.MonkeyPatch, pipe: str) -> None:
    program = folder / "browser.py"
    program.write_text(_AGREEING.format(tests=str(TESTS), pipe=pipe))
    monkeypatch.setenv("BROWSER", f"{sys.executable} {program} %s")
    # BROWSER is read once in a process.
    monkeypatch.setattr(webbrowser, "_tryorder", None)


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser at which a person agrees at once."""
    _browser(tmp_path, monkeypatch, "")


@pytest.fixture
def last_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Future[str]:
    """A browser at which a person agrees, as the page that it shows at the end, once it does."""
    pipe, shown = tmp_path / "page.html", Future[str]()
    os.mkfifo(pipe)
    threading.Thread(target=lambda: shown.set_result(pipe.read_text()), daemon=True).start()
    _browser(tmp_path, monkeypatch, str(pipe))
    return shown
