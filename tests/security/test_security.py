"""What an attacker on the wire, at the other end of it, or in the environment does not get."""

from __future__ import annotations

import gzip
import json
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from support.clocks import Clock

import harvest_duck
from harvest_duck.errors import ConnectionStringError, HarvestDuckError, ProtocolError, TransportError
from harvest_duck.http import content_encoding
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

TOKEN = "t0ken-that-nobody-may-see"


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between tries."""
    monkeypatch.setattr(pool(), "clock", Clock())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs certificates here."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    """The file with the certificate of the authority."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="module")
def guarded(authority: trustme.CA) -> Iterator[Sandbox]:
    """A sandbox by HTTPS, with a certificate of the authority."""
    yield from served(authority.issue_cert("127.0.0.1"))


@pytest.fixture(scope="module")
def misnamed(authority: trustme.CA) -> Iterator[Sandbox]:
    """A sandbox with a certificate for another host."""
    yield from served(authority.issue_cert("api.harvestapp.com"))


def served(certificate: trustme.LeafCert) -> Iterator[Sandbox]:
    """A sandbox with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with Sandbox(seed=1, scale=0.05, limits=False, tls=context) as running:
        yield running


def clients(connection: str) -> int:
    """How many clients a scan finds."""
    return harvest_duck.scan("clients", connection, columns=["id"]).read_all().num_rows


def test_a_certificate_that_is_trusted_serves(guarded: Sandbox, trusted: str) -> None:
    """And what comes over TLS comes packed."""
    guarded.clear_log()
    found = clients(f"{guarded.connection_string()};SSLServerCert={trusted}")
    assert found == len(guarded.records(MAIN_ID, "clients"))
    assert [request.headers["Accept-Encoding"] for request in guarded.requests] == ["gzip"]


def test_a_certificate_of_an_unknown_authority_does_not(guarded: Sandbox) -> None:
    guarded.clear_log()
    with pytest.raises(TransportError, match=r"TLS with .* failed"):
        clients(guarded.connection_string())
    assert not guarded.requests, "the token was not sent"


def test_a_certificate_for_another_host_does_not(misnamed: Sandbox, trusted: str) -> None:
    with pytest.raises(TransportError, match=r"TLS with .* failed .*127\.0\.0\.1"):
        clients(f"{misnamed.connection_string()};SSLServerCert={trusted}")
    assert not misnamed.requests


@pytest.mark.parametrize(
    "host", ["api.harvestapp.com", "192.168.0.1", "localhost.example", "127.0.0.1.example", "[::2]"]
)
def test_plain_http_is_for_this_machine_alone(host: str) -> None:
    with pytest.raises(ConnectionStringError, match="has to be an https URL"):
        clients(f"AccountId=1;APIKey={TOKEN};BaseURL=http://{host}/v2")


def test_a_proxy_of_the_environment_never_sees_what_goes_to_this_machine(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert clients(sandbox.connection_string()) == len(sandbox.records(MAIN_ID, "clients"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_even_to_the_same_host(status: int, sandbox: Sandbox) -> None:
    to = f"{sandbox.base_url}/clients?per_page=1"
    sandbox.respond_next("/v2/clients", status=status, headers={"Location": to})
    with pytest.raises(ProtocolError, match="a redirect, which is not followed"):
        clients(sandbox.connection_string())
    assert len(sandbox.requests) == 1


def test_a_link_to_another_port_of_the_same_host_is_not_followed(sandbox: Sandbox) -> None:
    with Sandbox(seed=2, scale=0.05) as other:
        body = {"clients": [{"id": 1}], "links": {"next": f"{other.base_url}/clients?page=2"}}
        sandbox.respond_next("/v2/clients", body=body)
        with pytest.raises(ProtocolError, match="points away"):
            clients(sandbox.connection_string())
        assert not other.requests, "the token did not go there"


def test_a_link_to_harvest_itself_goes_to_the_gateway(sandbox: Sandbox) -> None:
    """The token goes to BaseURL alone, whatever the links of its answers say."""
    link = "https://api.harvestapp.com/v2/clients?cursor=b&per_page=2"
    for number, following in ((1, link), (2, None)):
        page = {
            "clients": [{"id": number, "updated_at": "2026-01-01T00:00:00Z"}],
            "total_entries": 2,
            "links": {"next": following},
        }
        sandbox.respond_next("/v2/clients", body=page)
    assert clients(sandbox.connection_string()) == 2
    assert [request.query for request in sandbox.requests] == [
        {"per_page": "2000"},
        {"cursor": "b", "per_page": "2"},
    ]


def test_cookies_are_not_kept(sandbox: Sandbox) -> None:
    """Nothing that an answer says is sent with a later request."""
    body = {"clients": [], "total_entries": 0, "links": {"next": None}}
    sandbox.respond_next("/v2/clients", headers={"Set-Cookie": "tracked=yes; Path=/"}, body=body)
    for _ in range(2):
        clients(sandbox.connection_string())
    assert not any("Cookie" in request.headers for request in sandbox.requests)


def test_a_bomb_of_gzip_is_refused_once_it_is_too_large(
    guarded: Sandbox, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_encoding, "LARGEST", 100_000)
    bomb = gzip.compress(b'{"clients": [' + b" " * 10_000_000)
    assert len(bomb) < 100_000
    guarded.respond_next("/v2/clients", headers={"Content-Encoding": "gzip"}, body=bomb)
    with pytest.raises(ProtocolError, match=r"has more than .* MiB"):
        clients(f"{guarded.connection_string()};SSLServerCert={trusted}")


def test_an_answer_without_an_end_is_refused_once_it_is_too_large(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_encoding, "LARGEST", 100_000)
    sandbox.respond_next("/v2/clients", body=b" " * 100_001)
    with pytest.raises(ProtocolError, match=r"has more than .* MiB"):
        clients(sandbox.connection_string())
    assert len(sandbox.requests) == 1, "it is not asked for again"


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "unheard-of"])
def test_a_packing_that_was_not_asked_for_is_refused(coding: str, sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/clients", headers={"Content-Encoding": coding}, body=b"{}")
    with pytest.raises(ProtocolError, match="which was not asked for"):
        clients(sandbox.connection_string())


@pytest.mark.parametrize("depth", [200, 5_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_bomb_of_brackets_is_refused_where_a_column_reads_it_and_else_skipped(
    opening: str, closing: str, depth: int, sandbox: Sandbox
) -> None:
    for key in ("name", "unknown"):
        nested = f"{opening * depth}1{closing * depth}"
        body = f'{{"clients": [{{"id": 1, "{key}": {nested}}}], "total_entries": 1, "links": {{"next": null}}}}'
        sandbox.respond_next("/v2/clients", body=body)
        try:
            read = harvest_duck.scan("clients", sandbox.connection_string(), columns=["id", "name"]).read_all()
        except HarvestDuckError as error:
            said = str(error)
        else:
            said = f"{key}: {read.to_pylist()}"
        assert "record 1: name is" in said if key == "name" else said == "unknown: [{'id': 1, 'name': None}]"


@pytest.mark.parametrize("number", ["1e999999999", "-1E+99999", "9" * 5_000, "0." + "1" * 2_000_000])
def test_a_number_that_would_fill_the_memory_is_refused_or_rounded(number: str, sandbox: Sandbox) -> None:
    body = f'{{"time_entries": [{{"id": 1, "hours": {number}}}], "total_entries": 1, "links": {{"next": null}}}}'
    sandbox.respond_next("/v2/time_entries", body=body)
    try:
        said = str(harvest_duck.scan("time_entries", sandbox.connection_string(), columns=["hours"]).read_all()[0][0])
    except HarvestDuckError as error:
        said = str(error)
    assert said == "0.1111" if number.startswith("0.") else "hours is" in said or "JSON" in said
    assert len(said) < 500


def test_the_token_goes_to_no_answer_that_is_kept(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    """Not into what a query can read either."""
    con.execute("FROM harvest.clients").fetchall()
    told = con.execute("FROM harvest_requests()").fetchall()
    views = con.execute("SELECT sql FROM duckdb_views()").fetchall()
    plan = con.execute("EXPLAIN FROM harvest.clients").fetchall()
    token = sandbox.connection_string().partition("APIKey=")[2].partition(";")[0]
    assert token
    assert token not in json.dumps([told, views, plan], default=str)
