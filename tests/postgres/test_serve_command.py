"""`harvest-duck serve`: what it refuses before it listens, what it says first, whom it lets in, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pytest
import trustme
from support.asked import asked
from support.clocks import PATIENCE_S
from support.command import run, start
from support.wire_client import WireClient, WireError

from harvest_duck.cli.serve import _usual_memory
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.servers.postgres.sign_in import password_file
from harvest_duck.servers.postgres.sign_in.scram import Verifier, verifier

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

USAGE = 2
#: The columns whose values a filter of a dashboard offers.
VALUES = ("client_name", "project_name", "task_name", "user_name", "spent_date")


@pytest.fixture
def acme(connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The connection string of the agency under a name."""
    file = tmp_path / "connections.toml"
    file.write_text(f"[acme]\nconnection = '{connection}'\n", "utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    return "DSN=acme"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Say what to serve: --connection DSN=acme, or --connection DSN=sandbox to try it."),
        (("-c", "AccountId=1;APIKey=x"), "has no name for its database: give it one by --database."),
        (("-c", "DSN=acme", "-c", "DSN=ACME"), "two databases would be called ACME"),
        (("-c", "DSN=acme", "--mirror", "1.duckdb", "--mirror", "2.duckdb"), "acme has two files"),
        (("-c", "DSN=acme", "--listen", "192.0.2.7"), "give --tls-cert, --tls-key and --password-file too."),
        (("-c", "DSN=acme", "--listen", "acme.example"), "give --tls-cert, --tls-key and --password-file too."),
        (("-c", "DSN=acme", "--tls-cert", "a.pem"), "--tls-cert and --tls-key go together."),
        (("-c", "DSN=acme", "--cache", "10"), "10 is no time: write a number and s, m, h or d, such as 10m, or 0."),
        (
            ("-c", "DSN=acme", "--memory", "much"),
            "much is no size: write a number and its unit, such as 2GB or 512MiB.",
        ),
        (("--set-password", "ann"), "--set-password goes with --password-file FILE, and with nothing else."),
        (("--set-password", "--password-file", "u", "--port", "1"), "and with nothing else."),
    ],
)
def test_what_does_not_fit_together_is_wrong_usage(options: tuple[str, ...], told: str, acme: str) -> None:
    ended = run("serve", *options)
    assert (ended.returncode, ended.stdout) == (USAGE, "")
    assert told in ended.stderr


def test_databases_share_the_memory_that_one_would_have() -> None:
    def taken(databases: int) -> float:
        with duckdb.connect(config={"memory_limit": _usual_memory(databases)}) as con:
            ((text,),) = con.execute("SELECT current_setting('memory_limit')").fetchall()
        amount, unit = text.split()
        return float(amount) * {"MiB": 1, "GiB": 1024, "TiB": 1024**2}[unit]

    assert taken(4) == pytest.approx(taken(1) / 4, rel=0.1)


def test_without_numpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, acme: str) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    ended = run("serve", "-c", acme)
    assert (ended.returncode, ended.stderr) == (
        1,
        "harvest-duck: serve needs the extra 'serve': pip install 'harvest-duck[serve]'\n",
    )


def test_a_password_of_a_pipe_is_stored_as_what_proves_it(tmp_path: Path) -> None:
    file = tmp_path / "users.txt"
    for user, password in (("ann", b"first\n"), ("ann", b" second \r\n"), ('o"neill', b"third\n")):
        ended = run("serve", "--set-password", user, "--password-file", str(file), stdin=password)
        assert (ended.returncode, ended.stdout) == (0, "")
        assert ended.stderr.endswith(f"lets {user} in.\n")
    text = file.read_text("utf-8")
    assert len(text.splitlines()) == 2
    assert not re.search("first|second|third", text)
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {"ann", 'o"neill'} <= {user for user in ("ann", 'o"neill') if user in password_file.read(file)}
    known = password_file.read(file).verifier("ann")
    assert known == verifier(" second ", salt=Verifier.parse(known).salt)
    none = run("serve", "--set-password", "ann", "--password-file", str(file))
    assert (none.returncode, none.stderr) == (
        1,
        "harvest-duck: Password of ann: there is none, standard input is empty\n",
    )


@pytest.mark.parametrize("fault", ["port", "password file", "certificate", "log", "copy"])
def test_what_is_wrong_before_it_listens_is_one_line(fault: str, acme: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options, told = {
            "port": (("--port", f"{port}"), f"port {port} of 127.0.0.1: in use by another program"),
            "password file": (("--password-file", "missing"), "missing does not exist: make it with"),
            "certificate": (("--tls-cert", "no.crt", "--tls-key", "no.key"), "cannot be read: No such file"),
            "log": (("--log", "missing/log"), "the log missing/log cannot be written: No such file or directory"),
            "copy": (("--mirror", "no.duckdb"), "no.duckdb"),
        }[fault]
        (tmp_path / "no.duckdb").write_text("no copy of an account")
        ended = run("serve", "-c", acme, *(() if fault == "port" else ("--port", "0")), *options, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_token_that_is_refused_is_told_before_anybody_connects(connection: str, sandbox: Sandbox) -> None:
    wrong = re.sub("APIKey=[^;]*", "APIKey=wrong", connection)
    ended = run("serve", "--database", "acme", wrong, "--port", "0")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "401" in ended.stderr
    assert ended.stderr.count("\n") == 1


@contextmanager
def serving(*options: str) -> Iterator[tuple[str, int, subprocess.Popen[str]]]:
    """A server in a process of its own: its first lines, its port, and the process."""
    with start("serve", *options, "--port", "0") as process:
        try:
            assert process.stdout is not None
            told = "".join(iter(process.stdout.readline, "\n")) + "".join(iter(process.stdout.readline, "\n"))
            (port,) = re.findall(r"port (\d+)", told)
            yield told + "".join(process.stdout.readline() for _ in range(3)), int(port), process
        finally:
            process.kill()


@pytest.mark.usefixtures("required_run")
@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_it_says_how_to_connect_lets_in_who_knows_a_password_logs_and_ends_by_ctrl_c(
    acme: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    log, users, cert, key = (tmp_path / name for name in ("statements.log", "users.txt", "cert.pem", "key.pem"))
    password_file.set_password(users, "ann", "correct horse")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    key.write_bytes(issued.private_key_pem.bytes())
    cert.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    secured = ("--password-file", str(users), "--tls-cert", str(cert), "--tls-key", str(key), "--log", str(log))
    with serving("-c", acme, *secured) as (told, port, process):
        assert told.startswith(f"Harvest is served at 127.0.0.1, port {port}, as PostgreSQL is. Ctrl-C ends it.\n")
        assert re.search(rf"^  acme: .+ in account {MAIN_ID}, from memory, at most 10 min old$", told, re.MULTILINE)
        assert f"psql  postgresql://USER@127.0.0.1:{port}/acme?sslmode=require\n" in told
        assert asked(sandbox) == ["/users/me"]
        sandbox.clear_log()
        for columns in (VALUES, VALUES):
            for column in columns:
                with WireClient(port, "ann", "acme", password="correct horse", tls=trust) as client:
                    assert len(client.query(f"SELECT DISTINCT {column} FROM time_entries").rows) > 1
                    cache = client.query("SHOW harvest.cache").rows
        pages = -(-len(sandbox.records(MAIN_ID, "time_entries")) // 2000)
        assert len(asked(sandbox)) == pages
        assert [(*row[:3], row[7]) for row in cache] == [("time_entries", "memory", "t", f"{pages}")]
        with pytest.raises(WireError) as wrong:
            WireClient(port, "ann", "acme", password="wrong horse", tls=trust)
        assert wrong.value.sqlstate == "28P01"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err) == (0, "", "\n")
    logged = log.read_text("utf-8")
    assert re.search(rf" user=ann database=acme kind=SELECT rows=\d+ ms=[\d.]+ requests={pages}$", logged, re.MULTILINE)
    assert re.search(r" user=ann database=acme kind=refused address=127.0.0.1 sqlstate=28P01$", logged, re.MULTILINE)
    assert not re.search("time_entries|horse", logged)
