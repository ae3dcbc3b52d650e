"""How requests are sent: what every one carries, how faults and limits are waited out, what is kept open."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from harvest_duck.client import Client
from harvest_duck.connection import resolve
from harvest_duck.errors import RateLimited, ServerError, TransportError
from harvest_duck.protocol import Request
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.table import Limit, Paging
from harvest_duck.transport import ATTEMPTS

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


class Clock:
    """A clock that is wherever the last sleep took it, and remembers the sleeps."""

    def __init__(self) -> None:
        self.moment = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        """The moment that the sleeps have reached."""
        return self.moment

    async def sleep(self, seconds: float) -> None:
        """Be there at once."""
        self.sleeps.append(seconds)
        self.moment += seconds
        await asyncio.sleep(0)


def clients_page(sandbox: Sandbox, limit: Limit = Limit.GENERAL) -> Request:
    """The first page of the clients."""
    return Request("clients", f"{sandbox.base_url}/clients", (("per_page", "5"),), limit, Paging.CURSOR)


def get(connection: str, *requests: Request, clock: Clock | None = None) -> list[bytes | BaseException | None]:
    """The answers to requests that are sent together by a client of their own."""

    async def sent() -> list[bytes | BaseException | None]:
        client = Client(resolve(connection), clock or Clock())
        try:
            return await asyncio.gather(*(client.get(request) for request in requests), return_exceptions=True)
        finally:
            await client.close()

    return asyncio.run(sent())


def test_a_request_carries_the_three_headers_and_custom_ones(sandbox: Sandbox) -> None:
    connection = (
        f"{sandbox.connection_string()};RateLimit=off;UserAgent=tests (me@example.com);CustomHeaders='X-Team: a'"
    )
    (body,) = get(connection, clients_page(sandbox))
    assert isinstance(body, bytes)
    (request,) = sandbox.requests
    assert request.user_agent == "tests (me@example.com)"
    assert request.headers["X-Team"] == "a"
    assert request.has_token
    assert request.account_id == str(MAIN_ID)


def test_a_429_is_waited_out_as_long_as_it_asks(sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", status=429, headers={"Retry-After": "7"}, body=b"{}", times=1)
    clock = Clock()
    (body,) = get(sandbox.connection_string(), clients_page(sandbox), clock=clock)
    assert isinstance(body, bytes)
    assert sum(clock.sleeps) >= 7
    assert [request.status for request in sandbox.requests] == [429, 200]


def test_a_broken_server_is_tried_within_a_bound(sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", status=500, body=b"", times=100)
    clock = Clock()
    (error,) = get(sandbox.connection_string(), clients_page(sandbox), clock=clock)
    sandbox.clear_responses()
    assert isinstance(error, ServerError)
    assert len(sandbox.requests) == ATTEMPTS
    assert sum(clock.sleeps) <= 30


def test_a_429_without_advice_is_tried_later_and_then_told(sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", status=429, body=b"", times=ATTEMPTS)
    clock = Clock()
    (error,) = get(sandbox.connection_string(), clients_page(sandbox), clock=clock)
    assert isinstance(error, RateLimited)
    assert len(clock.sleeps) >= ATTEMPTS - 1


def test_requests_wait_for_the_window(sandbox: Sandbox) -> None:
    clock = Clock()
    answers = get(f"{sandbox.connection_string()};RateLimit=4/10", *[clients_page(sandbox)] * 10, clock=clock)
    assert all(isinstance(answer, bytes) for answer in answers)
    assert clock.moment >= 20, "ten requests by four in ten seconds take two whole windows"


def test_reports_have_a_window_of_their_own(sandbox: Sandbox) -> None:
    clock = Clock()
    requests = [clients_page(sandbox), clients_page(sandbox, Limit.REPORTS)]
    get(f"{sandbox.connection_string()};RateLimit=1/10;ReportsRateLimit=1/900", *requests, clock=clock)
    assert clock.moment == 0


def test_a_status_that_means_no_rows_is_no_error(sandbox: Sandbox) -> None:
    url = f"{sandbox.base_url}/invoices/1/payments"
    request = Request("invoice_payments", url, (), Limit.GENERAL, Paging.CURSOR, absent_on=frozenset({404}))
    assert get(sandbox.connection_string(), request) == [None]


def test_a_proxy_that_is_not_there_is_named(sandbox: Sandbox) -> None:
    connection = "AccountId=1;APIKey=x;ProxyServer=127.0.0.1;ProxyPort=9"
    request = Request("clients", "https://api.harvestapp.com/v2/clients", (), Limit.GENERAL, Paging.CURSOR)
    (error,) = get(connection, request)
    assert isinstance(error, TransportError)
    assert "Proxy" in str(error)


def test_what_a_proxy_refuses_is_told_without_its_password() -> None:
    """And once: asking again does not help."""

    async def refused(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def ask() -> BaseException | None:
        async with await asyncio.start_server(refused, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            client = Client(
                resolve(
                    f"AccountId=1;APIKey=x;ProxyServer=127.0.0.1;ProxyPort={port};ProxyUser=u;ProxyPassword=hunter-of-ducks"
                ),
                Clock(),
            )
            request = Request("clients", "https://api.harvestapp.com/v2/clients", (), Limit.GENERAL, Paging.CURSOR)
            try:
                await client.get(request)
            except TransportError as error:
                return error
            finally:
                await client.close()
        return None

    asked: list[bytes] = []
    error = asyncio.run(ask())
    assert str(error) == ("clients page 1: the proxy answered 407: check ProxyServer, ProxyUser and ProxyPassword")
    assert error is not None
    assert error.__cause__ is None
    assert len(asked) == 1


@pytest.mark.parametrize("window", ["off", "100/15"])
def test_the_answer_is_the_body(window: str, sandbox: Sandbox) -> None:
    (body,) = get(f"{sandbox.connection_string()};RateLimit={window}", clients_page(sandbox))
    assert isinstance(body, bytes)
    assert body.startswith(b"{")
