"""How requests are sent: what every one carries, how faults and limits are waited out, what is told of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.clocks import Clock

from harvest_duck.auth import BoundUser
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.connection import resolve
from harvest_duck.errors import HarvestDuckError, RateLimited, ResponseError, ServerError, TransportError
from harvest_duck.http.request_log import LoggedRequest, RequestLog
from harvest_duck.http.retry import ATTEMPTS
from harvest_duck.http.transport import Answer
from harvest_duck.protocol.request import Request, accounts_request
from harvest_duck.protocol.response import served_at
from harvest_duck.sandbox import EURO_ID, MAIN_ID
from harvest_duck.scanner.client import Client

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


def clients_page(sandbox: Sandbox, limit: Limit = Limit.GENERAL) -> Request:
    """The first page of the clients of the first account."""
    url = f"{sandbox.base_url}/clients"
    return Request("clients", url, (("per_page", "5"),), limit, Paging.CURSOR, account_id=MAIN_ID)


def payments_of_no_invoice(sandbox: Sandbox, account_id: int = MAIN_ID) -> Request:
    """A request to which 404 means that there are no rows."""
    url, none = f"{sandbox.base_url}/invoices/1/payments", frozenset({404})
    return Request("invoice_payments", url, (), Limit.GENERAL, Paging.CURSOR, absent_on=none, account_id=account_id)


def get(connection: str, *requests: Request, clock: Clock | None = None) -> list[Answer | BaseException | None]:
    """The answers to requests that are sent together by a client of their own."""

    async def sent() -> list[Answer | BaseException | None]:
        client = Client(resolve(connection), clock or Clock())
        try:
            return await asyncio.gather(
                *(client.get(LoggedRequest(each), BoundUser()) for each in requests), return_exceptions=True
            )
        finally:
            await client.close()

    return asyncio.run(sent())


def told(
    connection: str, *entries: LoggedRequest, clock: Clock | None = None
) -> list[Answer | HarvestDuckError | None]:
    """The answers to the requests of some entries, sent one after the other by a client that tells the entries."""

    async def sent() -> list[Answer | HarvestDuckError | None]:
        client = Client(resolve(connection), clock or Clock())
        found: list[Answer | HarvestDuckError | None] = []
        try:
            for entry in entries:
                try:
                    found.append(await client.get(entry, BoundUser()))
                except HarvestDuckError as error:
                    found.append(error)
        finally:
            await client.close()
        return found

    return asyncio.run(sent())


def test_a_request_carries_the_three_headers_and_custom_ones(sandbox: Sandbox) -> None:
    connection = (
        f"{sandbox.connection_string()};RateLimit=off;UserAgent=tests (me@example.com);CustomHeaders='X-Team: a'"
    )
    (answer,) = get(connection, clients_page(sandbox))
    assert isinstance(answer, Answer)
    (request,) = sandbox.requests
    assert request.user_agent == "tests (me@example.com)"
    assert request.headers["X-Team"] == "a"
    assert request.has_token
    assert request.account_id == str(MAIN_ID)


def test_the_account_is_that_of_the_request_and_not_of_the_connection(sandbox: Sandbox) -> None:
    connection = sandbox.connection_string(account_id=MAIN_ID)
    first = clients_page(sandbox)
    requests = [first, replace(first, account_id=EURO_ID), replace(first, account_id=None)]
    answers = told(connection, *map(LoggedRequest, requests))
    assert [request.account_id for request in sandbox.requests] == [str(MAIN_ID), str(EURO_ID), None]
    mine, other, nobodys = answers
    assert isinstance(mine, Answer)
    assert isinstance(other, Answer)
    assert mine.body != other.body
    assert isinstance(nobodys, ResponseError)


def test_a_429_is_waited_out_as_long_as_it_asks(sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", status=429, headers={"Retry-After": "7"}, body=b"{}", times=1)
    clock = Clock()
    (answer,) = get(sandbox.connection_string(), clients_page(sandbox), clock=clock)
    assert isinstance(answer, Answer)
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
    assert all(isinstance(answer, Answer) for answer in answers)
    assert clock.moment >= 20, "ten requests by four in ten seconds take two whole windows"


def test_reports_have_a_window_of_their_own(sandbox: Sandbox) -> None:
    clock = Clock()
    requests = [clients_page(sandbox), clients_page(sandbox, Limit.REPORTS)]
    get(f"{sandbox.connection_string()};RateLimit=1/10;ReportsRateLimit=1/900", *requests, clock=clock)
    assert clock.moment == 0


def test_a_status_that_means_no_rows_is_no_error(sandbox: Sandbox) -> None:
    assert get(sandbox.connection_string(), payments_of_no_invoice(sandbox)) == [None]


def test_a_404_means_no_rows_once_the_account_itself_has_answered(sandbox: Sandbox) -> None:
    """Each account for itself, and only once."""
    requests = [payments_of_no_invoice(sandbox, account) for account in (MAIN_ID, EURO_ID, MAIN_ID)]
    assert told(sandbox.connection_string(), *map(LoggedRequest, requests)) == [None, None, None]
    assert [(request.path.rpartition("/")[2], request.account_id) for request in sandbox.requests] == [
        ("payments", str(MAIN_ID)),
        ("me", str(MAIN_ID)),
        ("payments", str(EURO_ID)),
        ("me", str(EURO_ID)),
        ("payments", str(MAIN_ID)),
    ]


def test_a_404_of_an_account_that_does_not_answer_is_an_error(sandbox: Sandbox) -> None:
    """Although another account of the same connection does."""
    url = "/v2/invoices/1/payments"
    sandbox.respond_next(url, status=404, body=b"{}", times=2)
    stranger = payments_of_no_invoice(sandbox, account_id=1)
    first, second = told(
        sandbox.connection_string(), LoggedRequest(payments_of_no_invoice(sandbox)), LoggedRequest(stranger)
    )
    assert first is None
    assert isinstance(second, ResponseError)
    assert second.status == 404


def test_an_entry_is_told_what_became_of_its_request(sandbox: Sandbox) -> None:
    entry = LoggedRequest(clients_page(sandbox))
    (answer,) = told(sandbox.connection_string(), entry)
    assert isinstance(answer, Answer)
    assert entry.sent_at is not None
    assert (entry.status, entry.size, entry.elapsed_ms) == (200, len(answer.body), 0)
    assert (entry.retries, entry.waited_s, entry.records) == (0, 0, None)


def test_an_entry_is_told_the_last_try_and_how_many_there_were(sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", status=503, body=b"{}", times=2)
    again, broken = LoggedRequest(clients_page(sandbox)), LoggedRequest(clients_page(sandbox))
    (answer,) = told(sandbox.connection_string(), again)
    assert isinstance(answer, Answer)
    assert (again.status, again.size, again.retries) == (200, len(answer.body), 2)
    sandbox.respond_next("/v2/clients", status=500, body=b"oops", times=ATTEMPTS)
    (error,) = told(sandbox.connection_string(), broken)
    assert isinstance(error, ServerError)
    assert (broken.status, broken.size, broken.retries) == (500, 4, ATTEMPTS - 1)


def test_an_entry_is_told_how_long_its_request_waited_for_the_limit(sandbox: Sandbox) -> None:
    clock = Clock()
    entries = [LoggedRequest(clients_page(sandbox)) for _ in range(3)]
    told(f"{sandbox.connection_string()};RateLimit=1/10", *entries, clock=clock)
    assert entries[0].waited_s == 0
    assert sum(entry.waited_s for entry in entries) == clock.moment >= 20
    assert all(entry.elapsed_ms == 0 for entry in entries), "the wait is no part of the time that the answer took"


def test_an_entry_of_a_request_without_an_answer_has_no_status(sandbox: Sandbox) -> None:
    entry = LoggedRequest(replace(clients_page(sandbox), url="https://api.harvestapp.com/v2/clients"))
    (error,) = told("AccountId=1;APIKey=x;ProxyServer=127.0.0.1;ProxyPort=9", entry)
    assert isinstance(error, TransportError)
    assert entry.sent_at is not None
    assert (entry.status, entry.size, entry.elapsed_ms, entry.retries) == (None, None, None, ATTEMPTS - 1)


def test_the_question_who_one_is_has_an_entry_of_its_own(sandbox: Sandbox) -> None:
    request_log = RequestLog()
    entry = request_log.add(payments_of_no_invoice(sandbox), request_log.next_scan())
    assert told(sandbox.connection_string(), entry) == [None]
    shown = [(each.request.path_and_query, each.scan, each.status) for each in request_log.entries]
    assert shown == [("/v2/invoices/1/payments", 1, 404), ("/v2/users/me", 1, 200)]


def test_the_token_tells_which_accounts_it_reaches(sandbox: Sandbox) -> None:
    async def asked() -> list[int]:
        client = Client(resolve(sandbox.connection_string()), Clock())
        try:
            return [account.id for account in await client.accounts(entry, BoundUser())]
        finally:
            await client.close()

    entry = LoggedRequest(accounts_request(sandbox.id_url))
    assert sorted(asyncio.run(asked())) == sorted([MAIN_ID, EURO_ID])
    assert (entry.status, entry.retries, entry.waited_s) == (200, 0, 0)
    assert entry.size
    assert entry.sent_at


def test_an_entry_tells_the_truth_of_accounts_that_are_refused(sandbox: Sandbox) -> None:
    async def asked() -> None:
        client = Client(resolve(sandbox.connection_string()), Clock())
        try:
            with pytest.raises(ResponseError, match="accounts"):
                await client.accounts(entry, BoundUser())
        finally:
            await client.close()

    entry = LoggedRequest(accounts_request(sandbox.id_url))
    sandbox.respond_next("/api/v2/accounts", status=403, body=b"{}")
    asyncio.run(asked())
    assert (entry.status, entry.size) == (403, 2)


def test_a_proxy_that_is_not_there_is_named(sandbox: Sandbox) -> None:
    connection = "AccountId=1;APIKey=x;ProxyServer=127.0.0.1;ProxyPort=9"
    request = Request("clients", "https://api.harvestapp.com/v2/clients", (), Limit.GENERAL, Paging.CURSOR)
    (error,) = get(connection, request)
    assert isinstance(error, TransportError)
    assert str(error) == (
        "clients page 1: the proxy 127.0.0.1:9 cannot be reached (Connection refused): check ProxyServer and ProxyPort"
    )


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
                await client.get(LoggedRequest(request), BoundUser())
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
def test_the_answer_has_the_body_the_headers_and_the_status(window: str, sandbox: Sandbox) -> None:
    (answer,) = get(f"{sandbox.connection_string()};RateLimit={window}", clients_page(sandbox))
    assert isinstance(answer, Answer)
    assert answer.status == 200
    assert answer.body.startswith(b"{")
    assert served_at(answer.headers) is not None
