"""The page about errors shows each error of the tree as it reads; `UPDATE_README=1 pytest …` writes them anew."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import ssl
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import pyarrow.compute as pc
import pytest
import trustme
from support.clocks import Clock
from support.paths import DOCS

import harvest_duck
from harvest_duck import errors
from harvest_duck.errors import HarvestDuckError
from harvest_duck.http import content_encoding
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web

PAGE = DOCS / "errors.md"
UPDATE = bool(os.environ.get("UPDATE_README"))
MARKED = re.compile(r"<!-- provoked: (?P<name>.+) -->\n(?:```text\n(?P<message>.*)\n```\n)?")
#: Those of the tree that only group others.
GROUPS = {"HarvestDuckError", "ResponseError"}
TOKEN = "t0ken-that-nobody-may-see"


class Case(NamedTuple):
    """How an error is provoked: its class, the table and connection string of a scan, and what the sandbox does."""

    error: str
    connection: str
    table: str = "clients"
    before: Callable[[Sandbox], None] = lambda _: None
    columns: list[str] | None = None
    keep: pc.Expression | None = None


def answers(**forced: object) -> Callable[[Sandbox], None]:
    """The sandbox answers every request for clients so."""
    return lambda sandbox: sandbox.respond_next("/v2/clients", times=99, **forced)  # type: ignore[arg-type]


def page(**changes: object) -> bytes:
    """A page of one client, changed."""
    body = {"clients": [{"id": 7}], "total_entries": 1, "links": {"next": None}}
    return json.dumps(body | changes).encode()


def cut(sandbox: Sandbox) -> None:
    """Answers end before they are whole."""
    packed = gzip.compress(page())[:-9]
    sandbox.respond_next("/v2/clients", headers={"Content-Encoding": "gzip"}, body=packed, times=99)


def silent(sandbox: Sandbox) -> None:
    """Requests are not answered until the client goes away."""

    async def wait(_: web.BaseRequest) -> None:
        await asyncio.Event().wait()

    sandbox.on_request = wait


CASES = {
    "misspelt": Case("ConnectionStringError", f"AccountId=1;APIKy={TOKEN}"),
    "plain http": Case("ConnectionStringError", f"AccountId=1;APIKey={TOKEN};BaseURL=http://harvest.example/v2"),
    "unknown table": Case("UnknownTable", "{administrator}", "time_entry"),
    "no period": Case("QueryError", "{administrator}", "report_uninvoiced"),
    "backwards": Case(
        "QueryError",
        "{administrator}",
        "report_uninvoiced",
        keep=(pc.field("from_date") == date(2026, 12, 31)) & (pc.field("to_date") == date(2026, 1, 1)),
    ),
    "filter of another type": Case(
        "QueryError", "{administrator}", "time_entries", keep=pc.field("spent_date") == "20260101"
    ),
    "unknown column": Case("QueryError", "{administrator}", columns=["nme"]),
    "no token": Case("CredentialsError", "{base};AccountId=1"),
    "several accounts": Case("CredentialsError", "{unnumbered}"),
    "not signed in": Case("LoginRequired", "{refreshed};OAuthSettingsLocation=memory://errors"),
    "used code": Case(
        "LoginFailed",
        "{oauth};OAuthSettingsLocation=memory://errors;"
        "OAuthVerifier=sandbox-code-used;PKCEVerifier=0123456789012345678901234567890123456789012",
    ),
    "unreachable": Case("TransportError", f"AccountId=1;APIKey={TOKEN};BaseURL=http://127.0.0.1:9/v2"),
    "no answer": Case("TransportError", "{administrator};Timeout=0.2", before=silent),
    "broken off": Case("TransportError", "{administrator}", before=cut),
    "false certificate": Case("TransportError", f"AccountId=1;APIKey={TOKEN};BaseURL={{tls}}/v2"),
    "bad token": Case("Unauthorized", f"{{base}};AccountId={MAIN_ID};APIKey={TOKEN}"),
    "forbidden": Case("Forbidden", "{member}", "invoices"),
    "wrong account": Case("NotFound", "{stranger}"),
    "refused": Case(
        "InvalidRequest", "{administrator}", before=answers(status=422, body={"message": "page size is too large"})
    ),
    "rate limited": Case(
        "RateLimited", "{administrator}", before=answers(status=429, headers={"Retry-After": "15"}, body={})
    ),
    "broken server": Case("ServerError", "{administrator}", before=answers(status=503, body="<html>")),
    "page of html": Case("ProtocolError", "{administrator}", before=answers(body="<html>Log in</html>")),
    "link elsewhere": Case(
        "ProtocolError", "{administrator}", before=answers(body=page(links={"next": "https://evil.example/v2/clients"}))
    ),
    "redirect": Case(
        "ProtocolError", "{administrator}", before=answers(status=302, headers={"Location": "https://evil.example/"})
    ),
    "fewer records": Case("ProtocolError", "{administrator}", before=answers(body=page(total_entries=3))),
    "too large": Case("ProtocolError", "{administrator}", before=answers(body=b" " * (content_encoding.LARGEST + 1))),
    "ill-typed": Case("DecodeError", "{administrator}", before=answers(body=page(clients=[{"id": 7, "name": 5}]))),
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Sandbox]:
    """A sandbox that may do anything."""
    with Sandbox(seed=1, scale=0.05, limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def tls() -> Iterator[str]:
    """The URL of a host whose certificate nobody has signed whom this machine trusts."""
    certificate = trustme.CA().issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with Sandbox(seed=1, scale=0.05, tls=context) as running:
        yield running.base_url.removesuffix("/v2")


@pytest.fixture
def provoked(stage: Sandbox, tls: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Case], HarvestDuckError]]:
    """What provokes an error by a scan, without waiting between its tries."""
    monkeypatch.setattr(pool(), "clock", Clock())
    base = f"BaseURL={stage.base_url};IdURL={stage.id_url}"
    administrator = f"{stage.connection_string()};RateLimit=off"
    places = {
        "base": base,
        "tls": tls,
        "administrator": administrator,
        "unnumbered": administrator.replace(f"AccountId={MAIN_ID}", "AccountId="),
        "stranger": administrator.replace(f"AccountId={MAIN_ID}", "AccountId=999"),
        "member": stage.connection_string(role="member"),
        "oauth": stage.oauth_connection_string(),
        "refreshed": stage.oauth_connection_string(initiate="REFRESH"),
    }

    def run(case: Case) -> HarvestDuckError:
        case.before(stage)
        with pytest.raises(HarvestDuckError) as raised:
            harvest_duck.scan(
                case.table, case.connection.format(**places), columns=case.columns, filter=case.keep
            ).read_all()
        return raised.value

    yield run
    stage.clear_responses()
    stage.on_request = None


def shown(error: HarvestDuckError) -> str:
    """The message, with the ports that a run of the sandbox happens to have made to stand for any."""
    return re.sub(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:8181", str(error))


@pytest.mark.parametrize("name", CASES)
def test_each_message_reads_as_the_page_says(name: str, provoked: Callable[[Case], HarvestDuckError]) -> None:
    case = CASES[name]
    error = provoked(case)
    assert type(error) is getattr(errors, case.error)
    message = shown(error)
    assert "\n" not in message
    assert TOKEN not in message
    text = PAGE.read_text(encoding="utf-8")
    found = next(each for each in MARKED.finditer(text) if each["name"] == name)
    if UPDATE:
        block = f"<!-- provoked: {name} -->\n```text\n{message}\n```\n"
        PAGE.write_text(text[: found.start()] + block + text[found.end() :], encoding="utf-8")
    else:
        assert found["message"] == message


def test_the_page_has_every_error_of_the_tree_and_no_message_that_is_not_provoked() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [each["name"] for each in MARKED.finditer(text)] == list(CASES)
    parts = dict(re.findall(r"^##+ (\w+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    assert set(errors.__all__) - GROUPS == {case.error for case in CASES.values()}
    for name in set(errors.__all__) - {"HarvestDuckError"}:
        assert name in parts, f"{name} has a part of its own"
    for name, case in CASES.items():
        assert f"<!-- provoked: {name} -->" in parts[case.error], "each message stands below its error"
