"""The records of runs beside a published copy: a run that changed no row writes them, and not the whole file.

The file is bound to what was published by its generation; where that differs, the next run removes it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.errors import MirrorError
from harvest_duck.mirror import mirror_file
from harvest_duck.mirror.definitions import RECORDS, record
from harvest_duck.mirror.paths import wal
from harvest_duck.mirror.run_records import RunRecords
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harvest_duck.mirror.paths import MirrorPaths

CATALOG = "checks"
#: The smallest that DuckDB has: each table takes at least one block.
_BLOCK_SIZE = 16_384


def write(con: duckdb.DuckDBPyConnection, paths: MirrorPaths, sources: Mapping[str, str]) -> None:
    """Write the file in one step: `sources` says which table each of its tables is a copy of."""
    beside = paths.work / "checks.duckdb"
    mirror_file.attach(con, beside, CATALOG, block_size=_BLOCK_SIZE)
    con.execute("BEGIN TRANSACTION")
    con.execute(f"CREATE SCHEMA {CATALOG}.mirror")
    for name in RECORDS:
        con.execute(f"CREATE TABLE {record(name, CATALOG)} AS FROM {sources[name]}")
    con.execute("COMMIT")
    mirror_file.detach(con, beside, CATALOG)
    mirror_file.replace(beside, paths.checks)


def take(con: duckdb.DuckDBPyConnection) -> None:
    """Put the records of the file, which is attached, in place of those of the copy, in the transaction of the caller.

    The file stays attached until that has ended: DuckDB 1.5.6 detaches none that a transaction has read.
    """
    for name, (_, columns) in RECORDS.items():
        names = ", ".join(map(identifier, columns))
        con.execute(f"DELETE FROM {record(name)}")
        con.execute(f"INSERT INTO {record(name)} ({names}) SELECT {names} FROM {record(name, CATALOG)}")


@contextmanager
def attached(con: duckdb.DuckDBPyConnection, paths: MirrorPaths, generation: str) -> Iterator[RunRecords | None]:
    """A context with the records of the file; None where there is none that belongs to this generation."""
    if not paths.checks.is_file() or wal(paths.checks).exists():
        yield None
        return
    try:
        mirror_file.attach(con, paths.checks, CATALOG, read_only=True)
    except duckdb.Error:
        # It was cut short by a power failure: the records of the last publication are as true, and older.
        yield None
        return
    try:
        yield _belonging(con, paths, generation)
    finally:
        con.execute(f"DETACH {CATALOG}")


def _belonging(con: duckdb.DuckDBPyConnection, paths: MirrorPaths, generation: str) -> RunRecords | None:
    try:
        mirror_file.require_copy(con, paths.checks, CATALOG)
        records = RunRecords(con, CATALOG)
        return records if records.source().generation == generation else None
    except (MirrorError, duckdb.Error):
        return None
