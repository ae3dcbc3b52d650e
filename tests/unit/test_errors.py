"""What goes wrong, provoked over real HTTP: one line that says what, where and what to do, and no secret."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING

import duckdb
import pytest

import harvest_duck
from harvest_duck import errors
from harvest_duck.errors import (
    CredentialsError,
    DecodeError,
    Forbidden,
    HarvestDuckError,
    InvalidRequest,
    LoginRequired,
    NotFound,
    ProtocolError,
    RateLimited,
    ServerError,
    TransportError,
    Unauthorized,
)
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

SECRET = "t0ken-that-nobody-may-see"


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """A DuckDB that tests share, each with a cursor of its own."""
    return duckdb.connect()


def fails(connection: str, table: str = "clients") -> HarvestDuckError:
    """The error of a scan, checked to read the same through SQL, on one line."""
    with pytest.raises(HarvestDuckError) as raised:
        harvest_duck.scan(table, connection).read_all()
    message = str(raised.value)
    assert "\n" not in message
    with database().cursor() as con:
        harvest_duck.register(con)
        with pytest.raises(duckdb.Error) as seen:
            con.execute(f"FROM harvest_scan('{table}', ?)", [connection]).fetchall()
        assert str(seen.value).endswith(f": {message}")
        assert "\n" not in str(seen.value)
        assert type(harvest_duck.last_error(con)) is type(raised.value)
    for text in (message, repr(raised.value), str(seen.value)):
        assert SECRET not in text
    return raised.value


@pytest.fixture
def base(sandbox: Sandbox) -> str:
    """A connection string without token and account, at the sandbox."""
    return f"BaseURL={sandbox.base_url};IdURL={sandbox.id_url};RateLimit=off;ReportsRateLimit=off"


def test_a_bad_token(base: str, sandbox: Sandbox) -> None:
    error = fails(f"{base};AccountId={MAIN_ID};APIKey={SECRET}")
    assert isinstance(error, Unauthorized)
    assert "clients page 1: Harvest answered 401" in str(error)
    assert "check APIKey and AccountId" in str(error)


def test_a_wrong_account(sandbox: Sandbox) -> None:
    error = fails(re.sub(r"AccountId=\d+", "AccountId=999", sandbox.connection_string()) + ";RateLimit=off")
    assert isinstance(error, NotFound)
    assert "clients page 1: Harvest answered 404" in str(error)
    assert "check AccountId and BaseURL" in str(error)


def test_a_forbidden_table(sandbox: Sandbox) -> None:
    error = fails(sandbox.connection_string(role="member") + ";RateLimit=off", "invoices")
    assert isinstance(error, Forbidden)
    assert "invoices page 1: Harvest answered 403: the user of this token may not read it" in str(error)


@pytest.mark.parametrize("given", ["", ";AccountId=1"])
def test_no_token(base: str, given: str) -> None:
    error = fails(f"{base}{given}")
    assert isinstance(error, CredentialsError)
    assert "run `harvest-duck connections add NAME`, or set APIKey or HARVEST_ACCESS_TOKEN" in str(error)
    assert "DSN=sandbox tries queries without an account" in str(error)


def test_oauth_without_a_token(base: str) -> None:
    assert isinstance(fails(f"{base};AccountId=1;AuthScheme=OAuth"), LoginRequired)


def test_an_unknown_property() -> None:
    assert "did you mean APIKey?" in str(fails(f"AccountId=1;APIKy={SECRET}"))


def test_an_unreachable_host() -> None:
    error = fails(f"AccountId=1;APIKey={SECRET};BaseURL=http://127.0.0.1:9/v2;RateLimit=off")
    assert isinstance(error, TransportError)
    assert "127.0.0.1:9 cannot be reached (Connection refused): check the network, BaseURL and ProxyServer" in str(
        error
    )


def test_a_page_size_that_harvest_refuses(sandbox: Sandbox, connection: str) -> None:
    sandbox.respond_next("/v2/clients", status=422, body=b'{"message":"per_page is too large"}', times=2)
    error = fails(connection)
    assert isinstance(error, InvalidRequest)
    assert 'it refuses /v2/clients?per_page=2000; it says: "per_page is too large"' in str(error)


def test_a_server_that_stays_broken(sandbox: Sandbox, connection: str) -> None:
    sandbox.respond_next("/v2/clients", status=503, headers={"Retry-After": "0"}, body=b"<html>", times=10)
    error = fails(connection)
    assert isinstance(error, ServerError)
    assert len(sandbox.requests) == 10, "five tries in Python and five through SQL"


def test_a_limit_that_stays_reached(sandbox: Sandbox, connection: str) -> None:
    sandbox.respond_next("/v2/clients", status=429, headers={"Retry-After": "0"}, body=b"{}", times=10)
    assert isinstance(fails(connection), RateLimited)


def test_faults_that_pass_cost_no_row(sandbox: Sandbox, connection: str) -> None:
    for status in (429, 500, 503):
        sandbox.respond_next("/v2/clients", status=status, headers={"Retry-After": "0"}, body=b"", times=1)
    read = harvest_duck.scan("clients", connection).read_all()
    assert read.num_rows == len(sandbox.records(MAIN_ID, "clients"))
    assert [request.status for request in sandbox.requests] == [429, 500, 503, 200]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html><body>Hello</body></html>", "an HTML page"),
        (b'{"clients": [', "not valid JSON"),
        (b"[]", "a JSON array, not an object"),
        (b'{"projects": []}', 'no list "clients"'),
        (b'{"clients": null}', 'no list "clients"'),
    ],
)
def test_an_answer_that_is_no_page(body: bytes, says: str, sandbox: Sandbox, connection: str) -> None:
    sandbox.respond_next("/v2/clients", status=200, body=body, times=2)
    error = fails(connection)
    assert isinstance(error, ProtocolError)
    assert "clients page 1: the answer" in str(error)
    assert says in str(error)


def test_an_ill_typed_value(sandbox: Sandbox, connection: str) -> None:
    body = json.dumps({"clients": [{"id": 7, "name": 5}], "links": {"next": None}}).encode()
    sandbox.respond_next("/v2/clients", status=200, body=body, times=2)
    error = fails(connection)
    assert isinstance(error, DecodeError)
    assert str(error) == "clients page 1, record 7: name is 5, not text"
    assert (error.table, error.column, error.record_id) == ("clients", "name", 7)


@pytest.mark.parametrize(
    "link", ["https://evil.example/v2/clients?page=2", "http://127.0.0.1:1/v2/clients", "//evil.example/x"]
)
def test_a_link_to_another_host_is_not_followed(link: str, sandbox: Sandbox, connection: str) -> None:
    body = json.dumps({"clients": [{"id": 7}], "links": {"next": link}}).encode()
    sandbox.respond_next("/v2/clients", status=200, body=body, times=2)
    assert "links.next points away" in str(fails(connection))
    assert len(sandbox.requests) == 2


def test_a_redirect_is_not_followed(sandbox: Sandbox, connection: str) -> None:
    sandbox.respond_next("/v2/clients", status=302, headers={"Location": "https://evil.example/"}, body=b"", times=2)
    assert "a redirect, which is not followed" in str(fails(connection))


def test_a_link_that_goes_nowhere_ends(sandbox: Sandbox, connection: str) -> None:
    link = f"{sandbox.base_url}/clients?per_page=2000"
    body = json.dumps({"clients": [{"id": 7}], "links": {"next": link}}).encode()
    sandbox.respond_next("/v2/clients", status=200, body=body, times=2)
    assert "the list would never end" in str(fails(connection))


def test_the_tree_in_the_documentation_of_the_module_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r"(?:├──|└──|^    )\s*([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(errors.__all__)
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), HarvestDuckError)


def test_the_log_file_tells_requests_and_no_secret(sandbox: Sandbox, tmp_path: Path) -> None:
    log = tmp_path / "requests.log"
    connection = f"{sandbox.connection_string()};RateLimit=off;Verbosity=3;Logfile={log}"
    harvest_duck.scan("clients", connection).read_all()
    written = log.read_text()
    token = re.search(r"APIKey=([^;]+)", connection)
    assert token is not None
    assert "GET /v2/clients?per_page=2000 200" in written
    assert token[1] not in written


def test_links_that_go_round_end(sandbox: Sandbox, connection: str) -> None:
    """A, B, A: no page links to itself."""
    for cursor in ("a", "b", "a"):
        body = {"clients": [{"id": 7}], "links": {"next": f"{sandbox.base_url}/clients?cursor={cursor}"}}
        sandbox.respond_next("/v2/clients", body=body)
    with pytest.raises(ProtocolError, match="leads back to an earlier page; the list would never end"):
        harvest_duck.scan("clients", connection).read_all()
    assert len(sandbox.requests) == 3
