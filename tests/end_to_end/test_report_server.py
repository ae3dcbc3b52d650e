"""The live report over real HTTP: whom it answers, what a choice and a refresh cost, and what is left of it."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from support.clocks import PATIENCE_S
from support.held import held

import harvest_duck
from harvest_duck import errors
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.servers.report.server import ReportServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from harvest_duck.sandbox import Sandbox

GIVEN = {"as_of": "2026-11-20"}


class Visitor:
    """A browser as far as a page without scripts needs one: it keeps the cookie, and asks again where it is told to."""

    def __init__(self, server: ReportServer, *, token: bool = True) -> None:
        self.server = server
        self.address = urlsplit(server.url)
        self.headers = {"Host": self.address.netloc}
        self.status = 0
        self.answer: http.client.HTTPMessage
        if token:
            self.get(f"/?{self.address.query}")
            cookie = self.answer["Set-Cookie"]
            assert re.fullmatch(r"harvest_duck_report_\d+=[\w-]{43}; HttpOnly; Path=/; SameSite=Strict", cookie)
            self.headers["Cookie"] = cookie.partition(";")[0]

    def get(self, path: str = "/", method: str = "GET", **headers: str) -> str:
        """Return the body of the answer, whose status and headers are kept."""
        assert self.address.hostname
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=PATIENCE_S)
        connection.request(method, path, headers=self.headers | headers)
        answer = connection.getresponse()
        self.status, self.answer = answer.status, answer.headers
        body = answer.read().decode()
        connection.close()
        return body

    def report(self, path: str = "/") -> str:
        """Return a page when nothing is read any more."""
        while 'http-equiv="refresh"' in (body := self.get(path)):
            reading = self.server._live.wait(PATIENCE_S)
            asyncio.run_coroutine_threadsafe(reading, self.server._loop).result()
        return body

    def refresh(self, body: str) -> str:
        """Press the button of a page, and return the page that it leads to."""
        (action,) = re.findall(r'<form method="post" action="(.*?)"', body)
        self.get(unescape(action), "POST")
        assert self.status == 303
        return self.get(self.answer["Location"])


@pytest.fixture(scope="module")
def server(attached: duckdb.DuckDBPyConnection, agency: Sandbox) -> Iterator[ReportServer]:
    """The report of the shared agency, live, which reads it once for all tests."""
    with attached.cursor() as own:
        harvest_duck.register(own, f"{agency.connection_string()};RateLimit=off;ReportsRateLimit=off")
        with ReportServer(own, GIVEN) as running:
            Visitor(running).report()
            yield running


@pytest.fixture
def visitor(server: ReportServer, sandbox: Sandbox) -> Visitor:
    """A browser that was opened with the first URL, and asks nothing of Harvest."""
    return Visitor(server)


def test_it_answers_who_brings_the_token_under_its_own_name_alone(server: ReportServer, visitor: Visitor) -> None:
    stranger = Visitor(server, token=False)
    for path in ("/", "/?token=", "/?token=guessed", "/refresh", "/?client=1"):
        assert "token lets a browser in" in stranger.get(path)
        assert stranger.status == 403
    assert "Harbour &amp; Vale" not in stranger.get("/")
    visitor.get("/", Host="evil.example")
    assert visitor.status == 403
    assert server.url.partition("=")[2] not in visitor.get("/", Host="evil.example:80")
    # Another program's cookie of the same host is no secret of ours.
    visitor.get("/", Cookie=visitor.headers["Cookie"][:-1] + "!")
    assert visitor.status == 403
    name = visitor.headers["Host"].replace("127.0.0.1", "localhost")
    assert "Harbour &amp; Vale" in visitor.get("/", Host=name)
    for method, path in (("GET", "/refresh"), ("POST", "/"), ("DELETE", "/"), ("GET", "/favicon.ico")):
        visitor.get(path, method)
        assert visitor.status == 404


def test_every_answer_keeps_to_itself(server: ReportServer, visitor: Visitor) -> None:
    stranger = Visitor(server, token=False)
    for who, path in ((visitor, "/"), (visitor, "/?from=never"), (visitor, "/x"), (stranger, "/")):
        body = who.get(path)
        assert who.answer["Cache-Control"] == "no-store"
        assert who.answer["X-Frame-Options"] == "DENY"
        assert who.answer["Server"] == "harvest_duck"
        assert who.answer["Referrer-Policy"] == "no-referrer"
        assert who.answer["X-Content-Type-Options"] == "nosniff"
        assert "form-action 'self'" in who.answer["Content-Security-Policy"]
        assert not any(header.lower().startswith("access-control") for header in who.answer)
        (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', body)
        assert unescape(policy).startswith("default-src 'none'; ")
        assert "form-action 'self'" in unescape(policy)


def test_the_token_does_not_stay_in_the_address(server: ReportServer) -> None:
    visitor = Visitor(server, token=False)
    first = visitor.get(f"/?{visitor.address.query}&client=7")
    assert re.findall(r'content="0; url=(.*?)"', first) == ["/?client=7"]
    assert visitor.address.query.partition("=")[2] not in first


def test_a_choice_asks_nothing_of_harvest(visitor: Visitor, sandbox: Sandbox) -> None:
    client = sandbox.records(MAIN_ID, "clients")[0]
    whole = visitor.get("/")
    chosen = visitor.get(f"/?client={client['id']}&from=2026-02-01&to=2026-10-31&person=")
    assert f'<option value="{client["id"]}" selected>' in chosen
    assert '<option value="" selected>' not in chosen
    assert 'name="from" value="2026-02-01"' in chosen
    assert 'name="to" value="2026-10-31"' in chosen
    assert whole != chosen
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("choice", "said"),
    [("client=nobody%3Cb%3E", "no client nobody&lt;b&gt;"), ("from=never", "never"), ("from=2026-12-31", "2026-11-20")],
)
def test_a_choice_that_cannot_be_is_told_in_one_line(choice: str, said: str, visitor: Visitor) -> None:
    page = visitor.get(f"/?{choice}")
    assert visitor.status == 400
    assert said in page
    assert "Traceback" not in page
    (back,) = re.findall(r'<a href="(/.*?)">The whole report', page)
    visitor.get(unescape(back))
    assert visitor.status == 200


@pytest.mark.thorough
def test_earlier_days_are_read_when_they_are_chosen(visitor: Visitor, sandbox: Sandbox) -> None:
    assert 'value="2023-03-01"' in visitor.report("/?from=2023-03-01&to=2026-11-20")
    asked = len(sandbox.requests)
    assert asked > 0
    # What was read for earlier days has the later ones too.
    visitor.get("/")
    visitor.get("/?from=2023-03-01&to=2026-11-20")
    assert len(sandbox.requests) == asked


def test_a_refresh_shows_the_earlier_figures_and_how_much_is_left(
    server: ReportServer, visitor: Visitor, sandbox: Sandbox
) -> None:
    with held(sandbox, "/projects") as hold:
        meanwhile = visitor.refresh(visitor.get("/?from=2026-02-01"))
        assert hold.arrived.wait(PATIENCE_S)
        assert "Harvest is being asked" in meanwhile
        assert "projects: 0 records" in visitor.get("/?from=2026-02-01")
        assert 'http-equiv="refresh" content="3"' in meanwhile
        assert 'name="from" value="2026-02-01"' in meanwhile
        sandbox.clear_log()
        # Neither another tab nor an impatient one asks once more.
        other = Visitor(server)
        other.refresh(other.get("/"))
        visitor.refresh(meanwhile)
        hold.let_go()
        assert "being asked" not in visitor.report("/")
    paths = [request.path for request in sandbox.requests]
    assert len([path for path in paths if path == "/v2/company"]) <= 1


def test_a_refresh_needs_the_key_of_this_run(visitor: Visitor, sandbox: Sandbox) -> None:
    (action,) = re.findall(r'<form method="post" action="(.*?)"', visitor.get("/"))
    for path in ("/refresh", "/refresh?key=", f"{action[:-1]}!"):
        visitor.get(path, "POST")
        assert visitor.status == 403
    assert sandbox.requests == []


def test_what_harvest_refuses_is_one_line_and_the_earlier_figures_stay(visitor: Visitor, sandbox: Sandbox) -> None:
    before = visitor.get("/")
    sandbox.respond_next("/v2/projects", status=503, headers={"Retry-After": "0"}, times=10)
    visitor.refresh(before)
    after = visitor.report("/")
    (notice,) = re.findall(r'<p class="notice".*?>(.*?)</p>', after)
    assert "503" in notice
    assert "the earlier figures" in notice
    assert re.findall(r'<p class="story">.*?</p>', after, re.DOTALL) == re.findall(
        r'<p class="story">.*?</p>', before, re.DOTALL
    )
    sandbox.clear_responses()


@pytest.mark.thorough
def test_without_figures_the_error_is_the_page_and_can_be_tried_again(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sandbox.respond_next("/v2/projects", status=503, headers={"Retry-After": "0"}, times=10)
    with ReportServer(con, GIVEN) as server:
        visitor = Visitor(server)
        failed = visitor.report()
        assert visitor.status == 502
        assert "Harvest could not be asked" in failed
        assert "503" in failed
        sandbox.clear_responses()
        visitor.refresh(failed)
        assert "Harbour &amp; Vale" in visitor.report()


def test_closing_it_ends_its_requests_and_frees_its_port(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    with held(sandbox, "/projects") as hold:
        with ReportServer(con, GIVEN) as server:
            port = urlsplit(server.url).port
            assert hold.arrived.wait(PATIENCE_S)
            with pytest.raises(errors.QueryError, match=f"port {port} of 127.0.0.1: in use by another program"):
                ReportServer(con, GIVEN, port or 0)
        assert hold.all_gone()
    with socket.create_server(("127.0.0.1", port or 0)):
        pass
    assert con.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.thorough
def test_answers_from_memory_have_their_age_and_a_refresh_asks_harvest(
    sandbox: Sandbox, connection: str, new_clients: None
) -> None:
    with harvest_duck.connect(f"{connection};CacheLocation=:memory:") as con:
        with ReportServer(con, GIVEN) as first:
            Visitor(first).report()
            assert len(sandbox.requests) > 5
        sandbox.clear_log()
        before = datetime.now(UTC)
        with ReportServer(con, GIVEN) as second:
            visitor = Visitor(second)
            page = visitor.report()
            assert sandbox.requests == []
            assert second._live._shown
            assert second._live._shown.read_at < before
            visitor.refresh(page)
            visitor.report()
            assert len(sandbox.requests) > 5
            assert second._live._shown.read_at > before
