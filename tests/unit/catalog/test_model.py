"""What a table is: the SQL of its types, the lookups, and the faults that `validate` finds."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from harvest_duck.catalog.model import (
    ACCOUNT_ID,
    BIGINT,
    BOOLEAN,
    DATE,
    DECIMAL,
    TIME,
    TIMESTAMP,
    VARCHAR,
    AlternatePath,
    Column,
    ListOf,
    Match,
    Origin,
    Paging,
    Param,
    Parent,
    StructOf,
    Table,
    Type,
)
from tests.unit.catalog.validate import validate

ID = Column(name="id", type=BIGINT, description="Number of the bird", key=True)
SPECIES = Column(name="species_name", type=VARCHAR, description="What it is called", at="species.name")
SEEN = Column(name="seen_on", type=DATE, description="Day it was seen")
FROM = Param(name="from", column="seen_on", match=Match.FROM)
TO = Param(name="to", column="seen_on", match=Match.TO)

BIRDS = Table(
    name="birds",
    description="A bird",
    path="/birds",
    body_key="birds",
    paging=Paging.CURSOR,
    own_columns=(ID, SPECIES, SEEN),
    params=(FROM, TO),
    permission="anyone",
    docs="https://example.com/birds/",
)
BIRD_ID = Column(
    name="bird_id", type=BIGINT, description="Bird that laid it", origin=Origin.PATH, references="birds.id"
)
EGGS = replace(
    BIRDS,
    name="eggs",
    path="/birds/{bird_id}/eggs",
    body_key="eggs",
    parent=Parent(table="birds", column="id", param="bird_id"),
    own_columns=(BIRD_ID, ID),
    params=(),
)
ACCOUNTS = replace(BIRDS, name="accounts", path="/accounts", own_columns=(ID,), params=())


def faults(*tables: Table) -> list[str]:
    """The faults of a catalogue of these tables and that of the accounts, which every table refers to."""
    return validate([ACCOUNTS, *tables])


def test_a_sound_catalogue_has_no_faults() -> None:
    assert faults(BIRDS, EGGS) == []
    assert validate([]) == []


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        pytest.param(
            replace(BIRDS, own_columns=(ID, SEEN, SEEN)),
            "birds.seen_on: declared twice",
            id="column twice",
        ),
        pytest.param(
            replace(BIRDS, own_columns=(ID, replace(SEEN, description=" "))),
            "birds.seen_on: has no description",
            id="no description",
        ),
        pytest.param(
            replace(BIRDS, own_columns=(ID, replace(SEEN, references="nests.id"))),
            "birds.seen_on: references nests.id, which does not exist",
            id="reference to no table",
        ),
        pytest.param(
            replace(BIRDS, own_columns=(ID, replace(SEEN, references="birds.number"))),
            "birds.seen_on: references birds.number, which does not exist",
            id="reference to no column",
        ),
        pytest.param(
            replace(BIRDS, own_columns=(ID, replace(SEEN, origin=Origin.ENCLOSING))),
            "birds.seen_on: comes from an enclosing record, but the table has no embedded array",
            id="enclosed by nothing",
        ),
        pytest.param(
            replace(BIRDS, own_columns=(ID, replace(SEEN, origin=Origin.PATH))),
            "birds.seen_on: comes from the path /birds, which does not name it",
            id="not in the path",
        ),
        pytest.param(
            replace(BIRDS, own_columns=(), params=()),
            "birds: has no columns",
            id="no columns",
        ),
        pytest.param(
            replace(BIRDS, own_columns=(ID,), params=(TO,)),
            "birds: parameter to answers the column seen_on, which does not exist",
            id="parameter without column",
        ),
        pytest.param(
            replace(BIRDS, subject=("id", "nest_id")),
            "birds: its subject has the column nest_id, which does not exist",
            id="subject without column",
        ),
        pytest.param(
            replace(BIRDS, not_summed_with=("seen_on", "include_eggs")),
            "birds: its rows are not summed with the column include_eggs, which does not exist",
            id="option without column",
        ),
        pytest.param(
            replace(BIRDS, parent=Parent(table="nests", column="id", param="nest_id")),
            "birds: its parent nests does not fill the path /birds",
            id="no such parent",
        ),
        pytest.param(
            replace(BIRDS, parent=Parent(table="birds", column="id", param="bird_id")),
            "birds: its parent birds does not fill the path /birds",
            id="parent fills nothing",
        ),
    ],
)
def test_a_fault_is_reported_in_one_line(broken: Table, fault: str) -> None:
    assert faults(broken) == [fault]


def test_a_table_declared_twice_is_reported_once() -> None:
    assert faults(BIRDS, BIRDS, BIRDS) == ["birds: declared twice"]


def test_every_fault_is_reported_at_once() -> None:
    broken = replace(BIRDS, own_columns=(replace(ID, description=""), replace(SEEN, references="nests.id")))
    assert faults(broken) == [
        "birds.id: has no description",
        "birds.seen_on: references nests.id, which does not exist",
    ]


def test_a_child_without_its_parent_table_is_a_fault() -> None:
    assert faults(EGGS) == [
        "eggs.bird_id: references birds.id, which does not exist",
        "eggs: its parent birds does not fill the path /birds/{bird_id}/eggs",
    ]


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        (BIGINT, "BIGINT"),
        (BOOLEAN, "BOOLEAN"),
        (DATE, "DATE"),
        (DECIMAL, "DECIMAL(18,4)"),
        (TIME, "TIME"),
        (TIMESTAMP, "TIMESTAMP WITH TIME ZONE"),
        (VARCHAR, "VARCHAR"),
        (ListOf(BIGINT), "BIGINT[]"),
        (StructOf((("id", BIGINT), ("rate", DECIMAL))), "STRUCT(id BIGINT, rate DECIMAL(18,4))"),
        (ListOf(StructOf((("tags", ListOf(VARCHAR)),))), "STRUCT(tags VARCHAR[])[]"),
    ],
)
def test_a_type_is_written_as_duckdb_writes_it(kind: Type, sql: str) -> None:
    assert kind.sql == sql


def test_a_column_is_found_by_name() -> None:
    assert BIRDS.column("seen_on") is SEEN
    assert "seen_on" in BIRDS
    assert "colour" not in BIRDS
    with pytest.raises(KeyError):
        BIRDS.column("colour")


def test_a_changed_table_finds_its_own_columns() -> None:
    assert "seen_on" not in EGGS
    assert EGGS.column("bird_id") is BIRD_ID


def test_a_value_sits_under_its_own_name_or_where_the_column_says() -> None:
    assert SEEN.path == ("seen_on",)
    assert SPECIES.path == ("species", "name")


def test_every_table_ends_with_the_account() -> None:
    assert BIRDS.columns == (*BIRDS.own_columns, ACCOUNT_ID)
    assert replace(EGGS).columns == (BIRD_ID, ID, ACCOUNT_ID)


def test_the_paths_of_a_table_are_its_list_its_record_and_the_alternates() -> None:
    other = AlternatePath(path="/nests/{nest_id}/birds", paging=Paging.PAGE)
    assert BIRDS.paths == ("/birds",)
    assert replace(BIRDS, retrieve="/birds/{id}", alternates=(other,)).paths == ("/birds", "/birds/{id}", other.path)


def test_the_key_is_the_key_columns_in_order() -> None:
    assert BIRDS.key == ("id",)
    assert replace(EGGS, own_columns=(replace(BIRD_ID, key=True), ID)).key == ("bird_id", "id")
    assert replace(BIRDS, own_columns=(SEEN,)).key == ()


def test_parameters_are_found_by_the_column_they_answer() -> None:
    assert BIRDS.params_of("seen_on") == (FROM, TO)
    assert BIRDS.params_of("id") == ()


def test_tables_are_values() -> None:
    assert replace(BIRDS) == BIRDS
    assert replace(BIRDS, path="/fowl") != BIRDS
    with pytest.raises(FrozenInstanceError):
        BIRDS.name = "fowl"  # type: ignore[misc]


def test_a_table_shows_no_index() -> None:
    assert "_by_name" not in repr(BIRDS)
