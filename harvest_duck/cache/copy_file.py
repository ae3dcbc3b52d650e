"""The file of a copy as the scans of this process read it: what is known of it, and its rows.

A sync puts another file in its place. So a file is looked at by its version, and one that is read stays as it is until
the last scan that reads it has ended. Nothing is kept open after that.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.cache.freshness import Held, follows_parents
from harvest_duck.errors import MirrorError
from harvest_duck.mirror import mirror_file
from harvest_duck.mirror.definitions import CATALOG, main
from harvest_duck.mirror.history import History, relation_as_of
from harvest_duck.mirror.mirror_file import FileVersion
from harvest_duck.mirror.paths import MirrorPaths
from harvest_duck.mirror.published_copy import published_copy
from harvest_duck.mirror.tables import MIRRORED
from harvest_duck.pushdown.sql import identifier
from harvest_duck.runtime import loop
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.run_records import RunRecords
    from harvest_duck.mirror.tables import MirroredTable
    from harvest_duck.mirror.working_copy import WorkingCopy

#: How often a file is looked at again that was replaced while it was opened.
_TRIES = 10
#: Harvest tells the second of a change, and a read may have begun within it.
_RESOLUTION = timedelta(seconds=1)
_Versions = tuple[FileVersion | None, FileVersion | None]


@dataclass(slots=True)
class _Open:
    """A version of a file that scans read, and how many do."""

    con: duckdb.DuckDBPyConnection
    readers: int = 0


@dataclass(slots=True)
class _Files:
    """The files that scans of this process read, and what was found in those that were looked at."""

    lock: Lock = field(default_factory=Lock)
    opened: dict[FileVersion, _Open] = field(default_factory=dict)
    held: dict[Path, tuple[_Versions, Held]] = field(default_factory=dict)
    #: A DuckDB without a file, for the next one: to start it takes three times as long as to open the file.
    spare: duckdb.DuckDBPyConnection | None = None

    def instance(self) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB without a file."""
        found, self.spare = self.spare, None
        return found or mirror_file.instance()

    def give_back(self, con: duckdb.DuckDBPyConnection) -> None:
        """Let go of the file of a DuckDB, and keep that for the next one."""
        if self.spare is None:
            with suppress(duckdb.Error):
                con.execute(f"DETACH {CATALOG}")
                self.spare = con
                return
        con.close()


def held(path: Path) -> Held:
    """Return what is known of the copy at `path`; it is read again only where the file, or that beside it, changed.

    Raises `MirrorError` for a file that is no copy, and for one that another program writes to.
    """
    paths, files = MirrorPaths.of(path), _files()
    for _ in range(_TRIES):
        versions = _version(paths.published), _version(paths.checks)
        known = files.held.get(paths.published)
        if known is not None and known[0] == versions:
            return known[1]
        found = _look(paths.published)
        if versions == (_version(paths.published), _version(paths.checks)):
            files.held[paths.published] = versions, found
            return found
    raise MirrorError(f"{escaped(path)} is replaced again and again: ask once more")


def left_out(path: Path, name: str) -> bool:
    """Whether the copy at `path` is of all tables and lacks one: the account has it not, or the user may not read it.

    Raises `MirrorError` as `held` does.
    """
    found = held(path)
    return found.source is not None and found.source.tables is None and name not in found.tables


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A context with a cursor of a DuckDB to which the copy at `path` is attached, as it was when the context began.

    Raises `MirrorError` as `held` does.
    """
    published, files = MirrorPaths.of(path).published, _files()
    with mirror_file.reporting(published, "read"):
        with files.lock:
            version, opened = _opened(published, files)
            opened.readers += 1
        try:
            with opened.con.cursor() as cursor:
                # A cursor has settings of its own.
                cursor.execute("SET TimeZone = 'UTC'")
                yield cursor
        finally:
            with files.lock:
                opened.readers -= 1
                if not opened.readers:
                    del files.opened[version]
                    files.give_back(opened.con)


def relation(table: Table, as_of: datetime | None, catalog: str = CATALOG) -> str:
    """Return what holds the rows of a table in a file that is attached as `catalog`, now or as of a moment."""
    return main(table.name, catalog) if as_of is None else f"({relation_as_of(table, as_of, catalog)})"


def _files() -> _Files:
    return loop.own("the files of copies", _Files)


def _opened(path: Path, files: _Files) -> tuple[FileVersion, _Open]:
    for _ in range(_TRIES):
        version = FileVersion.of(path.stat())
        if version in files.opened:
            return version, files.opened[version]
        con = files.instance()
        try:
            mirror_file.attach_published(con, path)
        except BaseException:
            con.close()
            raise
        if _version(path) == version:
            files.opened[version] = opened = _Open(con)
            return version, opened
        files.give_back(con)
    raise MirrorError(f"{escaped(path)} is replaced again and again: ask once more")


def _version(path: Path) -> FileVersion | None:
    try:
        return FileVersion.of(path.stat())
    except FileNotFoundError:
        return None


def _look(path: Path) -> Held:
    if not os.path.lexists(path):
        return Held()
    with published_copy(path) as (copy, records):
        return Held(
            source=records.source(),
            proofs=records.proofs(),
            tables=frozenset(each.name for each in MIRRORED if copy.has_table(each.name)),
            told=frozenset(each.name for each in MIRRORED if follows_parents(each) and _is_told(copy, records, each)),
            history=History.of(copy, records),
        )


def _is_told(copy: WorkingCopy, records: RunRecords, each: MirroredTable) -> bool:
    """Whether the children of each record were read after that record changed for the last time."""
    parent = each.table.parent
    if parent is None or not copy.has_table(each.name) or not copy.has_table(parent.table):
        return False
    read_at = records.parents_read(each.name)
    changed = copy.run(f"SELECT {identifier(parent.column)}, updated_at FROM {main(parent.table)}")
    return all(at is not None and number in read_at and at + _RESOLUTION <= read_at[number] for number, at in changed)
