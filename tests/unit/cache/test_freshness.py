"""Which scans the file of a copy answers as it is, which after a sync, and which not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from harvest_duck.cache.freshness import Held, Way, is_fresh, tables_to_sync, way
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection.cache import Cache
from harvest_duck.mirror.definitions import FORMAT, signature
from harvest_duck.mirror.run_records import Proof, Source

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CACHE = Cache(path=None, tolerance_s=600, offline=False, as_of=None)
SOURCE = Source(FORMAT, "generation", 1, 2, None, None, None, NOW, NOW)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def proof(name: str, at: datetime | None) -> Proof:
    read = at or ago(1_000_000)
    return Proof(name, proven_at=at, watermark=read, values_whole_at=read, columns=signature(TABLES[name]))


def copy(**proven_at: datetime | None) -> Held:
    """Return a copy of some tables, with as of when each is proven."""
    proofs = {name: proof(name, at) for name, at in proven_at.items()}
    return Held(SOURCE, proofs, frozenset(proven_at))


@pytest.mark.parametrize(
    ("name", "held", "expected"),
    [
        ("clients", copy(clients=ago(600)), Way.FILE),
        ("clients", copy(clients=ago(601)), Way.SYNC),
        ("clients", copy(clients=None), Way.SYNC),
        ("clients", Held(), Way.SYNC),
        pytest.param("clients", copy(me=ago(60)), Way.BESIDE, id="a copy of everything without it"),
        pytest.param("clients", copy(me=ago(601)), Way.SYNC, id="it may be there by now"),
        ("report_time_team", copy(clients=ago(0)), Way.BESIDE),
        pytest.param("invoice_payments", copy(invoices=ago(0)), Way.SYNC, id="the first copy of children"),
        pytest.param("invoice_payments", copy(invoices=ago(0), invoice_payments=ago(700)), Way.SYNC),
        pytest.param("teammates", copy(users=ago(0), teammates=ago(700)), Way.BESIDE, id="read in turn, over days"),
        ("teammates", copy(users=ago(700), teammates=ago(600)), Way.FILE),
    ],
)
def test_a_scan_is_answered_by_what_is_young_enough(name: str, held: Held, expected: Way) -> None:
    assert way(name, held, CACHE, NOW) is expected


def test_the_children_of_some_parents_are_asked_for_alone_rather_than_copied_for_the_first_time() -> None:
    held = copy(invoices=ago(0))
    assert way("invoice_payments", held, CACHE, NOW, parents_chosen=True) is Way.BESIDE
    held = copy(invoices=ago(0), invoice_payments=ago(700))
    assert way("invoice_payments", held, CACHE, NOW, parents_chosen=True) is Way.SYNC


def test_payments_are_as_young_as_invoices_that_tell_of_each_of_them() -> None:
    held = copy(invoices=ago(60), invoice_payments=ago(90_000))
    assert held.as_of("invoice_payments") == ago(90_000)
    told = replace(held, told=frozenset(["invoice_payments"]))
    assert told.as_of("invoice_payments") == ago(60)
    assert way("invoice_payments", told, CACHE, NOW) is Way.FILE


def test_a_table_with_other_columns_than_the_catalog_is_not_whole() -> None:
    held = Held(SOURCE, {"clients": replace(proof("clients", NOW), columns="id BIGINT")}, frozenset(["clients"]))
    assert (held.whole("clients"), held.as_of("clients"), held.known_at("clients")) == (False, None, None)
    assert way("clients", held, CACHE, NOW) is Way.SYNC


def test_nothing_is_fresh_without_tolerance() -> None:
    none = Cache(path=None, tolerance_s=0, offline=False, as_of=None)
    assert not is_fresh(NOW, none, NOW)
    assert is_fresh(NOW + timedelta(seconds=5), CACHE, NOW)


def test_what_repeats_values_of_others_is_copied_with_them() -> None:
    assert tables_to_sync("clients", Held()) == ["clients"]
    wanted = tables_to_sync("time_entries", Held())
    assert wanted is not None
    assert {"time_entries", "clients", "projects", "tasks", "users"} <= set(wanted)


def test_a_copy_is_always_brought_up_to_date_as_a_whole() -> None:
    assert tables_to_sync("clients", copy(clients=NOW)) is None
    chosen = replace(SOURCE, tables=["clients", "me"])
    held = replace(copy(clients=NOW, me=NOW), source=chosen)
    assert tables_to_sync("clients", held) is None
    assert tables_to_sync("tasks", held) == ["clients", "me", "tasks"]
