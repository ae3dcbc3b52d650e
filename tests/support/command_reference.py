"""Every command of `harvest-duck` with its arguments and options, as Markdown, from what the program says of them."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from harvest_duck.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["commands", "reference"]


def commands(group: click.Group = cli, *names: str) -> Iterator[tuple[str, click.Command]]:
    """Return each command that does something, in the order of `harvest-duck --help`, with its whole name."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        elif command is not None:
            yield " ".join((*names, name)), command


def reference() -> str:
    """The commands, each below a heading."""
    return "\n\n".join(_section(name, command) for name, command in commands())


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"harvest-duck {name}")
    usage = " ".join(context.command.collect_usage_pieces(context))
    parts = [f"## {name}", _text(command.help or ""), f"```text\nharvest-duck {name} {usage}\n```"]
    options = [
        each
        for each in command.get_params(context)
        if isinstance(each, click.Option) and not each.hidden and "--help" not in each.opts
    ]
    rows = [f"| {_spelled(each, context)} | {_meaning(each, context)} |" for each in options]
    return "\n\n".join([*parts, *(["\n".join(["| option | meaning |", "|---|---|", *rows])] if rows else [])])


def _text(help_text: str) -> str:
    """The help of a command as paragraphs; what is laid out in lines stays so."""
    paragraphs = cleandoc(help_text).partition("\f")[0].strip().split("\n\n")
    return "\n\n".join(
        f"```text\n{cleandoc(each[2:])}\n```" if each.startswith("\b\n") else _prose(each) for each in paragraphs
    )


def _prose(text: str) -> str:
    return re.sub(r"([*_<|])", r"\\\1", " ".join(text.split()))


def _spelled(option: click.Option, context: click.Context) -> str:
    """The spellings of an option, and the word for its value."""
    value = "" if option.is_flag or option.count else f" {option.make_metavar(context)}"
    spelled = [*option.opts, *option.secondary_opts]
    longest = max(spelled, key=len)
    shown = [f"`{each}{value if each == longest else ''}`" for each in sorted(spelled, key=lambda each: -len(each))]
    return ", ".join(each.replace("|", "\\|") for each in shown)


def _meaning(option: click.Option, context: click.Context) -> str:
    """The help of an option, with what `--help` says of its default and its values."""
    extra = option.get_help_extra(context)
    default = f" By default {extra['default']}." if extra.get("default") else ""
    return _prose(option.help or "") + default
