"""Whose records a token sees whole: the rules as values."""

from __future__ import annotations

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.introspection.access_rules import Person
from harvest_duck.introspection.visibility import ACCESSES, Viewer, refuse, rows

ADMINISTRATOR = Viewer(1, Person(10, "Ada Moreau", ("administrator",)))
MANAGER = Viewer(2, Person(20, "Ben Okafor", ("manager", "billable_rates_manager")))
MEMBER = Viewer(3, Person(30, "Clara Lindqvist", ("member",)))
UNKNOWN = Viewer(4, Person(40, "", ("guest",)))
REFUSED = {
    "account": {MANAGER, MEMBER, UNKNOWN},
    "people": {MEMBER, UNKNOWN},
    "projects": {MEMBER, UNKNOWN},
    "rows": set[Viewer](),
}


@pytest.mark.parametrize("access", ACCESSES)
def test_each_access_refuses_those_to_whom_harvest_shows_too_little(access: str) -> None:
    for viewer in {ADMINISTRATOR, MANAGER, MEMBER, UNKNOWN} - REFUSED[access]:
        refuse("work", access, [ADMINISTRATOR, viewer])
    for viewer in REFUSED[access]:
        with pytest.raises(
            QueryError, match=rf"^work: Harvest shows .* account {viewer.account_id}: ask with the token"
        ):
            refuse("work", access, [ADMINISTRATOR, viewer])


def test_an_access_that_is_none_is_an_error() -> None:
    with pytest.raises(
        QueryError, match=r"^work: no access 'everything'; write one of account, people, projects, rows$"
    ):
        refuse("work", "everything", [ADMINISTRATOR])


def test_a_row_tells_whose_records_are_seen_whole_and_the_limit_in_words() -> None:
    mates = {(2, 20): [22, 21, 20], (3, 20): [99]}
    ada, ben = rows("people", [ADMINISTRATOR, MANAGER], mates, {}).to_pylist()
    assert (ada["people"], ada["limited_to"], ada["rates"], ada["costs"]) == (None, None, True, True)
    assert (ben["people"], ben["limited_to"]) == ([20, 21, 22], "Ben Okafor and 2 teammates")
    assert (ben["role"], ben["rates"], ben["costs"]) == ("manager", True, False)
    words = [rows(access, [MANAGER], {(2, 20): [21]}, {}).to_pylist()[0]["limited_to"] for access in ACCESSES[1:]]
    assert words == [
        "Ben Okafor and 1 teammate",
        "the projects that Ben Okafor manages",
        "what Ben Okafor may read",
    ]
    assert rows("people", [UNKNOWN], {}, {}).to_pylist()[0]["limited_to"] == "40"


def test_a_row_tells_which_projects_are_seen_whole() -> None:
    ada, ben = rows("projects", [ADMINISTRATOR, MANAGER], {}, {(2, 20): [7, 5]}).to_pylist()
    assert (ada["projects"], ben["projects"]) == (None, [5, 7])
    assert [each.has_projects_to_ask_for("projects") for each in (ADMINISTRATOR, MANAGER, MEMBER)] == [
        False,
        True,
        False,
    ]
    assert not MANAGER.has_projects_to_ask_for("people")
