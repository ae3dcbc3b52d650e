"""Whole results for a copy: all rows whatever `MaxRows` says, the moment as of which they are all, and the requests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import ConnectionStringError, NotFound, ProtocolError
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.scanner.table_reader import TableReader

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

ENTRIES = TABLES["time_entries"]
DAY = date(2026, 6, 1)


def test_rows_come_with_the_moment_before_which_all_of_them_were_saved(sandbox: Sandbox, connection: str) -> None:
    reader = TableReader(connection)
    before = datetime.now(UTC)
    found = reader.read(ENTRIES)
    assert found.rows.num_rows == len(sandbox.records(MAIN_ID, "time_entries"))
    assert found.requests == len(sandbox.requests) == 2
    assert before - timedelta(seconds=20) < found.horizon < datetime.now(UTC)


def test_a_count_is_one_request(sandbox: Sandbox, connection: str) -> None:
    counted = TableReader(connection).count(ENTRIES, pc.field("spent_date") >= DAY)
    wanted = [each for each in sandbox.records(MAIN_ID, "time_entries") if each["spent_date"] >= str(DAY)]
    assert (counted.rows, counted.requests) == (len(wanted), 1)
    assert dict(sandbox.requests[0].query) == {"from": "2026-06-01", "per_page": "1"}


def test_max_rows_does_not_cut_a_copy(connection: str) -> None:
    assert TableReader(f"{connection};MaxRows=2").read(TABLES["clients"]).rows.num_rows > 2


def test_requests_rows_and_tries_are_counted_and_told_as_they_come(sandbox: Sandbox, connection: str) -> None:
    told: list[tuple[int, int]] = []
    reader = TableReader(connection, lambda: told.append((reader.requests, reader.rows)))
    sandbox.respond_next("/clients", status=503)
    clients = reader.read(TABLES["clients"])
    assert clients.requests == len(sandbox.requests) == 2
    reader.count(TABLES["tasks"])
    assert (reader.requests, reader.rows) == (3, clients.rows.num_rows)
    # Also while an answer is awaited, as often as that takes.
    assert {(2, clients.rows.num_rows), (3, clients.rows.num_rows)} <= set(told)
    assert told == sorted(told)
    assert reader.progress() is None


def test_errors_are_those_of_a_scan(connection: str) -> None:
    with pytest.raises(NotFound):
        TableReader(connection).read(TABLES["pto_balances"], pc.field("user_id").isin([1]))
    with pytest.raises(ConnectionStringError):
        TableReader("Nonsense=1")
    with pytest.raises(ProtocolError, match="nothing was asked of Harvest"):
        TableReader(connection).read(TABLES["clients"], pc.field("account_id") == 5)
