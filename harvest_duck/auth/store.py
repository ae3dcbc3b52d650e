"""Where sign-ins are stored: the keyring of the system, a file of the user alone, or the memory of the process.

`store_for` chooses by OAuthSettingsLocation: a path, `memory://name`, or by default the keyring if the system has one
(with the extra `keyring` installed), else a file in the directory `oauth` of the configuration directory. A store
holds one text, which `sign_ins` parses and renders, and two locks.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harvest_duck.auth.lock import Lock, LockFile, NamedLock
from harvest_duck.connection import config_directory
from harvest_duck.errors import CredentialsError
from harvest_duck.runtime import private_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyring.backend import KeyringBackend

    from harvest_duck.auth.sign_ins import Wanted
    from harvest_duck.connection import Connection

_MEMORY = "memory://"
_SERVICE = "harvest_duck"


class Store(Protocol):
    """A place that stores one text; every method may block for a moment.

    `where` is the name of the place in errors; `lock` is held to change the text, `asking` while a person signs in.
    A reader sees a write as a whole or not at all, so reading needs no lock.
    """

    where: str
    lock: Lock
    asking: Lock

    def read(self) -> str | None:
        """Return the text, None if there is none; raises `CredentialsError` if it cannot be read or trusted."""
        ...

    def write(self, text: str) -> None:
        """Replace the text; raises `CredentialsError` if that fails, and the old text stays."""
        ...

    def clear(self) -> None:
        """Remove the text."""
        ...


def store_for(connection: Connection, wanted: Wanted) -> Store:
    """Return the store of a connection; reads no file or entry, but finds out whether there is a keyring."""
    location = connection.oauth.settings_location
    if location is not None and location.lower().startswith(_MEMORY):
        return _Memory(location)
    if location is not None:
        return _File(Path(location))
    name = hashlib.sha256(f"{wanted.audience}\0{wanted.client_id}".encode()).hexdigest()[:24]
    path = config_directory(os.environ) / "oauth" / f"{name}.json"
    backend = _keyring()
    return _File(path, own=True) if backend is None else _Keyring(backend, name, path)


class _Memory:
    """The memory of the process, by name; a child of `fork` starts with a copy."""

    _texts: dict[str, str] = {}  # noqa: RUF012 - those of the process

    def __init__(self, where: str) -> None:
        self.where = where
        self.lock: Lock = NamedLock(where)
        self.asking: Lock = NamedLock(f"{where} asking")

    def read(self) -> str | None:
        return self._texts.get(self.where)

    def write(self, text: str) -> None:
        self._texts[self.where] = text

    def clear(self) -> None:
        self._texts.pop(self.where, None)


class _File:
    """A file that nobody else can read or write; if it is `own`, its directory is closed to others too."""

    def __init__(self, path: Path, *, own: bool = False) -> None:
        self.where = str(path)
        self.lock, self.asking = _locks(path)
        self._path = path
        self._own = own

    def read(self) -> str | None:
        return private_file.read(self._path)

    def write(self, text: str) -> None:
        private_file.write(self._path, text)
        if self._own and os.name == "posix":
            self._path.parent.chmod(0o700)

    def clear(self) -> None:
        private_file.remove(self._path)


class _Keyring:
    """An entry in the keyring of the system; keyrings have no locks, so files beside `path` are locked."""

    def __init__(self, backend: KeyringBackend, name: str, path: Path) -> None:
        self.where = f"the keyring ({backend.name})"
        self.lock, self.asking = _locks(path)
        self._backend = backend
        self._name = name

    def read(self) -> str | None:
        with self._reported("read"):
            return self._backend.get_password(_SERVICE, self._name)

    def write(self, text: str) -> None:
        with self._reported("written"):
            self._backend.set_password(_SERVICE, self._name, text)

    def clear(self) -> None:
        with self._reported("cleared"):
            if self._backend.get_password(_SERVICE, self._name) is not None:
                self._backend.delete_password(_SERVICE, self._name)

    @contextmanager
    def _reported(self, done: str) -> Iterator[None]:
        """A context whose errors become a `CredentialsError`."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - backends raise what their libraries raise
            # Without the text of the error, which may hold the tokens.
            raise CredentialsError(
                f"{self.where} cannot be {done} ({type(error).__name__}): "
                "unlock it, or set OAuthSettingsLocation to a file"
            ) from None


def _locks(path: Path) -> tuple[Lock, Lock]:
    """Return the two locks of a store at `path`: files beside it, with names that no other program uses."""
    lock, asking = (path.with_name(f"{path.name}.harvest_duck.{name}") for name in ("lock", "asking.lock"))
    return LockFile(lock), LockFile(asking)


def _keyring() -> KeyringBackend | None:
    """Return the keyring of the system, None if there is none that is fit to hold secrets."""
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    try:
        backend = keyring.get_keyring()
        priority = backend.priority
    except Exception as error:  # noqa: BLE001 - as above; a keyring that is chosen and missing raises anything
        raise CredentialsError(
            f"the keyring that PYTHON_KEYRING_BACKEND or keyringrc.cfg chooses cannot be used "
            f"({type(error).__name__}): choose another, or set OAuthSettingsLocation to a file"
        ) from None
    # https://keyring.readthedocs.io/en/latest/#creating-new-backends: priority 1 and above is suitable
    return backend if priority >= 1 else None
