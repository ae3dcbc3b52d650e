"""What a shell offers when Tab is pressed: the names of tables and of connections."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import render
from harvest_duck.errors import HarvestDuckError

if TYPE_CHECKING:
    import click

__all__ = ["connection_names", "connection_strings", "copied_tables", "names", "tables"]


def tables(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the tables that begin with what is typed."""
    return [name for name in TABLES if name.startswith(incomplete.lower())]


def copied_tables(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the tables of a copy that begin with what is typed."""
    from harvest_duck.mirror.tables import MIRRORED  # noqa: PLC0415 - as below

    return [each.name for each in MIRRORED if each.name.startswith(incomplete.lower())]


def names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the connections that begin with what is typed; none where they cannot be read."""
    return [each for each in connection_names() if each.startswith(incomplete)]


def connection_names() -> list[str]:
    """Return the names that a DSN can have; none where they cannot be read."""
    from harvest_duck import connections  # noqa: PLC0415 - it loads the sandbox, and few commands are completed

    with suppress(HarvestDuckError, OSError):
        return [each.name for each in connections.listed()]
    return []


def connection_strings(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the connection strings of the named connections that begin with what is typed."""
    return [found for name in connection_names() if (found := render({"DSN": name})).startswith(incomplete)]
