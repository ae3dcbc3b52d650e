"""Connections that need no file to be named, and connection strings resolved with them at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck import sandbox
from harvest_duck.connection import Connection, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["resolved"]


def _sandbox() -> str:
    return sandbox.shared().connection_string()


#: `DSN=sandbox` starts a stand-in Harvest in this process.
_BUILTIN: Mapping[str, Callable[[], str]] = {"sandbox": _sandbox}


def resolved(connection: str, *, signing_in: bool = False) -> Connection:
    """What a connection string stands for; raises `ConnectionStringError` as `resolve` does."""
    return resolve(connection, builtin=_BUILTIN, signing_in=signing_in)
