"""The lock of a copy: one sync at a time works on it, and the file tells which.

The file stays where a run is killed: what it says is then the only trace of that run.
"""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harvest_duck.errors import MirrorBusy
from harvest_duck.runtime import file_lock, private_file
from harvest_duck.text import escaped, printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Somebody who only looks whether the file is locked has it for microseconds, and who leaves removes it.
_TRIES = 20
_BETWEEN_S = 0.002
_MOST = 4096
_NAME = 60


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that works on a copy, or did until it was killed; `run` is the number of its run if it began one."""

    pid: int
    host: str
    since: datetime
    run: int | None = None


class RunLock:
    """The lock, held; `killed` is who held it last and did not give it back."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.killed = _holder(os.read(descriptor, _MOST))
        self._me = Holder(os.getpid(), platform.node(), datetime.now(UTC))
        self._tell(self._me)

    def note_run(self, run: int) -> None:
        """Keep the number of the run in the file."""
        me = self._me
        self._tell(Holder(me.pid, me.host, me.since, run))

    def _tell(self, holder: Holder) -> None:
        content = json.dumps(asdict(holder) | {"since": holder.since.isoformat()}).encode()
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, content)


@contextmanager
def held(path: Path, copy: Path) -> Iterator[RunLock]:
    """A context in which this process alone works on the copy; raises `MirrorBusy` if another one does."""
    descriptor = _acquired(path)
    if descriptor is None:
        raise MirrorBusy(_busy(copy, running(path)))
    owner = os.getpid()
    try:
        yield RunLock(descriptor)
    finally:
        # A child of `fork` has no lock, and must not remove that of its parent.
        if os.getpid() == owner:
            with suppress(OSError):
                path.unlink()
            file_lock.release(descriptor)
            if os.name != "posix":
                file_lock.remove_unlocked(path)


def running(path: Path) -> Holder | None:
    """Return who works on a copy, None if nobody does, or if the file does not tell."""
    try:
        return _holder(path.read_bytes()[:_MOST]) if file_lock.is_locked(path) else None
    except OSError:
        return None


def _acquired(path: Path) -> int | None:
    for _ in range(_TRIES):
        # `try_acquire` would make the folder as well, and ask who else can write into it.
        with suppress(FileExistsError):
            os.close(private_file.created(path))
        descriptor = file_lock.try_acquire(path)
        if descriptor is not None:
            return descriptor
        time.sleep(_BETWEEN_S)
    return None


def _holder(content: bytes) -> Holder | None:
    """Return what the file says, None if it says nothing, or no such thing."""
    try:
        found = json.loads(content)
        run = found.get("run")
        return Holder(
            int(found["pid"]),
            str(found["host"]),
            datetime.fromisoformat(found["since"]).astimezone(UTC),
            None if run is None else int(run),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _busy(copy: Path, holder: Holder | None) -> str:
    if holder is None:
        return f"{escaped(copy)}: another sync works on it: wait until it has ended"
    host = shortened(printable(holder.host), _NAME)
    since = f"{holder.since:%Y-%m-%d %H:%M:%S} UTC"
    return f"{escaped(copy)}: process {holder.pid} on {host} has synced it since {since}: wait until it has ended"
