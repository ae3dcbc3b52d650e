"""Handles: names that stand for connection strings in SQL, so that no view shows a secret.

After a handle may stand one property, `;AsOf=…`: the account as it was at that moment. A handle lives as long as its
owner keeps the `Handle` object, to which `Handles` refers weakly. So a connection string is freed with what uses it.
"""

from __future__ import annotations

import re
import secrets
from weakref import WeakValueDictionary

from harvest_duck.connection.grammar import fold, parse, render
from harvest_duck.errors import ConnectionStringError

_AS_OF = "AsOf"
_FORM = re.compile(f"(?P<handle>@[0-9a-f]{{32}})(?:;{_AS_OF}=(?P<moment>[-0-9T:.]+Z))?")
_ONE_DOOR = (
    "this database was opened with only_attached=True, and reads no other connection than those attached to it: "
    "leave the connection string out"
)
_ONE_DOOR_AND_NO_DEFAULT = (
    "this database was opened with only_attached=True and without a connection of its own, and does not look into the "
    "environment for one: read the tables of an attached account, as in FROM harvest.clients"
)


class Handle:
    """A new name for a connection string."""

    def __init__(self, connection: str) -> None:
        # Not to be guessed: whoever knows it reads what the connection string reaches.
        self.name = f"@{secrets.token_hex(16)}"
        self.connection = connection


class Handles:
    """The handles of one database; with `only_attached` nothing but a handle stands for a connection string."""

    def __init__(self, *, only_attached: bool = False) -> None:
        self.only_attached = only_attached
        self._handles: WeakValueDictionary[str, Handle] = WeakValueDictionary()

    def add(self, connection: str) -> Handle:
        """Return a new handle for a connection string, which its caller keeps for as long as it is to be known."""
        handle = Handle(connection)
        self._handles[handle.name] = handle
        return handle

    def __contains__(self, text: str) -> bool:
        """Whether a text is the name of a handle, rather than a connection string that is written in SQL."""
        return self._found(text) is not None

    def connection_of(self, text: str) -> str:
        """Return the connection string that a handle stands for; any other text is one itself.

        Raises `ConnectionStringError` for a handle that was freed, and for a text where only handles are allowed.
        """
        found = self._found(text)
        if found is not None:
            return found
        if _FORM.fullmatch(text):
            raise ConnectionStringError("the account was detached, or its connection of DuckDB closed: attach it again")
        if self.only_attached:
            raise ConnectionStringError(_ONE_DOOR if text else _ONE_DOOR_AND_NO_DEFAULT)
        return text

    def _found(self, text: str) -> str | None:
        """Return the connection string of a handle that is known, with the moment after it; None for any other text."""
        form = _FORM.fullmatch(text)
        handle = None if form is None else self._handles.get(form["handle"])
        if form is None or handle is None:
            return None
        return handle.connection if form["moment"] is None else _as_of(handle.connection, form["moment"])


def _as_of(connection: str, moment: str) -> str:
    """Return a connection string with the moment in place of that which it may have."""
    pairs = {name: value for name, value in parse(connection).items() if fold(name) != fold(_AS_OF)}
    return render(pairs | {_AS_OF: moment})
