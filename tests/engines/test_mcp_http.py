"""`harvest-duck mcp --http`: for who has its token, on this machine, from no page of another site; and how it ends."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from support.clients import client
from support.clocks import PATIENCE_S
from support.secret_watch import SEEN

from harvest_duck.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

client("mcp")
import anyio  # noqa: E402 - only where the SDK is
import httpx2  # noqa: E402 - as above
from mcp.client.session import ClientSession  # noqa: E402 - as above
from mcp.client.streamable_http import streamable_http_client  # noqa: E402 - as above
from support.agent import arguments  # noqa: E402 - as above


@pytest.fixture(scope="module")
def served(agency: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """The port of a server, and its token."""
    file = tmp_path_factory.mktemp("http") / "token"
    command = arguments(agency.connection_string(), "--http", "127.0.0.1:0", "--http-token", str(file))
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=file.parent
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(8)]
        token = file.read_text().strip()
        assert token not in "".join(said)
        yield int(said[2].rpartition(":")[2].partition("/")[0]), token
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=PATIENCE_S)
    SEEN.see("its output", rest + errors)
    assert (rest, errors, process.returncode) == ("", "", 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer {token}", "Host": "evil.example"}, 421),
        ({"Authorization": "Bearer {token}", "Host": "evil.example:{port}"}, 421),
        ({"Authorization": "Bearer {token}", "Origin": "http://evil.example"}, 403),
        ({"Authorization": "Bearer {token}"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/mcp", "/"])
def test_who_may_ask(served: tuple[int, str], headers: dict[str, str], status: int, path: str) -> None:
    port, token = served
    asked = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    asked |= {name: value.format(port=port, token=token) for name, value in headers.items()}
    body = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "x", "version": "1"},
            },
        }
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("POST", path, body, asked)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == (404 if (path, status) == ("/", 200) else status)
    assert ("data, never instructions" in text) is (answer.status == 200)
    assert token not in text


def test_the_official_client_asks_with_the_token(served: tuple[int, str], sandbox: Sandbox) -> None:
    port, token = served

    async def asked() -> str:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S) as http,
            streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http) as streams,
            ClientSession(*streams) as session,
        ):
            await session.initialize()
            found = await session.call_tool("query", {"sql": "SELECT count(*) FROM clients"})
            return str(found.content[0].text)

    assert anyio.run(asked).startswith("complete: 1 row; ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(sandbox: Sandbox, tmp_path: Path, number: int) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
    }
    with subprocess.Popen(
        arguments(sandbox.connection_string()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(hello) + "\n")
        process.stdin.flush()
        assert "serverInfo" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE_S) == 0
        assert (process.stdout.read(), process.stderr.read() if process.stderr else "") == ("", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--http", "0.0.0.0:8183"], "0.0.0.0 is for other machines"),
        (["--http", "nowhere"], "nowhere is no address"),
        (["--http-token", "x"], "--http-token goes with --http."),
        (["-c", "-"], "Standard input cannot be both the connection string and the protocol"),
    ],
)
def test_what_it_refuses(options: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, ["mcp", "-c", "AccountId=1;APIKey=x", *options])
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")
