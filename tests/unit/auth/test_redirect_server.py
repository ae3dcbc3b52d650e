"""What takes the redirect on this machine, and what it will not take."""

from __future__ import annotations

import asyncio
import http.client
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.person import fetched

from harvest_duck.auth import result_page
from harvest_duck.auth.callback_url import Callback, callback_in
from harvest_duck.auth.redirect_server import RedirectServer
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Callable


def served(callback: Callback, visit: Callable[[], object]) -> tuple[str | None, object]:
    """The redirect that came while `visit` was there, None for none, and what `visit` saw."""

    async def both() -> tuple[str | None, object]:
        async with RedirectServer(callback) as server:
            seen = asyncio.create_task(asyncio.to_thread(visit))
            redirect = asyncio.create_task(server.redirect())
            await asyncio.wait([seen, redirect], return_when=asyncio.FIRST_COMPLETED)
            came = redirect.result() if redirect.done() else None
            redirect.cancel()
            server.answer(result_page.success("Ada", "Acme (1)"))
            return came, await seen

    return asyncio.run(both())


@pytest.mark.parametrize(
    ("url", "callback"),
    [
        ("http://localhost:8765/callback", Callback("localhost", 8765, "/callback")),
        ("http://LOCALHOST:8765", Callback("localhost", 8765, "/")),
        ("http://127.0.0.1/", Callback("127.0.0.1", 80, "/")),
        ("http://127.9.8.7:1/a/b", Callback("127.9.8.7", 1, "/a/b")),
        ("http://[::1]:8765/x", Callback("::1", 8765, "/x")),
        ("https://localhost:8765/callback", None),
        ("https://app.example/callback", None),
        ("http://app.example/callback", None),
        ("http://192.168.1.5:8765/callback", None),
        ("http://10.0.0.1:8765/", None),
        ("http://0.0.0.0:8765/", None),
        ("http://localhost.evil.example:8765/", None),
        ("http://127.0.0.1.evil.example/", None),
        ("http://[2001:db8::1]/", None),
    ],
)
def test_only_plain_http_to_this_machine_is_listened_for(url: str, callback: Callback | None) -> None:
    assert callback_in(url) == callback


@pytest.mark.parametrize(
    "url",
    [
        "your_callback_url",
        "localhost:8765",
        "ftp://localhost/",
        "http://",
        "http://localhost:99999/",
        "http://a@[::1]/",
        "http://localhost:8765/#x",
        "http://[::1",
        "//localhost/",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConnectionStringError, match=r"such as http://localhost:8765/callback$"):
        callback_in(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_redirect_is_taken_and_its_page_shown(host: str, port: int) -> None:
    url = f"http://{host}:{port}/callback"
    callback = callback_in(url)
    assert callback is not None
    came, seen = served(callback, lambda: fetched(f"{url}?code=c&state=s"))
    assert came == "/callback?code=c&state=s"
    assert isinstance(seen, tuple)
    status, headers, shown = seen
    assert (status, shown) == (200, result_page.success("Ada", "Acme (1)"))
    assert {name: headers[name] for name in result_page.HEADERS} == dict(result_page.HEADERS)


def test_localhost_is_listened_for_on_both_addresses(port: int) -> None:
    async def bound() -> list[bool]:
        async with RedirectServer(Callback("localhost", port, "/")):
            found = []
            for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                with closing(socket.socket(family)) as probe:
                    found.append(probe.connect_ex((address, port)) == 0)
            return found

    assert asyncio.run(bound()) == [True, True]


def test_no_other_address_of_the_machine_is_listened_on(port: int) -> None:
    """Not even another loopback address, so surely none that the network reaches."""

    async def reachable() -> bool:
        async with RedirectServer(Callback("127.0.0.1", port, "/")):
            with closing(socket.socket()) as probe:
                return probe.connect_ex(("127.0.0.2", port)) == 0

    assert asyncio.run(reachable()) is False


@pytest.mark.parametrize(
    ("target", "host", "method"),
    [
        ("/other?code=c&state=s", None, "GET"),
        ("/favicon.ico", None, "GET"),
        ("/callback/x?code=c&state=s", None, "GET"),
        ("/callback?code=c&state=s", "evil.example", "GET"),
        ("/callback?code=c&state=s", "localhost.evil.example:{port}", "GET"),
        ("/callback?code=c&state=s", "127.0.0.1:{port}", "GET"),
        ("/callback?code=c&state=s", "localhost", "GET"),
        ("/callback?code=c&state=s", None, "POST"),
        ("/callback?code=c&state=s", None, "HEAD"),
    ],
)
def test_other_requests_are_not_taken_for_the_redirect(target: str, host: str | None, method: str, port: int) -> None:
    """Another path, another name for this machine (DNS rebinding) or another method: 404, and the wait goes on."""
    callback = Callback("localhost", port, "/callback")
    named = host.format(port=port) if host else None
    came, seen = served(callback, lambda: fetched(f"http://localhost:{port}{target}", host=named, method=method))
    assert came is None
    assert isinstance(seen, tuple)
    assert seen[0] == 404


def test_a_second_redirect_changes_nothing(port: int) -> None:
    """A code that is replayed at the callback is told that the sign-in has its answer."""

    async def both() -> tuple[str, str, str]:
        url = f"http://localhost:{port}/callback"
        async with RedirectServer(Callback("localhost", port, "/callback")) as server:
            first = asyncio.create_task(asyncio.to_thread(fetched, f"{url}?code=first&state=s"))
            came = await server.redirect()
            second = await asyncio.to_thread(fetched, f"{url}?code=second&state=s")
            server.answer(result_page.success("Ada", "Acme (1)"))
            assert await server.redirect() == came
            return came, (await first)[2], second[2]

    came, first, second = asyncio.run(both())
    assert came == "/callback?code=first&state=s"
    assert "You are signed in" in first
    assert "This sign-in has its answer already" in second
    assert "did not work" not in second


def test_a_browser_that_comes_when_it_is_over_is_told(port: int) -> None:
    async def left() -> str:
        async with RedirectServer(Callback("localhost", port, "/")) as server:
            visit = asyncio.create_task(asyncio.to_thread(fetched, f"http://localhost:{port}/?code=c&state=s"))
            await server.redirect()
        return (await visit)[2]

    assert "The sign-in was given up" in asyncio.run(left())


def test_nothing_listens_afterwards(port: int) -> None:
    served(Callback("localhost", port, "/"), lambda: fetched(f"http://localhost:{port}/?code=c"))
    with pytest.raises(ConnectionRefusedError):
        fetched(f"http://localhost:{port}/?code=c")


def test_what_a_page_shows_is_text() -> None:
    """Nothing that Harvest, or whoever made the redirect, sends becomes part of the page's markup."""
    shown = result_page.failure("harvest ID reports <script>alert(1)</script>: run `harvest-duck login` again")
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "<code>harvest-duck login</code>" in shown
    assert "<b>" not in result_page.success("<b>Ada</b>", "<b>Acme</b>")


def test_a_broken_request_ends_nothing(port: int) -> None:
    def visit() -> int:
        with closing(socket.create_connection(("127.0.0.1", port))) as raw:
            raw.sendall(b"NONSENSE\r\n\r\n")
            raw.recv(100)
        with closing(http.client.HTTPConnection("localhost", port)) as connection:
            connection.request("GET", "/?code=c&state=s")
            return connection.getresponse().status

    came, status = served(Callback("localhost", port, "/"), visit)
    assert (came, status) == ("/?code=c&state=s", 200)
