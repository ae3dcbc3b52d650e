"""The README is true: its Python runs and prints what stands below it, its tables are those of the catalogue.

`UPDATE_README=1 pytest tests/docs/test_readme.py` writes both anew.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from support.examples import UPDATE, check_examples
from support.paths import ROOT

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"


def listing() -> str:
    """The table of tables, as Markdown."""
    rows = [f"| `{table.name}` | {table.description} |" for table in TABLES.values()]
    return "\n".join(["| table | a row is |", "|---|---|", *rows])


def test_the_tables_are_those_of_the_catalogue() -> None:
    text = README.read_text(encoding="utf-8")
    wanted = re.sub(
        r"(<!-- tables -->\n).*?(<!-- /tables -->)", lambda m: f"{m[1]}{listing()}\n{m[2]}", text, flags=re.DOTALL
    )
    if UPDATE:
        README.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted


def test_the_functions_are_those_that_a_connection_knows(connection: str) -> None:
    with harvest_duck.connect(connection) as con:
        known = con.execute("""
            SELECT DISTINCT function_name || '(' || coalesce(array_to_string(parameters, ', '), '') || ')'
            FROM duckdb_functions()
            WHERE function_name LIKE 'harvest_%'
        """).fetchall()
    (listed,) = re.findall(r"<!-- functions -->\n(.*?)<!-- /functions -->", README.read_text("utf-8"), re.DOTALL)
    assert sorted(re.findall(r"^\| `(.*?)`", listed, re.MULTILINE)) == sorted(name for (name,) in known)


def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(README, least=5)


PAGES = [README, *sorted((README.parent / "docs").rglob("*.md"))]
NAMED = {name: cli.get_command(click.Context(cli), name) for name in cli.list_commands(click.Context(cli))}
COMMANDS = {
    (name, *below): command
    for name, group in NAMED.items()
    for below, command in (
        [((inner,), each) for inner, each in group.commands.items()]
        if isinstance(group, click.Group)
        else [((), group)]
    )
}


def commands_in(page: Path) -> list[tuple[tuple[str, ...], list[str]]]:
    """Each line of a page that runs `harvest-duck`: the command, and the words after it, on the next line as well."""
    found = []
    text = page.read_text("utf-8").replace("\\\n", " ")
    for line in re.findall(r"^(?:[^`|#\n]* [|&]+ )?harvest-duck ([^#\n]*)", text, re.MULTILINE):
        words = shlex.split(line.replace("…", "x").partition(" | ")[0])
        length = 2 if tuple(words[:2]) in COMMANDS else 1
        found.append((tuple(words[:length]), words[length:]))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    for name, words in commands_in(page):
        known = {option for each in COMMANDS[name].params for option in each.opts + each.secondary_opts}
        assert {word for word in words if word.startswith("-") and word != "-"} <= known, name


def test_every_command_is_in_the_readme() -> None:
    assert {name[0] for name, _ in commands_in(README)} == set(NAMED) - {"demo"}


@pytest.mark.parametrize("command", [[name] for name in sorted(NAMED)] + [list(name) for name in COMMANDS])
def test_every_command_explains_itself(command: list[str]) -> None:
    result = CliRunner().invoke(cli, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_command_has_one_whole_line_in_the_list_of_commands() -> None:
    for words in ([], ["connections"]):
        shown = CliRunner().invoke(cli, [*words, "--help"], terminal_width=80).stdout
        listed = shown.partition("Commands:\n")[2].splitlines()
        assert len(listed) > 3
        assert all(line.endswith(".") and not line.endswith("...") for line in listed), listed
