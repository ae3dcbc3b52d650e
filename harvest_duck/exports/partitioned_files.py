"""A table as Parquet files in folders: `time_entries/month=2026-01/time_entries.parquet`."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from harvest_duck.errors import QueryError
from harvest_duck.exports.model import Mode
from harvest_duck.exports.partitions import split
from harvest_duck.formats.parquet_file import ROW_GROUP, ParquetFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path, PurePath

    from harvest_duck.exports.partitions import Partition
    from harvest_duck.exports.staged_files import StagedFiles

__all__ = ["Written", "refuse_other_keys", "write_partitions"]

#: Files that are open at a time, of which each has a descriptor; DuckDB has as many.
_MOST_OPEN = 100
#: Rows that wait in all files together, some 200 MB of time entries.
_MOST_WAITING = 4 * ROW_GROUP
#: How the name of a file goes on behind that of the table: one of several, or one that was added.
_OWN = re.compile(r"(-\d{8}T\d{6}Z-[0-9a-f]{8})?(-\d+)?\.parquet")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of a table: its rows, and the paths of its files."""

    rows: int
    paths: tuple[str, ...]


@dataclass
class _OpenFiles:
    """The files that are being written, one for each partition, that written to last at the end."""

    staged: StagedFiles
    schema: pa.Schema
    table: str
    mode: Mode
    #: What no other export puts into the names of its files.
    stamp: str = field(default_factory=lambda: f"-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}")
    open: dict[str, tuple[ParquetFile, BinaryIO]] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def write(self, folder: str, batch: pa.RecordBatch) -> None:
        """Write rows of a partition, and end a file where too many are open, a row group where too many rows wait."""
        file, stream = self.open.pop(folder) if folder in self.open else self._begun(folder)
        self.open[folder] = file, stream
        file.write(batch)
        if len(self.open) > _MOST_OPEN:
            self._end(next(iter(self.open)))
        if sum(each.waiting for each, _ in self.open.values()) > _MOST_WAITING:
            max((each for each, _ in self.open.values()), key=lambda each: each.waiting).flush()

    def end_all(self) -> None:
        """End every file."""
        for folder in list(self.open):
            self._end(folder)

    def abandon(self) -> None:
        """Close every file as it is."""
        for file, stream in self.open.values():
            file.abandon()
            with suppress(OSError):
                stream.close()

    def _begun(self, folder: str) -> tuple[ParquetFile, BinaryIO]:
        number = self.numbers[folder] = self.numbers.get(folder, -1) + 1
        # The second file of a partition takes nobody's place, so that it can come before the first one does.
        stamp = self.stamp if number or self.mode is Mode.APPEND else ""
        name = f"{self.table}{stamp}{f'-{number}' if number else ''}.parquet"
        self.paths.append("/".join(filter(None, [self.table, folder, name])))
        stream = self.staged.add(self.paths[-1]).open("wb")
        return ParquetFile(stream, self.schema), stream

    def _end(self, folder: str) -> None:
        file, stream = self.open[folder]
        file.close()
        stream.close()
        del self.open[folder]


def write_partitions(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    table: str,
    *,
    keys: Sequence[Partition],
    staged: StagedFiles,
    mode: Mode,
) -> Written:
    """Write the rows into files in the folders of their partitions, publish them, and return what was written.

    Files of `Mode.APPEND` have names of their own: the moment and a random number. Of others the first of a partition
    is called as the table is, so that a new one takes the place of the old one in one step. A table without rows and
    partitions is a file without rows.
    """
    left_out = {key.column for key in keys if not key.period}
    kept = pa.schema([each for each in schema if each.name not in left_out], schema.metadata)
    files, rows = _OpenFiles(staged, kept, table, mode), 0
    try:
        for batch in batches:
            rows += batch.num_rows
            for folder, part in split(batch, keys):
                files.write(folder, part)
        if not files.paths and not keys and mode is not Mode.APPEND:
            files.write("", pa.RecordBatch.from_pylist([], schema))
        files.end_all()
    except BaseException:
        files.abandon()
        raise
    staged.publish(lambda: _replaced(staged.folder, table, files.paths, mode))
    return Written(rows, tuple(files.paths))


def refuse_other_keys(folder: Path, table: str, keys: Sequence[Partition]) -> None:
    """Raise `QueryError` where files of a table lie in other partitions: readers would take the same rows twice."""
    names = [key.name for key in keys]
    for path in _own(folder, table):
        there = [each.partition("=")[0] for each in path.parts[1:-1]]
        if there != names:
            raise QueryError(
                f"{folder / table} has files {_by(there)}, and not {_by(names)}: "
                "choose the same partitions, or another folder"
            )


def _by(names: Sequence[str]) -> str:
    return f"by {', '.join(names)}" if names else "without partitions"


def _replaced(folder: Path, table: str, paths: Sequence[str], mode: Mode) -> set[str]:
    """Return the paths of files of the table that are there and go when those at `paths` come.

    Only files that an export names so, in folders of partitions, are ever removed.
    """
    if mode is Mode.APPEND:
        return set()
    new = {path.rpartition("/")[0] for path in paths}
    own = _own(folder, table)
    return {each.as_posix() for each in own if mode is Mode.WHOLE or each.parent.as_posix() in new}


def _own(folder: Path, table: str) -> Iterator[PurePath]:
    """Return the paths of the files of a table that exports have written, from the folder of all tables on."""
    found = (each.relative_to(folder) for each in (folder / table).rglob(f"{table}*.parquet"))
    return (each for each in found if _is_own(each, table))


def _is_own(path: PurePath, table: str) -> bool:
    """Whether an export has written the file, by its name and the names of its folders below that of the table."""
    return bool(_OWN.fullmatch(path.name.removeprefix(table))) and all("=" in each for each in path.parts[1:-1])
