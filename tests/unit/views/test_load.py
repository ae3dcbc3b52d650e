"""The ready views as text: what their files tell, and the statements that install them."""

from __future__ import annotations

from harvest_duck.views import load


def test_every_file_is_a_view_of_its_own_name_and_tells_its_arguments() -> None:
    files = {file.name.removesuffix(".sql") for file in load.resources.files("harvest_duck.views").iterdir()}
    assert set(load.views()) == {name for name in files if "." not in name and not name.startswith("_")} - {
        "load",
        "view",
    }
    assert len(load.views()) >= 17


def test_a_view_names_the_catalog_of_its_account_wherever_it_reads() -> None:
    for statement in load.statements('a "b"'):
        assert '"a ""b""".' in statement
        assert " harvest." not in statement
