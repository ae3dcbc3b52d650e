"""`harvest-duck doctor` with everything broken that it looks at, one thing at a time, against the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import re
import socketserver
import ssl
import struct
import subprocess
import termios
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import trustme
from support import program
from support.clocks import PATIENCE_S
from support.command import COMMAND, environment, run, run_process
from support.sign_in import aged, signed_in, token_requests

import harvest_duck
from harvest_duck.auth import credential_for
from harvest_duck.catalog.model import Limit
from harvest_duck.connection import resolve
from harvest_duck.diagnosis.model import Check
from harvest_duck.http.log import logger
from harvest_duck.http.ratelimit.registry import limiter
from harvest_duck.http.ratelimit.window import SystemClock
from harvest_duck.sandbox import EURO_ID, MAIN_ID, LoggedRequest, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

TOKEN = "t0ken-that-nobody-may-see"
ASKED = ["/api/v2/accounts", "/v2/users/me"]


class Told:
    """The report of a run of `doctor --json`, in this process, or in one of its own."""

    def __init__(self, connection: str | None, *options: str, apart: bool = False) -> None:
        ended = (run_process if apart else run)("doctor", "--json", *options, connection=connection)
        assert ended.stderr == ""
        self.status = ended.returncode
        self.record: dict[str, Any] = json.loads(ended.stdout)
        assert self.record["healthy"] is (self.status == 0)
        checks = [each["check"] for each in self.record["checks"]]
        assert list(dict.fromkeys(checks)) == list(Check), "every check is reported, in order"

    def checks(self, check: str) -> list[dict[str, str]]:
        """The findings of a check."""
        return [each for each in self.record["checks"] if each["check"] == check]

    def only(self, check: str) -> dict[str, str]:
        """The first finding of a check."""
        return self.checks(check)[0]

    def named(self, status: str) -> list[str]:
        """The checks that ended so, each once."""
        return list(dict.fromkeys(each["check"] for each in self.record["checks"] if each["status"] == status))


def paths(sandbox: Sandbox) -> list[str]:
    """The requests that the sandbox received, but for those for a record of each endpoint."""
    return [request.path for request in sandbox.requests if not _for_a_record(request)]


def paths_of(told: Told) -> list[str]:
    """The requests that a report lists."""
    return [urlsplit(each.removeprefix("GET ")).path for each in told.record["requests"]]


def _for_a_record(request: LoggedRequest) -> bool:
    return request.query.get("per_page") == "1" or request.path.endswith(("/company", "/messages/new", "/pto/balances"))


def test_all_is_well(harvest: Sandbox) -> None:
    # In a process of its own, because one keeps the directory of its first limits.
    told = Told(harvest.connection_string(), apart=True)
    assert told.status == 0
    assert told.named("skipped") == []
    assert told.named("failed") == []
    assert paths(harvest) == ASKED
    assert told.record["requests"][:2] == [f"GET {harvest.id_url}{ASKED[0]}", f"GET {harvest.base_url}/users/me"]
    assert [each["subject"] for each in told.checks("network")] == [harvest.base_url.split("/")[2]] * 2
    assert "token from HARVEST_DUCK_CONNECTION" in told.only("configuration")["found"]
    assert told.only("token")["found"].startswith("personal access token of Ada Moreau (ada.moreau@")
    assert told.only("account")["found"] == (
        f"{MAIN_ID} (Harbour & Vale) answers; the token also reaches {EURO_ID} (Harbour & Vale Europe)"
    )
    assert told.only("role")["found"].startswith("administrator: ")
    general = [path for path in paths_of(told) if not path.startswith(("/api/", "/v2/reports/"))]
    assert told.only("limits")["found"].startswith(f"{len(general)} of 100 requests in 15 s are used; ")
    assert len(told.record["requests"]) == len(harvest.requests)


@pytest.mark.parametrize(("role", "word"), [("manager", "manager: "), ("member", "member: ")])
def test_a_smaller_role_is_told_in_words(role: str, word: str, harvest: Sandbox) -> None:
    told = Told(harvest.connection_string(role=role))
    assert (told.status, paths(harvest)) == (0, ASKED)
    assert told.only("role")["found"].startswith(word)
    assert "harvest_access()" in told.only("role")["meaning"]


def test_offline_sends_nothing(harvest: Sandbox) -> None:
    told = Told(harvest.connection_string(), "--offline")
    assert (told.status, harvest.requests, told.record["requests"]) == (0, [], [])
    assert told.named("skipped") == ["network", "proxy", "token", "account", "role", "fields", "clock"]


def test_nothing_listens() -> None:
    told = Told(f"AccountId=1;APIKey={TOKEN};BaseURL=http://127.0.0.1:9/v2;IdURL=http://[::1]:9")
    assert told.status == 1
    assert told.named("failed") == ["network"]
    api, authority = told.checks("network")
    assert api["found"] == "no connection (127.0.0.1: Connection refused)"
    assert (authority["subject"], api["remedy"]) == ("::1:9", "Check the network and BaseURL.")
    assert set(told.named("skipped")) == {"token", "account", "role", "fields", "clock"}
    assert told.record["requests"] == []


def test_a_name_that_no_server_knows() -> None:
    told = Told(f"AccountId=1;APIKey={TOKEN};BaseURL=https://harvest.invalid/v2;IdURL=https://id.harvest.invalid")
    assert told.named("failed") == ["network"]
    assert told.only("network")["found"].startswith("the name is not resolved (")
    assert told.only("network")["remedy"] == "Check the network, the name server and BaseURL."


def test_the_api_alone_is_down(harvest: Sandbox) -> None:
    told = Told(harvest.connection_string().replace(harvest.base_url, "http://127.0.0.1:9/v2"))
    assert paths(harvest) == ASKED[:1]
    assert told.named("failed") == ["network"]
    assert told.only("token")["status"] == "ok"
    assert told.only("account")["found"] == (f"not checked: the API gave no answer about {MAIN_ID} (Harbour & Vale)")


def test_harvest_id_alone_is_down(harvest: Sandbox) -> None:
    told = Told(f"{harvest.connection_string().rpartition(';')[0]};IdURL=http://127.0.0.1:9")
    assert paths(harvest) == ASKED[1:]
    assert [each["status"] for each in told.checks("network")] == ["ok", "failed"]
    assert told.only("account")["found"] == f"{MAIN_ID} answers"
    assert told.only("role")["status"] == "ok"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ({"body": "<html>Log in</html>"}, "what answers is not Harvest (an HTML page)"),
        ({"body": "plain"}, "what answers is not Harvest (a text that is no JSON object: plain)"),
        ({"status": 404, "body": "<html>"}, "what answers is not Harvest (status 404)"),
        (
            {"status": 302, "headers": {"Location": "https://login.example/?a=b"}},
            "what answers is not Harvest (status 302, a redirect to login.example)",
        ),
        ({"status": 503, "body": "<html>"}, "it answers with an error (status 503)"),
    ],
)
def test_something_else_answers(answer: dict[str, Any], detail: str, harvest: Sandbox) -> None:
    harvest.respond_next("/", times=2, **answer)
    told = Told(harvest.connection_string())
    assert (told.status, paths(harvest)) == (1, ASKED)
    assert told.named("failed") == ["network"]
    assert [each["found"] for each in told.checks("network")] == [detail] * 2
    assert set(told.named("skipped")) >= {"token", "account", "role"}


def test_a_server_that_never_answers(harvest: Sandbox) -> None:
    held: list[str] = []

    async def never(request: web.BaseRequest) -> None:
        held.append(request.path)
        # Until the client goes away.
        await asyncio.Event().wait()

    harvest.on_request = never
    told = Told(f"{harvest.connection_string()};Timeout=0.2")
    assert (told.status, told.named("failed"), held) == (1, ["network"], ASKED)
    assert "no answer from 127.0.0.1" in told.only("network")["found"]


@pytest.mark.parametrize("base", ["", "/v3"])
def test_a_wrong_base_url(base: str, harvest: Sandbox) -> None:
    root = harvest.base_url.removesuffix("/v2")
    told = Told(harvest.connection_string().replace(harvest.base_url, f"{root}{base}"))
    assert told.status == 1
    assert paths(harvest) == [ASKED[0], f"{base}/users/me"]
    assert "BaseURL" in {**told.only("network"), **told.only("account")}["remedy"]


def test_a_token_that_harvest_refuses(harvest: Sandbox) -> None:
    told = Told(harvest.connection_string().replace("sandbox-admin-token", TOKEN))
    assert (told.status, told.named("failed"), paths(harvest)) == (1, ["token"], ASKED[:1])
    assert told.only("token")["found"] == "Harvest refuses the personal access token (401)"
    assert "and put it into HARVEST_DUCK_CONNECTION" in told.only("token")["remedy"]


def test_an_account_that_the_token_does_not_reach(harvest: Sandbox) -> None:
    told = Told(harvest.connection_string().replace(f"AccountId={MAIN_ID}", "AccountId=999"))
    assert (told.status, told.named("failed"), paths(harvest)) == (1, ["account"], ASKED)
    assert told.only("account")["found"] == (
        f"the token does not reach 999; it reaches {MAIN_ID} (Harbour & Vale), {EURO_ID} (Harbour & Vale Europe)"
    )


def test_no_account_is_chosen_among_two(harvest: Sandbox) -> None:
    unnumbered = harvest.connection_string().replace(f"AccountId={MAIN_ID}", "AccountId=")
    told = Told(unnumbered)
    assert (told.status, told.named("failed")) == (1, ["account"])
    assert told.only("account")["remedy"] == "Set AccountId to one of the numbers, or to * for all of them."
    assert Told(unnumbered.replace("AccountId=", "AccountId=*")).status == 0


def test_a_clock_that_is_a_day_off(harvest: Sandbox) -> None:
    served = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    body = {"id": 1, "access_roles": ["administrator"]}
    harvest.respond_next("/v2/users/me", headers={"Date": served}, body=body)
    accounts = {"user": {"id": 1}, "accounts": [{"id": MAIN_ID, "name": "Acme", "product": "harvest"}]}
    harvest.respond_next("/api/v2/accounts", headers={"Date": served}, body=accounts)
    told = Told(harvest.connection_string())
    assert (told.status, told.named("failed")) == (1, ["clock"])
    assert told.only("clock")["found"] == "the clock of this machine is 24 hours behind Harvest's"


def test_a_limit_that_is_used_up(harvest: Sandbox) -> None:
    harvest.respond_next("/v2/users/me", status=429, headers={"Retry-After": "31536000"}, body={})
    # A token of its own, so that no other test waits.
    token = f"AuthScheme=OAuth;OAuthAccessToken={harvest.issue_tokens().access_token}"
    connection = f"AccountId={MAIN_ID};{token};BaseURL={harvest.base_url};IdURL={harvest.id_url}"
    told = Told(connection)
    assert (told.status, paths(harvest)) == (0, ASKED)
    assert told.only("account")["found"] == "not checked: Harvest answered 429, too many requests"
    assert told.only("limits")["status"] == "warning"
    assert "since Harvest answered 429" in told.only("limits")["found"]
    settings = resolve(connection)
    whose = (settings.base_url, credential_for(settings).identity, Limit.GENERAL)
    window = limiter(whose, settings.rate_limit, SystemClock(), logger(None, 1))
    assert 15 < window.earliest_s(1) <= 60, "queries of this user heed the pause, and not for a year"


def test_the_placeholder_of_an_example_is_no_account(harvest: Sandbox) -> None:
    told = Told(harvest.connection_string().replace(f"AccountId={MAIN_ID}", "AccountId=_your_account_id"))
    assert (told.status, told.named("failed")) == (1, ["account"])
    assert told.only("account")["found"] == '"_your_account_id" is not an account id'


@contextmanager
def proxy(status: bytes) -> Iterator[int]:
    """A proxy that answers every request with a status, and its port."""

    class Refusing(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_proxy_that_wants_a_password() -> None:
    with proxy(b"407 Proxy Authentication Required") as number:
        told = Told(f"AccountId=1;APIKey={TOKEN};ProxyServer=127.0.0.1;ProxyPort={number};ProxyUser=u;ProxyPassword=p")
    assert (told.status, told.named("failed"), told.named("warning")) == (1, ["network"], ["proxy"])
    assert told.only("network")["found"] == "/v2/users/me: the proxy answered 407"
    assert told.only("network")["remedy"] == "Check ProxyServer, ProxyUser and ProxyPassword."
    assert told.only("proxy")["found"] == f"requests go through 127.0.0.1:{number}, by ProxyServer"


def test_a_proxy_of_the_environment_that_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{TOKEN}@127.0.0.1:9")
    unread = f"AccountId=1;APIKey={TOKEN};BaseURL=https://0.0.0.0:9/v2;IdURL=https://0.0.0.0:9"
    told = Told(unread)
    assert (told.status, told.named("warning")) == (1, ["proxy"])
    assert told.only("proxy")["found"] == "HTTPS_PROXY names a proxy, not read by harvest_duck"
    assert "Add ProxyAutoDetect=true to the connection string." in told.only("proxy")["remedy"]
    read = Told(f"{unread};ProxyAutoDetect=true")
    assert read.only("network")["found"].startswith("no connection to the proxy 127.0.0.1:9 (")
    assert read.only("proxy")["found"] == "requests go through 127.0.0.1:9, by HTTPS_PROXY"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Somebody who signs certificates, and whom this machine does not know."""
    return trustme.CA()


@pytest.fixture(scope="module")
def guarded(authority: trustme.CA) -> Iterator[Sandbox]:
    """A Harvest that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Sandbox(scale=0.05, tls=context, limits=False) as running:
        yield running


def test_tls_that_is_read_on_the_way(
    guarded: Sandbox, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(bundle)
    told = Told(guarded.connection_string())
    assert (told.status, told.named("failed"), guarded.requests) == (1, ["network"], [])
    assert "TLS failed (" in told.only("network")["found"]
    assert "as SSLServerCert" in told.only("network")["remedy"]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    told = Told(guarded.connection_string())
    assert told.only("network")["remedy"] == (
        "Give the path that REQUESTS_CA_BUNDLE names as SSLServerCert: that variable is not read."
    )
    assert told.only("proxy")["status"] == "warning"
    told = Told(f"{guarded.connection_string()};SSLServerCert={bundle}")
    assert (told.status, told.only("network")["found"]) == (0, "it answers; TLS")


def test_another_certificate_than_the_one_that_is_trusted(guarded: Sandbox, tmp_path: Path) -> None:
    other, wrong = tmp_path / "other.pem", tmp_path / "wrong.pem"
    trustme.CA().cert_pem.write_to_path(other)
    wrong.write_text("no certificate")
    for path in (other, wrong):
        told = Told(f"{guarded.connection_string()};SSLServerCert={path}")
        assert (told.status, told.named("failed")) == (1, ["network"])
        assert "SSLServerCert" in told.only("network")["remedy"]


def test_a_host_with_ipv6_alone() -> None:
    with Sandbox(scale=0.05, limits=False, host="::1") as six:
        told = Told(six.connection_string())
        assert (told.status, paths(six)) == (0, ASKED)


def test_nothing_is_configured(config: Path) -> None:
    told = Told(None, "--offline")
    assert told.status == 0
    assert told.only("configuration")["found"] == (
        f"no token, no AccountId. {config / 'connections.toml'} is not there; "
        "set in the environment: HARVEST_DUCK_CONFIG_DIR."
    )
    told = Told("IdURL=http://127.0.0.1:9;BaseURL=http://127.0.0.1:9/v2")
    assert set(told.named("failed")) == {"network", "token"}
    assert told.only("token")["found"] == "no Harvest token is given"
    assert told.only("token")["remedy"].startswith("Run `harvest-duck connections add NAME`, or set APIKey")


@pytest.mark.parametrize(
    ("text", "mode", "found"),
    [
        ("[acme\n", 0o600, "is no TOML file: line 1, column 6"),
        (f'[acme]\nAPIKey = "{TOKEN}"\n', 0o644, "holds a secret and is open to other users"),
        (f'[default]\nAPIKy = "{TOKEN}"\n', 0o600, "did you mean APIKey?"),
        (
            f'[default]\nAPIKey = "{TOKEN}"\nBaseURL = "http://harvest.example"\n',
            0o600,
            "BaseURL has to be an https URL",
        ),
    ],
)
def test_a_file_of_connections_that_cannot_be_used(text: str, mode: int, found: str, config: Path) -> None:
    config.mkdir()
    file = config / "connections.toml"
    file.write_text(text)
    file.chmod(mode)
    told = Told(None)
    assert (told.status, told.named("failed"), told.record["requests"]) == (1, ["configuration"], [])
    assert found in told.only("configuration")["found"]
    assert len(told.named("skipped")) == 9


def test_a_log_that_cannot_be_written(config: Path, harvest: Sandbox) -> None:
    told = Told(f"{harvest.connection_string()};Logfile={config / 'missing' / 'a.log'}")
    assert (told.named("failed"), harvest.requests) == (["configuration"], [])
    assert "cannot be written" in told.only("configuration")["found"]


def test_a_connection_of_another_name(config: Path) -> None:
    told = Told("DSN=acne")
    assert told.named("failed") == ["configuration"]
    assert "DSN names no connection" in told.only("configuration")["found"]


def test_a_directory_that_cannot_be_written(config: Path, harvest: Sandbox, connection: str) -> None:
    """A file is in its place, which stops root as well."""
    config.write_text("")
    told = Told(harvest.connection_string())
    assert (told.status, told.named("warning")) == (0, ["limits"])
    assert str(config) in told.only("limits")["found"]
    told = Told(connection)
    assert (told.status, told.named("failed")) == (1, ["token", "store"])
    assert f"{config} is no directory" in told.only("store")["found"]


def test_a_record_of_the_limits_that_holds_something_else(config: Path, harvest: Sandbox) -> None:
    Told(harvest.connection_string())
    (record,) = (config / "limits").glob("*.window")
    record.write_bytes(b"something else, longer than the header of a record, which has 64 bytes and more")
    told = Told(harvest.connection_string())
    assert (told.status, told.named("warning")) == (0, ["limits"])
    assert "it holds something else" in told.only("limits")["found"]


def test_a_sign_in_from_none_to_revoked(config: Path, harvest: Sandbox, connection: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    stored = f"{connection};OAuthSettingsLocation={kept}"
    told = Told(stored)
    assert (told.status, told.named("failed"), paths(harvest)) == (1, ["token"], [])
    assert "is signed in to Harvest" in told.only("token")["found"]
    assert told.only("token")["remedy"] == "Run `harvest-duck login`."
    signed_in(stored)
    harvest.clear_log()
    told = Told(stored)
    assert (told.status, paths(harvest)) == (0, ASKED)
    assert "queries refresh it by themselves" in told.only("token")["found"]
    assert told.only("store")["found"] == f"{kept} holds 1 sign-in"
    aged(kept)
    told = Told(stored)
    assert (told.status, token_requests(harvest)) == (0, ["refresh_token"])
    assert "it was due and has been refreshed" in told.only("token")["found"]
    harvest.revoke_tokens()
    told = Told(stored)
    assert (told.status, told.named("failed")) == (1, ["token"])
    assert "Harvest refused the refresh token" in told.only("token")["found"]
    kept.write_text("{}")
    told = Told(stored)
    assert (told.status, told.named("failed")) == (1, ["token", "store"])
    assert "something else than sign-ins" in told.only("store")["found"]


def test_a_given_access_token_that_has_expired(harvest: Sandbox) -> None:
    tokens = harvest.issue_tokens()
    harvest.expire_access_tokens()
    told = Told(
        f"AccountId={MAIN_ID};AuthScheme=OAuth;OAuthAccessToken={tokens.access_token};OAuthExpiresIn=60;"
        f"OAuthTokenTimestamp=1700000000000;BaseURL={harvest.base_url};IdURL={harvest.id_url}"
    )
    assert (told.status, told.named("failed"), paths(harvest)) == (1, ["token"], ASKED[:1])
    assert "which expired 2023-11-14 22:14 UTC (401)" in told.only("token")["found"]
    assert told.only("token")["remedy"] == "Run `harvest-duck login`."


def test_it_reads_well_on_eighty_columns(harvest: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = run("doctor", connection=harvest.connection_string(role="member"))
    lines = told.stdout.splitlines()
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.isascii()
    assert "\x1b" not in told.stdout
    # A path and an address stay whole, so that they can be copied.
    assert all(len(line) <= 80 for line in lines if "/" not in line), told.stdout
    starts = [line.split()[:2] for line in lines if line[:1].strip()]
    assert [word for mark, word in starts if mark in {"ok", "-"}] == [
        each for check in Check for each in [check] * (2 if check is Check.NETWORK else 1)
    ]
    assert lines[-5:] == [
        "",
        "All is well.",
        f"Sent: GET {harvest.id_url}/api/v2/accounts",
        f"Sent: GET {harvest.base_url}/users/me",
        f"Sent: {len(harvest.requests) - 2} more; --json lists them.",
    ]


def test_what_is_broken_stands_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = run("doctor", "-c", "AccountId=1;APIKy=x")
    assert told.returncode == 1
    assert "FAILED   configuration  connection string: there is no property APIKy, did you" in told.stdout
    assert "                        -> Correct it. " in told.stdout
    assert told.stdout.rstrip().endswith("Something is broken: 1 failed, 9 not checked.")


def test_wrong_usage_is_another_status() -> None:
    assert run("doctor", "--nonsense").returncode == 2


def through_terminal(**environ: str) -> bytes:
    """What a report looks like to a terminal of eighty columns."""
    screen, side = pty.openpty()
    set_size(side, rows=50, columns=80)
    command = [*COMMAND, "doctor", "--offline", "-c", "AccountId=1;APIKy=x"]
    with subprocess.Popen(command, stdout=side, stderr=side, stdin=side, env=environment(**environ)) as running:
        os.close(side)
        shown = b""
        # A terminal whose other side is closed is an error on Linux.
        with contextlib.suppress(OSError):
            while piece := os.read(screen, 4096):
                shown += piece
        assert running.wait(PATIENCE_S) == 1
    os.close(screen)
    # What is free on the disk may change between two runs.
    return re.sub(rb"[0-9.]+ ([KMGT]iB)", rb"9 \1", shown)


def set_size(terminal: int, *, rows: int, columns: int) -> None:
    """Set the size of a pseudo-terminal."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@pytest.mark.thorough
def test_a_terminal_shows_colours_and_eighty_columns_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    shown = through_terminal(NO_COLOR="")
    assert b"\x1b[31m\x1b[1mFAILED   \x1b[0mconfiguration  connection string" in shown
    plain = through_terminal(NO_COLOR="1")
    assert b"\x1b" not in plain
    assert re.sub(rb"\x1b\[[0-9;]*m", b"", shown) == plain
    # A path stays whole, so that it can be copied.
    assert all(len(line) <= 80 for line in plain.split(b"\r\n") if b"/" not in line)


HOMELESS = """
import os
import sys

import encodings.idna
import harvest_duck.cli.doctor
import harvest_duck.sandbox.api.server
from harvest_duck.diagnosis.examination import examine

# The first examination imports all that this user may not read. It shares no limit: what it shared as another user is
# out of reach for this one, and the warning of that may come before the doctor stops it.
examine("DSN=sandbox;RateLimit=off;ReportsRateLimit=off", version="0")
for name in ("HOME", "HARVEST_DUCK_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
    os.environ.pop(name, None)
os.setgroups([])
os.setgid(54321)
os.setuid(54321)
sys.argv = ["harvest-duck", *sys.argv[1:]]
harvest_duck.cli.main()
"""


@pytest.mark.thorough
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user whom the system does not know")
def test_a_user_without_a_home_directory() -> None:
    told = subprocess.run(
        [*program.python(HOMELESS), "doctor", "--json", "-c", "DSN=sandbox"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert told.stderr == ""
    # Not the versions: the packages may lie where this user may not read.
    found = {each["check"]: each for each in json.loads(told.stdout)["checks"]}
    assert found["configuration"]["status"] == found["limits"]["status"] == "warning"
    assert "no home directory" in found["configuration"]["meaning"]
    assert "has no home directory" in found["limits"]["found"]
    assert found["account"]["status"] == "ok", "a connection string needs no home"


def test_fields_that_no_column_has_are_named_and_can_be_read(harvest: Sandbox) -> None:
    added = {"colour": "red", "score": 1.5, "owner": {"id": 7}}
    changed = [record | added for record in harvest.records(MAIN_ID, "clients")]
    for record in changed:
        del record["address"]
    harvest.replace(MAIN_ID, "clients", changed)
    harvest.replace(MAIN_ID, "roles", [])
    told = Told(harvest.connection_string())
    found = told.only("fields")
    assert (told.status, found["status"]) == (0, "warning")
    assert found["found"].startswith("fields without a column: clients (colour, score, owner); ")
    assert "columns that are not in the record read: clients (address);" in found["found"]
    assert "had no record to look at" in found["found"]
    con = harvest_duck.connect(harvest.connection_string())
    rows = con.sql("SELECT record->>'colour', record->>'score', record->>'$.owner.id' FROM harvest_raw('clients')")
    assert rows.fetchall() == [("red", "1.5", "7")] * len(changed)


def test_each_endpoint_is_asked_once_for_one_record(harvest: Sandbox) -> None:
    told = Told(harvest.connection_string())
    asked = [request for request in harvest.requests if _for_a_record(request)]
    assert len({request.path for request in asked}) == len(asked) > 30
    assert len(asked) + len(ASKED) == len(harvest.requests) == len(told.record["requests"])
    assert {request.method for request in asked} == {"GET"}
    assert told.only("fields")["status"] == "ok"


def test_what_a_member_may_not_read_is_counted(harvest: Sandbox) -> None:
    found = Told(harvest.connection_string(role="member")).only("fields")
    forbidden = [request for request in harvest.requests if request.status == 403]
    assert found["status"] == "ok"
    # And the children of parents that the user may not read, which are not asked for.
    refused = int(found["found"].partition(" may not be read")[0].rpartition(" ")[2])
    assert refused > len(forbidden) > 0
