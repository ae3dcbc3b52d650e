"""The options that name a connection, and keep its secrets off the command line, which other users can see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harvest_duck.cli import completion, standard_input
from harvest_duck.connection import canonical, parse, render
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["connection_option", "connection_options"]

_Command = TypeVar("_Command", bound="Callable[..., Any] | click.Command")

_STANDARD_INPUT = "-"
_TOKEN_FILE = "harvest_duck.token_file"  # noqa: S105 - no secret, but where its place is kept
_WHERE = "connection string"
_TOKENS = ("APIKey", "OAuthAccessToken")


def connection_options(text: str) -> Callable[[_Command], _Command]:
    """Return the options `--connection`, explained by `text`, and `--token-file`, which becomes a part of it."""

    def options(command: _Command) -> _Command:
        command = click.option(
            "--token-file",
            metavar="FILE",
            expose_value=False,
            is_eager=True,
            callback=_note_file,
            help="A file with the token alone, - for standard input; a token in --connection is seen by other users.",
        )(command)
        return click.option(
            "--connection",
            "-c",
            metavar="STR",
            default="",
            callback=_whole,
            shell_complete=completion.connection_strings,
            help=text,
        )(command)

    return options


#: The connection, for every command that sends requests.
connection_option = connection_options(
    "A connection string such as 'DSN=acme', - to read it from standard input; by default what the environment and the "
    "DSN 'default' say."
)


def _note_file(context: click.Context, _parameter: click.Parameter, file: str | None) -> None:
    context.meta[_TOKEN_FILE] = file


def _whole(context: click.Context, _parameter: click.Parameter, connection: str) -> str:
    """Return the connection string with the token of the file in it."""
    if context.resilient_parsing:
        return connection
    if connection == _STANDARD_INPUT:
        connection = standard_input.first_line("the connection string")
    file = context.meta[_TOKEN_FILE]
    if file is None:
        return connection
    texts = canonical(parse(connection, where=_WHERE).items(), where=_WHERE)
    if any(texts.get(name) for name in _TOKENS):
        raise click.UsageError("The connection string has a token, and --token-file gives another: leave one out.")
    return render(texts | {"APIKey": _token(file)})


def _token(file: str) -> str:
    if file == _STANDARD_INPUT:
        where, content = "standard input", standard_input.first_line("the token")
    else:
        where, content = file, Path(file).read_bytes().decode("utf-8-sig", errors="surrogateescape").strip()
    if len(content.split()) != 1 or not content.isprintable():
        raise ConnectionStringError(f"{where}: it has to hold the token, alone and on one line")
    return content
