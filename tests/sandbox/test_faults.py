"""The hostile sandbox commits what it says: each kind of fault, seen over the socket."""

from __future__ import annotations

import gzip
import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import trustme
from support.api_caller import Caller
from support.command import COMMAND

from harvest_duck import sandbox as package
from harvest_duck.sandbox import ADMINISTRATOR_TOKEN, MAIN_ID, Fault, Kind, Sandbox, Schedule
from harvest_duck.sandbox.faults.connection_faults import WRECKS
from harvest_duck.sandbox.faults.schedule import CHANGES, HARMLESS, LIES, PASSING, TOKENS, Counting

if TYPE_CHECKING:
    from collections.abc import Iterator

MIDDLE = {"per_page": 4, "page": 2}


def mislead(sandbox: Sandbox, kind: Kind, dice: int = 0) -> None:
    """Let the next request meet a fault."""
    sandbox.misbehave(Schedule.planned({("", 1): Fault(kind, dice)}))


def spoilt(sandbox: Sandbox, caller: Caller, kind: Kind, dice: int = 0, path: str = "/time_entries") -> tuple[Any, Any]:
    """A page in the middle of a list, and the same with a lie in it."""
    truth = caller.get(path, **MIDDLE).body
    mislead(sandbox, kind, dice)
    told = caller.get(path, **MIDDLE).body
    assert [each.fault.kind for each in sandbox.committed] == [kind]
    assert caller.get(path, **MIDDLE).body == truth
    return truth, told


def received(sandbox: Sandbox, *, headers: str = "") -> tuple[bytes, str]:
    """All that comes for a request over a socket of its own, and how it ends: end, reset or silence."""
    address = urlsplit(sandbox.base_url)
    request = (
        f"GET /v2/clients HTTP/1.1\r\nHost: {address.netloc}\r\nUser-Agent: tests\r\n"
        f"Authorization: Bearer {ADMINISTRATOR_TOKEN}\r\nHarvest-Account-Id: {MAIN_ID}\r\n{headers}\r\n"
    )
    content = b""
    with socket.create_connection((address.hostname or "", address.port or 0)) as peer:
        peer.sendall(request.encode())
        # Only where silence is what is expected does anybody wait for so long.
        peer.settimeout(0.3)
        try:
            while piece := peer.recv(65536):
                content += piece
        except ConnectionResetError:
            return content, "reset"
        except TimeoutError:
            return content, "silence"
    return content, "end"


def test_the_same_seed_chooses_the_same_faults() -> None:
    def chosen(seed: int) -> list[Fault | None]:
        schedule, counting = Schedule.seeded(seed, rate=0.5, kinds=set(Kind)), Counting()
        targets = [f"/v2/clients?page={page}" for page in range(40)]
        return [schedule.choose(counting.asked("/v2/clients", target)) for target in targets * 2]

    assert chosen(17) == chosen(17)
    assert chosen(17) != chosen(18)
    assert 20 < sum(fault is not None for fault in chosen(17)) < 60


def test_a_fault_depends_on_the_request_and_not_on_its_place() -> None:
    schedule, targets = Schedule.seeded(3, rate=0.5), [f"/v2/tasks?page={page}" for page in range(30)]
    orders = [
        {each: schedule.choose(Counting().asked("/v2/tasks", each)) for each in way} for way in (targets, targets[::-1])
    ]
    assert orders[0] == orders[1]


def test_a_fault_that_may_not_last_passes() -> None:
    schedule, counting = Schedule.seeded(5, rate=1, kinds=PASSING, lasting=False), Counting()
    for page in range(50):
        tries = [schedule.choose(counting.asked("/v2/tasks", f"/v2/tasks?page={page}")) for _ in range(4)]
        assert tries[0] is not None
        assert tries[-1] is None


def test_a_plan_names_the_how_manieth_request_for_a_path() -> None:
    schedule, counting = (
        Schedule.planned({("/a", 2): Kind.RESET, ("", 4): Kind.HTML, ("/b?x=1", 1): Kind.EMPTY}),
        Counting(),
    )
    asked = [("/a", "/a?x=1"), ("/b", "/b?x=1"), ("/a", "/a?x=2"), ("/c", "/c"), ("/a", "/a?x=1")]
    chosen = [schedule.choose(counting.asked(*each)) for each in asked]
    assert [fault and fault.kind for fault in chosen] == [None, Kind.EMPTY, Kind.RESET, Kind.HTML, None]


def test_every_kind_belongs_to_one_family() -> None:
    families = (PASSING, LIES, HARMLESS, CHANGES, TOKENS)
    assert set().union(*families) == set(Kind)
    assert sum(map(len, families)) == len(Kind)


def test_only_requests_for_records_are_met_and_only_while_it_misbehaves(small: Sandbox, visitor: Caller) -> None:
    small.misbehave(Schedule.seeded(1, rate=1, kinds=[Kind.FAILED]))
    assert visitor.send("/api/v2/accounts").status == 200
    assert visitor.get("/clients").status >= 500
    small.behave()
    assert visitor.get("/clients").status == 200
    assert small.committed == []


def test_a_sandbox_may_be_hostile_from_the_start() -> None:
    schedule = Schedule.planned({("/v2/tasks", 1): Kind.HTML})
    with Sandbox(scale=0.1, hostile=schedule) as sandbox, closing(Caller(sandbox)) as caller:
        assert caller.get("/clients").status == 200
        assert caller.get("/tasks").content.startswith(b"<!DOCTYPE html>")
        assert [str(each) for each in sandbox.committed] == ["/v2/tasks (1): an HTML page [0]"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
@pytest.mark.shows_secrets
def test_the_command_line_takes_a_seed_of_faults() -> None:
    schedule = Schedule.seeded(17)
    targets = (f"/v2/clients?page={page}" for page in range(1, 1000))
    chosen = ((target, schedule.choose(Counting().asked("/v2/clients", target))) for target in targets)
    failing = next(target for target, fault in chosen if fault is not None and fault.kind is Kind.FAILED)
    arguments = ["sandbox", "--port", "0", "--scale", "0.1", "--faults", "17"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = next(line for line in process.stdout if "BaseURL=" in line)
        with closing(Caller(told.partition("BaseURL=")[2].partition(";")[0])) as caller:
            assert caller.send(failing).status >= 500
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


ADVICE = {
    Kind.THROTTLED: None,
    Kind.THROTTLED_SECONDS: "3",
    Kind.THROTTLED_GARBAGE: "soon",
    Kind.THROTTLED_LONG: "3600",
}


@pytest.mark.parametrize("kind", ADVICE)
def test_429_comes_with_and_without_advice(kind: Kind, small: Sandbox, visitor: Caller) -> None:
    mislead(small, kind)
    answer = visitor.get("/clients")
    assert (answer.status, answer.headers["Retry-After"]) == (429, ADVICE[kind])
    assert "message" in answer.body
    assert visitor.get("/clients").status == 200


@pytest.mark.parametrize(
    ("kind", "days"), [(Kind.THROTTLED_DATE, 0), (Kind.THROTTLED_AHEAD, 1), (Kind.THROTTLED_BEHIND, -1)]
)
def test_429_comes_with_a_date_by_a_clock_that_may_be_off(
    kind: Kind, days: int, small: Sandbox, visitor: Caller
) -> None:
    mislead(small, kind)
    answer = visitor.get("/clients")
    said, later = (parsedate_to_datetime(answer.headers[name]) for name in ("Date", "Retry-After"))
    assert later - said == timedelta(seconds=3)
    assert abs(said - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=5)


@pytest.mark.parametrize("kind", [Kind.FAILED, Kind.FAILED_HTML, Kind.FAILED_SECONDS])
def test_5xx_comes_with_json_and_html_and_advice(kind: Kind, small: Sandbox, visitor: Caller) -> None:
    statuses = set()
    for dice in range(30):
        mislead(small, kind, dice)
        answer = visitor.get("/clients")
        statuses.add(answer.status)
        assert answer.headers["Retry-After"] == ("3" if kind is Kind.FAILED_SECONDS else None)
        assert answer.content.startswith(b"<html>" if kind is Kind.FAILED_HTML else b"{")
    assert statuses == {500, 502, 503, 504}


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
    mislead(small, kind)
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
            # What came before a reset may be lost with it.
            assert body.startswith(came)
        case _:
            assert f"Content-Length: {len(body)}".encode() in head
            assert came == body[: len(body) // 2]
    assert [each.fault.kind for each in small.committed] == [kind]
    assert small.requests[-1].status is None


def test_a_body_may_drip_without_an_end(small: Sandbox) -> None:
    mislead(small, Kind.ENDLESS_BODY)
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


def test_the_wrecks_are_all_tried_here() -> None:
    assert {*ENDINGS, Kind.ENDLESS_BODY} == WRECKS


@pytest.mark.parametrize("kind", [Kind.LATE_HEADERS, Kind.LATE_BODY])
def test_late_answers_are_whole(kind: Kind, small: Sandbox, visitor: Caller) -> None:
    truth = visitor.get("/clients").body
    mislead(small, kind)
    assert visitor.get("/clients").body == truth
    assert [each.fault.kind for each in small.committed] == [kind]


def test_a_shut_port_refuses_until_it_is_opened(small: Sandbox) -> None:
    mislead(small, Kind.REFUSED)
    assert received(small)[1] == "reset"
    with pytest.raises(ConnectionRefusedError):
        received(small)
    small.reopen()
    assert received(small, headers="Connection: close\r\n")[0].startswith(b"HTTP/1.1 200")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who vouches for the sandbox."""
    return trustme.CA()


def server_side(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """The server's side of TLS, with a certificate of that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def handshake(sandbox: Sandbox, authority: trustme.CA) -> str | None:
    """The version of TLS that the sandbox speaks; an error where its certificate is not that of the host."""
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
    """A sandbox over TLS, with an impostor at hand that has another host's certificate."""
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
    mislead(secure, Kind.IMPOSTOR)
    address = urlsplit(secure.base_url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    with closing(http.client.HTTPSConnection(address.hostname or "", address.port, context=context)) as connection:
        connection.request("GET", "/v2/clients", headers={"User-Agent": "tests"})
        with pytest.raises(OSError):  # noqa: PT011 - a reset, or an end of TLS that was not announced
            connection.getresponse()
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        handshake(secure, authority)
    secure.behave()
    assert handshake(secure, authority)


def test_without_an_impostor_nobody_poses_as_one(small: Sandbox, visitor: Caller) -> None:
    mislead(small, Kind.IMPOSTOR)
    assert visitor.get("/clients").status == 200
    assert small.committed == []


@pytest.mark.parametrize("kind", [Kind.GZIP_CUT, Kind.GZIP_DAMAGED, Kind.GZIP_UNASKED])
def test_gzip_is_damaged_where_http_sees_nothing_wrong(kind: Kind, small: Sandbox) -> None:
    truth = received(small, headers="Connection: close\r\n")[0].partition(b"\r\n\r\n")[2]
    mislead(small, kind)
    head, _, packed = received(small, headers="Connection: close\r\n")[0].partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert f"Content-Length: {len(packed)}\r\n".encode() in head + b"\r\n"
    if kind is Kind.GZIP_UNASKED:
        assert gzip.decompress(packed) == truth
    else:
        with pytest.raises(EOFError if kind is Kind.GZIP_CUT else gzip.BadGzipFile):
            gzip.decompress(packed)


@pytest.mark.parametrize("kind", [Kind.EMPTY, Kind.HTML, Kind.NOT_JSON, Kind.CUT_JSON])
def test_a_body_may_be_no_json_with_status_200(kind: Kind, small: Sandbox, visitor: Caller) -> None:
    mislead(small, kind)
    answer = visitor.get("/time_entries", **MIDDLE)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html" if kind is Kind.HTML else "application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.body  # noqa: B018 - it cannot be read


def test_totals_are_wrong(small: Sandbox, visitor: Caller) -> None:
    total = len(small.records(MAIN_ID, "time_entries"))
    told = {kind: spoilt(small, visitor, kind)[1] for kind in LIES if kind.startswith("total_entries")}
    assert told[Kind.TOTAL_HIGHER]["total_entries"] > total
    assert told[Kind.TOTAL_LOWER]["total_entries"] < total
    assert told[Kind.TOTAL_NULL]["total_entries"] is None
    assert told[Kind.TOTAL_TEXT]["total_entries"] == "many"
    assert "total_entries" not in told[Kind.TOTAL_MISSING]


@pytest.mark.parametrize("path", ["/time_entries", "/task_assignments"])
def test_links_lead_astray(path: str, small: Sandbox, visitor: Caller) -> None:
    told = {kind: spoilt(small, visitor, kind, path=path)[1] for kind in LIES if kind.startswith("links.next")}
    links = {kind: body["links"]["next"] for kind, body in told.items()}
    assert visitor.follow(links[Kind.NEXT_SAME]).body == visitor.get(path, **MIDDLE).body
    for kind in (Kind.NEXT_FIRST, Kind.NEXT_PREVIOUS):
        first = visitor.get(path, per_page=4).body
        assert [v for k, v in visitor.follow(links[kind]).body.items() if isinstance(v, list)] == [
            value for value in first.values() if isinstance(value, list)
        ]
    assert urlsplit(links[Kind.NEXT_AWAY]).hostname == "harvest.example"
    assert links[Kind.NEXT_GARBAGE] == "::://no address"
    assert links[Kind.NEXT_NULL] is None
    assert told[Kind.NEXT_NULL]["total_pages"] > 2


def test_parts_of_a_page_are_missing(small: Sandbox, visitor: Caller) -> None:
    assert "links" not in spoilt(small, visitor, Kind.LINKS_MISSING)[1]
    assert spoilt(small, visitor, Kind.LIST_NULL)[1]["time_entries"] is None
    assert "time_entries" not in spoilt(small, visitor, Kind.LIST_MISSING)[1]
    assert None in spoilt(small, visitor, Kind.RECORD_NULL)[1]["time_entries"]


def changed_keys(truth: Any, told: Any) -> list[tuple[str, Any, Any]]:
    """The keys of the one record that differs, with what they were and are; a missing one is `...`."""
    ((one, other),) = [
        (one, other) for one, other in zip(truth["time_entries"], told["time_entries"], strict=True) if one != other
    ]
    return [(key, one[key], other.get(key, ...)) for key in one if other.get(key, ...) != one[key]]


def test_values_of_records_are_wrong(small: Sandbox, visitor: Caller) -> None:
    ((key, _, told),) = changed_keys(*spoilt(small, visitor, Kind.ID_NULL))
    assert (key, told) == ("id", None)
    ((key, _, told),) = changed_keys(*spoilt(small, visitor, Kind.ID_MISSING))
    assert (key, told) == ("id", ...)
    for dice in range(10):
        ((key, before, told),) = changed_keys(*spoilt(small, visitor, Kind.KEY_NULL, dice))
        assert key != "id"
        assert before is not None
        assert told is None
        touched = small.committed[0].touched
        assert touched is not None
        assert (touched.table, (touched.before or {})[key], (touched.after or {})[key]) == (
            "time_entries",
            before,
            None,
        )
        assert changed_keys(*spoilt(small, visitor, Kind.KEY_MISSING, dice))[0][2] is ...
        ((key, before, told),) = changed_keys(*spoilt(small, visitor, Kind.ILL_TYPED, dice))
        kinds = [Decimal if type(each) is int else type(each) for each in (before, told)]
        assert kinds[0] is not kinds[1]


def test_records_come_twice(small: Sandbox, visitor: Caller) -> None:
    for kind, size in ((Kind.TWICE_ON_PAGE, 5), (Kind.TWICE_IN_PLACE, 4)):
        truth, told = spoilt(small, visitor, kind)
        before, after = ([record["id"] for record in body["time_entries"]] for body in (truth, told))
        assert len(after) == size
        assert len(set(after)) == size - 1
        assert set(after) <= set(before)
    small.misbehave(Schedule.planned({("", 2): Kind.TWICE_ON_PAGES}))
    first, second = (visitor.get("/time_entries", per_page=4, page=page).body["time_entries"] for page in (1, 2))
    assert second[0] == first[0]
    assert len(second) == 5


def test_oddities_change_no_record(small: Sandbox, visitor: Caller) -> None:
    for kind in (Kind.UNKNOWN_KEY, Kind.UNKNOWN_NEST):
        truth, told = spoilt(small, visitor, kind)
        assert "added_by_harvest" in told
        without = [{k: v for k, v in each.items() if k != "added_by_harvest"} for each in told["time_entries"]]
        assert without == truth["time_entries"]
    mislead(small, Kind.CONTENT_TYPE)
    answer = visitor.get("/clients")
    assert answer.body["clients"]
    assert not answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(("kind", "sign"), [(Kind.DATE_AHEAD, 1), (Kind.DATE_BEHIND, -1)])
def test_the_clock_of_an_answer_jumps(kind: Kind, sign: int, small: Sandbox, visitor: Caller) -> None:
    mislead(small, kind)
    shift = parsedate_to_datetime(visitor.get("/clients").headers["Date"]) - datetime.now(UTC)
    assert sign * shift > timedelta(seconds=50)


def test_records_change_before_an_answer_and_are_put_back(small: Sandbox, visitor: Caller) -> None:
    before = {record["id"]: record for record in small.records(MAIN_ID, "invoices")}
    for kind, more in ((Kind.INSERTED, 1), (Kind.CHANGED, 0), (Kind.DELETED, -1)):
        mislead(small, kind)
        listed = visitor.get("/invoices").body["invoices"]
        assert len(listed) == len(before) + more
        (committed,) = small.committed
        touched = committed.touched
        assert touched is not None
        if touched.after is not None:
            (told,) = [record for record in listed if record["id"] == touched.identity]
            assert told["subject"] == touched.after["subject"]
            assert datetime.now(UTC) - datetime.fromisoformat(told["updated_at"]) < timedelta(minutes=5)
        items = [item["id"] for record in listed for item in record["line_items"]]
        assert len(items) == len(set(items))
        small.behave()
        assert {record["id"]: record for record in visitor.get("/invoices").body["invoices"]} == before


@pytest.mark.parametrize("kind", sorted(TOKENS))
def test_tokens_end_before_an_answer(kind: Kind, small: Sandbox) -> None:
    issued = small.issue_tokens()
    with closing(Caller(small, issued.access_token)) as caller:
        assert caller.get("/clients").status == 200
        mislead(small, kind)
        assert caller.get("/clients").status == 401
        fields = {"grant_type": "refresh_token", "refresh_token": issued.refresh_token}
        client = {"client_id": package.OAUTH_CLIENT_ID, "client_secret": package.OAUTH_CLIENT_SECRET}
        refreshed = caller.post("/api/v2/oauth2/token", fields | client)
    assert refreshed.status == (200 if kind is Kind.EXPIRED else 400)
