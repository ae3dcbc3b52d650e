"""The files that the processes of a user share: one for each limit, locked for each use, and one for each process.

A process keeps its own file locked for as long as it lives, so the others see from the lock whether it does. Any file
may be removed at any time.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from harvest_duck.errors import CredentialsError
from harvest_duck.runtime import file_lock, private_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Seconds to wait for a lock: each use takes less than a millisecond.
_PATIENCE_S = 1.0
#: Seconds until an unused file is removed. After a day no request counts any more; a process that has just made its
#: own file may not have locked it yet.
_UNUSED_S = {".window": 86_400.0, ".process": 60.0}
_MOST = 1 << 24


class Unavailable(Exception):
    """A file that cannot be shared; the message says why."""


class Busy(Unavailable):
    """A file that somebody else keeps locked."""


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """A context in which the caller has the file at `path` locked; yields its descriptor, makes it where it is missing.

    Raises `Busy` if somebody else keeps it locked, and `Unavailable` if it cannot be made, locked or trusted, and for
    an OSError in the context.
    """
    with _reported(path), file_lock.locked(path, _PATIENCE_S) as descriptor:
        private_file.require_private(path, descriptor)
        yield descriptor


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """A context whose errors become `Unavailable`."""
    if not path.is_absolute():
        raise Unavailable(f"{path}: the user has no home directory; set HARVEST_DUCK_CONFIG_DIR")
    try:
        yield
    except CredentialsError as error:
        raise Unavailable(str(error)) from error
    except TimeoutError as error:
        raise Busy(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror or type(error).__name__}") from error


def read(descriptor: int) -> bytes:
    """Return the content of the file."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, _MOST)


def write(descriptor: int, at: int, content: bytes) -> None:
    """Write all of `content` at the position `at`; raises OSError if that fails."""
    os.lseek(descriptor, at, os.SEEK_SET)
    written = os.write(descriptor, content)
    if written < len(content):
        # The system raises the reason for the rest.
        os.write(descriptor, content[written:])


def remove_unused(folder: Path) -> None:
    """Remove the files of limits that nobody has used for a day, and those of dead processes."""
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _UNUSED_S.get(path.suffix, float("inf")):
                file_lock.remove_unlocked(path)


class Presence:
    """Shows the other processes that this one lives, by a locked file in `folder`; used by any thread."""

    def __init__(self, folder: Path) -> None:
        #: The number of this process in the shared files.
        self.owner = secrets.randbits(63) | 1
        self._folder = folder
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def hold(self) -> None:
        """Lock the file of this process, anew if somebody removed it; raises as `locked` does."""
        path = self._path(self.owner)
        with self._lock, _reported(path):
            if self._descriptor is None or not file_lock.is_at(self._descriptor, path):
                self._release()
                self._descriptor = file_lock.acquire(path, _PATIENCE_S)
                private_file.require_private(path, self._descriptor)

    def alive(self, owner: int) -> bool:
        """Whether another process lives; removes the file of a dead one."""
        return not file_lock.remove_unlocked(self._path(owner))

    def others(self) -> set[int]:
        """Return the other processes that live and share anything, as far as the directory can be read."""
        found = set()
        with suppress(OSError):
            for path in self._folder.glob("*.process"):
                with suppress(OSError, ValueError):
                    owner = int(path.stem, 16)
                    if owner != self.owner and self.alive(owner):
                        found.add(owner)
        return found

    def end(self) -> None:
        """Remove the file of this process."""
        with self._lock, suppress(OSError):
            self._release()
            self._path(self.owner).unlink(missing_ok=True)

    def _release(self) -> None:
        if self._descriptor is not None:
            file_lock.release(self._descriptor)
            self._descriptor = None

    def _path(self, owner: int) -> Path:
        return self._folder / f"{owner:016x}.process"
