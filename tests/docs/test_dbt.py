"""The page about dbt shows the files of examples/dbt, whose descriptions are those of the catalog."""

from __future__ import annotations

import os
import re

import pytest
from support.paths import DOCS, ROOT

from harvest_duck.integrations.dbt_properties import properties

PAGE = (DOCS / "dbt.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "dbt"
README = (EXAMPLE / "README.md").read_text("utf-8")
SHOWN = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
UPDATE = bool(os.environ.get("UPDATE_README"))


def test_the_descriptions_are_what_the_command_writes() -> None:
    command = re.search(r"dbt_properties (.*?) > models/harvest.yml", README, re.DOTALL)
    assert command
    written = properties(command[1].replace("\\\n", " ").split())
    if UPDATE:
        (EXAMPLE / "models" / "harvest.yml").write_text(written, encoding="utf-8")
    assert (EXAMPLE / "models" / "harvest.yml").read_text("utf-8") == written


def test_the_project_uses_every_table_and_ready_view_that_it_describes() -> None:
    described = re.findall(r"^ +- name: \"?(\w+)\"?\n +description", properties_file(), re.MULTILINE)
    models = {path.stem: path.read_text("utf-8") for path in (EXAMPLE / "models").rglob("*.sql")}
    sources = {name for model in models.values() for name in re.findall(r'source\("harvest", "(\w+)"\)', model)}
    views = {name for model in models.values() for name in re.findall(r"harvest\.(\w+)\(", model)}
    assert sources | views == {name for name in described if name in sources | views}
    assert views < set(models)
    assert all(name in README for name in models)


def properties_file() -> str:
    """What the project says of Harvest's tables and views."""
    return (EXAMPLE / "models" / "harvest.yml").read_text("utf-8")


@pytest.mark.parametrize(("name", "content"), SHOWN, ids=[name for name, _ in SHOWN])
def test_the_page_shows_files_of_the_project(name: str, content: str) -> None:
    """Without their comments, and of long ones the beginning."""
    file = re.sub(
        r"^\s*# [^\n]*\n|\{#.*?#\}\n", "", (EXAMPLE / name).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    assert file.startswith(content)


def test_the_page_shows_some() -> None:
    assert len(SHOWN) >= 3
