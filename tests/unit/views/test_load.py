"""The ready views as text: what their files tell, and the statements that install them."""

from __future__ import annotations

import pytest

from harvest_duck.views import load
from harvest_duck.views.catalog_table import VIEWS_SCHEMA, views_table
from harvest_duck.views.view import parsed


def test_every_file_is_a_view_of_its_own_name_and_tells_its_arguments() -> None:
    files = {file.name for file in load.resources.files("harvest_duck.views").iterdir() if file.name.endswith(".sql")}
    assert {f"{name}.sql" for name in load.views()} == files
    assert len(load.views()) >= 17
    for view in load.views().values():
        assert set(load._PARAMETER.findall(view.sql)) <= {argument.name for argument in view.arguments}, view.name


def test_a_head_that_is_none_is_refused() -> None:
    for source, words in (
        ("SELECT 1", "the first line of a view is its name and question: SELECT 1"),
        ("-- work: what\n--\n-- Arguments\n--   from_date DATE\nSELECT 1", "this line of the head of a view is none"),
    ):
        with pytest.raises(ValueError, match=words):
            parsed(source)


def test_the_listing_tells_of_each_view_what_its_file_tells() -> None:
    listed = views_table()
    assert listed.schema == VIEWS_SCHEMA
    for row, view in zip(listed.to_pylist(), load.views().values(), strict=True):
        assert (row["view_name"], row["definition"], row["access"]) == (view.name, view.definition, view.access)
        assert [each["name"] for each in row["arguments"]] == [each.name for each in view.arguments]
        assert {each["name"]: each["description"] for each in row["columns"]} == view.columns


def test_a_view_names_the_catalog_of_its_account_wherever_it_reads() -> None:
    for statement in load.statements('a "b"'):
        assert '"a ""b""".' in statement
        assert " harvest." not in statement
