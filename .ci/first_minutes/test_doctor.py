"""`harvest-duck doctor` with everything well, and with each of eight things broken: who says so, and what to do."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from installed import cells, on_terminal, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Where nobody listens, and a name that nobody has.
CLOSED, UNKNOWN = "BaseURL=http://127.0.0.1:1/v2;IdURL=http://127.0.0.1:1", "BaseURL=https://harvest.invalid/v2"


class Broken(NamedTuple):
    """What is broken: the connection string, the environment; and the check that has to say so, with what to do."""

    connection: str
    check: str
    remedy: str
    status: str = "failed"
    environment: dict[str, str] = {}  # noqa: RUF012 - a named tuple, whose default nobody changes


BROKEN = {
    "nothing is set up": Broken("", "token", "harvest-duck connections add NAME"),
    "a token that Harvest refuses": Broken("{token_refused}", "token", "https://id.getharvest.com/developers"),
    "an account that the token does not reach": Broken("{account_unknown}", "account", "Set AccountId"),
    "nobody listens": Broken(f"AccountId=1;APIKey=t;{CLOSED}", "network", "BaseURL"),
    "a name that is not resolved": Broken(f"AccountId=1;APIKey=t;{UNKNOWN}", "network", "name server"),
    "a hotel that wants a login": Broken("{hotel}", "network", "log in to the network"),
    "a proxy that is not used": Broken(
        f"AccountId=1;APIKey=t;{UNKNOWN}", "proxy", "ProxyAutoDetect=true", "warning", {"HTTPS_PROXY": "http://127.0.0.1:1"}
    ),
    "a file that is no TOML": Broken("DSN=acme", "configuration", "Correct it"),
}  # fmt: skip


class Hotel(BaseHTTPRequestHandler):
    """Answers everything with a page of its own."""

    def do_GET(self) -> None:
        """Answer a request."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>Welcome! Please log in.</html>")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def hotel() -> Iterator[str]:
    """A connection string by which the hotel answers for Harvest."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hotel) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield f"AccountId=1;APIKey=t;BaseURL={url}/v2;IdURL={url}"
        server.shutdown()


def examined(connection: str, folder: Path, **environment: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit status of `doctor --json`, and its findings by their checks."""
    ended = run("doctor", "--json", "--connection", connection, cwd=folder, **environment)
    assert ended.stderr == b""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(ended.stdout)["checks"]:
        found.setdefault(each["check"], []).append(each)
    return ended.returncode, found


def test_all_is_well(folder: Path, connection: str) -> None:
    status, found = examined(connection, folder)
    assert status == 0
    assert {each["status"] for checks in found.values() for each in checks} <= {"ok", "skipped"}
    status, lines = on_terminal("doctor", "--connection", connection, cwd=folder, width=80)
    assert status == 0
    # A path is not broken into two.
    assert max(cells(line) for line in lines if str(folder) not in line) <= 80
    assert [line.split()[1] for line in lines if line.startswith("ok ")][:1] == ["versions"]


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str, folder: Path, connection: str) -> None:
    broken = BROKEN[name]
    for each in ("harvest-duck", "harvest_duck"):
        (folder / ".config" / each).mkdir(parents=True)
        (folder / ".config" / each / "connections.toml").write_text("[acme" if "TOML" in name else "")
    with hotel() as answers:
        given = broken.connection.format(
            token_refused=connection.replace("sandbox-admin-token", "t0ken-that-is-wrong"),
            account_unknown=connection.replace("AccountId=1000001", "AccountId=7"),
            hotel=answers,
        )
        status, found = examined(given, folder, **broken.environment)
    said = [each for each in found[broken.check] if each["status"] == broken.status]
    assert said, found
    assert any(broken.remedy in each["remedy"] for each in said), said
    assert status == (1 if any(each["status"] == "failed" for checks in found.values() for each in checks) else 0)
    assert "t0ken-that-is-wrong" not in str(found)
