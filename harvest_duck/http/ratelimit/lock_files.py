"""Files that the processes of a user share: one that is locked for each use, and one that tells that a process lives.

The system gives a lock back when its process ends, however it ends. A file is opened anew for each use, so that it may
be removed at any time, and a child made by `fork` shares no lock with its parent.
"""

from __future__ import annotations

import os
import random
import secrets
import stat
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from harvest_duck.errors import CredentialsError
from harvest_duck.runtime import private_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: How long a lock may be held by somebody else: each use takes less than a millisecond.
_PATIENCE_S = 1.0
_TRY_AGAIN_S = (0.0005, 0.002)
#: How long a file is kept that nobody uses: the requests of a day ago count for nobody, and a process that has just
#: made its own may not have locked it yet.
_KEPT_S = {".window": 86_400.0, ".process": 60.0}
_MOST = 1 << 24
# Windows lacks O_NOFOLLOW and O_NONBLOCK, and has O_BINARY alone.
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class Unavailable(Exception):
    """A file that cannot be shared: the message says why."""


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        # A byte that is never written, as what is locked cannot be read here.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        # Not left to close: a child may have been forked meanwhile, and have a copy of the descriptor.
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """A context in which nobody else has the file at `path`; yields its descriptor, and makes it where it is missing.

    Raises `Unavailable` where it cannot be made, locked or trusted; so does what the system refuses in the context.
    """
    try:
        descriptor = _lock(path)
        _held.add(descriptor)
        try:
            yield descriptor
        finally:
            _unlock(descriptor)
            _held.discard(descriptor)
            os.close(descriptor)
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
                _remove_unlocked(path)


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
            if self._descriptor is None or not _is_at(self._descriptor, path):
                self._let_go()
                self._descriptor = _lock(path)
                _held.add(self._descriptor)

    def alive(self, owner: int) -> bool:
        """Whether another process is there; its file is removed where it is not."""
        return not _remove_unlocked(self._path(owner))

    def leave(self) -> None:
        """Be there no more."""
        with self._lock, suppress(OSError):
            self._let_go()
            self._path(self.owner).unlink(missing_ok=True)

    def _let_go(self) -> None:
        if self._descriptor is not None:
            _held.discard(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _path(self, owner: int) -> Path:
        return self._folder / f"{owner:016x}.process"


#: What this process keeps locked.
_held: set[int] = set()


def _forked() -> None:
    """Close what belongs to the parent, which would seem alive as long as its child."""
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _lock(path: Path) -> int:
    """The descriptor of the file at `path`, locked."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        descriptor = _open(path)
        try:
            if _try_lock(descriptor) and _is_at(descriptor, path):
                _judge(descriptor, path)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if time.monotonic() > until:
            raise Unavailable(f"{path}: another program has kept it locked for {_PATIENCE_S:.0f} s")
        time.sleep(random.uniform(*_TRY_AGAIN_S))  # noqa: S311 - so that two do not meet again


def _open(path: Path) -> int:
    if not path.is_absolute():
        raise Unavailable(f"{path}: the user has no home directory; set HARVEST_DUCK_CONFIG_DIR")
    try:
        return os.open(path, _FLAGS | os.O_CREAT, 0o600)
    except FileNotFoundError:
        private_file.make_directory(path.parent)
        if os.name == "posix":
            path.parent.chmod(0o700)
        return os.open(path, _FLAGS | os.O_CREAT, 0o600)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the file is still the one at `path`: another may have removed it before it was locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _judge(descriptor: int, path: Path) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise Unavailable(f"{path}: it is no regular file")
    if os.name == "posix" and (status.st_uid != os.geteuid() or status.st_mode & 0o077):
        raise Unavailable(f"{path}: it belongs or is open to other users")


def _remove_unlocked(path: Path) -> bool:
    """Whether there is no file at `path` that somebody has locked; it is removed where nobody has."""
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        return True
    try:
        if not _try_lock(descriptor):
            return False
        _unlink(path)
    finally:
        os.close(descriptor)
    if os.name != "posix":
        # Windows keeps a file that anybody has open.
        _unlink(path)
    return True


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
