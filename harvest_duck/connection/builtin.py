"""Connections that need no file to be named, and connection strings resolved with them at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.connection import Connection, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _sandbox() -> str:
    from harvest_duck import sandbox  # noqa: PLC0415 - longer to load than DuckDB, for those who ask it

    return sandbox.shared().connection_string()


#: `DSN=sandbox` starts a stand-in Harvest in this process.
_BUILTIN: Mapping[str, Callable[[], str]] = {"sandbox": _sandbox}


def resolved(connection: str, *, signing_in: bool = False) -> Connection:
    """What a connection string stands for; raises `ConnectionStringError` as `resolve` does."""
    return resolve(connection, builtin=_BUILTIN, signing_in=signing_in)
