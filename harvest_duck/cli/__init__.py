"""The command `harvest-duck`: its group of commands, and how an error becomes one line and an exit status."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

import click

from harvest_duck import __version__
from harvest_duck.cli import signals
from harvest_duck.runtime import interrupt
from harvest_duck.text import terminal_safe

__all__ = ["cli", "main"]


#: The module of each command.
_MODULES = {
    "accounts": "login",
    "connections": "connections",
    "demo": "demo",
    "describe": "tables",
    "doctor": "doctor",
    "export": "export",
    "login": "login",
    "logout": "login",
    "mcp": "mcp",
    "query": "query",
    "report": "report",
    "sandbox": "sandbox",
    "serve": "serve",
    "shell": "shell.command",
    "status": "status",
    "sync": "sync",
    "tables": "tables",
    "whoami": "login",
}


class _Commands(click.Group):
    """A group that loads a command when it is named, and in which only Ctrl-C begins a new line, as it is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return [*_MODULES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        if cmd_name not in _MODULES:
            return None
        found = getattr(import_module(f"{__name__}.{_MODULES[cmd_name]}"), cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101 - so says the table
        return found

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, Exception) as error:
            # What a signal ended in DuckDB comes as an error of DuckDB.
            if not isinstance(error, KeyboardInterrupt) and not interrupt.is_interrupt(error):
                raise
            if signals.received() == signal.SIGINT:
                raise KeyboardInterrupt from None
            raise click.Abort from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harvest-duck")
def cli() -> None:
    """SQL over Harvest, the time-tracking and invoicing service, run by DuckDB."""


#: What is said of a command that a signal ended. The terminal that SIGHUP ends shows nothing.
_ENDED = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


def main() -> None:
    """Run the command; an error is one line on standard error and an exit status, 128 and its number for a signal."""
    for stream in (sys.stdout, sys.stderr):
        # Whatever the code page of the console: Windows redirects with another one, and so does LC_ALL=C.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    with signals.handled(), warnings.catch_warnings():
        warnings.showwarning = partial(_warn, set())
        _run()


def _run() -> None:
    try:
        cli(prog_name="harvest-duck", standalone_mode=False)
    except click.exceptions.Exit as finished:
        sys.exit(finished.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _interrupted()
    except BrokenPipeError:
        # The reader of the pipe has ended, as `head` does; Python would report an error when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        # DuckDB and Arrow, which it imports, take longer to load than a prompt or a page of help.
        from harvest_duck.cli import failures  # noqa: PLC0415

        if not isinstance(error, failures.TOLD):
            raise
        click.echo(f"harvest-duck: {terminal_safe(failures.sentence(error))}", err=True)
        sys.exit(failures.status(error))


def _warn(said: set[str], message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning on one line, and once; Python shows the line of the program too, and again for each caller."""
    sentence = terminal_safe(str(message))
    if sentence not in said:
        said.add(sentence)
        click.echo(f"harvest-duck: warning: {sentence}", err=True)


def _interrupted() -> NoReturn:
    number = signals.received()
    if number in _ENDED:
        click.echo(_ENDED[signal.Signals(number)], err=True)
    sys.exit(128 + number)
