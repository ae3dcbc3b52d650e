"""Which parents are asked for their children: the new, the changed, and every one of the others in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.mirror.turns import Family, in_turn, unread

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
WEEK = timedelta(days=7)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def test_children_that_were_never_read_and_those_of_changed_parents_are_read() -> None:
    family = Family("invoice_payments", {3: None, 1: ago(days=1), 2: ago(days=1)}, MONTH)
    assert unread(family, {2, 99}) == [2, 3]
    assert unread(family, set()) == [3]


def test_the_turn_goes_to_those_that_waited_longest_by_what_their_table_allows() -> None:
    payments = Family("invoice_payments", {1: ago(days=20), 2: ago(days=29)}, MONTH)
    rates = Family("billable_rates", {7: ago(days=6), 8: ago(days=8)}, WEEK)
    # 29/30 of a month are less than 8/7 of a week, and more than 6/7.
    assert in_turn([payments, rates], NOW, timedelta(0)) == {"billable_rates": [8]}
    assert in_turn([payments, rates], NOW, timedelta(days=4)) == {"billable_rates": [8], "invoice_payments": [2]}
    assert in_turn([payments, rates], NOW, timedelta(days=90)) == {
        "billable_rates": [8, 7],
        "invoice_payments": [2, 1],
    }


def test_nobody_has_a_turn_where_nobody_was_read() -> None:
    assert in_turn([Family("invoice_payments", {1: None}, MONTH)], NOW, MONTH) == {}
    assert in_turn([], NOW, MONTH) == {}


@given(
    parents=st.integers(1, 40),
    hours=st.lists(st.floats(0.2, 200), min_size=1, max_size=6),
    days=st.integers(1, 30),
)
def test_every_parent_is_read_within_the_time_of_its_table(parents: int, hours: list[float], days: int) -> None:
    turn = timedelta(days=days)
    read_at = dict.fromkeys(range(parents), NOW)
    now, last = NOW, NOW
    longest = timedelta(hours=max(hours))
    for step in range(2000):
        now += timedelta(hours=hours[step % len(hours)])
        for parent in in_turn([Family("t", read_at, turn)], now, now - last).get("t", ()):
            read_at[parent] = now
        last = now
        if now - NOW > 3 * turn:
            break
        assert now - min(read_at.values()) <= turn + longest
