"""Rows that have to come although something happens while they are read, and the errors that say why they do not."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.web import Response, json_response
from support.asked import asked
from support.clocks import PATIENCE_S, Clock

import harvest_duck
from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.cli.progress import progress_line
from harvest_duck.errors import Forbidden, NotFound, ProtocolError, TransportError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.http.retry import ATTEMPTS
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.runtime import loop
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.sandbox import MAIN_ID, Sandbox
from harvest_duck.scanner.client_pool import pool
from harvest_duck.scanner.progress import RunningScans
from harvest_duck.scanner.scan import batches
from harvest_duck.scanner.scan_request import scan_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web

OLD = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def _stage() -> Iterator[Sandbox]:
    with Sandbox(seed=1, scale=0.05, limits=False) as running:
        yield running


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the clients, which waits for nobody."""
    virtual = Clock()
    monkeypatch.setattr(pool(), "clock", virtual)
    return virtual


@pytest.fixture
def stage(_stage: Sandbox, clock: Clock) -> Iterator[Sandbox]:
    """A sandbox whose lists and answers the tests change."""
    _stage.clear_log()
    yield _stage
    _stage.clear_responses()
    _stage.on_request = None


def ids(stage: Sandbox, table: str, properties: str = "") -> list[int]:
    """The ids of the rows of a table, in their order; one request goes out at a time."""
    connection = f"{stage.connection_string()};RateLimit=off;MaxConnections=1;{properties}"
    found: list[int] = harvest_duck.scan(table, connection, columns=["id"]).read_all().column("id").to_pylist()
    return found


# Parents that are deleted while their children are read


@pytest.fixture
def invoices(stage: Sandbox) -> Sandbox:
    """Three invoices with a payment each."""
    stage.replace(MAIN_ID, "invoices", [{"id": number, "updated_at": OLD} for number in (1, 2, 3)])
    payments = [{"id": 10 * number, "invoice_id": number, "updated_at": OLD} for number in (1, 2, 3)]
    stage.replace(MAIN_ID, "invoice_payments", payments)
    return stage


def test_a_parent_deleted_meanwhile_has_no_rows(invoices: Sandbox) -> None:
    """Harvest is asked for it once."""

    async def deleted(request: web.BaseRequest) -> None:
        if request.path == "/v2/invoices/2/payments":
            left = [{"id": number, "updated_at": OLD} for number in (1, 3)]
            invoices.replace(MAIN_ID, "invoices", left)

    invoices.on_request = deleted
    assert ids(invoices, "invoice_payments") == [30, 10]
    assert asked(invoices) == [
        "/invoices",
        "/invoices/3/payments",
        "/invoices/2/payments",
        "/invoices/2",
        "/invoices/1/payments",
    ]


def test_a_parent_deleted_between_the_pages_of_its_children_has_no_more_rows(invoices: Sandbox) -> None:
    payments = [{"id": number, "invoice_id": 2, "updated_at": OLD} for number in (21, 22)]
    invoices.replace(MAIN_ID, "invoice_payments", payments)

    async def deleted(request: web.BaseRequest) -> None:
        if request.path == "/v2/invoices/2/payments" and "cursor" in request.query:
            invoices.replace(MAIN_ID, "invoices", [])

    invoices.on_request = deleted
    assert len(ids(invoices, "invoice_payments", "Pagesize=1")) == 1


@pytest.mark.parametrize("status", [200, 403])
def test_a_parent_that_is_there_or_may_not_be_read_excuses_nothing(status: int, invoices: Sandbox) -> None:
    invoices.respond_next("/v2/invoices/2/payments", status=404, body=b"{}")
    if status != 200:
        invoices.respond_next("/v2/invoices/2", status=status, body=b"{}")
    with pytest.raises(NotFound, match="invoice_payments invoice_id 2 page 1: Harvest answered 404: it is gone, or"):
        ids(invoices, "invoice_payments")
    assert asked(invoices).count("/invoices/2") == 1


def test_a_fault_while_a_parent_is_asked_for_is_tried_again(invoices: Sandbox) -> None:
    invoices.respond_next("/v2/invoices/2/payments", status=404, body=b"{}", times=2)
    invoices.respond_next("/v2/invoices/2", status=503, body=b"{}")
    invoices.respond_next("/v2/invoices/2", status=404, body=b"{}")
    assert ids(invoices, "invoice_payments") == [30, 10]
    assert [each for each in asked(invoices) if each.startswith("/invoices/2")] == [
        *("/invoices/2/payments", "/invoices/2"),
        *("/invoices/2/payments", "/invoices/2"),
    ]


def test_an_error_of_children_that_is_no_404_stays_one(invoices: Sandbox) -> None:
    invoices.respond_next("/v2/invoices/2/payments", status=403, body=b"{}")
    with pytest.raises(Forbidden, match="invoice_payments invoice_id 2 page 1"):
        ids(invoices, "invoice_payments")
    assert "/invoices/2" not in asked(invoices)


# Answers without a body


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_answer_is_asked_for_again(body: bytes, stage: Sandbox, clock: Clock) -> None:
    stage.respond_next("/v2/clients", body=body, times=2)
    assert sorted(ids(stage, "clients")) == sorted(client["id"] for client in stage.records(MAIN_ID, "clients"))
    assert asked(stage) == ["/clients"] * 3
    assert len(clock.sleeps) == 2


def test_answers_that_stay_empty_are_an_error(stage: Sandbox) -> None:
    stage.respond_next("/v2/clients", body=b"", times=99)
    with pytest.raises(TransportError) as refused:
        ids(stage, "clients")
    assert str(refused.value) == "clients page 1: the answer is empty: try again, or check BaseURL and ProxyServer"
    assert len(stage.requests) == ATTEMPTS


# Lists that are repaired


def entry(number: int, day: str, updated_at: str = OLD) -> dict[str, object]:
    """A time entry."""
    return {"id": number, "spent_date": day, "updated_at": updated_at}


def test_a_server_that_ignores_days_is_not_asked_for_ever_smaller_ranges(stage: Sandbox) -> None:
    """Its second page lacks a record, so the list is read in ranges of days."""
    entries = [entry(number, f"2026-03-0{1 + number % 2}") for number in range(2001)]

    async def ignoring(request: web.BaseRequest) -> Response:
        page = int(request.query.get("page", "1"))
        body = {"time_entries": entries[:2000] if page == 1 else [], "total_entries": 2001, "total_pages": 2}
        following = f"{stage.base_url}/time_entries?per_page=2000&page=2" if page == 1 else None
        return json_response(body | {"links": {"next": following}})

    stage.on_request = ignoring
    with pytest.raises(ProtocolError) as refused:
        ids(stage, "time_entries")
    assert str(refused.value) == (
        "time_entries page 1: records up to 2026-03-01 were asked for, and one of 2026-03-02 came: the server ignores "
        "from or to, so a list that changes cannot be read in parts; check BaseURL, or try again later"
    )
    assert asked(stage) == ["/time_entries", "/time_entries?page=2", "/time_entries?to=2026-03-01"]


class Pages:
    """A server that cuts `records` into pages of `size`, and announces `total`, where it is not "none"."""

    def __init__(self, stage: Sandbox, records: list[dict[str, Any]], size: int, total: int | str | None) -> None:
        self.stage, self.records, self.size, self.total = stage, records, size, total
        self.date: dict[str, str] = {}
        #: What happens before a request with this number is answered.
        self.before: dict[int, Callable[[], None]] = {}
        stage.on_request = self

    async def __call__(self, request: web.BaseRequest) -> Response:
        """One page."""
        self.before.get(len(self.stage.requests), lambda: None)()
        path = request.path.removeprefix("/v2/")
        name = path.rpartition("/")[2]
        size = min(self.size, int(request.query["per_page"]))
        page, pages = int(request.query.get("page", "1")), -(-len(self.records) // size)
        link = f"{self.stage.base_url}/{path}?per_page={size}&page={page + 1}"
        body = {
            name: self.records[(page - 1) * size : page * size],
            "total_pages": pages,
            "links": {"next": link if page < pages else None},
        }
        total = {} if self.total == "none" else {"total_entries": self.total}
        return json_response(body | total, headers=self.date)


def now(ahead_s: float = 60) -> str:
    """A moment as records write it; a minute ahead, which stays a moment ago however long a test takes."""
    return f"{datetime.now(UTC) + timedelta(seconds=ahead_s):%Y-%m-%dT%H:%M:%SZ}"


def numbers(stage: Sandbox) -> list[str]:
    """The numbers of the pages that were asked for."""
    return [request.query.get("page", "1") for request in stage.requests]


MANY = 2003


@pytest.mark.parametrize(("date", "ahead_s"), [({}, 60), ({"Date": "-"}, -1800)], ids=["Date", "no Date"])
@pytest.mark.parametrize("edited", [False, True])
def test_records_that_all_changed_a_moment_ago_are_waited_for(
    edited: bool, date: dict[str, str], ahead_s: float, stage: Sandbox, clock: Clock
) -> None:
    """And once more where one is edited meanwhile. The clock of the tests waits, and that of the server does not."""
    records = [{"id": number, "updated_at": now(ahead_s)} for number in range(1, MANY + 1)]
    pages = Pages(stage, records, 2000, MANY)
    pages.date = date
    if edited:
        pages.before[3] = lambda: records[-1].update(updated_at=now(90))
    assert ids(stage, "roles") == list(range(1, MANY + 1))
    assert clock.sleeps == ([5, 5] if edited else [5])
    assert numbers(stage) == ["1", "2"] * (3 if edited else 2)


def test_numbered_pages_without_a_total_are_read_twice_where_cursors_should_be(stage: Sandbox) -> None:
    """A record goes between two pages, so that another one is on neither."""
    pages = Pages(stage, [{"id": number, "updated_at": OLD} for number in (1, 2, 3, 4)], 2000, "none")
    pages.before[2] = lambda: pages.records.pop(0)
    assert sorted(ids(stage, "roles", "Pagesize=2")) == [1, 2, 3, 4]
    assert numbers(stage) == ["1", "2", "1"]


def test_a_gateway_whose_clock_is_ahead_hides_no_loss(stage: Sandbox) -> None:
    """A record comes and another goes between two pages, so that a third one is on neither."""
    records = [{"id": number, "updated_at": OLD} for number in (1, 2, 3, 4)]
    pages = Pages(stage, records, 2000, 4)
    pages.date = {"Date": format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)}

    def shifted() -> None:
        pages.records = [*records[1:], {"id": 5, "updated_at": now(0)}]

    pages.before[2] = shifted
    assert sorted(ids(stage, "roles", "Pagesize=2")) == [1, 2, 3, 4, 5]
    assert numbers(stage) == ["1", "2", "1"]


def test_days_that_all_changed_a_moment_ago_are_waited_for(stage: Sandbox, clock: Clock) -> None:
    """Days are read in ranges, and then once more all that changed since, which is all."""
    entries = [entry(number, f"2026-03-{1 + number % 28:02}", now()) for number in range(1, MANY + 1)]
    stage.replace(MAIN_ID, "time_entries", entries)
    assert sorted(ids(stage, "time_entries")) == list(range(1, MANY + 1))
    assert clock.sleeps == [5]
    changed = [request for request in stage.requests if "updated_since" in request.query]
    assert len(changed) == 4
    assert len(stage.requests) == 2 + 2 + 4


def test_records_that_are_edited_all_the_time_are_an_error_that_says_so(stage: Sandbox, clock: Clock) -> None:
    records = [{"id": number, "updated_at": now()} for number in range(1, MANY + 1)]
    pages = Pages(stage, records, 2000, MANY)
    for request in (3, 5, 7):
        pages.before[request] = lambda request=request: records[-1].update(updated_at=now(60 + request))
    with pytest.raises(ProtocolError) as refused:
        ids(stage, "roles")
    assert str(refused.value) == (
        "roles page 1: Harvest announced 2003 records and 2003 came, but 1 of them was changed shortly before or "
        "meanwhile, each of the 4 times it was read, so it may stand in the place of another; run the query again, or "
        "ask for less of it at a time"
    )
    assert (clock.sleeps, numbers(stage)) == ([5, 5, 5], ["1", "2"] * 4)


class Resting(Clock):
    """A clock whose sleep does not end."""

    def __init__(self) -> None:
        super().__init__()
        self.rests = threading.Event()

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 - it is never over
        """Wait until the query is interrupted."""
        self.rests.set()
        await asyncio.Event().wait()


def test_a_wait_is_told_and_can_be_interrupted(stage: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Resting()
    monkeypatch.setattr(pool(), "clock", clock)
    Pages(stage, [{"id": number, "updated_at": now()} for number in range(1, MANY + 1)], 2000, MANY)
    roles, running, readers = TABLES["roles"], RunningScans(), Readers()
    request = scan_request(
        roles, f"{stage.connection_string()};RateLimit=off", ["id"], read_filter(None, schema_of(roles))
    )
    raised: list[BaseException] = []

    def reading() -> None:
        try:
            list(batches(request, RequestLog(), running, readers))
        except Exception as error:  # noqa: BLE001 - whatever ends it
            raised.append(error)

    thread = threading.Thread(target=reading)
    thread.start()
    assert clock.rests.wait(PATIENCE_S)
    rows = loop.run(running.rows())
    readers.end()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert progress_line(rows) == "roles: 2,003 records; waits 5 s, since some have just changed"
    assert len(raised) == 1
    assert numbers(stage) == ["1", "2"]


# Totals that are missing or wrong


def invoice(number: int) -> dict[str, Any]:
    """An invoice."""
    return {"id": number, "issue_date": "2026-03-01", "updated_at": OLD}


@pytest.mark.parametrize("total", ["none", None])
@pytest.mark.parametrize("reads", [2, 3])
def test_a_list_without_a_total_is_read_until_two_reads_are_equal(
    reads: int, total: str | None, stage: Sandbox
) -> None:
    invoices = [invoice(number) for number in range(1, 6)]
    pages = Pages(stage, invoices, 2, total)
    if reads == 3:
        pages.before[4] = lambda: invoices.append(invoice(6))
    assert ids(stage, "invoices") == [1, 2, 3, 4, 5, 6][: reads + 3]
    assert numbers(stage) == ["1", "2", "3"] * reads


def test_a_list_without_a_total_whose_reads_always_differ_is_an_error(stage: Sandbox) -> None:
    assignments = [invoice(number) for number in range(1, 6)]
    pages = Pages(stage, assignments, 2, None)
    for request in (4, 7, 10):
        pages.before[request] = lambda request=request: assignments.__setitem__(4, invoice(request))
    with pytest.raises(ProtocolError) as refused:
        ids(stage, "my_project_assignments")
    assert str(refused.value) == (
        "my_project_assignments page 1: total_entries is missing, and no two of 4 reads in a row brought the same "
        "records, as the list changes; run the query again, or ask for less of it at a time"
    )
    assert numbers(stage) == ["1", "2", "3"] * 4


def test_a_total_that_counts_more_than_is_served_is_an_error_that_says_so(stage: Sandbox) -> None:
    Pages(stage, [invoice(number) for number in range(1, 6)], 2, 7)
    with pytest.raises(ProtocolError) as refused:
        ids(stage, "roles")
    assert str(refused.value) == (
        "roles page 1: Harvest announced 7 records and 5 came, the same in two reads in a row: it may count records "
        "that this token may not see; ask an administrator of the account, or set Completeness=read to take what came"
    )
    assert numbers(stage) == ["1", "2", "3"] * 4


@pytest.mark.parametrize(("total", "reads"), [(7, 2), (4, 2), (5, 1)])
def test_two_equal_reads_are_taken_where_the_user_says_so(total: int, reads: int, stage: Sandbox) -> None:
    Pages(stage, [invoice(number) for number in range(1, 6)], 2, total)
    assert ids(stage, "roles", "Completeness=read") == [1, 2, 3, 4, 5]
    assert numbers(stage) == ["1", "2", "3"] * reads


def test_two_reads_that_differ_are_not_taken(stage: Sandbox) -> None:
    invoices = [invoice(number) for number in range(1, 6)]
    pages = Pages(stage, invoices, 2, 7)
    pages.before[4] = lambda: invoices.__setitem__(0, invoice(9))
    assert sorted(ids(stage, "invoices", "Completeness=read")) == [1, 2, 3, 4, 5, 9]
    assert numbers(stage) == ["1", "2", "3"] * 3


def test_a_page_with_room_may_have_more_records_than_announced(stage: Sandbox) -> None:
    """It is one answer, and the last page: a list goes on only after a full one."""
    Pages(stage, [invoice(number) for number in range(1, 6)], 2000, 1)
    assert ids(stage, "invoices") == [1, 2, 3, 4, 5]
    assert numbers(stage) == ["1"]


def test_a_full_page_with_more_records_than_announced_is_not_the_last_one_for_sure(stage: Sandbox) -> None:
    """The server takes the number of pages from its wrong total: there is no link to a second page."""
    invoices = [invoice(number) for number in range(1, 8)]

    async def wrong(request: web.BaseRequest) -> Response:
        body = {"invoices": invoices[: int(request.query["per_page"])], "total_entries": 1, "links": {"next": None}}
        return json_response(body)

    stage.on_request = wrong
    assert ids(stage, "invoices", "Pagesize=5") == [1, 2, 3, 4, 5, 6, 7]
    assert [request.query["per_page"] for request in stage.requests] == ["5", "2000"]
