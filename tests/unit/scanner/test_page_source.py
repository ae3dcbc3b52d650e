"""How pages are fetched: ahead of the consumer, in order, and no longer than they are wanted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from support.loop_tasks import others

import harvest_duck
from harvest_duck.errors import ProtocolError, ServerError
from harvest_duck.runtime import loop
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

PAGES = 100


@pytest.fixture(scope="module")
def _long() -> Iterator[Sandbox]:
    with Sandbox(seed=7, scale=0.3, time_entries=10 * PAGES, limits=False) as running:
        yield running


@pytest.fixture
def long(_long: Sandbox) -> Iterator[Sandbox]:
    """An account with a hundred pages of ten time entries, with nothing of an earlier test in it."""
    _long.clear_log()
    _long.clear_responses()
    yield _long
    _long.on_request = None


@pytest.fixture
def connection(long: Sandbox) -> str:
    """Ten records to a page, as many requests at a time as is usual."""
    return f"{long.connection_string()};RateLimit=off;Pagesize=10"


async def _tasks() -> int:
    return len(others())


def under_way() -> int:
    """How many tasks the loop has."""
    return loop.run(_tasks())


def test_the_window_opens_as_batches_are_asked_for(long: Sandbox, connection: str) -> None:
    reader = harvest_duck.scan("time_entries", connection, columns=["id"])
    assert long.requests == []
    reader.read_next_batch()
    assert len(long.requests) == 1
    reader.read_next_batch()
    assert 2 <= len(long.requests) <= 1 + 24
    del reader
    assert under_way() == 0


def test_a_consumer_that_reads_no_further_holds_the_requests_back() -> None:
    """Half as many pages again as requests may travel are asked for and not consumed, whatever has come of them."""
    at_once: list[int] = [0]

    async def counted(_request: web.Request) -> None:
        at_once.append(at_once[-1] + 1)
        for _ in range(100):
            await asyncio.sleep(0)
        at_once.append(at_once[-1] - 1)

    # A sandbox of its own: what an earlier test gave up may come late.
    with Sandbox(seed=7, scale=0.3, time_entries=10 * PAGES, limits=False) as own:
        own.on_request = counted
        reader = harvest_duck.scan(
            "time_entries", f"{own.connection_string()};RateLimit=off;Pagesize=10", columns=["id"]
        )
        reader.read_next_batch()
        reader.read_next_batch()
        loop.run(_all_fetched())
        assert len(own.requests) == 1 + 24
        assert max(at_once) <= 16
        reader.read_next_batch()
        loop.run(_all_fetched())
        assert len(own.requests) == 2 + 24
        del reader


async def _all_fetched() -> None:
    fetching = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and "fetch" in repr(task)]
    await asyncio.gather(*fetching)


def test_letting_go_cancels_what_is_under_way(long: Sandbox, connection: str) -> None:
    held = asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse | None:
        if int(request.query.get("page", "1")) > 3:
            await held.wait()
        return None

    long.on_request = hold
    reader = harvest_duck.scan("time_entries", connection, columns=["id"])
    for _ in range(3):
        reader.read_next_batch()
    assert under_way() > 0
    del reader
    assert under_way() == 0
    assert len(long.requests) < PAGES


def test_a_limit_leaves_nothing_under_way_and_the_connection_usable(
    con: duckdb.DuckDBPyConnection, connection: str
) -> None:
    harvest_duck.register(con, connection)
    for _ in range(3):
        assert len(con.execute("SELECT * FROM harvest_scan('time_entries') LIMIT 15").fetchall()) == 15
        assert under_way() == 0
    assert con.execute("SELECT count(*) FROM harvest_scan('time_entries')").fetchone() == (10 * PAGES,)


def test_a_fault_in_the_middle_fails_the_query_and_stops_the_rest(long: Sandbox, connection: str) -> None:
    async def broken(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=500, headers={"Retry-After": "0"}) if request.query.get("page") == "20" else None

    long.on_request = broken
    with pytest.raises(ServerError, match="time_entries page 20: Harvest answered 500"):
        harvest_duck.scan("time_entries", connection, columns=["id"]).read_all()
    assert under_way() == 0
    assert len(long.requests) < PAGES + 5


def test_rows_come_in_the_order_of_harvest(long: Sandbox, connection: str) -> None:
    read = harvest_duck.scan("time_entries", connection, columns=["spent_date", "id"]).read_all().to_pylist()
    wanted = sorted(
        ((entry["spent_date"], entry["id"]) for entry in long.records(MAIN_ID, "time_entries")), reverse=True
    )
    assert [(row["spent_date"].isoformat(), row["id"]) for row in read] == wanted


UPDATED = {"updated_at": "2026-01-01T00:00:00Z"}


def test_a_total_that_is_too_low_costs_no_row(long: Sandbox, connection: str) -> None:
    """`total_pages` only says what to ask for at once; the link of the last page says whether there is more."""

    def page(number: int, link: str | None) -> dict[str, object]:
        records = [{"id": number * 10 + offset} | UPDATED for offset in range(2)]
        return {"time_entries": records, "total_pages": 2, "total_entries": 8, "links": {"next": link}}

    link = f"{long.base_url}/time_entries?per_page=10&page="
    for number, following in ((1, f"{link}2"), (2, f"{link}3"), (3, f"{link}4"), (4, None)):
        long.respond_next("/v2/time_entries", status=200, body=page(number, following))
    read = harvest_duck.scan("time_entries", connection, columns=["id"]).read_all()
    assert read.column("id").to_pylist() == [10, 11, 20, 21, 30, 31, 40, 41]


def test_fewer_records_than_announced_are_an_error(long: Sandbox, connection: str) -> None:
    body = {"time_entries": [{"id": 1}], "total_pages": 1, "total_entries": 2, "links": {"next": None}}
    long.respond_next("/v2/time_entries", status=200, body=body, times=9)
    with pytest.raises(ProtocolError, match="time_entries page 1: Harvest announced 2 records and 1 came"):
        harvest_duck.scan("time_entries", connection).read_all()


def test_a_full_page_that_says_nothing_of_others_is_an_error(long: Sandbox, connection: str) -> None:
    long.respond_next("/v2/clients", status=200, body={"clients": [{"id": number} for number in range(10)]})
    with pytest.raises(ProtocolError, match="clients page 1: a full page does not say whether another one follows"):
        harvest_duck.scan("clients", connection).read_all()


def test_links_without_a_next_one_do_not_hide_a_next_page(long: Sandbox, connection: str) -> None:
    for number, following in ((1, 2), (2, 2)):
        body = {"clients": [{"id": number} | UPDATED], "next_page": following, "total_entries": 2, "links": {}}
        long.respond_next("/v2/clients", status=200, body=body)
    read = harvest_duck.scan("clients", connection, columns=["id"]).read_all()
    assert read.column("id").to_pylist() == [1, 2]


def test_a_list_that_counts_backwards_is_an_error(long: Sandbox, connection: str) -> None:
    long.respond_next("/v2/clients", status=200, body={"clients": [{"id": 1}], "next_page": 1})
    with pytest.raises(ProtocolError, match="the list would never end"):
        harvest_duck.scan("clients", connection).read_all()


def test_a_list_without_links_goes_on_by_number(long: Sandbox, connection: str) -> None:
    for number, following in ((1, 2), (2, 3), (3, None)):
        body = {"clients": [{"id": number} | UPDATED], "next_page": following, "total_entries": 3}
        long.respond_next("/v2/clients", status=200, body=body)
    read = harvest_duck.scan("clients", connection, columns=["id"]).read_all()
    assert read.column("id").to_pylist() == [1, 2, 3]
    assert [request.query.get("page") for request in long.requests] == [None, "2", "3"]
