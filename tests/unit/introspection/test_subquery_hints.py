"""Which scan a hint belongs to, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow.compute as pc

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.introspection.subquery_hints import hints
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.scanner.scan_request import ScanRequest, scan_request

LATER = pc.field("updated_at") > datetime(2026, 11, 1, tzinfo=UTC)
LONG = pc.field("hours") > 2


def scan(*names: str, keep: pc.Expression | None = None, table: str = "clients", accounts: str = "7") -> ScanRequest:
    """A scan of some columns, with a filter."""
    found = TABLES[table]
    return scan_request(found, f"AccountId={accounts};APIKey=x", names, read_filter(keep, schema_of(found)))


def given(hint: str | None) -> str | None:
    """The request that a hint names."""
    return hint and hint.partition("would ask for ")[2].partition(": SET VARIABLE")[0]


def test_a_scan_that_stays_as_it_is_gets_none() -> None:
    assert hints([scan("id")], [], []) == [None]
    assert hints([scan("id")], [], [scan("id")]) == [None]
    assert hints([scan("id", keep=LATER)], [], [scan("id", keep=LATER)]) == [None]


def test_a_condition_that_is_not_sent_gets_none() -> None:
    entries = scan("id", table="time_entries")
    assert hints([entries], [], [scan("id", table="time_entries", keep=LONG)]) == [None]


def test_the_scan_of_the_subquery_itself_gets_none() -> None:
    inner, outer = scan("updated_at"), scan("id", "updated_at")
    for order in ([inner, outer], [outer, inner]):
        found = hints(order, [inner], [scan("id", keep=LATER)])
        assert [given(hint) for hint in found] == [
            "/v2/clients?updated_since=…&per_page=2000" if each is outer else None for each in order
        ]


def test_one_of_two_alike_gets_it_where_one_changes() -> None:
    found = hints([scan("id"), scan("name")], [], [scan("id"), scan("id", keep=LATER)])
    assert [hint is None for hint in found] == [True, False]


def test_another_account_or_table_or_condition_is_another_scan() -> None:
    for other in (scan("id", keep=LATER, accounts="8"), scan("id", keep=LATER, table="users")):
        assert hints([scan("id")], [], [other]) == [None]
    active = pc.field("is_active") == True  # noqa: E712 - an expression of Arrow
    assert hints([scan("id", keep=active)], [], [scan("id", keep=LATER)]) == [None]


def test_a_record_is_named_without_its_id_and_accounts_may_be_unknown() -> None:
    one = pc.field("id") == 5
    assert given(hints([scan("id")], [], [scan("id", keep=one)])[0]) == "/v2/clients/…"
    every = hints([scan("id", accounts="*")], [], [scan("id", keep=LATER, accounts="*")])
    assert given(every[0]) == "/v2/clients?updated_since=…&per_page=2000"


def test_a_value_that_leaves_nothing_to_ask_for_gets_none() -> None:
    nothing = (pc.field("id") == 5) & (pc.field("id") == 6)
    assert hints([scan("id")], [], [scan("id", keep=nothing)]) == [None]
