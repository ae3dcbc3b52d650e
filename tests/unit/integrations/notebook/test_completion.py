"""What Tab offers in a cell, by where the cursor stands."""

from __future__ import annotations

import pyarrow as pa
import pytest

from harvest_duck.integrations.notebook.completion import Place, completions, place
from harvest_duck.introspection.sql_names import Names, Relation, Schema, Term

VARIABLES = {
    "since": 1,
    "_hidden": 1,
    "hours": pa.table({"total": [1]}),
    "roles": pa.table({"mine": [1]}),
    "kind": pa.Table,
}
NAMES = Names(
    (Schema("harvest", "main", (Relation("roles", "", (Term("name"),)), Relation("users"))),),
    path=(("harvest", "main"),),
)


def at(code: str) -> Place | None:
    """The place of the `|` in a cell."""
    before, _, after = code.partition("|")
    return place(before + after, before.count("\n"), len(before.rpartition("\n")[2]))


def offered(code: str) -> list[str]:
    """The texts that are offered there."""
    found = at(code)
    assert found is not None
    return [each.text for each in completions(found, lambda _: NAMES, VARIABLES)]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("%%harvest -o x\nSELECT 1,\n  2|3\n4", Place(" -o x", "SELECT 1,\n  2", "3\n4")),
        ("%%harvest -c a|cme\nSELECT 1", Place(" -c a", None, "cme")),
        ("x = 1\ny = %harvest SELECT |1\nz", Place(" SELECT ", None, "1")),
        ("%%harv|est\n", None),
        ("%%harvester\nSELECT |", None),
        ("x = 1\n%%harvest\n|", None),
        ("print('%harvest |')", None),
    ],
)
def test_the_place_is_in_the_sql_of_a_magic(code: str, wanted: Place | None) -> None:
    assert at(code) == wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("%%harvest -c sand|", ["sandbox"]),
        ("%%harvest --connection=sand|", ["sandbox"]),
        ("%%harvest -o x --|", ["--explain", "--no-probe"]),
        ("%%harvest\nSELECT $s|", ["since"]),
        ("%%harvest\nSELECT $_|", []),
        ("%%harvest\nFROM ho|", ["hours"]),
        ("%%harvest -o\nFROM r|", ["roles"]),
        ("%harvest FROM u|", ["users"]),
        ("%%harvest\nSELECT t|\nFROM hours", ["total"]),
        ("%%harvest\nSELECT roles.| FROM roles", ["name"]),
    ],
)
def test_what_is_offered_suits_the_place(code: str, wanted: list[str]) -> None:
    assert offered(code) == wanted


def test_a_relation_is_offered_right_behind_from() -> None:
    assert {"roles", "users", "hours"} <= set(offered("%harvest FROM |"))
    assert "kind" not in offered("%harvest FROM |")
