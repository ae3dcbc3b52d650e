"""Locks of a store of sign-ins: one task holds a lock at a time, among all tasks, threads and processes.

A store has two: one held to change what it holds, for a refresh, and one held while a person signs in, so that no
refresh has to wait for them.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from harvest_duck.errors import CredentialsError
from harvest_duck.runtime import file_lock, private_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

#: Seconds between two tries.
_POLL_S = 0.05
#: Seconds until `waiting` is called.
_NOTICE_S = 2.0


class Lock(Protocol):
    """A lock that is tried, not waited for; it belongs to no thread."""

    def try_lock(self) -> bool:
        """Take the lock if nobody holds it; returns whether the caller holds it now."""
        ...

    def unlock(self) -> None:
        """Give it back."""
        ...


async def acquire(lock: Lock, *, where: str, within_s: float, waiting: Callable[[], None] = lambda: None) -> None:
    """Take the lock of the sign-ins in the place called `where`, waiting for it.

    Calls `waiting` if somebody else holds it for longer than a refresh takes. Raises `CredentialsError` after
    `within_s` seconds. The locks of a process are free when it ends, however it ends.
    """
    began, noticed = time.monotonic(), False
    while not lock.try_lock():
        waited_s = time.monotonic() - began
        if waited_s > _NOTICE_S and not noticed:
            waiting()
            noticed = True
        if waited_s > within_s:
            raise CredentialsError(
                f"another program has been using the sign-ins in {where} for {within_s:.0f} s: end it, or try again"
            )
        await asyncio.sleep(_POLL_S)


@asynccontextmanager
async def locked(
    lock: Lock, *, where: str, within_s: float, waiting: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """A context in which the caller holds the lock; raises as `acquire` does."""
    await acquire(lock, where=where, within_s=within_s, waiting=waiting)
    try:
        yield
    finally:
        lock.unlock()


class NamedLock:
    """A lock within the process, by name."""

    names: dict[str, threading.Lock] = {}  # noqa: RUF012 - those of the process

    def __init__(self, name: str) -> None:
        self._lock = self.names.setdefault(name, threading.Lock())

    def try_lock(self) -> bool:
        """As `Lock` says."""
        return self._lock.acquire(blocking=False)

    def unlock(self) -> None:
        """As `Lock` says."""
        self._lock.release()


if hasattr(os, "register_at_fork"):
    # A thread of the parent may hold one, and does not exist in the child to give it back.
    os.register_at_fork(after_in_child=NamedLock.names.clear)


class LockFile:
    """A lock between processes: an empty file of its own, which the system locks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def try_lock(self) -> bool:
        """As `Lock` says; raises `CredentialsError` if the file cannot be made or locked."""
        private_file.make_directory(self._path.parent)
        try:
            descriptor = file_lock.try_acquire(self._path)
        except OSError as error:
            raise CredentialsError(
                f"{self._path} cannot be locked ({error.strerror}): make {self._path.parent} writable, "
                "or set OAuthSettingsLocation to a file elsewhere"
            ) from error
        if descriptor is not None:
            self._descriptor = descriptor
        return descriptor is not None

    def unlock(self) -> None:
        """As `Lock` says."""
        file_lock.release(self._descriptor)
