"""Files that take long to write: each beside its place, locked while it is written, and then renamed.

A process that is killed leaves such a file. The next one that writes into the folder removes it, if nobody has it
locked and it was made on this machine: some network file systems do not tell other machines of a lock. On Windows
nothing is locked here, because DuckDB could not open it; Windows removes no file that is open.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from harvest_duck.runtime import file_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MADE_HERE", "replacing", "reserved"]

_MACHINE = sha256(platform.node().encode()).hexdigest()[:8]
#: How the names of what is made on this machine begin.
MADE_HERE = f".harvest-duck-{_MACHINE}-"
_AFTER = ".partial"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A context that yields an empty file beside `path`; what the caller writes there is at `path` at the end.

    A file that is replaced leaves its mode to the new one. After an error `path` is as it was, and nothing is left
    beside it. Raises OSError where there is no such folder, or no file may be made in it.
    """
    with reserved(path) as beside:
        yield beside
        if path.exists():
            shutil.copymode(path, beside)
        os.replace(beside, path)  # noqa: PTH105 - atomic, and the one that says so


@contextmanager
def reserved(path: Path) -> Iterator[Path]:
    """A context with an empty file beside `path` that no other process removes, and that is gone at the end.

    Removes what killed processes left there before. Raises OSError as `replacing` does.
    """
    _remove_abandoned(path.parent)
    try:
        beside, lock = _made(path.parent)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}, so that no file can be made beside it", str(path)) from error
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)
        if lock is not None:
            file_lock.release(lock)


def _made(folder: Path) -> tuple[Path, int | None]:
    """Make a file that no other process removes; return it with the lock, None where the file system has no locks."""
    while True:
        beside = folder / f"{MADE_HERE}{secrets.token_hex(8)}{_AFTER}"
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        if os.name != "posix":
            return beside, None
        mode = beside.stat().st_mode
        try:
            lock = file_lock.try_acquire(beside)
        except OSError:
            return beside, None
        if lock is not None:
            # Somebody may have removed the file before it was locked, and another one was made, for its user alone.
            os.fchmod(lock, mode)
            return beside, lock


def _remove_abandoned(folder: Path) -> None:
    """Remove the files of processes of this machine that were killed; those of other users may stay."""
    with suppress(OSError):
        for each in folder.glob(f"{MADE_HERE}*{_AFTER}"):
            with suppress(OSError):
                file_lock.remove_unlocked(each)
