"""The page of commands says what the program says of them; `UPDATE_README=1 pytest …` writes it anew."""

from __future__ import annotations

import re

import click
from support.command_reference import commands, reference
from support.examples import UPDATE
from support.paths import DOCS

PAGE = DOCS / "commands.md"


def test_the_page_has_every_command_and_option_as_the_program_has_them() -> None:
    text = PAGE.read_text("utf-8")
    wanted = re.sub(
        r"(<!-- commands -->\n).*(<!-- /commands -->)", lambda m: f"{m[1]}{reference()}\n{m[2]}", text, flags=re.DOTALL
    )
    if UPDATE:
        PAGE.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted


def test_no_command_or_option_is_left_out() -> None:
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
    assert list(sections) == [name for name, _ in commands()]
    for name, command in commands():
        spelled = {each for param in command.params if isinstance(param, click.Option) for each in param.opts}
        assert spelled <= set(re.findall(r"(?<=`)--?[\w-]+", sections[name])), name
