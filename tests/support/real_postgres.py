"""A throw-away PostgreSQL 15, which the server that speaks its protocol is compared with.

What needs it runs where HARVEST_DUCK_REQUIRE_POSTGRES is set, as `.ci/postgres` sets it, and is skipped elsewhere: a
cluster takes a second of CPU in each process of the tests.
"""

from __future__ import annotations

import getpass
import importlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.clocks import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["REQUIRED", "USER", "RealPostgres", "client", "installed", "program", "real_postgres", "running"]

#: Whether what the tests of the PostgreSQL server run against has to be there; without it they are skipped.
REQUIRED = bool(os.environ.get("HARVEST_DUCK_REQUIRE_POSTGRES"))
#: The superuser of the cluster, who needs no password.
USER = "postgres"
#: Where Debian and PostgreSQL's own packages keep the programs of version 15.
_PLACES = ("/usr/lib/postgresql/15/bin", "/usr/pgsql-15/bin", "/opt/homebrew/opt/postgresql@15/bin")
#: It is thrown away, so that nothing of it has to survive a crash. It speaks English and UTC.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "16MB",
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "log_min_messages": "log",
    "logging_collector": "off",
}


@dataclass(frozen=True, slots=True)
class RealPostgres:
    """A cluster that runs: where it listens, by TCP and by a socket in `folder`."""

    port: int
    folder: Path
    host: str = "127.0.0.1"

    def dsn(self, database: str = "postgres") -> str:
        """Return the connection string of libpq for a database."""
        quoted = database.replace("\\", "\\\\").replace("'", "\\'")
        return f"host={self.host} port={self.port} user={USER} dbname='{quoted}'"

    def connect(self, database: str = "postgres", **options: Any) -> Any:
        """Return a connection of psycopg, each of whose statements is a transaction of its own."""
        return client("psycopg").connect(self.dsn(database), autocommit=True, **options)

    def psql(self, sql: str, database: str = "postgres", *options: str) -> str:
        """Return what psql prints for a statement: unaligned rows without a heading, or as `options` say."""
        command = [program("psql"), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", *(options or ("-At",)), self.dsn(database)]
        return subprocess.run(
            command, input=sql, capture_output=True, text=True, timeout=PATIENCE_S, check=True, encoding="utf-8"
        ).stdout

    def create(self, database: str) -> str:
        """Return the connection string of a new database, in place of one of that name."""
        self.psql(f'DROP DATABASE IF EXISTS "{database}";\nCREATE DATABASE "{database}" TEMPLATE template0;')
        return self.dsn(database)


@pytest.fixture(scope="session")
def real_postgres() -> Iterator[RealPostgres]:
    """A PostgreSQL 15 with nothing in it, for the tests of one process; each makes databases of its own."""
    with running() as cluster:
        yield cluster


@contextmanager
def running() -> Iterator[RealPostgres]:
    """A PostgreSQL 15 with nothing in it."""
    programs = _programs()
    # Not of pytest, whose folders only their owner may enter; and the name of a socket has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        identity = _identity(folder)
        _make(programs, folder / "data", identity)
        port = _free_port()
        with _started(programs, folder, port, identity):
            yield RealPostgres(port, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def client(module: str) -> Any:
    """Return a module of a client. Where it is not installed the test is skipped, or fails if it is required."""
    return importlib.import_module(module) if REQUIRED else pytest.importorskip(module)


def program(name: str) -> str:
    """Return the path of a program. Where it is not installed the test is skipped, or fails if it is required."""
    found = shutil.which(name)
    installed(name, present=found is not None)
    return str(found)


def installed(what: str, *, present: bool) -> None:
    """Skip the test that needs what is not installed, or fail if it is required."""
    if not present and REQUIRED:
        pytest.fail(f"{what} is required here and is not installed")
    if not present:
        pytest.skip(f"{what} is not installed")


def _programs() -> Path:
    """Return the directory of the programs of PostgreSQL 15."""
    if not REQUIRED:
        pytest.skip("a real PostgreSQL 15 is started where HARVEST_DUCK_REQUIRE_POSTGRES is set")
    found = next((Path(place) for place in _PLACES if Path(place, "initdb").exists()), None)
    installed("PostgreSQL 15", present=found is not None)
    return Path(str(found))


def _identity(folder: Path) -> dict[str, Any]:
    """Return the options of a process that may run PostgreSQL, which refuses root, and let it have the folder."""
    if os.geteuid() != 0:
        return {}
    person = pwd.getpwnam("nobody")
    os.chown(folder, person.pw_uid, person.pw_gid)
    return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}


def _make(programs: Path, data: Path, identity: dict[str, Any]) -> None:
    """Make an empty cluster, where everybody on this machine is trusted."""
    options = [
        "--no-sync",
        "--no-instructions",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        f"--username={USER}",
    ]
    made = subprocess.run(
        [programs / "initdb", "-D", data, *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd="/",
        **identity,
    )
    if made.returncode:
        pytest.fail(f"initdb failed as {identity or getpass.getuser()}: {made.stderr}")


def _free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _started(programs: Path, folder: Path, port: int, identity: dict[str, Any]) -> Iterator[None]:
    """Run the server of a cluster within the context; it takes connections when the context begins."""
    settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
    command = [programs / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port), *settings]
    log = folder / "log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            cwd="/",
            start_new_session=True,
            **identity,
        )
    try:
        _wait(programs, port, server, log)
        yield
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: without a checkpoint, and without waiting for sessions
        server.wait(PATIENCE_S)


def _wait(programs: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server takes connections, which pg_isready asks for."""
    ask = [programs / "pg_isready", "-q", "-t", "1", "-h", "127.0.0.1", "-p", str(port)]
    while server.poll() is None:
        if subprocess.run(ask, check=False, timeout=PATIENCE_S).returncode == 0:
            return
    reason = re.sub(r"\s+", " ", log.read_text("utf-8", "replace"))
    pytest.fail(f"PostgreSQL ended with status {server.returncode}: {reason}")
