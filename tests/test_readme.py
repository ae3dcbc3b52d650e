"""The README is true: its Python runs and prints what stands below it, its tables are those of the catalogue.

`UPDATE_README=1 pytest tests/test_readme.py` writes both anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from harvest_duck.cli import cli
from harvest_duck.endpoints import TABLES

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"```python\n(?P<code>[^`]*)```\n\n```text\n(?P<output>[^`]*)```")
UPDATE = bool(os.environ.get("UPDATE_README"))


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


def test_every_example_prints_what_stands_below_it() -> None:
    text = README.read_text(encoding="utf-8")
    names: dict[str, object] = {}

    def ran(block: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block["code"], names)  # noqa: S102 - the README's own code
        output = "\n".join(line.rstrip() for line in printed.getvalue().strip("\n").splitlines())
        return f"```python\n{block['code']}```\n\n```text\n{output}\n```"

    wanted, count = BLOCK.subn(ran, text)
    assert count >= 5
    if UPDATE:
        README.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted


def test_every_command_and_option_that_it_names_exists() -> None:
    lines = re.findall(
        r"^(?:export .*&& )?harvest-duck (\w+)([^#\n]*)", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name for name, _ in lines} == set(cli.commands) - {"demo"}
    for name, rest in lines:
        known = {
            option for parameter in cli.commands[name].params for option in parameter.opts + parameter.secondary_opts
        }
        assert {word for word in shlex.split(rest) if word.startswith("-")} <= known


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
