"""The quickstart leads to answers as it is typed: its commands run, and each way has at most four of them.

The demo, and the installation, are run by `.ci/package`. `UPDATE_README=1` writes the outputs anew.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from support.command import run
from support.examples import check_examples
from support.paths import DOCS, ROOT

import harvest_duck
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from harvest_duck.sandbox import Sandbox

PAGE = DOCS / "quickstart.md"
TEXT = PAGE.read_text("utf-8")


def typed(heading: str) -> list[str]:
    """Return the commands of the first block below a heading."""
    block = re.search(r"```sh\n(.*?)```", TEXT.partition(f"\n## {heading}\n")[2], re.DOTALL)
    assert block
    return block[1].splitlines()


def test_each_way_takes_as_many_commands_as_the_page_says() -> None:
    ways = re.findall(r"^\| \[.*?\]\(#([\w-]+)\) \|.*?\| (\d) \|", TEXT, re.MULTILINE)
    headings = {
        re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")): heading
        for heading in re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    }
    assert len(ways) == 3
    for anchor, count in ways:
        assert len(typed(headings[anchor])) == int(count) <= 4


def test_the_first_way_is_that_of_the_readme() -> None:
    (command,) = typed("See it")
    assert f"<!-- command: demo -->\n```sh\n{command}\n```" in (ROOT / "README.md").read_text("utf-8")


def test_an_own_account_answers_after_the_commands_of_the_page(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("HARVEST_DUCK_CONNECTION", f"BaseURL={sandbox.base_url};IdURL={sandbox.id_url}")
    (token,) = re.findall("APIKey=([^;]+)", sandbox.connection_string())
    _, _, add, query = (command.replace("123456", str(MAIN_ID)) for command in typed("Your own account"))
    assert run(*shlex.split(add)[1:], stdin=f"{token}\n".encode()).returncode == 0
    answered = run(*shlex.split(query)[1:], "--format", "csv")
    assert answered.returncode == 0, answered.stderr
    assert answered.stdout.startswith("client_name,hours\n")
    asked = [request for request in sandbox.requests if request.path == "/v2/time_entries"]
    assert [request.query.get("from") for request in asked] == ["2026-11-01"]


def test_the_dashboard_asks_for_columns_that_are_there() -> None:
    (dataset,) = (ROOT / "examples" / "superset" / "dashboard" / "datasets").rglob("*.yaml")
    named = re.findall(r'column_name: (\w+), type: "?([A-Z]+(?:\(\d+,\d+\))?)', dataset.read_text("utf-8"))
    there = [(row["column_name"], row["data_type"]) for row in harvest_duck.describe(dataset.stem).to_pylist()]
    assert len(named) == 6
    assert set(named) <= set(there)


def test_the_example_prints_what_stands_below_it() -> None:
    check_examples(PAGE, least=1)
