"""The sandboxes of the fault tests: two with the same records, one over TLS, and a clock that skips sleeps."""

from __future__ import annotations

import asyncio
import faulthandler
import tempfile
import threading
from concurrent.futures import Future
from contextlib import ExitStack
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import duckdb
import pytest
import trustme
from faults.oracle import Oracle
from support.loop_tasks import others

import harvest_duck
from harvest_duck.runtime import loop
from harvest_duck.sandbox import Sandbox
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from faults.oracle import Row
    from faults.scenarios import Scenario


T = TypeVar("T")

#: Seconds after which a scan counts as a hang.
BOUND_S = 60.0


class Hang(Exception):
    """A scan that did not end; the message has the stacks of all threads and tasks."""


class SkippingClock:
    """A clock that sleeping advances at once, separately for each task; each sleep calls `on_sleep`.

    If it were shared, a sleep of one task would advance the time of the tasks beside it.
    """

    def __init__(self, on_sleep: Callable[[], None]) -> None:
        self._on_sleep = on_sleep
        self._moment: ContextVar[float] = ContextVar("moment", default=0.0)

    def now(self) -> float:
        """Return the time that the sleeps of this task have reached."""
        return self._moment.get()

    async def sleep(self, seconds: float) -> None:
        """Advance the time of this task without waiting."""
        self._moment.set(self._moment.get() + seconds)
        self._on_sleep()
        await asyncio.sleep(0)


class Sandboxes:
    """The sandboxes, their rows, and connections to them."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        stack = self._stack
        authority, stranger = trustme.CA(), trustme.CA()
        self.trusted = stack.enter_context(authority.cert_pem.tempfile())
        tls, impostor = server_context(authority, "127.0.0.1"), server_context(stranger, "127.0.0.1")
        size: dict[str, Any] = {"scale": 0.05, "time_entries": 150, "limits": False}
        self.plain = stack.enter_context(Sandbox(**size))
        self.secure = stack.enter_context(Sandbox(**size, tls=tls, impostor=impostor))
        self.oracle = Oracle(self.plain)
        self._con = stack.enter_context(harvest_duck.connect(self.plain.connection_string()))
        self._con.execute("SET TimeZone = 'UTC'")
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(pool(), "clock", SkippingClock(self._reopen))
        self._waits = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def sandbox(self, scenario: Scenario) -> Sandbox:
        """Return the sandbox of a scenario."""
        return self.secure if scenario.tls else self.plain

    def connection(self, scenario: Scenario) -> str:
        """Return the connection string of a scenario, different from those of all others."""
        sandbox = self.sandbox(scenario)
        text = sandbox.connection_string()
        if scenario.oauth:
            refresh = sandbox.issue_tokens().refresh_token
            place = f"memory://seed-{scenario.seed}-{id(self)}"
            text = f"{sandbox.oauth_connection_string(initiate='REFRESH')};OAuthRefreshToken={refresh}"
            text += f";OAuthSettingsLocation={place}"
        if scenario.tls:
            text += f";SSLServerCert={self.trusted}"
        return (
            f"{text};RateLimit=off;ReportsRateLimit=off;Pagesize={scenario.page_size};Timeout={scenario.timeout_s};"
            f"MaxConnections={scenario.connections};UserAgent=seed {scenario.seed} (tests@harvest-duck.example)"
        )

    def rows(self, scenario: Scenario, connection: str) -> list[Row]:
        """Return the rows of a scan through the public API; raise the error behind an error of DuckDB."""
        if scenario.sql:
            return self._queried(scenario, connection)
        keep = None
        for condition in scenario.conditions:
            keep = condition.expression if keep is None else keep & condition.expression
        read = harvest_duck.scan(scenario.table.name, connection, columns=scenario.columns, filter=keep)
        found: list[Row] = read.read_all().to_pylist()
        return found

    def _queried(self, scenario: Scenario, connection: str) -> list[Row]:
        where = " AND ".join(condition.sql for condition in scenario.conditions) or "true"
        asked = f"SELECT {', '.join(scenario.columns)} FROM harvest_scan('{scenario.table.name}', ?) WHERE {where}"
        try:
            found = self._con.execute(asked, [connection]).fetchall()
        except duckdb.Error:
            error = harvest_duck.last_error(self._con)
            if error is None:
                raise
            raise error from None
        return [dict(zip(scenario.columns, row, strict=True)) for row in found]

    def _reopen(self) -> None:
        """Open closed ports at every second sleep, so that a client finds a port closed and then open."""
        self._waits += 1
        if self._waits % 2 == 0:
            self.plain.reopen()
            self.secure.reopen()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """Return the server-side TLS context with a certificate for these names."""
    import ssl  # noqa: PLC0415 - only this function needs it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def with_timeout(call: Callable[[], T]) -> T:
    """Return the result of a call in a thread of its own; raise `Hang` if it takes too long."""
    outcome = Future[T]()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised in the calling thread
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="a scan", daemon=True)
    thread.start()
    try:
        result = outcome.result(BOUND_S)
    except TimeoutError:
        if outcome.done():
            raise
        raise Hang(f"a hang: no end within {BOUND_S:g} s\n{_stacks()}") from None
    thread.join(1)
    return result


def _stacks() -> str:
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        threads = file.read()
    tasks = "\n".join(f"{task!r}" for task in asyncio.all_tasks(loop._loop()))
    return f"{threads}\n{tasks}"


def tasks_left() -> list[str]:
    """Return the tasks on the event loop that do not end within some seconds after a scan."""

    async def left() -> list[str]:
        running = others()
        if running:
            _, running = await asyncio.wait(running, timeout=5)
        return [repr(task) for task in running]

    return loop.run(left())


def close_clients() -> None:
    """Close the connections that are kept for the next query."""
    loop.run(pool().close())


def open_sockets() -> set[str] | None:
    """Return the sockets of this process; None if the system does not list them."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return None
    found = set()
    for link in folder.iterdir():
        try:
            found.add(str(link.readlink()))
        except OSError:
            continue
    return {name for name in found if name.startswith("socket:")}
