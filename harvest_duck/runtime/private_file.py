"""Files that only their user can read or change: secrets and tokens are stored in no others.

`connections` writes `connections.toml` with it, and `auth` stores tokens with it. The check looks at the open file, not
at its name. A file is replaced in one step: whatever happens, it holds the old text or the new one.
"""

from __future__ import annotations

import os
import shlex
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from harvest_duck.errors import CredentialsError
from harvest_duck.runtime.atomic_write import replacing
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POSIX = os.name == "posix"
#: Flags that follow no link and never wait, as opening a pipe without a writer would. Windows has O_BINARY alone.
SAFE_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFE_FLAGS
_MOST = 1 << 20


def read(path: Path) -> str | None:
    """Return the text of the file at `path`, None if there is none.

    Raises `CredentialsError` for a link, anything but a regular file, a file that belongs or is open to other users,
    one of more than 1 MiB, one that is not UTF-8, and one that cannot be read. Windows has no modes to check.
    """
    with _reporting(path, "read"):
        if not _is_there(path):
            return None
        try:
            descriptor = os.open(path, os.O_RDONLY | SAFE_FLAGS)
        except FileNotFoundError:
            return None
        try:
            require_private(path, descriptor)
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(_MOST + 1)
        finally:
            os.close(descriptor)
    return _decoded(path, content)


def write(path: Path, text: str) -> None:
    """Write `text` into the file at `path`, with mode 0600 and in one step; makes missing directories with mode 0700.

    Raises `CredentialsError` for a link, anything but a regular file, a directory in which other users could replace
    the file, and a text that cannot be written or read back. The old file is then as it was.
    """
    content = _encoded(path, text)
    with _reporting(path, "written"), ExitStack() as undo:
        _is_there(path)
        _make(path.parent, undo)
        _require_private_directory(path.parent)
        with replacing(path) as beside, os.fdopen(created(beside), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        undo.pop_all()
    sync_directory(path.parent)


def remove(path: Path) -> bool:
    """Remove the file at `path`; returns whether there was one.

    Raises `CredentialsError` for a link, anything but a regular file, and one that cannot be removed.
    """
    with _reporting(path, "removed"):
        if not _is_there(path):
            return False
        path.unlink(missing_ok=True)
    return True


def created(path: Path) -> int:
    """Return the descriptor of a new file at `path`, open to write; raises OSError, also where there is something."""
    descriptor = os.open(path, _CREATE, 0o600)
    if _POSIX:
        # The umask may have removed the user's own bits.
        os.fchmod(descriptor, 0o600)
    return descriptor


def make_directory(path: Path) -> None:
    """Make the directory at `path` and those missing above it, with mode 0700; existing ones stay as they are.

    Raises `CredentialsError` if it cannot be made, and if other users could replace the files in it.
    """
    with _reporting(path, "made"), ExitStack() as undo:
        _make(path, undo)
        _require_private_directory(path)
        undo.pop_all()


def _is_there(path: Path) -> bool:
    """Whether there is a regular file; raises `CredentialsError` if there is something else."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISLNK(mode):
        raise CredentialsError(f"{escaped(path)} is a symbolic link: put the file itself there")
    _refuse_special(path, mode)
    return True


def _refuse_special(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise CredentialsError(f"{escaped(path)} is no regular file: move it away")


def require_private(path: Path, descriptor: int) -> None:
    """Raise `CredentialsError` if the open file at `path` is no regular file of the user's own, closed to others."""
    status = os.fstat(descriptor)
    _refuse_special(path, status.st_mode)
    if not _POSIX:
        return
    if status.st_uid != os.geteuid():
        raise CredentialsError(f"{escaped(path)} belongs to another user: move it away, or make it your own")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CredentialsError(f"{escaped(path)} is open to other users: chmod 600 {shlex.quote(escaped(path))}")


def _require_private_directory(path: Path) -> None:
    if not _POSIX:
        return
    status = path.stat()
    if status.st_uid not in {0, os.geteuid()}:
        raise CredentialsError(f"{escaped(path)} belongs to another user: keep the file in a directory of your own")
    # In a directory with the sticky bit, such as /tmp, only the owner of a file can replace it.
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        raise CredentialsError(
            f"{escaped(path)} can be written by other users, who could put another file there: "
            f"chmod go-w {shlex.quote(escaped(path))}"
        )


def _make(path: Path, undo: ExitStack) -> None:
    """Make the directory and those missing above it; `undo` removes them again."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        undo.callback(_remove_empty, each)
        if _POSIX and stat.S_IMODE(each.stat().st_mode) & stat.S_IRWXU != stat.S_IRWXU:
            # The umask, as above.
            each.chmod(0o700)


def _remove_empty(path: Path) -> None:
    with suppress(OSError):
        path.rmdir()


def sync_directory(path: Path) -> None:
    """Have the new name of a file in it survive a power failure, if the system can do that."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _decoded(path: Path, content: bytes) -> str:
    if len(content) > _MOST:
        raise CredentialsError(f"{escaped(path)} is larger than 1 MiB, which no file of harvest_duck is: move it away")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise CredentialsError(f"{escaped(path)} is no UTF-8 text: move it away") from None


def _encoded(path: Path, text: str) -> bytes:
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise CredentialsError(f"{escaped(path)} cannot be written: the text has characters that UTF-8 lacks") from None
    if len(content) > _MOST:
        raise CredentialsError(f"{escaped(path)} cannot be written: the text is larger than 1 MiB")
    return content


@contextmanager
def _reporting(path: Path, what: str) -> Iterator[None]:
    """A context whose OSError becomes a `CredentialsError`."""
    try:
        yield
    except CredentialsError:
        raise
    except OSError as error:
        raise CredentialsError(f"{escaped(path)} cannot be {what}: {error.strerror}") from error
