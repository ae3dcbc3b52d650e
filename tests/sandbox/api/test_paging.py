"""Pages: each record once in order, for every page size, and envelopes as documented."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from support.api_caller import FACTS

from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from support.api_caller import Caller

    from harvest_duck.sandbox import Sandbox

LISTS = [
    name
    for name, table in FACTS.items()
    if table["pagination"] in ("page", "cursor") and not table["item_path"] and "{" not in table["path"]
]
SPAN = {"from_": "20260101", "to": "20261120"}
SORTS = {
    "expenses": "spent_date",
    "time_entries": "spent_date",
    "invoices": "issue_date",
    "estimates": "issue_date",
}


def params(name: str) -> dict[str, object]:
    if name == "time_entries":
        return {"from_": "2026-10-15"}
    return dict(SPAN) if FACTS[name]["max_span_days"] else {}


@pytest.mark.parametrize("per_page", [pytest.param(1, marks=pytest.mark.thorough), 7, 2000])
def test_following_next_returns_every_record_once(administrator: Caller, per_page: int) -> None:
    """The longest lists in larger pages alone."""
    tried = 0
    for name in LISTS:
        table, key = FACTS[name], FACTS[name]["response_key"]
        whole = administrator.records(table["path"], key, **params(name))
        if len(whole) > 40 * per_page:
            continue
        tried += 1
        pages = list(administrator.pages(table["path"], per_page=per_page, **params(name)))
        assert [record for page in pages for record in page[key]] == whole, name
        assert {page["total_entries"] for page in pages} == {len(whole)}, name
        assert {page["total_pages"] for page in pages} == {len(pages)}, name
        assert {page["per_page"] for page in pages} == {per_page}, name
        assert all(len(page[key]) == per_page for page in pages[:-1]), name
    assert tried > len(LISTS) / 3


def test_lists_are_sorted_newest_first_with_ties_by_id(administrator: Caller) -> None:
    unsorted = []
    for name in LISTS:
        if name.startswith("report") or name == "pto_assignments":
            continue
        field = SORTS.get(name, "created_at")
        records = administrator.records(FACTS[name]["path"], FACTS[name]["response_key"], **params(name))
        assert records, name
        order = [(record[field] or "", record["id"]) for record in records]
        if order != sorted(order, reverse=True):
            unsorted.append(name)
    assert not unsorted


def test_rates_are_sorted_by_start(harvest: Sandbox, administrator: Caller) -> None:
    user = harvest.records(MAIN_ID, "users")[0]
    rates = administrator.records(f"/users/{user['id']}/billable_rates", "billable_rates", per_page=1)
    starts = [rate["start_date"] for rate in rates]
    assert starts[0] is None
    assert starts[1:] == sorted(starts[1:])


def test_the_envelope_of_numbered_pages_counts(administrator: Caller) -> None:
    first, middle, last = (administrator.get("/estimates", per_page=12, page=page).body for page in (1, 2, 3))
    assert set(first) == {
        *("estimates", "per_page", "total_pages", "total_entries", "next_page", "previous_page", "page", "links"),
    }
    assert [(each["previous_page"], each["page"], each["next_page"]) for each in (first, middle, last)] == [
        (None, 1, 2),
        (1, 2, 3),
        (2, 3, None),
    ]
    ends = [{name: link and urlsplit(link).query for name, link in each["links"].items()} for each in (first, last)]
    assert ends == [
        {
            "first": "page=1&per_page=12&ref=first",
            "next": "page=2&per_page=12&ref=next",
            "previous": None,
            "last": "page=3&per_page=12&ref=last",
        },
        {
            "first": "page=1&per_page=12&ref=first",
            "next": None,
            "previous": "page=2&per_page=12&ref=previous",
            "last": "page=3&per_page=12&ref=last",
        },
    ]


def test_the_envelope_of_cursor_pages_counts_at_the_ends_only(administrator: Caller) -> None:
    pages = list(administrator.pages("/clients", per_page=10))
    assert [(each["previous_page"], each["page"], each["next_page"]) for each in pages] == [
        (None, 1, 2),
        (None, None, None),
        (2, 3, None),
    ]
    first, middle, last = (each["links"] for each in pages)
    assert urlsplit(first["first"]).query == "page=1&per_page=10&ref=first"
    assert urlsplit(middle["last"]).query == "page=3&per_page=10&ref=last"
    assert (first["previous"], last["next"]) == (None, None)
    linked = parse_qs(urlsplit(first["next"]).query)
    assert set(linked) == {"cursor", "per_page", "ref"}
    assert linked["ref"] == ["next_cursor"]
    cursor = json.loads(base64.b64decode(linked["cursor"][0]))
    assert cursor == {"after": {"id": pages[0]["clients"][-1]["id"]}}
    assert administrator.follow(last["previous"]).body["clients"] == pages[1]["clients"]
    assert administrator.follow(first["last"]).body["clients"] == pages[2]["clients"]


def test_a_single_page_has_numbers_and_no_neighbours(administrator: Caller) -> None:
    body = administrator.get("/roles").body
    assert (body["page"], body["total_pages"], body["next_page"], body["previous_page"]) == (1, 1, None, None)
    assert (body["per_page"], body["links"]["next"]) == (2000, None)


def test_an_empty_list_is_one_empty_page(administrator: Caller) -> None:
    for key in ("clients", "time_entries"):
        body = administrator.get(f"/{key}", updated_since="2999-01-01T00:00:00Z").body
        assert (body[key], body["total_entries"], body["total_pages"], body["page"]) == ([], 0, 1, 1), key


def test_pages_by_number_work_on_cursor_lists(administrator: Caller) -> None:
    whole = administrator.records("/projects", "projects")
    numbered = [administrator.get("/projects", per_page=15, page=page).body["projects"] for page in (1, 2, 3)]
    assert [record for page in numbered for record in page] == whole


def test_a_cursor_overrides_a_page(administrator: Caller) -> None:
    link = administrator.get("/projects", per_page=10).body["links"]["next"]
    assert administrator.follow(f"{link}&page=4").body["projects"] == administrator.follow(link).body["projects"]


def test_numbered_lists_ignore_cursors(administrator: Caller) -> None:
    cursor = base64.b64encode(b'{"after":{"id":1}}').decode()
    plain = administrator.get("/time_entries", per_page=5).body["time_entries"]
    assert administrator.get("/time_entries", per_page=5, cursor=cursor).body["time_entries"] == plain


def test_beyond_the_last_page_the_list_is_empty(administrator: Caller) -> None:
    for path, key in (("/clients", "clients"), ("/estimates", "estimates"), ("/reports/project_budget", "results")):
        body = administrator.get(path, page=99, per_page=10).body
        assert (body[key], body["next_page"], body["links"]["next"]) == ([], None, None), path


def test_links_repeat_the_filters_and_nothing_else(administrator: Caller) -> None:
    body = administrator.get(
        "/time_entries", from_="2025-01-01", to="2025-12-31", is_billed="true", per_page=50, page=2, colour="red"
    ).body
    for name, link in body["links"].items():
        query = parse_qs(urlsplit(link).query)
        assert query.pop("ref") == [name]
        assert query.pop("page")
        assert query == {"from": ["2025-01-01"], "to": ["2025-12-31"], "is_billed": ["true"], "per_page": ["50"]}


def test_pages_hold_2000_records_by_default_and_those_of_invoices_100(administrator: Caller) -> None:
    assert administrator.get("/time_entries").body["per_page"] == 2000
    assert len(administrator.get("/time_entries").body["time_entries"]) == 2000
    assert len(administrator.get("/invoices").body["invoices"]) == 100


def test_a_cursor_works_after_its_record_was_deleted(small: Sandbox, caller: Caller) -> None:
    clients = small.records(MAIN_ID, "clients")
    before = caller.records("/clients", "clients")
    first = caller.get("/clients", per_page=2).body
    gone = first["clients"][-1]["id"]
    small.replace(MAIN_ID, "clients", [client for client in clients if client["id"] != gone])
    assert caller.follow(first["links"]["next"]).body["clients"] == before[2:4]
