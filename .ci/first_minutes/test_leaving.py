"""How commands end: with one line and a status that says what happened."""

from __future__ import annotations

import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from installed import CLEAN, COMMAND, PATIENCE_S, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["query", "FROM harvest.clients"], 1, "harvest-duck connections add NAME"),
        (["query", "FROM harvest_scan('client', 'DSN=sandbox')", "-c", "DSN=sandbox"], 1, 'did you mean "clients"?'),
        (["describe", "tme_entries"], 1, 'did you mean "time_entries"?'),
        (["query", "SELECT 1", "--format", "exel"], 2, "exel"),
        (["query", "FROM harvest.clients", "-c", "AcountId=1"], 1, "did you mean AccountId?"),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_one_line(arguments: list[str], status: int, says: str, folder: Path) -> None:
    ended = run(*arguments, cwd=folder)
    said = ended.stderr.decode()
    assert (ended.returncode, ended.stdout) == (status, b""), said
    assert says in said
    assert "Traceback" not in said
    assert status == 2 or said.count("\n") == 1


def test_a_mistake_in_sql_is_pointed_at(folder: Path) -> None:
    ended = run("query", "SELEC 1", "-c", "DSN=sandbox", cwd=folder)
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.startswith(b'harvest-duck: Parser Error: syntax error at or near "SELEC"')
    assert b"^^^^^" in ended.stderr


def test_ctrl_c_ends_a_query_with_status_130(folder: Path) -> None:
    """While it waits for a Harvest that takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        connection = f"AccountId=1;APIKey=t;BaseURL={url}/v2;IdURL={url}"
        with subprocess.Popen(
            [COMMAND, "query", "FROM harvest.clients", "-c", connection],
            cwd=folder,
            env=CLEAN,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            silent.settimeout(PATIENCE_S)
            asked, _ = silent.accept()
            with asked:
                assert asked.recv(4) == b"GET "
                process.send_signal(signal.SIGINT)
                out, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, said.strip()) == (130, "", "interrupted")


def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    command = f"'{COMMAND}' query 'FROM range(200000)' --format csv -c DSN=sandbox | head -n 2"
    ended = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=CLEAN, capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert (ended.stdout, ended.stderr) == (b"range\n0\n", b"")
