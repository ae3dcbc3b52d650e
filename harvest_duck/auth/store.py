"""Where sign-ins are kept: the keyring of the system, a file that only the user can touch, or the process's memory.

`store_for` chooses by OAuthSettingsLocation: a path, `memory://name`, or by default the keyring where the system has
one (with the extra `keyring` installed), else a file in the directory `oauth` of the configuration directory. A store
holds one text, which `tokens` reads and writes, and a lock that one task of one process at a time can hold.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harvest_duck import private_file
from harvest_duck.connection import config_directory
from harvest_duck.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from keyring.backend import KeyringBackend

    from harvest_duck.auth.tokens import Wanted
    from harvest_duck.connection import Connection

__all__ = ["Store", "locked", "store_for"]

_MEMORY = "memory://"
_SERVICE = "harvest_duck"
#: How often a lock that somebody else holds is tried.
_POLL_S = 0.05
#: How long somebody else may hold it before that is told.
_TELL_S = 2.0


class Store(Protocol):
    """One text kept somewhere; every method may block for a moment."""

    @property
    def where(self) -> str:
        """What errors and people call the place."""
        ...

    def read(self) -> str | None:
        """The text, None where nothing is kept; raises `CredentialsError` where it cannot be read or trusted."""
        ...

    def write(self, text: str) -> None:
        """Keep `text` instead; raises `CredentialsError` where that fails, and then the old text stays."""
        ...

    def clear(self) -> None:
        """Keep nothing."""
        ...

    def try_lock(self) -> bool:
        """Whether nobody held the lock, which is the caller's now."""
        ...

    def unlock(self) -> None:
        """Give the lock back."""
        ...


def store_for(connection: Connection, wanted: Wanted) -> Store:
    """The store of a connection; no file or keyring is touched yet, but the keyring is looked for."""
    location = connection.oauth.settings_location
    if location is not None and location.lower().startswith(_MEMORY):
        return _Memory(location[len(_MEMORY) :])
    if location is not None:
        return _File(Path(os.path.expandvars(location)).expanduser())
    name = hashlib.sha256(f"{wanted.audience}\0{wanted.client_id}".encode()).hexdigest()[:24]
    path = config_directory(os.environ) / "oauth" / f"{name}.json"
    backend = _keyring()
    return _File(path, own=True) if backend is None else _Keyring(backend, name, path.with_suffix(""))


@asynccontextmanager
async def locked(store: Store, *, within_s: float, waiting: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    """A context in which no other task, thread or process that uses the store is in.

    `waiting` is called when somebody else stays in it for longer than a refresh takes. Raises `CredentialsError` when
    the lock is not to be had within so many seconds. What a process held is free when it ends, however it ends.
    """
    began, told = time.monotonic(), False
    while not store.try_lock():
        waited_s = time.monotonic() - began
        if waited_s > _TELL_S and not told:
            waiting()
            told = True
        if waited_s > within_s:
            raise CredentialsError(
                f"another program has been using the sign-ins in {store.where} for {within_s:.0f} s: "
                "end it, or try again"
            )
        await asyncio.sleep(_POLL_S)
    try:
        yield
    finally:
        store.unlock()


class _Memory:
    """The memory of the process, by name; a child of `fork` begins with a copy."""

    _texts: dict[str, str] = {}  # noqa: RUF012 - the one of the process
    locks: dict[str, threading.Lock] = {}  # noqa: RUF012 - as above

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = self.locks.setdefault(name, threading.Lock())

    @property
    def where(self) -> str:
        return f"{_MEMORY}{self._name}"

    def read(self) -> str | None:
        return self._texts.get(self._name)

    def write(self, text: str) -> None:
        self._texts[self._name] = text

    def clear(self) -> None:
        self._texts.pop(self._name, None)

    def try_lock(self) -> bool:
        return self._lock.acquire(blocking=False)

    def unlock(self) -> None:
        self._lock.release()


if hasattr(os, "register_at_fork"):
    # A thread of the parent may hold one, and does not live in the child to give it back.
    os.register_at_fork(after_in_child=_Memory.locks.clear)


class _Locked:
    """A lock that holds between processes: a file beside what it guards, locked by the system."""

    def __init__(self, path: Path) -> None:
        # Imported here, as a token that is given needs no store.
        from filelock import FileLock  # noqa: PLC0415

        self._path = path
        self._lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)
        # A FileLock lets those who have it in again; a task that goes on alone must keep its successor out.
        self._mine = threading.Lock()

    def try_lock(self) -> bool:
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
        self._lock.release()
        self._mine.release()


class _File(_Locked):
    """A file that nobody else can read or write; where it is `own`, its directory is closed to others as well."""

    def __init__(self, path: Path, *, own: bool = False) -> None:
        super().__init__(path.with_name(f"{path.name}.lock"))
        self._file = path
        self._own = own

    @property
    def where(self) -> str:
        return str(self._file)

    def read(self) -> str | None:
        return private_file.read(self._file)

    def write(self, text: str) -> None:
        private_file.write(self._file, text)
        if self._own and os.name == "posix":
            self._file.parent.chmod(0o700)

    def clear(self) -> None:
        private_file.remove(self._file)


class _Keyring(_Locked):
    """An entry in the keyring of the system, which is locked by a file, as keyrings have no locks."""

    def __init__(self, backend: KeyringBackend, name: str, path: Path) -> None:
        super().__init__(path.with_name(f"{path.name}.lock"))
        self._backend = backend
        self._name = name

    @property
    def where(self) -> str:
        return f"the keyring ({self._backend.name})"

    def read(self) -> str | None:
        try:
            return self._backend.get_password(_SERVICE, self._name)
        except Exception as error:  # noqa: BLE001 - backends raise what their libraries raise
            raise self._failed("read", error) from None

    def write(self, text: str) -> None:
        try:
            self._backend.set_password(_SERVICE, self._name, text)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._failed("written", error) from None

    def clear(self) -> None:
        try:
            if self._backend.get_password(_SERVICE, self._name) is not None:
                self._backend.delete_password(_SERVICE, self._name)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._failed("cleared", error) from None

    def _failed(self, done: str, error: Exception) -> CredentialsError:
        # Not the text of the error, which may carry what was to be kept.
        return CredentialsError(
            f"{self.where} cannot be {done} ({type(error).__name__}): unlock it, or set OAuthSettingsLocation to a file"
        )


def _keyring() -> KeyringBackend | None:
    """The keyring of the system, None where there is none that is fit to hold secrets."""
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    backend = keyring.get_keyring()
    # https://keyring.readthedocs.io/en/latest/#creating-new-backends: priority 1 and above is suitable
    return backend if backend.priority >= 1 else None
