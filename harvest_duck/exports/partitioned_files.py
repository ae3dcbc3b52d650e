"""A table as Parquet files in folders: `time_entries/month=2026-01/time_entries.parquet`."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

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

#: Files that are begun at a time. Each takes 0.2 MB for 56 columns and three row groups (pyarrow 26).
_MOST_BEGUN = 400
#: Rows that wait in all files together: as many as in one file without partitions.
_MOST_WAITING = ROW_GROUP
#: How the name of a file goes on behind that of the table: one of several, or one that was added.
_OWN = re.compile(r"(-\d{8}T\d{6}Z-[0-9a-f]{8})?(-\d+)?\.parquet")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of a table: its rows, and the paths of its files."""

    rows: int
    paths: tuple[str, ...]


class _Stream:
    """A new file that is opened for each write, because a process may have few files open, 256 on macOS."""

    closed = False

    def __init__(self, path: Path) -> None:
        path.touch(exist_ok=False)
        self._path = path
        self._size = 0

    def write(self, content: bytes) -> int:
        """Append to the file."""
        with self._path.open("ab") as file:
            file.write(content)
        self._size += len(content)
        return len(content)

    def tell(self) -> int:
        """The number of bytes written."""
        return self._size

    def flush(self) -> None:
        """Do nothing, since everything is in the file."""

    def close(self) -> None:
        """Write no more."""
        self.closed = True


@dataclass
class _Files:
    """The files that are being written, one for each partition, that written to last at the end."""

    staged: StagedFiles
    schema: pa.Schema
    table: str
    mode: Mode
    most_begun: int
    #: What no other export puts into the names of its files.
    stamp: str = field(default_factory=lambda: f"-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}")
    begun: dict[str, ParquetFile] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def write(self, folder: str, batch: pa.RecordBatch) -> None:
        """Write rows of a partition, and end a file where too many are begun, a row group where too many rows wait."""
        file = self.begun.pop(folder) if folder in self.begun else self._begin(folder)
        self.begun[folder] = file
        file.write(batch)
        if len(self.begun) > self.most_begun:
            self._end(next(iter(self.begun)))
        if sum(each.waiting for each in self.begun.values()) > _MOST_WAITING:
            max(self.begun.values(), key=lambda each: each.waiting).flush()

    def end_all(self) -> None:
        """End every file."""
        for folder in list(self.begun):
            self._end(folder)

    def abandon(self) -> None:
        """End every file as it is."""
        for file in self.begun.values():
            file.abandon()

    def _begin(self, folder: str) -> ParquetFile:
        number = self.numbers[folder] = self.numbers.get(folder, -1) + 1
        # The second file of a partition takes nobody's place, so that it can come before the first one does.
        stamp = self.stamp if number or self.mode is Mode.APPEND else ""
        name = f"{self.table}{stamp}{f'-{number}' if number else ''}.parquet"
        self.paths.append("/".join(filter(None, [self.table, folder, name])))
        return ParquetFile(_Stream(self.staged.add(self.paths[-1])), self.schema)

    def _end(self, folder: str) -> None:
        self.begun[folder].close()
        del self.begun[folder]


def write_partitions(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    table: str,
    *,
    keys: Sequence[Partition],
    staged: StagedFiles,
    mode: Mode,
    most_begun: int = _MOST_BEGUN,
) -> Written:
    """Write the rows into files in the folders of their partitions, publish them, and return what was written.

    Files of `Mode.APPEND` have names of their own: the moment and a random number. Of others the first of a partition
    is called as the table is, so that a new one takes the place of the old one in one step. A table without rows and
    partitions is a file without rows. At most `most_begun` files are being written at a time.
    """
    left_out = {key.column for key in keys if not key.period}
    kept = pa.schema([each for each in schema if each.name not in left_out], schema.metadata)
    files, rows = _Files(staged, kept, table, mode, most_begun), 0
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
