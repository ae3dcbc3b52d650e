"""The catalogue against what Harvest documents, as `data/harvest_api.json` keeps it: tables, columns, parameters."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.cases import each
from support.paths import api_facts

from harvest_duck.catalog.model import AlternatePath, Host, Limit, Match, Origin, Paging, Param
from harvest_duck.catalog.path import places
from harvest_duck.catalog.tables import TABLES, table
from harvest_duck.errors import HarvestDuckError, UnknownTable
from tests.unit.catalog.validate import validate

Fact = dict[str, Any]

FACTS: dict[str, Fact] = {fact["name"]: fact for fact in api_facts()["tables"]}

PAGINATION = {"page": Paging.PAGE, "cursor": Paging.CURSOR, "none": Paging.NONE}
SQL = {
    "int64": "BIGINT",
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "date32": "DATE",
    "float64": "DECIMAL(18,4)",
    "timestamp[us,UTC]": "TIMESTAMP WITH TIME ZONE",
}
#: Harvest writes them as text, "2:59pm" or "14:59"; the catalogue reads them as times of day.
TIMES = {"time_entries.started_time", "time_entries.ended_time"}
#: Lists embed these records, so the value that tells which one comes from around the array.
ENCLOSED = {
    "estimate_line_items.estimate_id",
    "invoice_line_items.invoice_id",
    "project_assignment_task_assignments.project_assignment_id",
    "pto_request_days.pto_request_id",
    "pto_balances.user_name",
}
#: The body has them too, but only as an echo of the request.
ECHOED = {
    "invoice_message_templates.invoice_id": Origin.PATH,
    "invoice_message_templates.reminder": Origin.INPUT,
    "invoice_message_templates.thank_you": Origin.INPUT,
}
#: Seen in answers, or in the newest documentation only.
UNSURE_SOURCES = {"observed", "spec+observed", "docs-2025", "client"}
#: Not about which rows come, but how many at a time.
PAGING_PARAMS = {"page", "per_page", "cursor"}

PARAMS = [
    (name, param)
    for name, fact in FACTS.items()
    for param in fact["params"]
    if param["name"] not in PAGING_PARAMS and param["maps_to_column"]
]
#: Each column with what is documented of it, and each parameter likewise, by their full names.
DOCUMENTED = {
    f"{name}.{column['name']}": (TABLES[name].column(column["name"]), column)
    for name, fact in FACTS.items()
    for column in fact["columns"]
}
DOCUMENTED_PARAMS = {
    f"{name}?{fact['name']}": (next(param for param in TABLES[name].params if param.name == fact["name"]), fact)
    for name, fact in PARAMS
}
ALL_COLUMNS = {f"{of.name}.{column.name}": (of, column) for of in TABLES.values() for column in of.columns}

each_table = each(FACTS)


def sql(arrow: str) -> str:
    """The SQL type of an Arrow type in words, nested ones included."""
    if arrow.startswith("list<"):
        return f"{sql(arrow.removeprefix('list<')[:-1])}[]"
    if arrow.startswith("struct<"):
        fields = (field.split(": ", 1) for field in split_outside(arrow.removeprefix("struct<")[:-1]))
        return f"STRUCT({', '.join(f'{name} {sql(item)}' for name, item in fields)})"
    return SQL[arrow]


def split_outside(text: str) -> list[str]:
    """The parts of `text` between commas that no bracket encloses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "<[") - (character in ">]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def test_the_catalogue_has_every_table_and_no_other() -> None:
    assert set(TABLES) == set(FACTS)
    assert len(TABLES) == 49
    assert all(name == each.name for name, each in TABLES.items())


def test_the_catalogue_is_sound() -> None:
    assert validate(TABLES.values()) == []


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TABLES["time_entries"] = TABLES["clients"]  # type: ignore[index]


def documented_retrieve(name: str) -> str | None:
    """The documented path to one record: that of the records around embedded ones, by the column of their id."""
    fact = FACTS[name]
    if not fact["item_path"] or fact["response_key"] is None:
        path: str | None = fact["retrieve_path"]
        return path
    (around,) = (each for each in FACTS.values() if each["path"] == fact["path"] and not each["item_path"])
    (identity,) = (c for c in TABLES[name].columns if c.path == ("id",) and c.origin is Origin.ENCLOSING)
    return around["retrieve_path"] and around["retrieve_path"].replace("{id}", f"{{{identity.name}}}")


@each_table
def test_a_table_asks_the_documented_endpoint(name: str) -> None:
    catalogued, fact = TABLES[name], FACTS[name]
    root = "https://id.getharvest.com/api/v2" if catalogued.host is Host.ID else ""
    assert root + catalogued.path == fact["path"]
    assert catalogued.body_key == fact["response_key"]
    assert catalogued.body_key_guessed is not fact.get("response_key_known", True)
    assert catalogued.retrieve == documented_retrieve(name)
    assert catalogued.items == (fact["item_path"] and fact["item_path"].removesuffix("[]"))


def test_line_items_are_retrieved_with_the_invoice_or_estimate_that_they_are_in() -> None:
    assert TABLES["invoice_line_items"].retrieve == "/invoices/{invoice_id}"
    assert TABLES["estimate_line_items"].retrieve == "/estimates/{estimate_id}"
    assert TABLES["project_assignment_task_assignments"].retrieve is None


@each_table
def test_a_table_pages_and_is_limited_as_documented(name: str) -> None:
    catalogued, fact = TABLES[name], FACTS[name]
    assert catalogued.paging is PAGINATION[fact["pagination"]]
    assert catalogued.limit is Limit(fact["rate_limit_class"])
    assert catalogued.max_span_days == fact["max_span_days"]


@each_table
def test_a_table_has_the_documented_columns_in_order(name: str) -> None:
    documented = [column["name"] for column in FACTS[name]["columns"]]
    filtered = {param["maps_to_column"] for param in FACTS[name]["params"]} - {None, *documented}
    columns = TABLES[name].columns
    added = columns[len(documented) : -1]
    assert [column.name for column in columns[: len(documented)]] == documented
    assert {column.name for column in added} == filtered
    assert all(column.origin is Origin.ENCLOSING for column in added)
    assert columns[-1].name == "account_id"
    assert columns[-1].origin is Origin.ACCOUNT


@each_table
def test_a_key_is_the_primary_key_and_a_report_has_none(name: str) -> None:
    fact = FACTS[name]
    keyless = fact["kind"] == "report" and name != "report_project_budget"
    assert set(TABLES[name].key) == (set() if keyless else set(fact["primary_key"] or ()))


@each_table
def test_a_child_names_the_parent_that_fills_its_path(name: str) -> None:
    parent, fact = TABLES[name].parent, FACTS[name]["parent"] or {}
    if parent is None:
        assert "path_param" not in fact
        assert places(TABLES[name].path) == ()
    else:
        assert (parent.table, parent.column, parent.param) == (fact["table"], fact["column"], fact["path_param"])
        assert places(TABLES[name].path) == (parent.param,)
        assert parent.column in TABLES[parent.table]
        assert parent.only is None or parent.only[0] in TABLES[parent.table]


@each_table
def test_every_path_can_be_filled_from_columns(name: str) -> None:
    catalogued = TABLES[name]
    assert all(place in catalogued for path in catalogued.paths for place in places(path))


@each_table
def test_alternates_are_the_documented_ones(name: str) -> None:
    assert TABLES[name].alternates == tuple(
        AlternatePath(
            path=alternate["path"],
            paging=PAGINATION[alternate["pagination"]],
            params=tuple(name for name in alternate.get("query_params", ()) if name not in PAGING_PARAMS),
        )
        for alternate in FACTS[name]["alternate_paths"]
    )
    given = [tuple(re.findall(r"(\w+) =", alternate["when"])) for alternate in FACTS[name]["alternate_paths"]]
    assert [places(alternate.path) for alternate in TABLES[name].alternates] == given


@each_table
def test_params_are_the_documented_ones_that_some_column_answers(name: str) -> None:
    documented = [(param["name"], param["maps_to_column"]) for of, param in PARAMS if of == name]
    assert [(param.name, param.column) for param in TABLES[name].params] == documented


@each_table
def test_a_table_is_described_in_one_line(name: str) -> None:
    catalogued = TABLES[name]
    assert_one_line(catalogued.description)
    assert catalogued.permission.strip()
    assert re.fullmatch(r"https://help\.getharvest\.com/api-v2/([a-z-]+/){3}", catalogued.docs)


def test_every_column_has_the_documented_type_and_unit() -> None:
    wanted = {name: "TIME" if name in TIMES else sql(fact["arrow_type"]) for name, (_, fact) in DOCUMENTED.items()}
    assert {name: column.type.sql for name, (column, _) in DOCUMENTED.items()} == wanted
    units = {
        name: "seconds" if column.name == "weekly_capacity" else fact.get("decimal_kind")
        for name, (column, fact) in DOCUMENTED.items()
    }
    assert {name: column.unit for name, (column, _) in DOCUMENTED.items()} == units


def test_every_column_is_read_where_harvest_writes_it() -> None:
    sources = {"path": Origin.PATH, "param": Origin.INPUT}
    origins = {name: sources.get(fact["source"], Origin.RECORD) for name, (_, fact) in DOCUMENTED.items()}
    origins |= dict.fromkeys(ENCLOSED, Origin.ENCLOSING) | ECHOED
    assert {name: column.origin for name, (column, _) in DOCUMENTED.items()} == origins
    written = {name: (column, fact["json_path"]) for name, (column, fact) in DOCUMENTED.items() if fact["json_path"]}
    assert {name: ".".join(column.path) for name, (column, _) in written.items()} == {
        name: path for name, (_, path) in written.items()
    }


def test_every_column_says_what_harvest_says_of_it() -> None:
    assert {
        name: (column.values, column.deprecated, column.documented) for name, (column, _) in DOCUMENTED.items()
    } == {
        name: (
            tuple(fact.get("enum", ())),
            fact.get("deprecated", False),
            fact.get("documented", fact["source"] not in UNSURE_SOURCES),
        )
        for name, (_, fact) in DOCUMENTED.items()
    }
    referring = {name: (column, fact) for name, (column, fact) in DOCUMENTED.items() if "references" in fact}
    assert {name: column.references for name, (column, _) in referring.items()} == {
        name: fact["references"] for name, (_, fact) in referring.items()
    }


def test_every_param_narrows_as_documented() -> None:
    ends = {"from": Match.FROM, "to": Match.TO, "updated_since": Match.SINCE}
    assert {name: param for name, (param, _) in DOCUMENTED_PARAMS.items()} == {
        name: Param(
            name=fact["name"],
            column=fact["maps_to_column"],
            match=ends.get(fact["name"], Match.EQUAL),
            exact=fact["exact"],
            required=fact["required"],
            values=tuple(fact.get("enum", ())),
        )
        for name, (_, fact) in DOCUMENTED_PARAMS.items()
    }


@each_table
def test_a_param_is_found_by_its_column_and_sends_only_values_that_the_column_can_have(name: str) -> None:
    for param in TABLES[name].params:
        assert param in TABLES[name].params_of(param.column)
        assert param.values == TABLES[name].column(param.column).values


@each_table
def test_every_column_is_described_in_one_line_of_its_own(name: str) -> None:
    columns = TABLES[name].columns
    for column in columns:
        assert_one_line(column.description)
        assert column.description.lower() != column.name.replace("_", " ")
    assert len({column.description for column in columns}) == len(columns)


def test_every_reference_points_to_a_key_of_the_same_type() -> None:
    referring = {name: column for name, (_, column) in ALL_COLUMNS.items() if column.references}
    targets = {name: ALL_COLUMNS[str(column.references)] for name, column in referring.items()}
    wrong = [name for name, (of, key) in targets.items() if not key.key or key.type != referring[name].type]
    assert wrong == []


def test_what_the_query_sets_is_a_parameter() -> None:
    inputs = {name: (of, column) for name, (of, column) in ALL_COLUMNS.items() if column.origin is Origin.INPUT}
    assert [name for name, (of, column) in inputs.items() if not of.params_of(column.name)] == []


def test_an_embedded_list_has_the_columns_of_its_table() -> None:
    for outer, name, inner in (
        ("estimates", "line_items", "estimate_line_items"),
        ("invoices", "line_items", "invoice_line_items"),
        ("pto_requests", "request_days", "pto_request_days"),
        ("project_assignments", "task_assignments", "project_assignment_task_assignments"),
    ):
        own = [column for column in TABLES[inner].columns if column.origin is Origin.RECORD]
        for column in own:
            written = TABLES[outer].column(name).type.sql
            assert f"{column.path[-1]} {column.type.sql}" in written


def test_only_managers_have_teammates() -> None:
    parent = TABLES["teammates"].parent
    assert parent is not None
    assert parent.only == ("access_roles", "manager")


def test_a_message_template_is_asked_for_plainly_and_once_for_each_kind() -> None:
    assert TABLES["invoice_message_templates"].variants == ({}, {"reminder": "true"}, {"thank_you": "true"})
    assert all(each.variants == ({},) for name, each in TABLES.items() if name != "invoice_message_templates")


def test_only_the_accounts_are_asked_of_the_host_that_signs_people_in() -> None:
    assert [name for name, each in TABLES.items() if each.host is Host.ID] == ["accounts"]


@pytest.mark.parametrize("name", ["time_entries", "TIME_ENTRIES", "Time_Entries"])
def test_a_table_is_found_in_any_case(name: str) -> None:
    assert table(name) is TABLES["time_entries"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "tme_entries",
            'no Harvest table "tme_entries"; did you mean "time_entries"? harvest_tables() lists all 49',
        ),
        (
            "Invoice",
            (
                'no Harvest table "Invoice"; did you mean "invoices", "invoice_payments" or "invoice_messages"? '
                "harvest_tables() lists all 49"
            ),
        ),
        (
            "budget",
            'no Harvest table "budget"; did you mean "report_project_budget"? harvest_tables() lists all 49',
        ),
        ("forecasts\nof rain", 'no Harvest table "forecasts of rain"; harvest_tables() lists all 49'),
        ("", 'no Harvest table ""; harvest_tables() lists all 49'),
    ],
)
def test_an_unknown_table_is_answered_with_the_nearest_names(name: str, message: str) -> None:
    with pytest.raises(UnknownTable) as caught:
        table(name)
    assert str(caught.value) == message
    assert isinstance(caught.value, HarvestDuckError)
    assert isinstance(caught.value, LookupError)


def assert_one_line(description: str) -> None:
    """The form of every description: a line of at most 140 characters that starts large and ends without a period."""
    assert description == " ".join(description.split())
    assert 8 <= len(description) <= 140
    assert description[0].isupper()
    assert not description.endswith((".", ";", ",", ":"))
