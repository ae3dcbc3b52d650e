"""Schedules choose faults from a seed, or exactly the planned ones."""

from __future__ import annotations

from harvest_duck.sandbox import Fault, Kind, Schedule
from harvest_duck.sandbox.faults.schedule import (
    BODY_FAULTS,
    HARMLESS,
    RECORD_CHANGES,
    TOKEN_FAULTS,
    TRANSIENT,
    RequestCounter,
)


def test_the_same_seed_chooses_the_same_faults() -> None:
    def chosen(seed: int) -> list[Fault | None]:
        schedule, counter = Schedule.seeded(seed, rate=0.5, kinds=set(Kind)), RequestCounter()
        targets = [f"/v2/clients?page={page}" for page in range(40)]
        return [schedule.choose(counter.count("/v2/clients", target)) for target in targets * 2]

    assert chosen(17) == chosen(17)
    assert chosen(17) != chosen(18)
    assert 20 < sum(fault is not None for fault in chosen(17)) < 60


def test_a_fault_depends_on_the_request_and_not_on_the_order() -> None:
    schedule, targets = Schedule.seeded(3, rate=0.5), [f"/v2/tasks?page={page}" for page in range(30)]
    orders = [
        {each: schedule.choose(RequestCounter().count("/v2/tasks", each)) for each in way}
        for way in (targets, targets[::-1])
    ]
    assert orders[0] == orders[1]


def test_without_lasting_every_fault_ends() -> None:
    schedule, counter = Schedule.seeded(5, rate=1, kinds=TRANSIENT, lasting=False), RequestCounter()
    for page in range(50):
        tries = [schedule.choose(counter.count("/v2/tasks", f"/v2/tasks?page={page}")) for _ in range(4)]
        assert tries[0] is not None
        assert tries[-1] is None


def test_a_planned_fault_is_chosen_by_the_number_of_the_request() -> None:
    schedule, counter = (
        Schedule.planned({("/a", 2): Kind.RESET, ("", 4): Kind.HTML, ("/b?x=1", 1): Kind.EMPTY}),
        RequestCounter(),
    )
    asked = [("/a", "/a?x=1"), ("/b", "/b?x=1"), ("/a", "/a?x=2"), ("/c", "/c"), ("/a", "/a?x=1")]
    chosen = [schedule.choose(counter.count(*each)) for each in asked]
    assert [fault and fault.kind for fault in chosen] == [None, Kind.EMPTY, Kind.RESET, Kind.HTML, None]


def test_every_kind_belongs_to_one_family() -> None:
    families = (TRANSIENT, BODY_FAULTS, HARMLESS, RECORD_CHANGES, TOKEN_FAULTS)
    assert set().union(*families) == set(Kind)
    assert sum(map(len, families)) == len(Kind)
