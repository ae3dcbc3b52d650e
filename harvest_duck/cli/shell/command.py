"""`harvest-duck shell`: SQL at a prompt, or statement after statement from standard input."""

from __future__ import annotations

import click

from harvest_duck.cli import standard_input
from harvest_duck.cli.connection_option import connection_option
from harvest_duck.errors import QueryError
from harvest_duck.formats import BINARY, Format

__all__ = ["shell"]

# What asks DuckDB is imported by what needs it: a prompt is there before DuckDB is loaded.


@click.command(short_help="Type SQL at a prompt.")
@connection_option
@click.option(
    "--format",
    "form",
    type=click.Choice([each.value for each in Format if each not in BINARY]),
    help="How to write; what fits the terminal by default.",
)
def shell(*, connection: str, form: str | None) -> None:
    """Type SQL at a prompt, with completion, history, and dot commands such as .tables; .help lists them.

    What is piped in runs without a prompt, statement after statement.
    """
    chosen = Format(form) if form else None
    if standard_input.is_terminal():
        _converse(connection, chosen)
    else:
        _run_script(connection, chosen)


def _converse(connection: str, form: Format | None) -> None:
    """Talk with the person at the terminal; raises `QueryError` where the package for a prompt is not installed."""
    try:
        import prompt_toolkit  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise QueryError(
            "the prompt needs the extra 'shell': pip install 'harvest-duck[shell]', or pipe SQL in"
        ) from None
    from harvest_duck.cli.shell import dialogue  # noqa: PLC0415

    dialogue.run(connection, form)


def _run_script(connection: str, form: Format | None) -> None:
    from harvest_duck.cli.query import opened  # noqa: PLC0415
    from harvest_duck.cli.shell import script  # noqa: PLC0415
    from harvest_duck.cli.shell.account import ACCOUNT  # noqa: PLC0415
    from harvest_duck.cli.shell.session import Session  # noqa: PLC0415

    with opened(connection) as con:
        script.run(Session(con, {ACCOUNT: connection}, form), standard_input.lines("the SQL"))
