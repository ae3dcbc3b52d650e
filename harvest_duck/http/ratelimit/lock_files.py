"""Files that the processes of a user share: one that is locked for each use, and one that tells that a process lives.

The system gives a lock back when its process ends, however it ends. A file is opened anew for each use, so that it may
be removed at any time, and a child made by `fork` shares no lock with its parent.
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

#: How long a lock may be held by somebody else: each use takes less than a millisecond.
_PATIENCE_S = 1.0
#: How long a file is kept that nobody uses: the requests of a day ago count for nobody, and a process that has just
#: made its own may not have locked it yet.
_KEPT_S = {".window": 86_400.0, ".process": 60.0}
_MOST = 1 << 24


class Unavailable(Exception):
    """A file that cannot be shared: the message says why."""


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """A context in which nobody else has the file at `path`; yields its descriptor, and makes it where it is missing.

    Raises `Unavailable` where it cannot be made, locked or trusted; so does what the system refuses in the context.
    """
    if not path.is_absolute():
        raise Unavailable(f"{path}: the user has no home directory; set HARVEST_DUCK_CONFIG_DIR")
    try:
        with file_lock.locked(path, _PATIENCE_S) as descriptor:
            private_file.require_private(path, descriptor)
            yield descriptor
    except CredentialsError as error:
        raise Unavailable(str(error)) from error
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror or type(error).__name__}") from error


def read(descriptor: int) -> bytes:
    """What the file holds."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, _MOST)


def write(descriptor: int, at: int, content: bytes) -> None:
    """Write all of `content`; OSError where that fails."""
    os.lseek(descriptor, at, os.SEEK_SET)
    written = os.write(descriptor, content)
    if written < len(content):
        # The rest says why.
        os.write(descriptor, content[written:])


def sweep(folder: Path) -> None:
    """Remove the files of limits that nobody has used for a day, and those of dead processes."""
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _KEPT_S.get(path.suffix, float("inf")):
                file_lock.remove_unlocked(path)


class Presence:
    """Tells the other processes that this one lives, by a file in `folder` that it keeps locked; used by any thread."""

    def __init__(self, folder: Path) -> None:
        #: The number that stands for the process in what it shares.
        self.owner = secrets.randbits(63) | 1
        self._folder = folder
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def hold(self) -> None:
        """Be there, though somebody may have removed the file; OSError or `CredentialsError` where it cannot be."""
        path = self._path(self.owner)
        with self._lock:
            if self._descriptor is None or not file_lock.is_at(self._descriptor, path):
                self._let_go()
                self._descriptor = file_lock.acquire(path, _PATIENCE_S)
                private_file.require_private(path, self._descriptor)

    def alive(self, owner: int) -> bool:
        """Whether another process is there; its file is removed where it is not."""
        return not file_lock.remove_unlocked(self._path(owner))

    def leave(self) -> None:
        """Be there no more."""
        with self._lock, suppress(OSError):
            self._let_go()
            self._path(self.owner).unlink(missing_ok=True)

    def _let_go(self) -> None:
        if self._descriptor is not None:
            file_lock.release(self._descriptor)
            self._descriptor = None

    def _path(self, owner: int) -> Path:
        return self._folder / f"{owner:016x}.process"
