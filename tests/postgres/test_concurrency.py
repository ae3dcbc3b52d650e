"""Many sessions: each gets its own answers, and none leaves anything behind."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S
from support.real_postgres import REQUIRED
from support.run_size import share
from support.session_ends import SessionEnds
from support.wire_client import WireClient, WireError

from harvest_duck.engine.session import sessions
from harvest_duck.servers.postgres.session import registry
from harvest_duck.servers.postgres.statement_log import StatementLog

if TYPE_CHECKING:
    from support.serving import Serving

SESSIONS = 20


@pytest.fixture
def ends(served: Serving, monkeypatch: pytest.MonkeyPatch) -> SessionEnds:
    """Where the server tells of the end of sessions."""
    for thread in of_sessions():
        thread.join(PATIENCE_S)
    stream = SessionEnds()
    monkeypatch.setattr(served.server.registry, "log", StatementLog(stream))
    return stream


def of_sessions() -> list[threading.Thread]:
    """The threads of sessions."""
    return [each for each in threading.enumerate() if each.name.startswith("harvest-duck session")]


@pytest.mark.usefixtures("required_run")
def test_twenty_sessions_at_once_get_their_own_answers(served: Serving) -> None:
    clients = [served.connect(application_name=f"client {number}") for number in range(SESSIONS)]
    records = served.sandbox.records(served.account, "projects")
    together = threading.Barrier(SESSIONS)

    def asked(number: int) -> bool:
        together.wait(PATIENCE_S)
        project = records[number % len(records)]
        sql = f"SELECT name, current_setting('application_name') FROM harvest.projects WHERE id = {project['id']}"
        return clients[number].query(sql).rows == [(project["name"], f"client {number}")]

    with ThreadPoolExecutor(SESSIONS) as pool:
        assert all(pool.map(asked, range(SESSIONS)))
    assert served.server.registry.open_sessions >= SESSIONS


def test_sessions_leave_nothing_behind(served: Serving, ends: SessionEnds) -> None:
    assert served.server.registry.open_sessions == 0
    gc.collect()
    before = len(sessions)
    number = share(1000) if REQUIRED else 6
    for turn in range(number):
        client = WireClient(served.port)
        client.query("BEGIN; DECLARE c CURSOR FOR SELECT id FROM harvest.clients; FETCH 1 FROM c")
        leave = client.vanish if turn % 2 else client.close
        leave()
    assert ends.wait_for(number)
    for thread in of_sessions():
        thread.join(PATIENCE_S)
    assert served.server.registry.open_sessions == 0
    assert not of_sessions()
    gc.collect()
    # Python keeps some that were used last.
    assert len(sessions) < before + 20
    # Of two cursors of a session one sends a request, the other none.
    assert served.requests("/clients") == number


def test_there_are_not_more_sessions_than_there_may_be(served: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    client = served.connect()
    monkeypatch.setattr(registry, "MOST_SESSIONS", served.server.registry.open_sessions)
    with pytest.raises(WireError) as caught:
        served.connect()
    assert (caught.value.sqlstate, caught.value.fields["S"]) == ("53300", "FATAL")
    assert client.query("SELECT 1").rows == [("1",)]
    client.cancel()


def test_the_log_tells_what_ran_and_never_what_it_said(served: Serving, ends: SessionEnds) -> None:
    with pytest.raises(WireError):
        served.connect(database="secret place")
    client = served.connect()
    client.query("SELECT id, 'secret' FROM harvest.clients")
    client.run("SELECT count(*) FROM harvest.clients WHERE name = $1", ["secret"])
    with pytest.raises(WireError):
        client.query("SELECT secret")
    client.query("BEGIN; SET application_name = 'secret'; COMMIT")
    client.close()
    assert ends.wait_for(1)
    lines = [line.split(" ", 1)[1] for line in ends.getvalue().splitlines()]
    rows = len(served.sandbox.records(served.account, "clients"))
    begins = f"session={client.process} user=tester database=sandbox kind="
    told = [line.removeprefix(begins).split(" ms=")[0] for line in lines[1:]]
    assert lines[0].endswith("kind=refused address=127.0.0.1 sqlstate=3D000")
    assert told == [
        "connected address=127.0.0.1",
        f"SELECT rows={rows}",
        "SELECT rows=1",
        "SELECT rows=0",
        "BEGIN rows=0",
        "SET rows=0",
        "COMMIT rows=0",
        "disconnected",
    ]
    assert [line.rpartition("requests=")[2] for line in lines[2:5]] == ["1", "1", "0 sqlstate=42703"]
    assert "secret" not in "".join(lines[1:])
