"""Whatever ends a statement ends its requests: a cancel request, a time limit, a client that is gone, the server."""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.wire_client import WireClient, WireError, fields_of, text

from harvest_duck.servers.postgres.server import PostgresServer
from harvest_duck.servers.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.held import Held
    from support.serving import Serving

    from harvest_duck.sandbox import Sandbox

SUM = "SELECT sum(hours) FROM harvest.time_entries"
STREAMED = "SELECT t.*, repeat('x', 10000) FROM harvest.time_entries t"
ENDLESS = "SELECT sum(sqrt(a.range)) FROM range(1000000000000) a"
SSL_REQUEST = 1234 << 16 | 5679
BY_USER = "canceling statement due to user request"
BY_TIME = "canceling statement due to statement timeout"


def waits(client: WireClient, holding: Held, sql: str = SUM) -> None:
    """Let a client run a statement, and return when it waits for Harvest."""
    client.send("Q", text(sql))
    assert holding.arrived.wait(PATIENCE_S)


def ended(client: WireClient) -> tuple[str, str]:
    """The SQLSTATE and the message of the statement that a client runs."""
    error = client.until_ready(refuse=False).error
    assert error is not None
    return error.sqlstate, error.message


def test_a_cancel_request_ends_the_statement_and_its_requests(served: Serving) -> None:
    client = served.connect()
    with held(served.sandbox) as holding:
        waits(client, holding)
        client.cancel()
        assert ended(client) == ("57014", BY_USER)
        assert holding.all_gone()
    assert client.query("SELECT count(*) FROM harvest.clients").tags == ["SELECT 1"]


@pytest.mark.usefixtures("required_run")
def test_a_statement_that_asks_nothing_is_cancelled_too(served: Serving) -> None:
    client = served.connect()
    client.send("Q", text(ENDLESS))
    while not select.select([client.socket], [], [], 0)[0]:
        client.cancel()
    assert ended(client) == ("57014", BY_USER)
    assert client.query("SELECT 1").rows == [("1",)]


def test_a_cancel_request_needs_the_key_and_a_statement(served: Serving) -> None:
    client, other = served.connect(), served.connect()
    client.cancel()
    with held(served.sandbox) as holding:
        waits(client, holding)
        client.key, key = bytes(4), client.key
        client.cancel()
        other.cancel()
        assert other.query("SELECT 1").rows == [("1",)]
        client.key = key
        assert holding.under_way
        client.cancel()
        assert ended(client) == ("57014", BY_USER)


@pytest.mark.usefixtures("required_run")
def test_cancelling_one_statement_leaves_the_open_cursors_of_a_session(served: Serving) -> None:
    client = served.connect()
    client.query("BEGIN; DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM harvest.time_entries ORDER BY id; COMMIT")
    first = client.query("FETCH 3 FROM kept").rows
    with held(served.sandbox) as holding:
        waits(client, holding)
        client.cancel()
        assert ended(client) == ("57014", BY_USER)
    rest = client.query("FETCH ALL FROM kept").rows
    assert len(first) + len(rest) == len(served.sandbox.records(served.account, "time_entries"))


@pytest.mark.parametrize(
    ("begin", "sql"),
    [
        ("SET statement_timeout = 100", SUM),
        ("BEGIN; SET LOCAL statement_timeout = '0.1s'", SUM),
        ("SET statement_timeout = 100", ENDLESS),
    ],
)
def test_a_time_limit_ends_the_statement_and_its_requests(served: Serving, begin: str, sql: str) -> None:
    client = served.connect()
    client.query(begin)
    with held(served.sandbox) as holding:
        client.send("Q", text(sql))
        assert ended(client) == ("57014", BY_TIME)
        # On a busy machine the time may be over before the first request is sent.
        assert not holding.arrived.is_set() or holding.all_gone()
    client.query("ROLLBACK")
    client.query("SET statement_timeout = 0")
    assert client.query("SELECT 1").rows == [("1",)]


@pytest.mark.parametrize(
    ("begin", "sqlstate"),
    [
        ("SET idle_session_timeout = 1", "57P05"),
        ("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 1", "25P03"),
    ],
)
def test_a_client_that_says_nothing_for_long_is_sent_away(served: Serving, begin: str, sqlstate: str) -> None:
    client = served.connect()
    client.send("Q", text(begin))
    error = client.until_ready(refuse=False).error
    while error is None:
        message = client.read_message()
        error = WireError(fields_of(message.body)) if message.kind == "E" else None
    assert (error.sqlstate, error.fields["S"]) == (sqlstate, "FATAL")
    assert client.at_end()


@pytest.mark.parametrize(
    ("leave", "sql"),
    [(WireClient.vanish, SUM), (lambda client: client.socket.shutdown(socket.SHUT_RDWR), STREAMED)],
)
def test_a_client_that_is_gone_ends_its_requests(
    served: Serving, leave: Callable[[WireClient], None], sql: str
) -> None:
    client = served.connect()
    with held(served.sandbox, page=3) as holding:
        waits(client, holding, sql)
        leave(client)
        assert holding.all_gone()


@pytest.mark.usefixtures("required_run")
@pytest.mark.skipif(duckdb.__version__.startswith("1."), reason="DuckDB 1 hands over 1,000 rows at once")
def test_a_client_that_does_not_read_stops_its_requests(served: Serving) -> None:
    client = served.connect()
    client.send("Q", text("SELECT repeat('x', 100000 + id % 2) FROM harvest.time_entries"))
    assert select.select([client.socket], [], [], PATIENCE_S)[0]
    pages = len(served.sandbox.records(served.account, "time_entries")) // 50
    assert served.connect().query("SELECT count(*) FROM harvest.users").tags == ["SELECT 1"]
    assert 0 < served.requests("/time_entries") < pages
    client.cancel()
    assert ended(client) == ("57014", BY_USER)


@pytest.mark.usefixtures("required_run")
def test_the_end_of_the_server_ends_its_sessions(sandbox: Sandbox, connection: str) -> None:
    threads = set(threading.enumerate())
    left: list[str] = []
    own = PostgresServer([Served("own", connection)], port=0, leave=lambda: left.append("left"))
    with held(sandbox) as holding, own as server:
        clients = [WireClient(server.port, database="own") for _ in range(3)]
        waits(clients[0], holding)
        clients[1].query("BEGIN")
        server.__exit__()
        for client in clients:
            messages = iter(client.read_message, None)
            message = next(each for each in messages if each.kind != "T")
            assert (message.kind, b"C57P01\0" in message.body, b"SFATAL\0" in message.body) == ("E", True, True)
            assert client.at_end()
            client.close()
        assert holding.all_gone()
        begun = [each for each in threading.enumerate() if each not in threads]
        for thread in begun:
            # It waits until DuckDB 1 has closed all connections, and ends by itself.
            if thread.name == "harvest-duck keeper":
                thread.join(PATIENCE_S)
        assert {each.name for each in begun if each.is_alive()} <= {"harvest-duck requests"}
        assert not left


def test_a_client_that_comes_while_the_server_ends_does_not_keep_it(connection: str) -> None:
    left: list[str] = []
    own = PostgresServer([Served("own", connection)], port=0, leave=lambda: left.append("left"))
    open_gate = threading.Event()
    with own as server, closing(WireClient(server.port, user=None)) as early:
        early.send_raw(struct.pack(">ii", 8, SSL_REQUEST))
        assert early.read_exactly(1) == b"N"
        # The loop stands still until the port has a client, and hears of the end between that and its first words.
        loop = server._loop
        loop.call_soon_threadsafe(open_gate.wait, PATIENCE_S)
        with closing(WireClient(server.port, user=None)) as late:
            loop.call_soon_threadsafe(loop.call_soon, server._over.set)
            open_gate.set()
            server._thread.join(PATIENCE_S)
            assert (left, late.at_end()) == ([], True)


@pytest.mark.usefixtures("required_run")
def test_a_server_is_left_when_a_statement_goes_on(
    sandbox: Sandbox, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No time at all, in place of a function that DuckDB cannot interrupt.
    monkeypatch.setattr("harvest_duck.servers.postgres.server._END_S", 0)
    left = threading.Event()
    own = PostgresServer([Served("own", connection)], port=0, leave=left.set)
    with held(sandbox) as holding, own as server, closing(WireClient(server.port, database="own")) as client:
        waits(client, holding)
        server.__exit__()
        assert left.is_set()
        assert holding.all_gone()
