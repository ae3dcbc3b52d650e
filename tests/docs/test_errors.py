"""The page about errors shows each error of the tree as it reads; `UPDATE_README=1 pytest …` writes them anew."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import ssl
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow.compute as pc
import pytest
import trustme
from aiohttp import web
from support.clocks import Clock
from support.paths import DOCS

import harvest_duck
from harvest_duck import errors
from harvest_duck.engine.arrow_stream import sentence_in
from harvest_duck.errors import HarvestDuckError
from harvest_duck.http import content_encoding
from harvest_duck.pushdown.sql import text as sql_text
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.client_pool import pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

PAGE = DOCS / "errors.md"
UPDATE = bool(os.environ.get("UPDATE_README"))
MARKED = re.compile(r"<!-- provoked: (?P<name>.+) -->\n(?:```text\n(?P<message>.*)\n```\n)?")
#: What DuckDB puts before a message: the function that failed, or the source.
PREFIX = (
    "Invalid Input Error: arrow_scan: get_next failed(): "
    if duckdb.__version__.startswith("1.")
    else "Invalid Input Error: reading the "
)
#: In SQL, DuckDB itself refuses an unknown column and converts values; an unknown table has a test of its own.
NOT_IN_SQL = {"unknown table", "unknown column", "filter of another type"}
#: Those of the tree that only group others.
GROUPS = {"HarvestDuckError", "ResponseError"}
#: What stands on the page for the process that syncs, its machine and the moment.
PROCESS = "process 4711 on ada has synced it since 2026-11-20 16:50:53 UTC"
TOKEN = "t0ken-that-nobody-may-see"


class Case(NamedTuple):
    """How an error is provoked: its class, the table and connection string of a scan, and what the sandbox does.

    `keep` is the filter of the scan, and `where` the same in SQL.
    """

    error: str
    connection: str
    table: str = "clients"
    before: Callable[[Sandbox], None] = lambda _: None
    columns: list[str] | None = None
    keep: pc.Expression | None = None
    where: str = ""
    environ: Mapping[str, str] = {}


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


def pages(key: str, *numbered: Sequence[int], fresh: bool = False, **changes: object) -> Callable[[Sandbox], None]:
    """The sandbox answers every request with one of these pages, by its number; each record is another if `fresh`."""
    answered = count(100)

    def number(each: int) -> int:
        return next(answered) if fresh else each

    async def answer(request: web.BaseRequest) -> web.Response:
        page = int(request.query.get("page", "1"))
        old = {"updated_at": "2026-01-01T00:00:00Z"}
        records = [old | {"id": number(each), "spent_date": f"2026-03-0{1 + each % 2}"} for each in numbered[page - 1]]
        link = f"{request.url.with_query(page=page + 1, per_page=2000)}" if page < len(numbered) else None
        return web.json_response({key: records, "links": {"next": link}} | changes)

    def serve(sandbox: Sandbox) -> None:
        sandbox.on_request = answer

    return serve


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
        where="WHERE from_date = '2026-12-31' AND to_date = '2026-01-01'",
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
    # Not 127.0.0.1, which nobody reaches by a proxy.
    "unread proxy": Case(
        "TransportError",
        f"AccountId=1;APIKey={TOKEN};BaseURL=https://0.0.0.0:9/v2",
        environ={"HTTPS_PROXY": "http://proxy.example:3128"},
    ),
    "unreachable proxy": Case("TransportError", f"AccountId=1;APIKey={TOKEN};ProxyServer=127.0.0.1;ProxyPort=9"),
    "no answer": Case("TransportError", "{administrator};Timeout=0.2", before=silent),
    "broken off": Case("TransportError", "{administrator}", before=cut),
    "empty": Case("TransportError", "{administrator}", before=answers(body=b"")),
    "false certificate": Case("TransportError", f"AccountId=1;APIKey={TOKEN};BaseURL={{tls}}/v2"),
    "unread certificates": Case(
        "TransportError",
        f"AccountId=1;APIKey={TOKEN};BaseURL={{tls}}/v2",
        environ={"REQUESTS_CA_BUNDLE": os.devnull},
    ),
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
    "more records": Case("ProtocolError", "{administrator}", before=pages("clients", [1], [2], total_entries=1)),
    "always changing": Case(
        "ProtocolError", "{administrator}", before=pages("clients", [1], fresh=True, total_entries=3)
    ),
    "always changing without a total": Case(
        "ProtocolError",
        "{administrator}",
        "my_project_assignments",
        before=pages("project_assignments", [1], [2], fresh=True),
        columns=["id"],
    ),
    "days ignored": Case(
        "ProtocolError",
        "{administrator}",
        "time_entries",
        before=pages("time_entries", range(2000), [], total_entries=2001),
        columns=["id"],
    ),
    "too large": Case("ProtocolError", "{administrator}", before=answers(body=b" " * (content_encoding.LARGEST + 1))),
    "ill-typed": Case("DecodeError", "{administrator}", before=answers(body=page(clients=[{"id": 7, "name": 5}]))),
}


def _of_another_program(_: Sandbox, connection: str, path: Path) -> None:
    other = path.with_name("hours.duckdb")
    with duckdb.connect(other) as con:
        con.execute("CREATE TABLE hours (hours DECIMAL(18, 4))")
    harvest_duck.sync(connection, other)


def _too_much_deleted(stage: Sandbox, connection: str, path: Path) -> None:
    records = stage.records(MAIN_ID, "time_entries")
    stage.replace(MAIN_ID, "time_entries", records[100:])
    try:
        harvest_duck.sync(connection, path)
    finally:
        stage.replace(MAIN_ID, "time_entries", records)


#: How each error of a copy is provoked, once there is one: its class, and what is done with the sandbox, the connection
#: of its administrator and the copy.
COPIES: dict[str, tuple[str, Callable[[Sandbox, str, Path], object]]] = {
    "copy of another user": (
        "MirrorError",
        lambda stage, _, path: harvest_duck.sync(stage.connection_string(role="member"), path),
    ),
    "file of another program": ("MirrorError", _of_another_program),
    "table in no copy": (
        "MirrorError",
        lambda _, connection, path: harvest_duck.sync(connection, path, tables=["report_uninvoiced"]),
    ),
    "no history": (
        "MirrorError",
        lambda _, connection, path: harvest_duck.scan(
            "time_entries", f"{connection};CacheLocation={path};AsOf=2026-03-31T12:00:00Z"
        ).read_all(),
    ),
    "another sync": (
        "MirrorBusy",
        lambda _, connection, path: harvest_duck.sync(
            connection, path, on_progress=lambda _: harvest_duck.sync(connection, path)
        ),
    ),
    "too much deleted": ("DeletesRefused", _too_much_deleted),
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
def provoked(stage: Sandbox, tls: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Case], str]]:
    """What makes the sandbox provoke an error without waiting between tries, and returns the connection string."""
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

    def prepare(case: Case) -> str:
        case.before(stage)
        for name, value in case.environ.items():
            monkeypatch.setenv(name, value)
        return case.connection.format(**places)

    yield prepare
    stage.clear_responses()
    stage.on_request = None


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the functions of harvest_duck, and no connection string of its own."""
    with duckdb.connect() as opened:
        harvest_duck.register(opened)
        yield opened


def shown(text: str) -> str:
    """The text, with the ports that a run of the sandbox happens to have made to stand for any."""
    return re.sub(r"\b127\.0\.0\.1:\d{4,5}", "127.0.0.1:8181", text)


def on_the_page(name: str) -> re.Match[str]:
    """The message of a case, with its mark."""
    return next(each for each in MARKED.finditer(PAGE.read_text(encoding="utf-8")) if each["name"] == name)


@pytest.mark.parametrize("name", CASES)
def test_each_message_reads_as_the_page_says(name: str, provoked: Callable[[Case], str]) -> None:
    case = CASES[name]
    connection = provoked(case)
    with pytest.raises(HarvestDuckError) as raised:
        harvest_duck.scan(case.table, connection, columns=case.columns, filter=case.keep).read_all()
    assert type(raised.value) is getattr(errors, case.error)
    message = shown(str(raised.value))
    assert "\n" not in message
    assert TOKEN not in message
    check(name, message)


@pytest.fixture(scope="module")
def acme(stage: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the time entries."""
    path = tmp_path_factory.mktemp("copies") / "acme.duckdb"
    harvest_duck.sync(f"{stage.connection_string()};RateLimit=off", path, tables=["time_entries"])
    return path


@pytest.mark.parametrize("name", COPIES)
def test_each_message_about_a_copy_reads_as_the_page_says(name: str, stage: Sandbox, acme: Path) -> None:
    error, provoke = COPIES[name]
    before = acme.read_bytes()
    with pytest.raises(errors.MirrorError) as raised:
        provoke(stage, f"{stage.connection_string()};RateLimit=off", acme)
    assert type(raised.value) is getattr(errors, error)
    message = re.sub(r"process \d+ on .* since .* UTC", PROCESS, str(raised.value).replace(f"{acme.parent}/", ""))
    assert "\n" not in message
    check(name, message)
    assert acme.read_bytes() == before


def check(name: str, message: str) -> None:
    """Compare a message with the one on the page, or write it there."""
    found = on_the_page(name)
    if UPDATE:
        block = f"<!-- provoked: {name} -->\n```text\n{message}\n```\n"
        PAGE.write_text(found.string[: found.start()] + block + found.string[found.end() :], encoding="utf-8")
    else:
        assert found["message"] == message


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_IN_SQL])
def test_each_message_ends_the_one_line_that_duckdb_shows(
    name: str, provoked: Callable[[Case], str], con: duckdb.DuckDBPyConnection
) -> None:
    case = CASES[name]
    arguments = f"{sql_text(case.table)}, {sql_text(provoked(case))}"
    with pytest.raises(duckdb.InvalidInputException) as raised:
        con.sql(f"FROM harvest_scan({arguments}) {case.where}").fetchall()
    text, error = str(raised.value), harvest_duck.last_error(con)
    assert type(error) is getattr(errors, case.error)
    assert sentence_in(text) == str(error)
    assert shown(text).endswith(f": {on_the_page(name)['message']}")
    assert text.startswith(PREFIX)
    for unwanted in ("\n", "Traceback", "Detail:", "At:", TOKEN):
        assert unwanted not in text


@pytest.mark.parametrize("name", ["misspelt", "no token", "several accounts", "bad token", "unreachable"])
@pytest.mark.parametrize("function", ["harvest_access", "harvest_explain"])
def test_the_other_functions_say_the_same(
    name: str, function: str, provoked: Callable[[Case], str], con: duckdb.DuckDBPyConnection
) -> None:
    connection = sql_text(provoked(CASES[name]))
    explained = sql_text(f"FROM harvest_scan('clients', {connection})")
    with pytest.raises(duckdb.InvalidInputException) as raised:
        con.sql(f"FROM {function}({connection if function == 'harvest_access' else explained})").fetchall()
    text, error = str(raised.value), harvest_duck.last_error(con)
    assert type(error) is getattr(errors, CASES[name].error)
    assert (text.startswith(PREFIX), sentence_in(text)) == (True, str(error))


def test_a_misspelt_table_is_named_where_duckdb_reads_the_query(con: duckdb.DuckDBPyConnection) -> None:
    """That is before it runs the query; `execute` adds the place in the SQL, on lines of their own."""
    sql = "FROM harvest_scan('time_entry')"
    for run, place in ((con.sql, ""), (con.execute, f"\n\nLINE 1: {sql}\n")):
        with pytest.raises(duckdb.InvalidInputException) as raised:
            run(sql)
        text = str(raised.value).replace("? FROM ", "? ")
        message = on_the_page("unknown table")["message"]
        assert text.startswith(f"Invalid Input Error: {message}{place}")
        assert sentence_in(text) == message


def test_the_page_has_every_error_of_the_tree_and_no_message_that_is_not_provoked() -> None:
    text = PAGE.read_text(encoding="utf-8")
    of = {name: case.error for name, case in CASES.items()} | {name: error for name, (error, _) in COPIES.items()}
    assert [each["name"] for each in MARKED.finditer(text)] == [*CASES, *COPIES]
    parts = dict(re.findall(r"^##+ (\w+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    assert set(errors.__all__) - GROUPS == set(of.values())
    for name in set(errors.__all__) - {"HarvestDuckError"}:
        assert name in parts, f"{name} has a part of its own"
    for name, error in of.items():
        assert f"<!-- provoked: {name} -->" in parts[error], "each message stands below its error"
