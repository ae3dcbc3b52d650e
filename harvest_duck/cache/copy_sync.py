"""The sync that brings a copy up to date for one scan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.cache import copy_file
from harvest_duck.cache.copy_owner import note_owner
from harvest_duck.cache.freshness import tables_to_sync
from harvest_duck.errors import Forbidden, NotFound
from harvest_duck.mirror.run_progress import RunProgress
from harvest_duck.mirror.sync import depth_of, run_sync
from harvest_duck.scanner.table_reader import TableReader

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.cache.freshness import Held
    from harvest_duck.connection import Connection
    from harvest_duck.mirror.model import SyncResult
    from harvest_duck.runtime.interrupt import Stop
    from harvest_duck.scanner.table_reader import ScanSession


@dataclass(frozen=True, slots=True)
class Asked:
    """A scan that waits for a sync: by which connection, in which session, and what ends it."""

    settings: Connection
    session: ScanSession
    stop: Stop

    def refuse_ended(self) -> None:
        """Raise the error by which the scan was ended, if it was."""
        if self.stop.error is not None:
            raise self.stop.error


def sync(name: str, held: Held, path: Path, asked: Asked) -> bool:
    """Sync a copy so that it has a table, and return whether that is proven whole then.

    Raises the errors of a sync, among them `MirrorBusy`.
    """
    tables = tables_to_sync(name, held)
    run = partial(_synced, path, asked)
    try:
        found = run(tables)
    except (Forbidden, NotFound):
        if tables is None:
            raise
        # The user may not read a table whose values others repeat, or not this one.
        try:
            found = run([name, *((held.source.tables or ()) if held.source else ())])
        except (Forbidden, NotFound):
            return False
    note_owner(copy_file.held(path), asked.settings)
    return any(each.table == name and each.proven_at is not None and each.readable for each in found.tables)


def _synced(path: Path, asked: Asked, tables: list[str] | None) -> SyncResult:
    progress = RunProgress(lambda _: asked.refuse_ended())
    reader = TableReader(asked.settings, progress.batch, asked.session)
    return run_sync(reader, path, progress, depth_of(reader), tables=tables)
