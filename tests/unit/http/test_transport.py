"""What waits in vain: tried again over another connection, and not held against a server if the process stood still."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from support.clocks import PATIENCE_S, Clock
from support.held import Held

from harvest_duck.auth import BoundUser
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.connection import resolve
from harvest_duck.errors import TransportError
from harvest_duck.http.connection_errors import no_answer
from harvest_duck.http.request_log import LoggedRequest
from harvest_duck.http.sessions import kept_alive
from harvest_duck.http.transport import Answer, Transport
from harvest_duck.protocol.request import Request
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.scanner.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web

    from harvest_duck.sandbox import Sandbox


class Ports:
    """The ports of the client from which requests came, in their order; holds those that `hold` says."""

    def __init__(self, hold: Callable[[int], bool]) -> None:
        self.seen: list[int] = []
        self._hold = hold
        self.held = Held("", 1)

    async def __call__(self, request: web.BaseRequest) -> None:
        """Note the port; return when the request may be answered."""
        assert request.transport is not None
        self.seen.append(request.transport.get_extra_info("peername")[1])
        if self._hold(len(self.seen)):
            await self.held(request)


@pytest.fixture
def listened(sandbox: Sandbox) -> Iterator[Callable[[Callable[[int], bool]], Ports]]:
    """Have the sandbox note ports, and hold what a function of the number of a request says."""
    ports: list[Ports] = []

    def listen(hold: Callable[[int], bool]) -> Ports:
        sandbox.on_request = ports_now = Ports(hold)
        ports.append(ports_now)
        return ports_now

    yield listen
    for each in ports:
        each.held.let_go()
    sandbox.on_request = None


def roles(sandbox: Sandbox) -> LoggedRequest:
    """A request for the roles of the first account."""
    request = Request("roles", f"{sandbox.base_url}/roles", (), Limit.GENERAL, Paging.CURSOR, account_id=MAIN_ID)
    return LoggedRequest(request)


def test_a_silent_connection_is_left_with_all_that_rest_and_the_request_comes_over_a_new_one(
    sandbox: Sandbox, listened: Callable[[Callable[[int], bool]], Ports]
) -> None:
    # Two at once, so that two connections rest; then one that is not answered.
    ports = listened(lambda number: number == 3)

    async def work() -> Answer | None:
        client = Client(resolve(f"{sandbox.connection_string()};Timeout=0.3"), Clock())
        try:
            await asyncio.gather(*(client.get(roles(sandbox), BoundUser()) for _ in range(2)))
            entry = roles(sandbox)
            answer = await client.get(entry, BoundUser())
            assert entry.retries == 1
            return answer
        finally:
            await client.close()

    answer = asyncio.run(work())
    assert answer is not None
    assert answer.status == 200
    first, second, silent, last = ports.seen
    assert silent in {first, second}
    assert last not in {first, second}


def test_what_is_under_way_beside_a_silent_request_comes_to_its_end(
    sandbox: Sandbox, listened: Callable[[Callable[[int], bool]], Ports]
) -> None:
    """Its session is closed by the last one and not before."""
    listened(lambda _number: True)

    async def work() -> list[bool]:
        transport = Transport(resolve(f"{sandbox.connection_string()};Timeout=0"))
        ended = asyncio.Event()

        async def keep(session: aiohttp.ClientSession) -> bool:
            await ended.wait()
            return session.closed

        async with transport._sessions.taken() as session:
            beside = asyncio.ensure_future(keep(session))
            async with transport._sessions.taken() as same:
                assert same is session
                transport._sessions.retire(same)
            async with transport._sessions.taken() as other:
                assert other is not session
            ended.set()
            within = await beside
        found = [within, session.closed, other.closed]
        await transport.close()
        return [*found, other.closed]

    assert asyncio.run(work()) == [False, True, False, True]


@pytest.mark.parametrize("timeout_s", [60, 300])
def test_a_process_that_stood_still_asks_again_at_once_and_as_often_as_before(
    timeout_s: int, sandbox: Sandbox, listened: Callable[[Callable[[int], bool]], Ports]
) -> None:
    """As after SIGSTOP, when all time limits are over at once, seven times."""
    stops = 7
    ports = listened(lambda number: number <= stops)

    async def work() -> tuple[Answer | None, list[float]]:
        loop, clock = asyncio.get_running_loop(), Clock()
        real, stood = loop.time, 0.0
        loop.time = lambda: real() + stood  # type: ignore[method-assign]
        client = Client(resolve(f"{sandbox.connection_string()};Timeout={timeout_s}"), clock)
        try:
            asked = asyncio.ensure_future(client.get(roles(sandbox), BoundUser()))
            for _ in range(stops):
                assert await asyncio.to_thread(ports.held.arrived.wait, PATIENCE_S)
                ports.held.arrived.clear()
                stood += 4 * timeout_s
            return await asked, clock.sleeps
        finally:
            await client.close()

    answer, sleeps = asyncio.run(work())
    assert answer is not None
    assert len(ports.seen) == len(sleeps) + 1 == stops + 1


def test_a_host_to_which_no_connection_comes_about_was_not_reached() -> None:
    connection = resolve("AccountId=1;APIKey=x;Timeout=60")
    url = f"{connection.base_url}/clients"
    error = no_answer("clients page 1", url, aiohttp.ConnectionTimeoutError("no"), connection)
    assert isinstance(error, TransportError)
    assert not error.reached
    where = "clients page 1: api.harvestapp.com:443"
    assert str(error).startswith(f"{where} cannot be reached (no connection within 15 s): check the network, BaseURL")
    assert no_answer("x", url, aiohttp.SocketTimeoutError("no"), connection).reached


def test_an_answer_that_is_on_its_way_for_too_long_is_not_called_none() -> None:
    connection = resolve("AccountId=1;APIKey=x;Timeout=60")
    url = f"{connection.base_url}/clients"
    advice = "try again, or raise Timeout"
    silent = no_answer("clients page 1", url, aiohttp.SocketTimeoutError("no"), connection)
    assert str(silent) == f"clients page 1: no answer from api.harvestapp.com:443 within 60 s: {advice}"
    slow = no_answer("clients page 1", url, TimeoutError(), connection)
    assert str(slow) == f"clients page 1: no whole answer from api.harvestapp.com:443 within 180 s: {advice}"


def test_the_system_asks_whether_a_silent_host_is_still_there() -> None:
    """With Timeout=0 nothing else does."""
    with kept_alive((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))) as made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
