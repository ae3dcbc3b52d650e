"""A lock that one task of one thread of one process holds at a time, among all that use the same place.

`store` has one for each place where sign-ins are kept; `kept` holds it for a refresh, or while a person signs in.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from harvest_duck import private_file
from harvest_duck.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

__all__ = ["FileLocked", "Lockable", "locked"]

#: How often a lock that somebody else holds is tried.
_POLL_S = 0.05
#: How long somebody else may hold it before that is told.
_TELL_S = 2.0


class Lockable(Protocol):
    """A place with a lock."""

    @property
    def where(self) -> str:
        """What errors and people call the place."""
        ...

    def try_lock(self) -> bool:
        """Whether nobody held the lock, which is the caller's now."""
        ...

    def unlock(self) -> None:
        """Give the lock back."""
        ...


@asynccontextmanager
async def locked(
    place: Lockable, *, within_s: float, waiting: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """A context in which no other task, thread or process that uses the place is in.

    `waiting` is called when somebody else stays in it for longer than a refresh takes. Raises `CredentialsError` when
    the lock is not to be had within so many seconds. What a process held is free when it ends, however it ends.
    """
    began, told = time.monotonic(), False
    while not place.try_lock():
        waited_s = time.monotonic() - began
        if waited_s > _TELL_S and not told:
            waiting()
            told = True
        if waited_s > within_s:
            raise CredentialsError(
                f"another program has been using the sign-ins in {place.where} for {within_s:.0f} s: "
                "end it, or try again"
            )
        await asyncio.sleep(_POLL_S)
    try:
        yield
    finally:
        place.unlock()


class FileLocked:
    """A lock that holds between processes: a file beside what it guards, locked by the system."""

    def __init__(self, path: Path) -> None:
        # Imported here, as a token that is given needs no store.
        from filelock import FileLock  # noqa: PLC0415

        self._path = path
        self._lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)
        # A FileLock lets those who have it in again; a task that goes on alone must keep its successor out.
        self._mine = threading.Lock()

    def try_lock(self) -> bool:
        """As `Lockable` says; raises `CredentialsError` where the file cannot be made or locked."""
        taken = False
        if self._mine.acquire(blocking=False):
            try:
                taken = self._try_file()
            finally:
                if not taken:
                    self._mine.release()
        return taken

    def _try_file(self) -> bool:
        from filelock import Timeout  # noqa: PLC0415 - as above

        try:
            private_file.make_directory(self._path.parent)
            self._lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            raise CredentialsError(
                f"{self._path} cannot be locked ({error.strerror or error}): make {self._path.parent} writable, "
                "or set OAuthSettingsLocation"
            ) from error
        return True

    def unlock(self) -> None:
        """As `Lockable` says."""
        self._lock.release()
        self._mine.release()
