"""Locks between processes: a file that one holder at a time has locked, among all processes and threads.

The system gives a lock back when its process ends, however it ends, and a child made by `fork` holds none of its
parent's. A locked file may be removed at any time: the next one who locks makes a new file.

The package filelock does less and costs more: 0.6 ms for each use against 0.1 ms (filelock 4.3, 2026-11), and each
request of a shared rate limit is one use. It also hides the descriptor of the file, which holds the shared count.
"""

from __future__ import annotations

import errno
import os
import random
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from harvest_duck.runtime import private_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Seconds between two tries; random, so that two who wait do not meet again and again.
_RETRY_S = (0.0005, 0.002)
_FLAGS = os.O_RDWR | private_file.SAFE_FLAGS

#: The descriptors of the files that this process has locked.
_held: set[int] = set()

if sys.platform == "win32":
    import msvcrt

    # A byte that is never written, because Windows does not let others read a locked byte.
    _LOCKED_BYTE = 1 << 30

    def _flock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _flock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        # Closing the file is not enough: a child that was just forked may still have a copy of the descriptor.
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def try_acquire(path: Path) -> int | None:
    """Return the descriptor of the file at `path`, which is locked now; None if somebody else has it locked.

    Makes the file, with mode 0600, and its directory where they are missing; never follows a link. Raises OSError where
    the system refuses, and `CredentialsError` where `private_file.make_directory` does.
    """
    descriptor = _open(path)
    try:
        if _flock(descriptor) and is_at(descriptor, path):
            _held.add(descriptor)
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def acquire(path: Path, within_s: float) -> int:
    """Return as `try_acquire` does, waiting for the lock; raises TimeoutError after `within_s` seconds."""
    until = time.monotonic() + within_s
    while (descriptor := try_acquire(path)) is None:
        if time.monotonic() > until:
            raise TimeoutError(errno.ETIMEDOUT, f"another program has kept it locked for {within_s:.0f} s")
        time.sleep(random.uniform(*_RETRY_S))  # noqa: S311 - no secret
    return descriptor


def release(descriptor: int) -> None:
    """Unlock and close a file that `try_acquire` or `acquire` returned."""
    _unlock(descriptor)
    _held.discard(descriptor)
    os.close(descriptor)


@contextmanager
def locked(path: Path, within_s: float) -> Iterator[int]:
    """A context in which the caller has the file at `path` locked; yields its descriptor, raises as `acquire` does."""
    descriptor = acquire(path, within_s)
    try:
        yield descriptor
    finally:
        release(descriptor)


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one at `path`: somebody may have removed it before it was locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def remove_unlocked(path: Path) -> bool:
    """Remove the file at `path` unless somebody has it locked; returns whether there is no locked file."""
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        return True
    try:
        if not _flock(descriptor):
            return False
        _unlink(path)
    finally:
        os.close(descriptor)
    if os.name != "posix":
        # Windows removes no file that is open.
        _unlink(path)
    return True


def is_locked(path: Path) -> bool:
    """Whether somebody has the file at `path` locked; False where there is none, or where the system does not tell."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return False
    try:
        if not _flock(descriptor):
            return True
        _unlock(descriptor)
    finally:
        os.close(descriptor)
    return False


def _open(path: Path) -> int:
    try:
        return os.open(path, _FLAGS)
    except FileNotFoundError:
        private_file.make_directory(path.parent)
    descriptor = os.open(path, _FLAGS | os.O_CREAT, 0o600)
    if os.name == "posix":
        # The umask may have removed the user's own bits.
        os.fchmod(descriptor, 0o600)
    return descriptor


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _forked() -> None:
    """Close the parent's files, which would otherwise stay locked for as long as the child lives."""
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
