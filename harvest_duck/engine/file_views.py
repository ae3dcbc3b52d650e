"""The views of an attached account that is offline: they read the tables of the file itself, as fast as DuckDB can.

The file is attached to the user's database beside the account. When a sync puts another file in its place, that is
attached under another name, and the views read it from then on: at once where this process has synced, else within a
second. The one before stays attached until the next comes, for queries and transactions that have begun. What the file
cannot answer is left to the dataset of the table, which says why.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet, ref

import duckdb

from harvest_duck.cache import copy_file
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import resolve
from harvest_duck.engine.macros import views
from harvest_duck.engine.one_transaction import in_one_transaction
from harvest_duck.errors import HarvestDuckError
from harvest_duck.mirror import mirror_file, publication
from harvest_duck.mirror.definitions import columns, record
from harvest_duck.mirror.history import require_known
from harvest_duck.mirror.ownership import refuse_other_account
from harvest_duck.mirror.paths import MirrorPaths
from harvest_duck.pushdown.sql import identifier
from harvest_duck.runtime import critical_section, loop

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.cache.freshness import Held
    from harvest_duck.connection import Connection
    from harvest_duck.engine.binding import Account, Binding

#: Seconds after which to look again whether another process has synced.
_LOOK_S = 1.0
#: DuckDB 1.4.1 alone opens a file only once in a process: no sync could look at one that is attached.
_OPENS_ONCE = duckdb.__version__ == "1.4.1"
_numbers = count(1)


class FileViews:
    """The views of one account over the file of its copy, and the names under which the file is attached."""

    def __init__(self, account: Account, binding: Binding) -> None:
        self._account, self._binding = ref(account), ref(binding)
        self._lock = Lock()
        self._attached: list[str] = []
        self._held: Held | None = None
        _all.add(self)
        loop.start(self._watch())

    def statements(self, own: duckdb.DuckDBPyConnection, account: Account) -> list[str]:
        """Return the statements that make the views of the account; attaches the file if they are to read it."""
        with self._lock:
            return self._renewed(own, account)

    def follow(self) -> bool:
        """Let the views read what a sync has put in the place of the file, if one did; return whether it is over.

        Once the account is detached, the file is let go.
        """
        with critical_section.entered(), self._lock, suppress(duckdb.Error, HarvestDuckError):
            account, binding = self._account(), self._binding()
            if account is not None and not self._is_replaced(account):
                return False
            own = None if binding is None else binding.another_connection()
            if own is None:
                return binding is None
            with own:
                if account is not None:
                    self._define(own, account)
                self._detach(own, leave=0 if account is None else 2)
            return account is None
        return False

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            if await loop.apart(self.follow):
                return

    def _define(self, own: duckdb.DuckDBPyConnection, account: Account) -> None:
        statements = self._renewed(own, account)
        with in_one_transaction(own):
            for statement in statements:
                own.execute(statement)

    def _renewed(self, own: duckdb.DuckDBPyConnection, account: Account) -> list[str]:
        settings = resolve(account.handle.connection)
        queries: dict[str, str] = {}
        # What is cut to MaxRows is read by scans.
        if settings.offline and settings.max_rows is None and not _OPENS_ONCE:
            with suppress(duckdb.Error, HarvestDuckError):
                queries = self._queries(own, account.catalog, settings)
        return list(views(account.catalog, account.handle.name, queries))

    def _queries(self, own: duckdb.DuckDBPyConnection, catalog: str, settings: Connection) -> dict[str, str]:
        """Return the query of each table that the file answers, which is attached for them."""
        path = _path_of(settings)
        held = self._held = copy_file.held(path)
        if held.source is None:
            return {}
        refuse_other_account(path, held.source, settings.require_accounts())
        name = identifier(f"_{catalog}_copy_{next(_numbers)}")
        mirror_file.attach(own, MirrorPaths.of(path).published, name, read_only=True)
        self._attached.append(name)
        if own.execute(f"SELECT generation FROM {record('source', name)}").fetchall() != [(held.source.generation,)]:
            # It was replaced since: scans read it until the views follow.
            self._held = None
            return {}
        as_of = None if settings.cache is None else settings.cache.as_of
        return {
            table.name: f"SELECT {', '.join(map(identifier, columns(table)))} "
            f"FROM {copy_file.relation(table, as_of, name)}"
            for table in TABLES.values()
            if _is_answered(table.name, held, settings)
        }

    def _is_replaced(self, account: Account) -> bool:
        settings = resolve(account.handle.connection)
        if not settings.offline:
            return False
        held, before = copy_file.held(_path_of(settings)), self._held
        if before is None or before.source is None or held.source is None or settings.cache is None:
            return held is not before
        # A sync that changed no row may have moved the end of the history.
        return held.source.generation != before.source.generation or (
            settings.cache.as_of is not None and held.history != before.history
        )

    def _detach(self, own: duckdb.DuckDBPyConnection, *, leave: int) -> None:
        while len(self._attached) > leave:
            own.execute(f"DETACH {self._attached[0]}")
            del self._attached[0]


_all: WeakSet[FileViews] = WeakSet()


def _follow_all() -> None:
    """Let the views over a file that this process has published read it at once."""
    for each in tuple(_all):
        each.follow()


def _path_of(settings: Connection) -> Path:
    assert settings.cache is not None  # noqa: S101 - only asked for connections that are offline
    assert settings.cache.path is not None  # noqa: S101 - as above
    return settings.cache.path


def _is_answered(name: str, held: Held, settings: Connection) -> bool:
    """Whether the file has what a view of a table is to show."""
    if name not in held.tables or not held.whole(name):
        return False
    if settings.cache is not None and settings.cache.as_of is not None:
        try:
            require_known(held.history, _path_of(settings), name, settings.cache.as_of)
        except HarvestDuckError:
            return False
    return True


publication.on_publish.append(_follow_all)
