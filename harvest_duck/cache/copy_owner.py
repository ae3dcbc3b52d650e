"""Whose copy a file is, compared with the connection that is to be answered from it.

The token of another user would see other rows. So Harvest is asked once in a process whose token a connection has,
and again after somebody signed in or out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harvest_duck.auth.stored_credential import sign_in_changes
from harvest_duck.mirror.ownership import is_owner, owner, refuse_stranger
from harvest_duck.mirror.sync import ME
from harvest_duck.runtime import loop
from harvest_duck.scanner.table_reader import TableReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harvest_duck.cache.freshness import Held
    from harvest_duck.connection import Connection
    from harvest_duck.scanner.table_reader import ScanSession

#: By the connection, and how often somebody had signed in or out.
_Known = dict[tuple["Connection", int], dict[str, Any]]

#: Called when this process knows more of a copy: whose it is, or, after a sync, as of when.
on_known: list[Callable[[], None]] = []


def is_known_owner(held: Held, settings: Connection) -> bool:
    """Whether this process knows that a copy is of the user whose token a connection has."""
    known = loop.own("the owners of tokens", _Known).get((settings.identity, sign_in_changes()))
    source = held.source
    return known is not None and source is not None and is_owner(source, known)


def require_owner(path: Path, held: Held, settings: Connection, session: ScanSession) -> None:
    """Raise `MirrorError` if a copy is of another account or user than the token of a connection.

    Sends a request where no scan or sync of this process has asked that before.
    """
    known, identity = loop.own("the owners of tokens", _Known), (settings.identity, sign_in_changes())
    if identity not in known:
        known[identity] = owner(TableReader(settings, session=session).read(ME))
        _tell()
    if held.source is not None:
        refuse_stranger(path, held.source, known[identity])


def note_owner(held: Held, settings: Connection) -> None:
    """Remember that a sync has found the token of a connection to be that of the copy."""
    if held.source is not None:
        known = {"account_id": held.source.account_id, "id": held.source.user_id}
        loop.own("the owners of tokens", _Known)[settings.identity, sign_in_changes()] = known
    _tell()


def _tell() -> None:
    for tell in on_known:
        tell()
