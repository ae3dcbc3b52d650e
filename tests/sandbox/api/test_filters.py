"""Every filter parameter of the documentation, against a plain implementation of its meaning over all records."""

from __future__ import annotations

import operator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.api_caller import FACTS, Caller, at

from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: By name of the parameter; every other one tests equality.
BOUNDS: dict[str, Callable[[Any, Any], bool]] = {"updated_since": operator.ge, "from": operator.ge, "to": operator.le}
PAGING = ("page", "cursor", "per_page")
#: Requests for time off that have a day between the two.
ENDS = {"from": "end_date", "to": "start_date"}
OWNERS = {"estimate_id": "estimates", "invoice_id": "invoices", "user_id": "users"}
#: The lists with their filter parameters; `project_id` of invoices has a test of its own.
PARAMS = {
    name: [
        param
        for param in table["params"]
        if param["name"] not in PAGING and (name, param["name"]) != ("invoices", "project_id")
    ]
    for name, table in FACTS.items()
    if table["pagination"] != "none" and not table["item_path"] and not table["max_span_days"]
}


@pytest.fixture(scope="module")
def harvest() -> Iterator[Sandbox]:
    """A smaller sandbox than usual, since these tests read it repeatedly."""
    with Sandbox(scale=0.1, limits=False) as running:
        yield running


@pytest.fixture(scope="module")
def administrator(harvest: Sandbox) -> Iterator[Caller]:
    with closing(Caller(harvest)) as caller:
        yield caller


def own_path(name: str, sandbox: Sandbox) -> str:
    """Return the list's path, for a parent that has children."""
    path: str = FACTS[name]["path"]
    for owner in OWNERS:
        if f"{{{owner}}}" in path:
            path = path.format(**{owner: sandbox.records(MAIN_ID, name)[0][owner]})
    return path


def trials(param: dict[str, Any], name: str, records: list[dict[str, Any]]) -> tuple[str, list[Any]]:
    """Return the field of a parameter, and values to try: first, middle and last of the records, and one beyond."""
    columns = {column["name"]: column["json_path"] for column in FACTS[name]["columns"]}
    path = ENDS.get(param["name"]) if name == "pto_requests" else None
    path = path or columns[param["maps_to_column"]]
    values = sorted({value for record in records if (value := at(record, path)) is not None})
    chosen = [values[0], values[len(values) // 2], values[-1]] if values else []
    nowhere = {"integer": 99, "date": "2000-01-01", "datetime": "2000-01-01T00:00:00Z"}.get(param["type"])
    return path, [*chosen, nowhere] if nowhere else chosen


def text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.uncounted
@pytest.mark.parametrize("name", [name for name, params in PARAMS.items() if params])
def test_a_filter_selects_exactly_the_records_it_means(harvest: Sandbox, administrator: Caller, name: str) -> None:
    path, key = own_path(name, harvest), FACTS[name]["response_key"]
    records = administrator.records(path, key)
    wrong = []
    for param in PARAMS[name]:
        where, values = trials(param, name, records)
        assert values, param["name"]
        compare: Callable[[Any, Any], bool] = BOUNDS.get(param["name"]) or operator.eq
        for value in values:
            expected = [each for each in records if (found := at(each, where)) is not None and compare(found, value)]
            if administrator.records(path, key, **{param["name"]: text(value)}) != expected:
                wrong.append((param["name"], value))
    assert not wrong


def test_invoices_of_a_project_are_those_with_a_line_item_for_it(harvest: Sandbox, administrator: Caller) -> None:
    invoices = administrator.records("/invoices", "invoices")
    for project in harvest.records(MAIN_ID, "projects"):
        expected = [
            invoice
            for invoice in invoices
            if any(item["project"] and item["project"]["id"] == project["id"] for item in invoice["line_items"])
        ]
        assert administrator.records("/invoices", "invoices", project_id=project["id"]) == expected


def test_filters_combine(administrator: Caller) -> None:
    entries = administrator.records("/time_entries", "time_entries", from_="2026-01-01", to="2026-06-30")
    user = entries[0]["user"]["id"]
    wanted = [entry for entry in entries if entry["user"]["id"] == user and not entry["is_billed"]]
    assert wanted
    asked = {"from_": "2026-01-01", "to": "2026-06-30", "user_id": user, "is_billed": "false"}
    assert administrator.records("/time_entries", "time_entries", **asked) == wanted


@pytest.mark.parametrize("name", ["task_assignments", "user_assignments"])
def test_project_scoped_lists_take_the_same_filters(harvest: Sandbox, administrator: Caller, name: str) -> None:
    project = harvest.records(MAIN_ID, "projects")[0]["id"]
    every = administrator.records(f"/projects/{project}/{name}", name)
    half = sorted(record["updated_at"] for record in every)[len(every) // 2]
    cases: list[tuple[dict[str, str], Callable[[dict[str, Any]], bool]]] = [
        ({"is_active": "false"}, lambda record: not record["is_active"]),
        ({"updated_since": half}, lambda record: bool(record["updated_at"] >= half)),
    ]
    for params, test in cases:
        got = administrator.records(f"/projects/{project}/{name}", name, **params)
        assert got == [record for record in every if test(record)]
        assert len(got) < len(every)
    if name == "user_assignments":
        user = every[0]["user"]["id"]
        got = administrator.records(f"/projects/{project}/{name}", name, user_id=user)
        assert got == [record for record in every if record["user"]["id"] == user]


def test_updated_since_takes_any_iso_8601_and_includes_its_bound(harvest: Sandbox, administrator: Caller) -> None:
    clients = administrator.records("/clients", "clients")
    bound = sorted(client["updated_at"] for client in clients)[5]
    moment = datetime.fromisoformat(bound).astimezone(UTC)
    same = administrator.records("/clients", "clients", updated_since=bound)
    assert bound in {client["updated_at"] for client in same}
    eastward = (moment + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00")
    assert administrator.records("/clients", "clients", updated_since=eastward) == same
    naive = moment.strftime("%Y-%m-%dT%H:%M:%S")
    assert administrator.records("/clients", "clients", updated_since=naive) == same
    earlier = (moment - timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert administrator.records("/clients", "clients", updated_since=earlier) == same
    later = (moment + timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert len(administrator.records("/clients", "clients", updated_since=later)) == len(same) - 1
    day = administrator.records("/clients", "clients", updated_since=bound[:10])
    assert day == [client for client in clients if client["updated_at"] >= bound[:10]]


def test_days_are_also_written_without_hyphens(administrator: Caller) -> None:
    hyphens = administrator.records("/expenses", "expenses", from_="2026-01-01", to="2026-03-31")
    assert administrator.records("/expenses", "expenses", from_="20260101", to="20260331") == hyphens
    assert hyphens


def test_unknown_parameters_are_ignored(harvest: Sandbox, administrator: Caller) -> None:
    every = len(harvest.records(MAIN_ID, "tasks"))
    assert administrator.get("/tasks", colour="red", sort="name").body["total_entries"] == every


def test_null_and_missing_values_match_no_filter(small: Sandbox, caller: Caller) -> None:
    entries: list[dict[str, Any]] = [
        {"id": 1, "spent_date": None, "is_billed": None, "updated_at": None, "user": None},
        {"id": 2},
        {"id": 3, "spent_date": "2026-01-05", "is_billed": False, "updated_at": "2026-01-05T00:00:00Z", "user": {}},
        {"id": 4, "spent_date": "2026-01-05", "user": {"id": 7}},
    ]
    small.replace(MAIN_ID, "time_entries", entries)

    def ids(**params: object) -> list[int]:
        return [record["id"] for record in caller.records("/time_entries", "time_entries", **params)]

    assert ids() == [4, 3, 2, 1]
    assert ids(from_="2000-01-01") == ids(to="2030-01-01") == [4, 3]
    assert ids(is_billed="false") == ids(updated_since="2000-01-01T00:00:00Z") == [3]
    assert ids(user_id=7) == [4]
    assert ids(external_reference_id="") == []


INVALID = [
    ("/time_entries", "user_id", "abc"),
    ("/time_entries", "user_id", "-1"),
    ("/time_entries", "user_id", "1.5"),
    ("/time_entries", "user_id", ""),
    ("/time_entries", "is_billed", "1"),
    ("/time_entries", "is_billed", "True"),
    ("/time_entries", "from", "yesterday"),
    ("/time_entries", "from", "2026-13-01"),
    ("/time_entries", "to", "2026-W01-1"),
    ("/time_entries", "updated_since", "soon"),
    ("/time_entries", "approval_status", "maybe"),
    ("/invoices", "state", "late"),
    ("/estimates", "state", "open"),
    ("/clients", "is_active", "yes"),
    ("/clients", "per_page", "0"),
    ("/clients", "per_page", "2001"),
    ("/clients", "per_page", "many"),
    ("/clients", "page", "0"),
    ("/clients", "page", "first"),
    ("/clients", "cursor", "bogus"),
    ("/clients", "cursor", "e30="),
    ("/reports/project_budget", "is_active", "maybe"),
]


def test_invalid_values_are_unprocessable(administrator: Caller) -> None:
    answers = {(path, param, value): administrator.get(path, **{param: value}) for path, param, value in INVALID}
    assert not [
        case for case, answer in answers.items() if answer.status != 422 or case[1] not in answer.body["message"]
    ]


def test_filters_take_a_single_value(administrator: Caller) -> None:
    for query in ("user_id=1&user_id=2", "user_id[]=1&user_id[]=2", "user_id%5B%5D=1"):
        answer = administrator.send(f"/v2/time_entries?{query}")
        assert (answer.status, answer.body) == (422, {"message": "user_id must be a single value"}), query
