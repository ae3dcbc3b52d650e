"""Every page names commands, options and files that are there, and every command explains itself."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from support.paths import DOCS, ROOT

from harvest_duck.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
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


def test_every_command_is_on_the_page_about_the_command_line() -> None:
    assert {name[0] for name, _ in commands_in(DOCS / "command-line.md")} == set(NAMED)


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
