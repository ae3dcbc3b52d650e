"""Tokens that expire: refreshed when due and when refused, once for everybody, and without a row lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clocks import PATIENCE_S
from support.run_size import share
from support.sign_in import aged, kept, signed_in, token_requests

import harvest_duck
from harvest_duck.auth import BoundUser, sessions
from harvest_duck.auth.stored_credential import StoredCredential
from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.connection import resolve
from harvest_duck.errors import CredentialsError, LoginFailed, LoginRequired, RateLimited, ServerError, Unauthorized
from harvest_duck.http.request_log import LoggedRequest
from harvest_duck.protocol.request import Request
from harvest_duck.runtime import loop
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from aiohttp import web

    from harvest_duck.sandbox.identity.authority import IssuedTokens


@pytest.fixture
def refreshing(connection: str, tmp_path: Path) -> str:
    """A connection that uses and refreshes what is kept in a file of the test's own, and asks nobody."""
    location = f";OAuthSettingsLocation={tmp_path / 'oauth.json'}"
    return connection.replace("GETANDREFRESH", "REFRESH") + location


@pytest.fixture
def store(tmp_path: Path, refreshing: str) -> Path:
    """The file that `refreshing` keeps its sign-in in; a person has signed in."""
    signed_in(refreshing)
    return tmp_path / "oauth.json"


#: Processes that start at once.
PROCESSES = max(2, share(20))


def rows(connection: str, table: str = "clients") -> int:
    """The rows of a table."""
    return harvest_duck.scan(table, connection, columns=["id"]).read_all().num_rows


def hold_refresh(harvest: Sandbox) -> tuple[threading.Event, threading.Event]:
    """Set when a refresh has come, which is answered when the second one is set."""
    held, go_on = threading.Event(), threading.Event()

    async def hold(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path == "/api/v2/oauth2/token":
            held.set()
            await asyncio.to_thread(go_on.wait, 30)
        return None

    harvest.on_request = hold
    return held, go_on


def with_given(connection: str, issued: IssuedTokens, *names: str, **others: object) -> str:
    """The connection with tokens from elsewhere."""
    given = {"OAuthAccessToken": issued.access_token, "OAuthRefreshToken": issued.refresh_token}
    pairs = [f"{name}={given[name]}" for name in names] + [f"{name}={value}" for name, value in others.items()]
    return ";".join([connection, *pairs])


@pytest.mark.parametrize("rotate", [True, False])
def test_a_token_is_refreshed_before_it_expires(rotate: bool, tmp_path: Path) -> None:
    """By the clock of the client, a minute early, so that Harvest never has to refuse one."""
    moment = 5_000_000.0
    with Sandbox(scale=0.1, limits=False, clock=lambda: moment, rotate_refresh_tokens=rotate) as harvest:
        issued = harvest.issue_tokens()
        text = harvest.oauth_connection_string(initiate="REFRESH")
        text = with_given(
            f"{text};RateLimit=off;OAuthSettingsLocation={tmp_path / 'oauth.json'}",
            issued,
            "OAuthAccessToken",
            "OAuthRefreshToken",
            OAuthExpiresIn=1209600,
            OAuthTokenTimestamp=int(moment * 1000),
        )
        url = f"{harvest.base_url}/clients"
        request = Request("clients", url, (), Limit.GENERAL, Paging.CURSOR, account_id=MAIN_ID)

        async def ask_for_a_month() -> list[float]:
            nonlocal moment
            began, refreshed = moment, []
            client = Client(resolve(text), credential=StoredCredential(resolve(text), now=lambda: moment))
            try:
                for _ in range(31 * 24):
                    before = len(token_requests(harvest))
                    assert await client.get(LoggedRequest(request), BoundUser()) is not None
                    if len(token_requests(harvest)) > before:
                        refreshed.append((moment - began) / 86_400)
                    moment += 3600
            finally:
                await client.close()
            return refreshed

        refreshed = asyncio.run(ask_for_a_month())
        assert 401 not in [each.status for each in harvest.requests]
    assert refreshed == pytest.approx([14, 28], abs=0.1)


def test_a_refused_token_is_refreshed_once_for_all_requests_under_way(
    harvest: Sandbox, refreshing: str, store: Path
) -> None:
    harvest.expire_access_tokens()
    harvest.clear_log()
    assert rows(f"{refreshing};Pagesize=20", "time_entries") == len(harvest.records(MAIN_ID, "time_entries"))
    assert token_requests(harvest) == ["refresh_token"]
    assert len(kept(store)) == 1


def test_a_scan_of_a_hundred_pages_across_two_expiries_returns_every_row(
    harvest: Sandbox, refreshing: str, store: Path
) -> None:
    """The token expires twice in the middle, with a whole window of requests under way each time."""
    entries = harvest.records(MAIN_ID, "time_entries")
    size = -(-len(entries) // 100)
    harvest.clear_log()
    pages = 0

    async def expire(request: web.BaseRequest) -> web.StreamResponse | None:
        nonlocal pages
        if request.path == "/v2/time_entries":
            pages += 1
            if pages in (33, 66):
                harvest.expire_access_tokens()
        return None

    harvest.on_request = expire
    read = harvest_duck.scan("time_entries", f"{refreshing};Pagesize={size}", columns=["id"]).read_all()
    assert sorted(read["id"].to_pylist()) == sorted(entry["id"] for entry in entries)
    assert token_requests(harvest) == ["refresh_token", "refresh_token"]
    served = [each for each in harvest.requests if each.path == "/v2/time_entries" and each.status == 200]
    assert len(served) == -(-len(entries) // size) >= 95
    assert store.exists()


@pytest.mark.parametrize("newer", [False, True])
def test_a_token_that_expires_while_a_request_is_tried_again_is_refreshed_once_more(
    newer: bool, harvest: Sandbox, refreshing: str, store: Path
) -> None:
    """Another request had it accepted; it may also have had a newer one accepted since."""
    harvest.expire_access_tokens()
    harvest.clear_log()
    held, expired, go_on, answer = (threading.Event() for _ in range(4))

    async def hold(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path == "/v2/clients" and token_requests(harvest) and not held.is_set():
            held.set()
            await asyncio.to_thread(go_on.wait, PATIENCE_S)
            harvest.expire_access_tokens()
            expired.set()
            await asyncio.to_thread(answer.wait, PATIENCE_S)
        return None

    def request(table: str) -> LoggedRequest:
        url = f"{harvest.base_url}/{table}"
        return LoggedRequest(Request(table, url, (), Limit.GENERAL, Paging.CURSOR, account_id=MAIN_ID))

    async def ask() -> None:
        client = Client(resolve(refreshing))
        try:
            asking = asyncio.create_task(client.get(request("clients"), BoundUser()))
            await asyncio.to_thread(held.wait, PATIENCE_S)
            assert await client.get(request("roles"), BoundUser()) is not None
            go_on.set()
            await asyncio.to_thread(expired.wait, PATIENCE_S)
            if newer:
                assert await client.get(request("roles"), BoundUser()) is not None
            answer.set()
            assert await asking is not None
        finally:
            await client.close()

    harvest.on_request = hold
    asyncio.run(ask())
    assert token_requests(harvest) == ["refresh_token", "refresh_token"]
    assert [each.status for each in harvest.requests if each.path == "/v2/clients"] == [401, 401, 200]
    assert store.exists()


@pytest.mark.thorough
@settings(max_examples=share(15), deadline=None)
@given(
    expiries=st.sets(st.integers(0, 5).map(lambda number: 1 + 40 * number), max_size=4),
    size=st.integers(7, 60),
    rotate=st.booleans(),
)
def test_whenever_tokens_expire_every_row_comes_once(expiries: set[int], size: int, rotate: bool) -> None:
    with Sandbox(scale=0.1, limits=False, rotate_refresh_tokens=rotate) as harvest:
        text = harvest.oauth_connection_string(initiate="REFRESH")
        text = with_given(
            f"{text};RateLimit=off;OAuthSettingsLocation=memory://{id(harvest)}",
            harvest.issue_tokens(),
            "OAuthRefreshToken",
        )
        requests = 0

        async def expire(request: web.BaseRequest) -> web.StreamResponse | None:
            nonlocal requests
            requests += request.path.startswith("/v2/")
            if requests in expiries:
                harvest.expire_access_tokens()
            return None

        harvest.on_request = expire
        read = harvest_duck.scan("time_entries", f"{text};Pagesize={size}", columns=["id"]).read_all()
        wanted = sorted(entry["id"] for entry in harvest.records(MAIN_ID, "time_entries"))
    assert sorted(read["id"].to_pylist()) == wanted


@pytest.mark.thorough
@pytest.mark.takes_a_share
def test_processes_with_one_expired_token_refresh_it_once(harvest: Sandbox, refreshing: str, store: Path) -> None:
    harvest.expire_access_tokens()
    aged(store)
    harvest.clear_log()
    program = f"import harvest_duck; print(harvest_duck.scan('clients', {refreshing!r}).read_all().num_rows)"
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    ended = [process.communicate(timeout=120) for process in running]
    assert ended == [(f"{len(harvest.records(MAIN_ID, 'clients'))}\n", "")] * PROCESSES
    assert token_requests(harvest) == ["refresh_token"]
    assert 401 not in [each.status for each in harvest.requests], "each process knew that the token was old"


def test_twenty_threads_with_connections_of_their_own_refresh_once(
    harvest: Sandbox, refreshing: str, store: Path
) -> None:
    harvest.expire_access_tokens()
    aged(store)
    harvest.clear_log()
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda number=number: found.append(rows(f"{refreshing};Pagesize={100 + number}")))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [len(harvest.records(MAIN_ID, "clients"))] * 20
    assert token_requests(harvest) == ["refresh_token"]


def test_a_refresh_token_that_is_refused_says_what_to_run(harvest: Sandbox, refreshing: str, store: Path) -> None:
    harvest.revoke_tokens()
    with pytest.raises(LoginRequired) as refused:
        rows(refreshing)
    assert str(refused.value) == (
        "Harvest refused the refresh token, which is expired, revoked or used already: run `harvest-duck login`"
    )
    assert len(kept(store)) == 1, "what is kept stays, as somebody may want to know whose it was"


def test_a_sign_in_without_refresh_token_says_what_to_run(harvest: Sandbox, refreshing: str) -> None:
    given = with_given(refreshing, harvest.issue_tokens(), "OAuthAccessToken")
    assert rows(given) > 0
    harvest.expire_access_tokens()
    with pytest.raises(LoginRequired, match="there is no refresh token: run `harvest-duck login`"):
        rows(given)


def test_a_token_that_another_stored_is_tried_before_a_refresh(harvest: Sandbox, refreshing: str, store: Path) -> None:
    assert rows(refreshing) > 0
    harvest.expire_access_tokens()
    assert rows(f"{refreshing};Pagesize=77") > 0, "another client of the process refreshes"
    harvest.clear_log()
    assert rows(refreshing) > 0
    assert token_requests(harvest) == []
    assert [each.status for each in harvest.requests] == [401, 200]
    harvest.expire_access_tokens()
    assert rows(f"{refreshing};Pagesize=77") > 0
    harvest.expire_access_tokens()
    harvest.clear_log()
    assert rows(refreshing) > 0
    assert [each.status for each in harvest.requests] == [401, 401, 200, 200], "its own, the stored one, a new one"
    assert store.exists()


def test_a_token_that_is_always_refused_ends_after_one_refresh(harvest: Sandbox, refreshing: str, store: Path) -> None:
    assert rows(refreshing) > 0
    harvest.clear_log()
    harvest.respond_next("/v2/clients", status=401, body={"error": "invalid_token"}, times=10)
    with pytest.raises(Unauthorized, match="answered 401"):
        rows(refreshing)
    harvest.clear_responses()
    assert token_requests(harvest) == ["refresh_token"]
    assert store.exists()


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_fault_of_harvest_id_that_passes_costs_nothing(
    harvest: Sandbox, refreshing: str, store: Path, status: int
) -> None:
    aged(store)
    harvest.respond_next("/api/v2/oauth2/token", status=status, headers={"Retry-After": "0"}, body="", times=2)
    assert rows(refreshing) == len(harvest.records(MAIN_ID, "clients"))


def test_a_fault_of_harvest_id_that_stays_is_tried_five_times_and_told(
    harvest: Sandbox, refreshing: str, store: Path
) -> None:
    aged(store)
    harvest.clear_log()
    harvest.respond_next("/api/v2/oauth2/token", status=503, headers={"Retry-After": "0"}, body="<html>", times=99)
    with pytest.raises(ServerError, match=r"^refresh: Harvest ID answered 503: a fault of the server; try again later"):
        rows(refreshing)
    assert len(harvest.requests) == 5


def test_the_new_refresh_token_is_stored_before_the_new_token_is_used(
    harvest: Sandbox, refreshing: str, store: Path
) -> None:
    """At the moment of the first request with a new access token, the file has it."""
    aged(store)
    seen: list[bool] = []

    async def look(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path == "/v2/clients":
            (sign_in,) = kept(store)
            seen.append(request.headers["Authorization"] == f"Bearer {sign_in.tokens.access_token.reveal()}")
        return None

    harvest.on_request = look
    assert rows(refreshing) > 0
    assert seen == [True]


def test_a_token_that_cannot_be_stored_is_not_used(harvest: Sandbox, refreshing: str, store: Path) -> None:
    aged(store)
    harvest.clear_log()

    def occupied() -> None:
        store.unlink()
        store.mkdir()

    async def occupy(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path == "/api/v2/oauth2/token":
            occupied()
        return None

    harvest.on_request = occupy
    with pytest.raises(CredentialsError, match=r"oauth\.json"):
        rows(refreshing)
    assert [each.path for each in harvest.requests] == ["/api/v2/oauth2/token"]


def test_a_query_that_ends_during_a_refresh_does_not_lose_the_new_token(
    harvest: Sandbox, refreshing: str, store: Path
) -> None:
    """The old refresh token is worth nothing once it was sent, so the refresh goes on to its end."""
    aged(store)
    (before,) = kept(store)
    held, go_on = hold_refresh(harvest)

    credential = StoredCredential(resolve(refreshing))

    async def ask() -> None:
        async with aclosing(credential.tokens(BoundUser())) as tokens:
            await anext(tokens)

    asking = loop.start(ask())
    assert held.wait(30)
    asking.cancel()
    again = loop.start(ask())
    go_on.set()
    # Whoever asks next, with the same credential or another, waits for the lock that the refresh holds.
    again.result(30)
    harvest.on_request = None
    assert rows(refreshing) > 0
    (after,) = kept(store)
    loop.run(credential.aclose())
    assert after.tokens.refresh_token != before.tokens.refresh_token
    assert token_requests(harvest).count("refresh_token") == 1


@pytest.mark.parametrize("ask", [sessions._token, sessions._identity], ids=["prepare", "whoami"])
def test_whoever_gives_up_during_a_refresh_waits_for_its_answer(
    ask: Callable[..., Coroutine[None, None, object]], harvest: Sandbox, refreshing: str, store: Path
) -> None:
    """As after a Ctrl-C: what the refresh needs is not closed before it has ended."""
    aged(store)
    held, go_on = hold_refresh(harvest)
    asking = loop.start(ask(resolve(refreshing)))
    assert held.wait(30)
    asking.cancel()
    go_on.set()
    assert rows(refreshing) > 0
    assert token_requests(harvest).count("refresh_token") == 1


def test_a_fresh_token_does_not_wait_for_a_person_at_the_consent_page(
    harvest: Sandbox, refreshing: str, store: Path
) -> None:
    """Nor does a refresh."""
    told = threading.Event()

    def wait_for_nobody() -> None:
        with pytest.raises(LoginFailed, match="nobody agreed"):
            harvest_duck.login(refreshing, browser=False, limit_s=5, tell=lambda _: told.set())

    signing_in = threading.Thread(target=wait_for_nobody)
    signing_in.start()
    assert told.wait(30)
    assert rows(refreshing) > 0
    harvest.expire_access_tokens()
    assert rows(refreshing) > 0
    assert signing_in.is_alive()
    signing_in.join()
    assert store.exists()


@pytest.mark.parametrize("retry_after", ["31", "900"])
def test_harvest_id_is_not_waited_for_longer_than_others_can_bear(
    harvest: Sandbox, refreshing: str, store: Path, retry_after: str
) -> None:
    aged(store)
    harvest.clear_log()
    harvest.respond_next("/api/v2/oauth2/token", status=429, headers={"Retry-After": retry_after}, body="")
    with pytest.raises(RateLimited, match="too many requests; try again later"):
        rows(refreshing)
    assert len(harvest.requests) == 1


def test_the_end_of_the_process_waits_for_a_refresh(harvest: Sandbox, refreshing: str, store: Path) -> None:
    aged(store)
    held, leaving = hold_refresh(harvest)
    program = f"""
import sys, threading, harvest_duck
threading.Thread(target=lambda: harvest_duck.scan("clients", {refreshing!r}).read_all(), daemon=True).start()
sys.stdin.readline()
print("leaving", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert held.wait(60)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "leaving\n"
        leaving.set()
        process.wait(30)
    harvest.on_request = None
    assert rows(refreshing) > 0
    assert token_requests(harvest).count("refresh_token") == 1


@pytest.mark.parametrize(
    ("names", "others", "refreshes"),
    [
        (("OAuthAccessToken", "OAuthRefreshToken"), {}, 0),
        (("OAuthRefreshToken",), {}, 1),
        (("OAuthAccessToken", "OAuthRefreshToken"), {"OAuthExpiresIn": 60, "OAuthTokenTimestamp": 1000}, 1),
        (("OAuthAccessToken", "OAuthRefreshToken"), {"OAuthExpiresIn": 60}, 0),
        (
            ("OAuthAccessToken", "OAuthRefreshToken"),
            {"OAuthExpiresIn": 1209600, "OAuthTokenTimestamp": int(time.time() * 1000)},
            0,
        ),
    ],
    ids=["both", "refresh token alone", "expired", "no timestamp", "fresh"],
)
def test_tokens_of_the_string_begin_a_sign_in(
    harvest: Sandbox, refreshing: str, names: tuple[str, ...], others: dict[str, int], refreshes: int
) -> None:
    given = with_given(refreshing, harvest.issue_tokens(), *names, **others)
    assert rows(given) > 0
    assert token_requests(harvest) == ["refresh_token"] * refreshes
    assert rows(f"{given};Pagesize=9") > 0
    assert rows(f"{refreshing};Pagesize=9") > 0, "they are kept from then on"
    assert token_requests(harvest) == ["refresh_token"] * refreshes


def test_tokens_in_memory_are_shared_by_name_and_leave_no_file(harvest: Sandbox, connection: str, config: Path) -> None:
    text = connection.replace("GETANDREFRESH", "REFRESH")
    given = with_given(f"{text};OAuthSettingsLocation=memory://one", harvest.issue_tokens(), "OAuthRefreshToken")
    assert rows(given) > 0
    assert rows(f"{text};OAuthSettingsLocation=memory://one") > 0
    with pytest.raises(LoginRequired, match=r"says memory://two: run `harvest-duck login`$"):
        rows(f"{text};OAuthSettingsLocation=memory://two")
    assert not config.exists()
    assert token_requests(harvest) == ["refresh_token"]


def test_windows_of_the_rate_limit_outlive_a_token(harvest: Sandbox, refreshing: str, store: Path) -> None:
    """A new token of the same sign-in does not begin a new quota, as Harvest may count by the user."""
    first, second = (StoredCredential(resolve(f"{refreshing};Pagesize={size}")) for size in (2, 3))
    before = kept(store)

    async def refresh() -> None:
        for each in (first, second):
            async with aclosing(each.tokens(BoundUser())) as tokens:
                async for _ in tokens:
                    pass
            await each.aclose()

    loop.run(refresh())
    assert kept(store) != before
    assert first.identity == second.identity
    assert harvest.requests[-1].path == "/api/v2/oauth2/token"


def no_request(harvest: Sandbox, call: Callable[[], object]) -> object:
    """What `call` returns, which asks Harvest nothing."""
    harvest.clear_log()
    made = call()
    assert harvest.requests == []
    return made


def test_nothing_is_asked_before_a_row_is(harvest: Sandbox, refreshing: str, store: Path) -> None:
    aged(store)
    no_request(harvest, lambda: harvest_duck.scan("clients", refreshing))
    with harvest_duck.connect(refreshing) as con:
        plan = no_request(harvest, lambda: con.execute("EXPLAIN SELECT * FROM harvest.clients").fetchall())
    assert "sandbox-" not in str(plan).replace("sandbox-client-id", "")
