"""What a copy knows about its runs: day ranges that were read, proofs, and the runs themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.mirror import definitions, mirror_file
from harvest_duck.mirror.periods import Period
from harvest_duck.mirror.run_records import RunRecords

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(8)]
ENDS = st.none() | st.sampled_from(DAYS[1:-1])


@pytest.fixture(scope="module")
def records() -> Iterator[RunRecords]:
    """The records of a copy that has nothing else."""
    with mirror_file.instance() as con:
        con.execute("SET threads = 1")
        con.execute("ATTACH ':memory:' AS copy")
        for statement in definitions.schemas():
            con.execute(statement)
        made = RunRecords(con)
        made.make_source("a")
        yield made


@settings(max_examples=share(60))
@given(st.lists(st.tuples(ENDS, ENDS).filter(lambda ends: None in ends or ends[0] <= ends[1]), max_size=6))
def test_of_each_day_it_is_known_when_it_was_last_read(records: RunRecords, drawn: list[tuple[date, date]]) -> None:
    records.forget("expenses")
    read: dict[date, datetime] = {}
    for number, (first, last) in enumerate(drawn):
        period, at = Period(first, last), NOON + timedelta(days=number)
        records.set_period("expenses", period, at)
        read |= {day: at for day in DAYS if day in period}
    known = records.periods("expenses")
    assert all(sum(day in period for period in known) <= 1 for day in DAYS)
    assert {day: at for day in DAYS for period, at in known.items() if day in period} == read


def test_the_ends_of_time_have_no_day_beyond(records: RunRecords) -> None:
    for period in (Period(), Period(date.min, date.max)):
        records.set_period("invoices", period, NOON)
        assert records.periods("invoices") == {period: NOON}


def test_columns_of_a_proof_stay_until_they_are_set_again(records: RunRecords) -> None:
    records.set_proof("clients", method="whole", proven_at=NOON, may_lag=["name"])
    records.set_proof("clients", method="counted")
    found = records.proofs()["clients"]
    assert (found.method, found.proven_at, found.may_lag, found.unseen) == ("counted", NOON, ["name"], None)


def test_the_latest_time_counts_for_a_parent(records: RunRecords) -> None:
    later = NOON + timedelta(hours=1)
    records.set_parents_read("invoice_payments", [1, 2, 2], NOON)
    records.set_parents_read("invoice_payments", [2, 3], later)
    records.set_parents_read("invoice_messages", [], later)
    assert records.parents_read("invoice_payments") == {1: NOON, 2: later, 3: later}
    assert records.parents_read("invoice_messages") == {}


def test_runs_have_numbers_and_the_oldest_ones_go(records: RunRecords) -> None:
    first = records.begin_run("first", NOON)
    records.end_run(first, ended_at=NOON + timedelta(seconds=1.5), outcome="done", requests=7, inserted=2)
    assert [records.begin_run("usual", NOON) for _ in range(2)] == [first + 1, first + 2]
    found = records.runs()[0]
    assert (found.seconds, found.outcome, found.requests, found.inserted, found.deleted) == (1.5, "done", 7, 2, None)
    records.run("UPDATE copy.mirror.sync_runs SET run = run + 9998 WHERE run > ?", [first])
    records.begin_run("whole", NOON)
    assert [each.run - first for each in records.runs()] == [9999, 10_000, 10_001]


def test_what_a_copy_is_of_can_be_set_and_forgotten(records: RunRecords) -> None:
    records.set_source(account_id=7, base_url="https://api.harvestapp.com/v2", first_copy_began_at=NOON)
    assert (records.source().account_id, records.source().first_copy_began_at) == (7, NOON)
    records.forget_all()
    found = records.source()
    assert (found.format, found.generation, found.account_id, found.base_url) == (1, "a", None, None)
    assert records.proofs() == records.periods("expenses") == records.parents_read("invoice_payments") == {}
