"""The lock of a copy: one sync at a time works on it, and the file tells which.

The file stays where a run is killed: what it says is then the only trace of that run.
"""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
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
_MOST = 1 << 16
_NAME = 60
#: The killed runs that are remembered until one is published that knows them.
_KILLED = 50


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that works on a copy, or did until it was killed; `run` is the number of its run if it began one."""

    pid: int
    host: str
    since: datetime
    run: int | None = None


class RunLock:
    """The lock, held; `killed` are who held it before, began a run and did not give it back, the latest one last."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.killed = tuple(each for each in _holders(os.read(descriptor, _MOST)) if each.run is not None)[-_KILLED:]
        self._me = Holder(os.getpid(), platform.node(), datetime.now(UTC))
        self._tell(self._me)

    def note_run(self, run: int) -> None:
        """Keep the number of the run in the file."""
        self._tell(replace(self._me, run=run))

    def _tell(self, holder: Holder) -> None:
        lines = [asdict(each) | {"since": each.since.isoformat()} for each in (*self.killed, holder)]
        content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
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
        holders = _holders(path.read_bytes()[:_MOST]) if file_lock.is_locked(path) else []
    except OSError:
        return None
    return holders[-1] if holders else None


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


def _holders(content: bytes) -> list[Holder]:
    """Return whom the file names, each on a line of its own; lines that name nobody count for nothing."""
    found = []
    for line in content.splitlines():
        with suppress(ValueError, TypeError, KeyError):
            named = json.loads(line)
            run = named["run"]
            since = datetime.fromisoformat(named["since"]).astimezone(UTC)
            found.append(Holder(int(named["pid"]), str(named["host"]), since, None if run is None else int(run)))
    return found


def _busy(copy: Path, holder: Holder | None) -> str:
    if holder is None:
        return f"{escaped(copy)}: another sync works on it: wait until it has ended"
    host = shortened(printable(holder.host), _NAME)
    since = f"{holder.since:%Y-%m-%d %H:%M:%S} UTC"
    return f"{escaped(copy)}: process {holder.pid} on {host} has synced it since {since}: wait until it has ended"
