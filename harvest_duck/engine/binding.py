"""The binding of one database of DuckDB to Harvest: its datasets, which all cursors share, and whom they may ask.

`register` binds a database once, in a catalog in memory that DuckDB keeps for all connections of the database. The
datasets in it hold the binding, and so it lives as long as the database.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary, ref

import duckdb

from harvest_duck.connection.handles import Handle, Handles
from harvest_duck.engine.keeper import independent
from harvest_duck.engine.session import Session, add, sessions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.cache.expected import Expected
    from harvest_duck.catalog.model import Table

#: The most explanations of one database that may run at a time.
EXPLANATIONS = 16


class ViewsOfAccount(Protocol):
    """What makes the views of an account, where those are not over its datasets."""

    def statements(self, own: duckdb.DuckDBPyConnection, account: Account) -> Iterable[str]:
        """Return the statements that make them."""

    def read_of(self, con: duckdb.DuckDBPyConnection, table: str) -> tuple[Table, Expected] | None:
        """Return which table of Harvest a plan reads by that name, and how old it is; None where it is another."""


@dataclass(eq=False)
class Account:
    """An attached account: the handle of its connection string, which it keeps, and the catalog with its tables.

    `file_views` are its views over the file of a copy, once it had one.
    """

    catalog: str
    handle: Handle
    file_views: ViewsOfAccount | None = None


class Binding:
    """What the datasets of one database share: its handles, its sessions and its connections.

    `connection` becomes `default`, the account that `harvest_scan` reads when it is given none. `shared` is the session
    of the cursors that were not registered. `catalog` is the one whose tables a registered connection finds without its
    name.
    """

    def __init__(self, connection: str | None, *, only_attached: bool) -> None:
        self.token = secrets.token_hex(16)
        self.handles = Handles(only_attached=only_attached)
        self.default: Handle | None = None if connection is None else self.handles.add(connection)
        self.shared = Session(name="")
        self.catalog: str | None = None
        self.attached: WeakValueDictionary[str, Account] = WeakValueDictionary()
        #: A place for each explanation that runs. One that SQL makes explain itself would fill the stack.
        self.explanations = BoundedSemaphore(EXPLANATIONS)
        self.sessions: WeakValueDictionary[str, Session] = WeakValueDictionary()
        self._bound_by: ref[duckdb.DuckDBPyConnection] | None = None
        _bindings[self.token] = self

    @property
    def bound_by(self) -> duckdb.DuckDBPyConnection | None:
        """The connection that bound the datasets, None where it is not kept."""
        return None if self._bound_by is None else self._bound_by()

    @bound_by.setter
    def bound_by(self, con: duckdb.DuckDBPyConnection) -> None:
        self._bound_by = ref(con)

    def session(self, name: str) -> Session:
        """Return the session of that name, or the shared one where no connection has it any more."""
        return self.sessions.get(name, self.shared)

    def add(self, con: duckdb.DuckDBPyConnection, session: Session) -> None:
        """Make a registered connection known, with its session."""
        session.handles = self.handles
        self.sessions[session.name] = session
        add(con, session)

    def __contains__(self, con: duckdb.DuckDBPyConnection) -> bool:
        """Whether a connection is a registered one of this database."""
        session = sessions.get(con)
        return session is not None and session.handles is self.handles

    def account(self, connection: str) -> Handle:
        """Return a handle for a connection string: that of the default account where it is the same."""
        same = self.default is not None and self.default.connection == connection
        return self.default if self.default is not None and same else self.handles.add(connection)

    def default_of(self, session: Session) -> str:
        """Return the handle of the account that a session reads where it is given none, or empty text."""
        handle = session.default or self.default
        return "" if handle is None else handle.name

    def another_connection(self) -> duckdb.DuckDBPyConnection | None:
        """Return a new connection of the database, None where no registered one is open."""
        for con in _registered():
            # A connection that closes at this moment is a RuntimeError (DuckDB 1.5).
            with suppress(duckdb.Error, RuntimeError):
                if con in self:
                    return independent(con)
        return None


#: Held while a database is looked up and bound, so that two threads do not bind it twice.
lock = Lock()
_bindings: WeakValueDictionary[str, Binding] = WeakValueDictionary()


def with_one_door() -> list[duckdb.DuckDBPyConnection]:
    """Return the connections of this process that were registered in a database with one door, closed ones too.

    SQL cannot take away what their sessions hold.
    """
    return [con for con in _registered() if (handles := sessions[con].handles) is not None and handles.only_attached]


def _registered() -> list[duckdb.DuckDBPyConnection]:
    """Return the registered connections of all databases."""
    # A list that is made at once, while other threads register and close connections.
    return [con for reference in sessions.keyrefs() if (con := reference()) is not None]


def binding_named(token: str) -> Binding | None:
    """Return the binding of this process with that token, None where there is none."""
    return _bindings.get(token)
