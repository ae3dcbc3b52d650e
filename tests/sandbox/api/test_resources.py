"""Every endpoint against the documentation: no unknown key, no column that is always empty, the right types."""

from __future__ import annotations

import re
from contextlib import closing
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from support.api_caller import FACTS, Caller, at

from harvest_duck.sandbox import EURO_ADMINISTRATOR_TOKEN, EURO_ID, MEMBER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

YEAR = {"from_": "20260101", "to": "20261120"}
OBSERVED = ("observed", "spec+observed")


def payload(table: dict[str, Any], caller: Caller) -> list[dict[str, Any]]:
    """Return every record of a table as served, the children of all parents, the items of embedded arrays."""
    path, key, kind = table["path"], table["response_key"], table["kind"]
    if kind == "identity":
        records = caller.send("/api/v2/accounts").body["accounts"]
    elif kind == "singleton":
        records = [caller.get(path).body]
    elif kind == "child-singleton":
        records = [caller.get(path.format(**owner)).body for owner in islice(owners(table, caller), 5)]
    elif table["parent"] and "{" in path:
        records = [record for owner in owners(table, caller) for record in caller.records(path.format(**owner), key)]
    else:
        records = caller.records(path, key, **(YEAR if table["max_span_days"] else {}))
    return [item for record in records for item in record[array]] if (array := embedded(table)) else records


def embedded(table: dict[str, Any]) -> str | None:
    """Return the key of the array whose items are the table's rows."""
    return table["item_path"].removesuffix("[]") if table["item_path"] else None


def owners(table: dict[str, Any], caller: Caller) -> Iterator[dict[str, int]]:
    """Return the path parameters for each record that has children of this table."""
    parent = FACTS[table["parent"]["table"]]
    for record in caller.records(parent["path"], parent["response_key"]):
        if table["name"] != "teammates" or "manager" in record["access_roles"]:
            yield {table["parent"]["path_param"]: record["id"]}


def own_columns(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the columns in the record itself, by JSON path; not those of its path, request or enclosing record."""
    around = {"estimate_id", "invoice_id", "project_assignment_id", "pto_request_id", "user_id", "user_name"}
    enclosing = around if embedded(table) else set()
    return {
        column["json_path"]: column
        for column in table["columns"]
        if column["json_path"] is not None and column["name"] not in enclosing
    }


@pytest.fixture(scope="module")
def harvest(agency: Sandbox) -> Sandbox:
    """A smaller sandbox than usual, which other tests share: all of its records are read."""
    return agency


@pytest.fixture(scope="module")
def administrator(harvest: Sandbox) -> Iterator[Caller]:
    with closing(Caller(harvest)) as caller:
        yield caller


@pytest.fixture(scope="module")
def member(harvest: Sandbox) -> Iterator[Caller]:
    with closing(Caller(harvest, MEMBER_TOKEN)) as caller:
        yield caller


@pytest.fixture(scope="module")
def euro(harvest: Sandbox) -> Iterator[Caller]:
    with closing(Caller(harvest, EURO_ADMINISTRATOR_TOKEN, EURO_ID)) as caller:
        yield caller


@pytest.fixture(scope="module")
def payloads(administrator: Caller, euro: Caller) -> dict[str, list[dict[str, Any]]]:
    """The records of both accounts, by table."""
    return {
        name: payload(table, administrator) + ([] if without_module(table) else payload(table, euro))
        for name, table in FACTS.items()
    }


def without_module(table: dict[str, Any]) -> bool:
    """Return whether the second account does not have that part of Harvest."""
    return bool(table["path"].startswith("/pto/"))


def paths(record: dict[str, Any], before: str = "") -> Iterator[str]:
    """Return the dotted paths of all values in a record; arrays count as values."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from paths(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def test_no_key_is_undocumented(payloads: dict[str, list[dict[str, Any]]]) -> None:
    unknown = {}
    for name, table in FACTS.items():
        known = set(own_columns(table))
        # An object that is null as a whole is a value at its own path.
        known |= {path.rpartition(".")[0] for path in known}
        assert payloads[name], name
        sent = {path for record in payloads[name] for path in paths(record)}
        unknown[name] = sent - known - {"line_items", "task_assignments"}
    assert not {name: found for name, found in unknown.items() if found}


def test_every_documented_column_is_filled_in_some_record(payloads: dict[str, list[dict[str, Any]]]) -> None:
    empty = {}
    for name, table in FACTS.items():
        columns = {path for path, column in own_columns(table).items() if column["source"] not in OBSERVED}
        filled = {path for path in columns if any(at(record, path) not in (None, []) for record in payloads[name])}
        empty[name] = columns - filled
    assert not {name: found for name, found in empty.items() if found}


def test_observed_columns_occur_and_are_missing_elsewhere(payloads: dict[str, list[dict[str, Any]]]) -> None:
    """Keys from captured payloads are in some records only."""
    sent_of = {name: [set(paths(record)) for record in records] for name, records in payloads.items()}
    for name, table in FACTS.items():
        for path, column in own_columns(table).items():
            if column["source"] != "observed" or name == "me":
                continue
            there = {path in sent for sent in sent_of[name]}
            assert there == {True, False}, (name, path)


SHAPES = {
    "date32": re.compile(r"\d{4}-\d\d-\d\d"),
    "timestamp[us,UTC]": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "string": re.compile(r"(?s).*"),
    # Decimals that are written as text.
    "text": re.compile(r"-?\d+\.\d+"),
}
KINDS: dict[str, Any] = {"int64": int, "bool": bool, "float64": (Decimal, int)}


def typed(value: Any, arrow_type: str) -> bool:
    """Return whether a value of JSON has the type of its column."""
    if arrow_type in SHAPES:
        return isinstance(value, str) and SHAPES[arrow_type].fullmatch(value) is not None
    if arrow_type in KINDS:
        return isinstance(value, KINDS[arrow_type]) and (arrow_type == "bool") == isinstance(value, bool)
    return arrow_type.startswith("list<") and isinstance(value, list)


def test_values_have_the_type_of_their_column(payloads: dict[str, list[dict[str, Any]]]) -> None:
    assert not [
        (name, path, value)
        for name, table in FACTS.items()
        for path, column in own_columns(table).items()
        for record in payloads[name]
        if (value := at(record, path)) is not None and not typed(value, column.get("written", column["arrow_type"]))
    ]


def test_values_of_enumerations_are_documented(payloads: dict[str, list[dict[str, Any]]]) -> None:
    wrong = []
    for name, table in FACTS.items():
        for path, column in own_columns(table).items():
            if not column.get("enum"):
                continue
            values = [at(record, path) for record in payloads[name]]
            flat = {item for value in values for item in (value if isinstance(value, list) else [value])} - {None}
            if not flat <= set(column["enum"]) or (path == "state" and flat != set(column["enum"])):
                wrong.append((name, path, flat))
    assert not wrong


def test_recipients_are_names_and_addresses(payloads: dict[str, list[dict[str, Any]]]) -> None:
    for name in ("invoice_messages", "estimate_messages"):
        recipients = [each for message in payloads[name] for each in message["recipients"]]
        assert recipients
        assert {tuple(sorted(each)) for each in recipients} == {("email", "name")}


def test_numbers_are_sent_with_their_exact_text(harvest: Sandbox, administrator: Caller) -> None:
    entry = next(each for each in harvest.records(1000001, "time_entries") if each["hours"] == Decimal("7.25"))
    content = administrator.get(f"/time_entries/{entry['id']}").content.decode()
    assert '"hours":7.25,' in content
    whole = next(each for each in harvest.records(1000001, "time_entries") if each["hours"] == 8)
    assert '"hours":8.0,' in administrator.get(f"/time_entries/{whole['id']}").content.decode()
    assert re.search(r'"budget":\d+,', administrator.get("/projects").content.decode())


def test_some_invoices_lack_payment_options(payloads: dict[str, list[dict[str, Any]]]) -> None:
    assert {"payment_options" in invoice for invoice in payloads["invoices"]} == {True, False}
    assert {"team_feature" in company for company in payloads["company"]} == {True, False}


@pytest.mark.parametrize("name", [name for name, table in FACTS.items() if table["retrieve_path"]])
def test_a_single_record_is_the_one_of_the_list(administrator: Caller, name: str) -> None:
    table = FACTS[name]
    owner = next(owners(table, administrator)) if table["parent"] else {}
    listed = administrator.records(table["path"].format(**owner), table["response_key"])[0]
    path = table["retrieve_path"].format(id=listed["id"], **owner)
    answer = administrator.get(path)
    assert (answer.status, answer.body) == (200, listed)
    assert administrator.get(path.replace(str(listed["id"]), "99")).status == 404


@pytest.mark.parametrize("name", ["task_assignments", "user_assignments"])
def test_project_scoped_paths_give_the_same_records(harvest: Sandbox, administrator: Caller, name: str) -> None:
    every = administrator.records(f"/{name}", name)
    for project in harvest.records(1000001, "projects")[:8]:
        path = f"/projects/{project['id']}/{name}"
        own = administrator.records(path, name, per_page=4)
        assert own == [record for record in every if record["project"]["id"] == project["id"]]
        assert administrator.get(f"{path}/{own[0]['id']}").body == own[0]
        other = next(record for record in every if record["project"]["id"] != project["id"])
        assert administrator.get(f"{path}/{other['id']}").status == 404


def test_the_callers_own_assignments_link_to_the_numbered_path(harvest: Sandbox, administrator: Caller) -> None:
    me = administrator.get("/users/me").body
    first = administrator.get("/users/me/project_assignments", per_page=3, updated_since="2999-01-01T00:00:00Z").body
    assert f"/users/{me['id']}/project_assignments?page=2&per_page=3" in first["links"]["next"]
    walked = administrator.records("/users/me/project_assignments", "project_assignments", per_page=3)
    assert walked == harvest.records(1000001, "my_project_assignments")
    assert walked == administrator.records(f"/users/{me['id']}/project_assignments", "project_assignments")
    assert all(assignment["is_active"] for assignment in walked)


def test_message_templates_follow_their_options(harvest: Sandbox, administrator: Caller) -> None:
    invoice = harvest.records(1000001, "invoices")[3]
    path = f"/invoices/{invoice['id']}/messages/new"
    answers = [administrator.get(path, **{name: "true"}).body for name in ("reminder", "thank_you")]
    assert [(answer["reminder"], answer["thank_you"]) for answer in answers] == [(True, False), (False, True)]
    assert administrator.get(path).body in harvest.records(1000001, "invoice_message_templates")


def test_the_id_host_names_the_person_and_the_accounts(harvest: Sandbox, administrator: Caller, member: Caller) -> None:
    body = administrator.send("/api/v2/accounts").body
    assert set(body["user"]) == {"id", "first_name", "last_name", "email"}
    assert [(each["id"], each["product"]) for each in body["accounts"]] == [
        (1000001, "harvest"),
        (1000002, "harvest"),
        (1000003, "forecast"),
    ]
    assert body["accounts"] == harvest.records(1000001, "accounts")
    assert [each["id"] for each in member.send("/api/v2/accounts").body["accounts"]] == [1000001]


@pytest.mark.parametrize("name", [name for name, table in FACTS.items() if table["kind"] in ("child", "nested")])
def test_flat_records_add_the_enclosing_ids_to_the_served_ones(
    harvest: Sandbox, administrator: Caller, name: str
) -> None:
    table = FACTS[name]
    added = {column["name"] for column in table["columns"]} & {
        *("estimate_id", "invoice_id", "user_id", "project_assignment_id", "pto_request_id"),
    }
    flat = harvest.records(1000001, name)
    bare = [{key: value for key, value in record.items() if key not in added} for record in flat]
    sent = payload(table, administrator)
    assert all(added <= set(record) for record in flat)
    assert sorted(map(repr, bare)) == sorted(map(repr, sent))
