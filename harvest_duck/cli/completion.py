"""What a shell offers when Tab is pressed: the names of tables and of connections."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import render
from harvest_duck.errors import HarvestDuckError

if TYPE_CHECKING:
    import click

__all__ = ["connection_strings", "copied_tables", "names", "tables"]


def tables(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the tables that begin with what is typed."""
    return [name for name in TABLES if name.startswith(incomplete.lower())]


def copied_tables(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the tables of a copy that begin with what is typed."""
    from harvest_duck.mirror.tables import MIRRORED  # noqa: PLC0415 - as below

    return [each.name for each in MIRRORED if each.name.startswith(incomplete.lower())]


def names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the connections that begin with what is typed; none where they cannot be read."""
    from harvest_duck import connections  # noqa: PLC0415 - it loads the sandbox, and few commands are completed

    with suppress(HarvestDuckError, OSError):
        return [each.name for each in connections.listed() if each.name.startswith(incomplete)]
    return []


def connection_strings(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the connection strings of the named connections that begin with what is typed."""
    return [found for name in names(context, parameter, "") if (found := render({"DSN": name})).startswith(incomplete)]
