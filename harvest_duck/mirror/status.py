"""What the file of a copy tells about itself: age and size of each table, the last run, and who works on it now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import MirrorError
from harvest_duck.mirror import check_file, mirror_file, run_lock
from harvest_duck.mirror.definitions import CATALOG, deleted, earlier, main
from harvest_duck.mirror.paths import MirrorPaths
from harvest_duck.mirror.run_records import Proof, RunRecords
from harvest_duck.mirror.versions import SCHEMAS
from harvest_duck.pushdown.sql import text
from harvest_duck.text import escaped

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import duckdb

    from harvest_duck.mirror.run_lock import Holder
    from harvest_duck.mirror.run_records import KeptHistory, SyncRun


@dataclass(frozen=True, slots=True)
class TableStatus:
    """A table of a copy: its rows and deleted rows, about how many bytes they take, and as of when they are true.

    The ids are proven as of `proven_at`; every value was read at `values_whole_at` or later, at once or in turn. So
    many `earlier` versions of rows are kept since `history_began_at`, None where none are.
    """

    table: str
    rows: int
    deleted: int
    bytes: int
    proven_at: datetime | None
    values_whole_at: datetime | None
    watermark: datetime | None
    earlier: int = 0
    history_began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """A copy: whose it is, which publication, how large, its last run, and who works on it now, if anybody does."""

    path: Path
    account_id: int | None
    user_id: int | None
    generation: str
    size_bytes: int
    last_run: SyncRun | None
    running: Holder | None
    tables: tuple[TableStatus, ...]


def mirror_status(path: str | os.PathLike[str]) -> MirrorStatus:
    """Return what the copy at `path` tells; raises `MirrorError` if there is none, or it cannot be read."""
    paths = MirrorPaths.of(path)
    running = run_lock.running(paths.lock)
    if not paths.published.exists():
        raise MirrorError(f"{escaped(paths.published)} is not there: {_missing(paths, running)}")
    with mirror_file.reporting(paths.published, "read"), mirror_file.instance() as con:
        mirror_file.attach_published(con, paths.published)
        source, history = RunRecords(con).source(), RunRecords(con).history()
        with check_file.attached(con, paths, source.generation) as checks:
            records = checks or RunRecords(con)
            proofs, runs = records.proofs(), records.runs()
        return MirrorStatus(
            path=paths.published,
            account_id=source.account_id,
            user_id=source.user_id,
            generation=source.generation,
            size_bytes=paths.published.stat().st_size,
            last_run=runs[-1] if runs else None,
            running=running,
            tables=_tables(con, proofs, history),
        )


def _missing(paths: MirrorPaths, running: Holder | None) -> str:
    if running is not None:
        return f"process {running.pid} makes the first copy"
    return "its first copy is not whole, sync again" if paths.part.exists() else "make it by harvest-duck sync"


def _tables(
    con: duckdb.DuckDBPyConnection, proofs: dict[str, Proof], history: dict[str, KeptHistory]
) -> tuple[TableStatus, ...]:
    found = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'", [CATALOG]
    ).fetchall()
    held = {name for (name,) in found}
    names = [name for name in TABLES if name in held]
    sizes = _bytes(con, {name: _parts(history.get(name)) for name in names})
    tables = (_table(con, name, sizes.get(name, 0), proofs.get(name, Proof(name))) for name in names)
    return tuple(
        replace(each, earlier=_count(con, earlier(each.table)), history_began_at=history[each.table].began_at)
        if each.table in history
        else each
        for each in tables
    )


def _parts(history: KeptHistory | None) -> tuple[str, ...]:
    """Return the schemas that have a table of that name."""
    return ("main", "deleted") if history is None else ("main", "deleted", *SCHEMAS)


def _table(con: duckdb.DuckDBPyConnection, name: str, size: int, proof: Proof) -> TableStatus:
    read = [each for each in (proof.values_whole_at, proof.values_checked_since) if each is not None]
    rows, gone = _count(con, main(name)), _count(con, deleted(name))
    return TableStatus(name, rows, gone, size, proof.proven_at, max(read, default=None), proof.watermark)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    ((rows,),) = con.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows)


def _bytes(con: duckdb.DuckDBPyConnection, parts: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return about how many bytes the tables take, in all schemas that have one: what lies in one block share it."""
    if not parts:
        return {}
    segments = " UNION ALL ".join(
        f"SELECT {text(name)} AS name, unnest([block_id] || coalesce(additional_block_ids, [])) AS block "
        f"FROM pragma_storage_info({text(f'{CATALOG}.{schema}.{name}')})"
        for name, schemas in parts.items()
        for schema in schemas
    )
    ((block_size,),) = con.execute(
        "SELECT block_size FROM pragma_database_size() WHERE database_name = ?", [CATALOG]
    ).fetchall()
    counted = f"SELECT name, block, count(*) AS number FROM ({segments}) WHERE block >= 0 GROUP BY name, block"
    shares = f"SELECT name, number / sum(number) OVER (PARTITION BY block) AS share FROM ({counted})"
    sums = f"SELECT name, sum(share) FROM ({shares}) GROUP BY name"
    return {name: round(share * block_size) for name, share in con.execute(sums).fetchall()}
