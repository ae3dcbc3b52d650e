"""One DuckDB file: made for its user alone, attached, and looked at, whether it is a copy that can be worked on.

DuckDB makes its files with the mode that the umask leaves. So new files begin in a folder that nobody else can enter,
and the write-ahead log, which DuckDB removes at each checkpoint, is made before DuckDB opens it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from harvest_duck.errors import MirrorError
from harvest_duck.mirror.definitions import CATALOG, FORMAT, STORAGE_VERSION, record
from harvest_duck.mirror.paths import wal
from harvest_duck.pushdown.sql import text
from harvest_duck.runtime import private_file
from harvest_duck.text import escaped, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What DuckDB makes of itself (1.4 to 2.0).
_BLOCK_SIZE = 262_144
_COPIED_AT_ONCE = 1 << 24
_BUFFER = 1 << 20
#: What DuckDB says of a file that another process, or this one, has open to write (1.4 to 2.0).
_LOCKED = re.compile(r"Could not set lock on file .*?(?:\(PID (?P<pid>\d+)\)|$)", re.DOTALL)
_OPEN_HERE = "Unique file handle conflict"
#: Errors that come from the system: no space, no right, a broken file.
_SYSTEM = (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException, duckdb.OutOfMemoryException)
#: What DuckDB puts before the reason that the system gives.
_BEFORE_REASON = re.compile(r'^.*(?:Error: |": )', re.DOTALL)


def instance(work: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory to which a file can be attached; what does not fit into memory goes to `work`."""
    spill = "" if work is None else str(work / "spill")
    settings: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": spill,
        "autoinstall_known_extensions": "false",
    }
    con = duckdb.connect(":memory:", config=settings)
    con.execute("SET TimeZone = 'UTC'")
    return con


def attach(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    name: str = CATALOG,
    *,
    read_only: bool = False,
    block_size: int = _BLOCK_SIZE,
) -> None:
    """Attach the file at `path` to a connection, and make it if it is not there, with blocks of so many bytes."""
    made = f"STORAGE_VERSION '{STORAGE_VERSION}', BLOCK_SIZE {block_size}"
    # Without the type DuckDB looks for an extension that reads a file of SQLite.
    con.execute(f"ATTACH {text(str(path))} AS {name} (TYPE duckdb, {'READ_ONLY' if read_only else made})")


def detach(con: duckdb.DuckDBPyConnection, path: Path, name: str = CATALOG) -> None:
    """Detach a file, whole and on the disk, without a log beside it."""
    touch_log(path)
    con.execute(f"CHECKPOINT {name}")
    touch_log(path)
    con.execute(f"DETACH {name}")
    remove(wal(path))
    descriptor = os.open(path, os.O_RDWR | private_file.SAFE_FLAGS)
    try:
        os.fsync(descriptor)
        if os.name == "posix":
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def touch_log(path: Path) -> None:
    """Make the write-ahead log of a file, with mode 0600, if there is none."""
    with suppress(FileExistsError):
        os.close(private_file.created(wal(path)))


def require_copy(con: duckdb.DuckDBPyConnection, path: Path, name: str = CATALOG) -> None:
    """Raise `MirrorError` if the file that is attached is not a copy, or one of a later version."""
    found = con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'mirror' "
        "AND table_name IN ('source', 'proofs', 'sync_runs')",
        [name],
    ).fetchall()
    formats = con.execute(f"SELECT format FROM {record('source', name)}").fetchall() if found == [(3,)] else []
    if len(formats) != 1:
        raise MirrorError(f"{escaped(path)} is a DuckDB file, and no copy of an account: name another file")
    ((version,),) = formats
    if version > FORMAT:
        raise MirrorError(
            f"{escaped(path)} was made by a later version of harvest_duck (format {version}, not {FORMAT}): "
            "install that version, or name another file"
        )


def refuse_log(path: Path) -> None:
    """Raise `MirrorError` if a write-ahead log lies beside a published file: DuckDB would read it into the next one."""
    if os.path.lexists(wal(path)):
        raise MirrorError(
            f"{escaped(wal(path))} holds changes to the copy by another program: close the copy there, "
            "or remove that file, and sync again"
        )


def attach_published(con: duckdb.DuckDBPyConnection, path: Path, name: str = CATALOG) -> None:
    """Attach a published copy to read it; raises `MirrorError` if it is none, or is open for writing elsewhere."""
    _require_file(path)
    try:
        attach(con, path, name, read_only=True)
    except duckdb.Error as error:
        raise MirrorError(_refusal(path, error)) from error
    try:
        require_copy(con, path, name)
    except BaseException:
        con.execute(f"DETACH {name}")
        raise


class FileVersion(NamedTuple):
    """What differs once a file was written to or replaced."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileVersion:
        """Return the version of a file by its status."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def copy_file(source: Path, target: Path) -> FileVersion:
    """Return the version of a file that was copied to a new one for the user alone.

    Raises `MirrorError` if it was written to meanwhile.
    """
    with source.open("rb") as read, os.fdopen(private_file.created(target), "wb") as written:
        before = FileVersion.of(os.fstat(read.fileno()))
        _copy_bytes(read.fileno(), written.fileno(), before.size)
        after = FileVersion.of(os.fstat(read.fileno()))
    if before != after:
        raise MirrorError(f"{escaped(source)} is written to by another program: close it there, and sync again")
    return after


def require_version(path: Path, version: FileVersion | None) -> None:
    """Raise `MirrorError` if a published file is not the one that was copied."""
    if not path.exists() or FileVersion.of(path.stat()) != version:
        raise MirrorError(
            f"{escaped(path)} was written to, replaced or removed by another program while the sync ran, "
            "and was left so: sync again"
        )


def replace(source: Path, target: Path) -> None:
    """Give a file the name of another one, in one step that survives a power failure."""
    os.replace(source, target)  # noqa: PTH105 - atomic, and the one that says so
    private_file.sync_directory(target.parent)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there and can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def remove_empty(path: Path) -> None:
    """Remove a file that has nothing in it."""
    with suppress(OSError):
        if not path.stat().st_size:
            path.unlink()


@contextmanager
def reporting(path: Path, what: str = "written") -> Iterator[None]:
    """A context in which a failure of the system, told by it or by DuckDB, becomes a `MirrorError` about `path`."""
    try:
        yield
    except OSError as error:
        raise MirrorError(_failure(path, what, error.strerror or str(error))) from error
    except _SYSTEM as error:
        raise MirrorError(_failure(path, what, _reason(error))) from error


def _copy_bytes(source: int, target: int, size: int) -> None:
    if hasattr(os, "copy_file_range"):
        # Some file systems share the blocks; where there is no such call, or it fails, every byte is read.
        with suppress(OSError):
            while size > 0:
                copied = os.copy_file_range(source, target, min(size, _COPIED_AT_ONCE))
                if not copied:
                    break
                size -= copied
        if size <= 0:
            return
    os.lseek(source, 0, os.SEEK_SET)
    os.lseek(target, 0, os.SEEK_SET)
    with os.fdopen(source, "rb", closefd=False) as read, os.fdopen(target, "wb", closefd=False) as written:
        shutil.copyfileobj(read, written, _BUFFER)


def _require_file(path: Path) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise MirrorError(f"{escaped(path)} is a folder: name a file in it")
    if not stat.S_ISREG(mode):
        raise MirrorError(f"{escaped(path)} is no regular file: name another one")


def _failure(path: Path, what: str, reason: str) -> str:
    kept = "" if what == "read" else "; the copy stays as it was, sync again once that is mended"
    return f"{escaped(path)} cannot be {what}: {reason}{kept}"


def _reason(error: duckdb.Error) -> str:
    """Return what the system said, without what DuckDB puts before it."""
    return one_line(_BEFORE_REASON.sub("", str(error).strip(), count=1))


def _refusal(path: Path, error: duckdb.Error) -> str:
    """Return why DuckDB could not open a copy to read it."""
    message = str(error)
    locked = _LOCKED.search(message)
    if locked is not None:
        where = f"process {locked['pid']}" if locked["pid"] else "another program"
        return f"{escaped(path)} is open for writing in {where}: close it there, or open it there to read only"
    if _OPEN_HERE in message:
        # DuckDB 1.4.1 alone opens a file only once in a process, also to read.
        instead = "upgrade DuckDB 1.4.1" if duckdb.__version__ == "1.4.1" else "open it to read only"
        return f"{escaped(path)} is open in this process: close it, or {instead}"
    return f"{escaped(path)} cannot be read as a copy: {_reason(error)}"
