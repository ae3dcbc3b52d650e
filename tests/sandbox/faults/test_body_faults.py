"""Bodies with status 200 that are no page, or a page with a fault in it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from support.fault_injection import MIDDLE, inject, with_fault

from harvest_duck.sandbox import MAIN_ID, Kind, Sandbox, Schedule
from harvest_duck.sandbox.faults.schedule import (
    BODY_FAULTS,
)

if TYPE_CHECKING:
    from support.api_caller import Caller


def test_a_body_may_be_no_json_with_status_200(small: Sandbox, caller: Caller) -> None:
    for kind in (Kind.EMPTY, Kind.HTML, Kind.NOT_JSON, Kind.CUT_JSON):
        inject(small, kind)
        answer = caller.get("/time_entries", **MIDDLE)
        assert answer.status == 200, kind
        content_type = "text/html" if kind is Kind.HTML else "application/json"
        assert answer.headers["Content-Type"].startswith(content_type), kind
        with pytest.raises(json.JSONDecodeError):
            answer.body  # noqa: B018 - reading it raises


def test_totals_are_wrong(small: Sandbox, caller: Caller) -> None:
    total = len(small.records(MAIN_ID, "time_entries"))
    served = {kind: with_fault(small, caller, kind)[1] for kind in BODY_FAULTS if kind.startswith("total_entries")}
    assert served[Kind.TOTAL_HIGHER]["total_entries"] > total
    assert served[Kind.TOTAL_LOWER]["total_entries"] < total
    assert served[Kind.TOTAL_NULL]["total_entries"] is None
    assert served[Kind.TOTAL_TEXT]["total_entries"] == "many"
    assert "total_entries" not in served[Kind.TOTAL_MISSING]


@pytest.mark.parametrize("path", ["/time_entries", "/task_assignments"])
def test_next_links_are_wrong(path: str, small: Sandbox, caller: Caller) -> None:
    served = {
        kind: with_fault(small, caller, kind, path=path)[1] for kind in BODY_FAULTS if kind.startswith("links.next")
    }
    links = {kind: body["links"]["next"] for kind, body in served.items()}
    assert caller.follow(links[Kind.NEXT_SAME]).body == caller.get(path, **MIDDLE).body
    for kind in (Kind.NEXT_FIRST, Kind.NEXT_PREVIOUS):
        first = caller.get(path, per_page=4).body
        assert [v for k, v in caller.follow(links[kind]).body.items() if isinstance(v, list)] == [
            value for value in first.values() if isinstance(value, list)
        ]
    assert urlsplit(links[Kind.NEXT_AWAY]).hostname == "harvest.example"
    assert links[Kind.NEXT_GARBAGE] == "::://no address"
    assert links[Kind.NEXT_NULL] is None
    assert served[Kind.NEXT_NULL]["total_pages"] > 2


def test_parts_of_a_page_are_missing(small: Sandbox, caller: Caller) -> None:
    assert "links" not in with_fault(small, caller, Kind.LINKS_MISSING)[1]
    assert with_fault(small, caller, Kind.LIST_NULL)[1]["time_entries"] is None
    assert "time_entries" not in with_fault(small, caller, Kind.LIST_MISSING)[1]
    assert None in with_fault(small, caller, Kind.RECORD_NULL)[1]["time_entries"]


def changed_keys(correct: Any, served: Any) -> list[tuple[str, Any, Any]]:
    """Return the keys of the one record that differs, with both values; `...` for a missing key."""
    ((one, other),) = [
        (one, other) for one, other in zip(correct["time_entries"], served["time_entries"], strict=True) if one != other
    ]
    return [(key, one[key], other.get(key, ...)) for key in one if other.get(key, ...) != one[key]]


def test_values_of_records_are_wrong(small: Sandbox, caller: Caller) -> None:
    ((key, _, served),) = changed_keys(*with_fault(small, caller, Kind.ID_NULL))
    assert (key, served) == ("id", None)
    ((key, _, served),) = changed_keys(*with_fault(small, caller, Kind.ID_MISSING))
    assert (key, served) == ("id", ...)
    for seed in range(10):
        ((key, before, served),) = changed_keys(*with_fault(small, caller, Kind.KEY_NULL, seed))
        assert key != "id"
        assert before is not None
        assert served is None
        change = small.injected[0].change
        assert change is not None
        assert (change.table, (change.before or {})[key], (change.after or {})[key]) == (
            "time_entries",
            before,
            None,
        )
        assert changed_keys(*with_fault(small, caller, Kind.KEY_MISSING, seed))[0][2] is ...
        ((key, before, served),) = changed_keys(*with_fault(small, caller, Kind.ILL_TYPED, seed))
        kinds = [Decimal if type(each) is int else type(each) for each in (before, served)]
        assert kinds[0] is not kinds[1]


def test_records_are_duplicated(small: Sandbox, caller: Caller) -> None:
    for kind, size in ((Kind.TWICE_ON_PAGE, 5), (Kind.TWICE_IN_PLACE, 4)):
        correct, served = with_fault(small, caller, kind)
        before, after = ([record["id"] for record in body["time_entries"]] for body in (correct, served))
        assert len(after) == size
        assert len(set(after)) == size - 1
        assert set(after) <= set(before)
    small.inject(Schedule.planned({("", 2): Kind.TWICE_ON_PAGES}))
    first, second = (caller.get("/time_entries", per_page=4, page=page).body["time_entries"] for page in (1, 2))
    assert second[0] == first[0]
    assert len(second) == 5


def test_unknown_keys_change_no_record(small: Sandbox, caller: Caller) -> None:
    for kind in (Kind.UNKNOWN_KEY, Kind.UNKNOWN_NEST):
        correct, served = with_fault(small, caller, kind)
        assert "added_by_harvest" in served
        without = [{k: v for k, v in each.items() if k != "added_by_harvest"} for each in served["time_entries"]]
        assert without == correct["time_entries"]
