"""Where sign-ins are kept: the keyring of the system, a file that only the user can touch, or the process's memory.

`store_for` chooses by OAuthSettingsLocation: a path, `memory://name`, or by default the keyring where the system has
one (with the extra `keyring` installed), else a file in the directory `oauth` of the configuration directory. A store
holds one text, which `tokens` reads and writes, and the lock of `lock`.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harvest_duck import private_file
from harvest_duck.auth.lock import FileLocked, Lockable
from harvest_duck.connection import config_directory
from harvest_duck.errors import CredentialsError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

    from harvest_duck.auth.tokens import Wanted
    from harvest_duck.connection import Connection

__all__ = ["Store", "store_for"]

_MEMORY = "memory://"
_SERVICE = "harvest_duck"


class Store(Lockable, Protocol):
    """One text kept somewhere; every method may block for a moment."""

    def read(self) -> str | None:
        """The text, None where nothing is kept; raises `CredentialsError` where it cannot be read or trusted."""
        ...

    def write(self, text: str) -> None:
        """Keep `text` instead; raises `CredentialsError` where that fails, and then the old text stays."""
        ...

    def clear(self) -> None:
        """Keep nothing."""
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


class _File(FileLocked):
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


class _Keyring(FileLocked):
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
