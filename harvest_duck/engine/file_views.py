"""The views of an attached account with the file of a copy: they read its tables themselves, as fast as DuckDB can.

The file is attached to the user's database beside the account. When a sync puts another file in its place, that is
attached under another name, and the views read it from then on: at once where this process has synced, else within a
second. The one before stays attached until the next comes, for queries and transactions that have begun. What the file
cannot answer is left to the dataset of the table, which says why.

Where the account is not offline, a view reads the file until the table is too old, and its dataset from then on. Which
of the two is decided when DuckDB plans a query: `now()` is one moment for all of a transaction, and the condition that
is false then leaves nothing of its part (2.0, 1.5 and 1.4, prepared statements too).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet, ref

import duckdb

from harvest_duck.cache import copy_file
from harvest_duck.cache.copy_owner import is_known_owner, on_known
from harvest_duck.cache.file_scan import answer_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import resolve
from harvest_duck.engine.hidden_arguments import DRY_RUN_VARIABLE
from harvest_duck.engine.macros import scan_of, views
from harvest_duck.engine.one_transaction import in_one_transaction
from harvest_duck.errors import HarvestDuckError
from harvest_duck.mirror import mirror_file, publication
from harvest_duck.mirror.definitions import columns, record
from harvest_duck.mirror.history import require_known
from harvest_duck.mirror.ownership import refuse_other_account
from harvest_duck.mirror.paths import MirrorPaths
from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.runtime import critical_section, loop

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.cache.expected import Expected
    from harvest_duck.cache.freshness import Held
    from harvest_duck.catalog.model import Table
    from harvest_duck.connection import Connection
    from harvest_duck.connection.cache import Cache
    from harvest_duck.engine.binding import Account, Binding

#: Seconds after which to look again whether another process has synced.
_LOOK_S = 1.0
#: The name of the task that follows the file of an account, for as long as that is attached.
FOLLOWING = "harvest-duck file of a copy"
#: DuckDB 1.4.1 alone opens a file only once in a process: no sync could look at one that is attached.
_OPENS_ONCE = duckdb.__version__ == "1.4.1"
_FOR_EVER = datetime.max.replace(tzinfo=UTC)
#: The names under which files are attached.
_COPY = r"^_.*_copy_\d+$"
_numbers = count(1)


class FileViews:
    """The views of one account over the file of its copy, and the names under which the file is attached."""

    def __init__(self, account: Account, binding: Binding) -> None:
        self._account, self._binding = ref(account), ref(binding)
        self._lock = Lock()
        self._attached: list[str] = []
        #: What the views were made of: what was known of the copy, and whether it is of the user who asks.
        self._held: Held | None = None
        self._owned = False
        self._written: dict[str, str] | None = None
        _all.add(self)
        loop.start(self._watch())

    def statements(self, own: duckdb.DuckDBPyConnection, account: Account) -> list[str]:
        """Return the statements that make the views of the account; attaches the file if they are to read it."""
        with self._lock:
            self._written = None
            return self._renewed(own, account)

    def read_of(self, con: duckdb.DuckDBPyConnection, table: str) -> tuple[Table, Expected] | None:
        """Return which table of the file a plan reads by that name, and how old it is; None where it is another."""
        catalog, _, name = table.rpartition(".main.")
        account, held, native = self._account(), self._held, self._written or {}
        if account is None or held is None or name not in native:
            return None
        if catalog not in self._attached and (catalog or not _is_only_in_copies(con, name)):
            return None
        cache = resolve(account.handle.connection).cache
        if cache is None or cache.path is None:
            return None
        return TABLES[name], answer_of(name, held, cache, cache.path, datetime.now(UTC))

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
        if (task := asyncio.current_task()) is not None:
            task.set_name(FOLLOWING)
        while True:
            await asyncio.sleep(_LOOK_S)
            if await loop.apart(self.follow):
                return

    def _define(self, own: duckdb.DuckDBPyConnection, account: Account) -> None:
        statements = self._renewed(own, account)
        try:
            with in_one_transaction(own):
                for statement in statements:
                    own.execute(statement)
        except BaseException:
            self._written = None
            raise

    def _renewed(self, own: duckdb.DuckDBPyConnection, account: Account) -> list[str]:
        """Return the statements that make those of the views that have to be others than they are."""
        settings = resolve(account.handle.connection)
        queries: dict[str, str] = {}
        # What is cut to MaxRows is read by scans.
        if _path_of(settings) is not None and settings.max_rows is None and not _OPENS_ONCE:
            with suppress(duckdb.Error, HarvestDuckError):
                queries = self._queries(own, account, settings)
        before, self._written = self._written, queries
        other = [name for name in TABLES if before is None or before.get(name) != queries.get(name)]
        return list(views(account.catalog, account.handle.name, queries, other))

    def _queries(self, own: duckdb.DuckDBPyConnection, account: Account, settings: Connection) -> dict[str, str]:
        """Return the query of each table that the file answers, which is attached for them."""
        path, cache = _path_of(settings), settings.cache
        assert path is not None  # noqa: S101 - only asked for connections with the file of a copy
        assert cache is not None  # noqa: S101 - as above
        before, held = self._held, copy_file.held(path)
        self._held, self._owned = held, is_known_owner(held, settings)
        if held.source is None or not (cache.offline or self._owned):
            return {}
        refuse_other_account(path, held.source, settings.require_accounts())
        if not self._attached or before is None or before.source is None or _generation(before) != _generation(held):
            self._attach(own, path, account.catalog)
        attached = identifier(self._attached[-1])
        if own.execute(f"SELECT generation FROM {record('source', attached)}").fetchall() != [
            (held.source.generation,)
        ]:
            # It was replaced since: scans read it until the views follow.
            self._held = None
            return {}
        answered = ((table, _until(table.name, held, path, cache)) for table in TABLES.values())
        now = datetime.now(UTC)
        return {
            table.name: _query(table, cache, attached, account.handle.name, until)
            for table, until in answered
            if until is not None and until > now
        }

    def _attach(self, own: duckdb.DuckDBPyConnection, path: Path, catalog: str) -> None:
        name = f"_{catalog}_copy_{next(_numbers)}"
        mirror_file.attach(own, MirrorPaths.of(path).published, identifier(name), read_only=True)
        self._attached.append(name)

    def _is_replaced(self, account: Account) -> bool:
        settings = resolve(account.handle.connection)
        path, before = _path_of(settings), self._held
        if path is None or settings.cache is None:
            return False
        held = copy_file.held(path)
        if before is None or before.source is None or held.source is None:
            return held is not before
        if not settings.cache.offline:
            return held is not before or self._owned != is_known_owner(held, settings)
        # A sync that changed no row may have moved the end of the history.
        return _generation(held) != _generation(before) or (
            settings.cache.as_of is not None and held.history != before.history
        )

    def _detach(self, own: duckdb.DuckDBPyConnection, *, leave: int) -> None:
        while len(self._attached) > leave:
            own.execute(f"DETACH {identifier(self._attached[0])}")
            del self._attached[0]


_all: WeakSet[FileViews] = WeakSet()


def _follow_all() -> None:
    """Let the views over a file that this process has published, or knows more of, read it at once."""
    for each in tuple(_all):
        each.follow()


def _path_of(settings: Connection) -> Path | None:
    return None if settings.cache is None else settings.cache.path


def _is_only_in_copies(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether no other database has a table of that name."""
    query = "SELECT 1 FROM duckdb_tables() WHERE table_name = ? AND NOT regexp_matches(database_name, ?)"
    return con.execute(query, [name, _COPY]).fetchall() == []


def _generation(held: Held) -> str | None:
    return None if held.source is None else held.source.generation


def _until(name: str, held: Held, path: Path, cache: Cache) -> datetime | None:
    """Return the moment until which the file has what a view of a table is to show, None where it has not."""
    if name not in held.tables or not held.whole(name):
        return None
    if not cache.offline:
        as_of = held.as_of(name)
        return None if as_of is None else as_of + timedelta(seconds=cache.tolerance_s)
    if cache.as_of is not None:
        try:
            require_known(held.history, path, name, cache.as_of)
        except HarvestDuckError:
            return None
    return _FOR_EVER


def _query(table: Table, cache: Cache, catalog: str, handle: str, until: datetime) -> str:
    """Return the query of a table of the file; from a moment on, unless that is never, it reads the dataset."""
    names = ", ".join(map(identifier, columns(table)))
    rows = f"SELECT {names} FROM {copy_file.relation(table, cache.as_of, catalog)}"
    if until == _FOR_EVER:
        return rows
    fresh = f"now() <= TIMESTAMPTZ {text(f'{until:%Y-%m-%d %H:%M:%S.%f}+00')}"
    # An explanation runs the query without rows, and asks the dataset where they would come from.
    here = f"({fresh} AND getvariable({text(DRY_RUN_VARIABLE)}) IS NULL)"
    return f"{rows} WHERE {here} UNION ALL {scan_of(table, handle)} AND NOT {here}"


publication.on_publish.append(_follow_all)
on_known.append(_follow_all)
