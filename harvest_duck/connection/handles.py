"""Handles: names that stand for connection strings in SQL, so that no view shows a secret.

A handle lives as long as its owner keeps the `Handle` object; this module refers to it weakly. So a connection string
is freed with the connection of DuckDB that attached it.
"""

from __future__ import annotations

import re
import secrets
from weakref import WeakValueDictionary

from harvest_duck.errors import ConnectionStringError

_FORM = re.compile("@[0-9a-f]{32}")
_handles: WeakValueDictionary[str, Handle] = WeakValueDictionary()


class Handle:
    """A new name for a connection string, known in this process until the object is freed."""

    def __init__(self, connection: str) -> None:
        # Not to be guessed: every connection of DuckDB in this process could use it.
        self.name = f"@{secrets.token_hex(16)}"
        self.connection = connection
        _handles[self.name] = self


def handle_named(name: str) -> Handle | None:
    """The handle with this name, None where there is none or it was freed."""
    return _handles.get(name)


def connection_of(text: str) -> str:
    """The connection string that a handle stands for; any other text is one itself.

    Raises `ConnectionStringError` for a handle that was freed.
    """
    handle = _handles.get(text)
    if handle is None and _FORM.fullmatch(text):
        raise ConnectionStringError("the connection of DuckDB that attached this account is gone: attach it again")
    return text if handle is None else handle.connection
