"""Connections that are reset, closed, stalled, slow or refused, and a port with another certificate."""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme
from support.fault_injection import inject, received

from harvest_duck.sandbox import ADMINISTRATOR_TOKEN, MAIN_ID, Kind, Sandbox
from harvest_duck.sandbox.faults.connection_faults import CONNECTION_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.api_caller import Caller


ENDINGS = {
    Kind.RESET: "reset",
    Kind.RESET_IN_BODY: "reset",
    Kind.CLOSED: "end",
    Kind.CLOSED_IN_HEADERS: "end",
    Kind.HALF_CLOSED: "end",
    Kind.CUT_BODY: "end",
    Kind.CUT_CHUNKS: "end",
    Kind.STALLED_HEADERS: "silence",
    Kind.STALLED_BODY: "silence",
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_connection_ends_as_the_fault_says(kind: Kind, small: Sandbox) -> None:
    whole, _ = received(small, headers="Connection: close\r\n")
    body = whole.partition(b"\r\n\r\n")[2]
    inject(small, kind)
    content, ending = received(small)
    assert ending == ENDINGS[kind]
    head, blank, came = content.partition(b"\r\n\r\n")
    match kind:
        case Kind.RESET | Kind.CLOSED | Kind.STALLED_HEADERS:
            assert content == b""
        case Kind.CLOSED_IN_HEADERS:
            assert content.startswith(b"HTTP/1.1 200")
            assert not blank
        case Kind.CUT_CHUNKS:
            assert b"Transfer-Encoding: chunked" in head
            assert body[: len(body) // 2] in came
            assert not came.endswith(b"0\r\n\r\n")
        case Kind.RESET_IN_BODY:
            # A reset may lose the part sent before it.
            assert body.startswith(came)
        case _:
            assert f"Content-Length: {len(body)}".encode() in head
            assert came == body[: len(body) // 2]
    assert [each.fault.kind for each in small.injected] == [kind]
    assert small.requests[-1].status is None


def test_a_body_may_drip_without_end(small: Sandbox) -> None:
    inject(small, Kind.ENDLESS_BODY)
    address = urlsplit(small.base_url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)) as connection:
        token = {
            "Authorization": f"Bearer {ADMINISTRATOR_TOKEN}",
            "Harvest-Account-Id": str(MAIN_ID),
            "User-Agent": "t",
        }
        connection.request("GET", "/v2/clients", headers=token)
        with connection.getresponse() as response:
            assert [response.read(1) for _ in range(5)] == [b" "] * 5


def test_every_connection_fault_is_tested_here() -> None:
    assert {*ENDINGS, Kind.ENDLESS_BODY} == CONNECTION_FAULTS


def test_late_responses_are_complete(small: Sandbox, caller: Caller) -> None:
    correct = caller.get("/clients").body
    for kind in (Kind.LATE_HEADERS, Kind.LATE_BODY):
        inject(small, kind)
        assert caller.get("/clients").body == correct, kind
        assert [each.fault.kind for each in small.injected] == [kind]


def test_a_closed_port_refuses_until_it_is_reopened(small: Sandbox) -> None:
    inject(small, Kind.REFUSED)
    assert received(small)[1] == "reset"
    with pytest.raises(ConnectionRefusedError):
        received(small)
    small.reopen()
    assert received(small, headers="Connection: close\r\n")[0].startswith(b"HTTP/1.1 200")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The certificate authority of the sandbox."""
    return trustme.CA()


def server_side(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """Return the server-side TLS context with a certificate of that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def handshake(sandbox: Sandbox, authority: trustme.CA) -> str | None:
    """Return the TLS version of the sandbox; an error if its certificate is not for its host."""
    address = urlsplit(sandbox.base_url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    with (
        socket.create_connection((address.hostname or "", address.port or 0)) as peer,
        context.wrap_socket(peer, server_hostname="127.0.0.1") as secured,
    ):
        return secured.version()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Sandbox]:
    """A sandbox over TLS, with an impostor that has the certificate of another host."""
    tls, impostor = server_side(authority, "127.0.0.1"), server_side(authority, "other.example")
    with Sandbox(scale=0.1, limits=False, tls=tls, impostor=impostor) as running:
        yield running


def test_with_tls_it_is_https_and_links_say_so(secure: Sandbox, authority: trustme.CA) -> None:
    assert secure.base_url.startswith("https://127.0.0.1:")
    assert secure.id_url.startswith("https://")
    assert (handshake(secure, authority) or "").startswith("TLS")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(secure, trustme.CA())


def test_an_impostor_shows_another_certificate_for_a_while(secure: Sandbox, authority: trustme.CA) -> None:
    inject(secure, Kind.IMPOSTOR)
    address = urlsplit(secure.base_url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    with closing(http.client.HTTPSConnection(address.hostname or "", address.port, context=context)) as connection:
        connection.request("GET", "/v2/clients", headers={"User-Agent": "tests"})
        with pytest.raises(OSError):  # noqa: PT011 - a reset, or an end of TLS that was not announced
            connection.getresponse()
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        handshake(secure, authority)
    secure.stop_injecting()
    assert handshake(secure, authority)


def test_without_an_impostor_the_fault_does_nothing(small: Sandbox, caller: Caller) -> None:
    inject(small, Kind.IMPOSTOR)
    assert caller.get("/clients").status == 200
    assert small.injected == []
