"""Kill syncs of made-up accounts: `python tests/mirror/kills.py 200 --seed 0` kills so many of them.

A kill comes with a request, at a line of the mirror's modules, or after a time.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.killed_syncs import SyncProcesses
from support.synced import Synced

if TYPE_CHECKING:
    from aiohttp import web

#: Few tables, so that a kill is likely to come where rows are written, and where the file is published.
TABLES = ("time_entries", "clients", "projects", "invoices", "invoice_line_items", "invoice_payments")
#: The modules that put a file in the place of another one.
_PUBLICATION = ("publication.py", "mirror_file.py", "check_file.py", "run_lock.py", "paths.py")
_ANY = (
    *_PUBLICATION,
    "sync.py",
    "run.py",
    "working_copy.py",
    "run_records.py",
    "row_changes.py",
    "first_copy.py",
    "versions.py",
)
#: Kills of one history.
KILLS = 5


class Ended(Exception):
    """Ends a sync from its progress."""


def kill(processes: SyncProcesses, seed: int, folder: Path, kills: int = KILLS) -> int:
    """Kill some syncs of a history, and return how many of them ended by it, since some end before.

    Half of the histories begin with a copy; of the others, the first one is killed. Every second copy keeps a history.
    Raise AssertionError if a copy is wrong.
    """
    with Synced(seed, folder, TABLES, history=not seed % 2) as synced:
        try:
            return _kill(processes, synced, kills)
        except Exception as error:
            raise AssertionError(f"{error}\n{synced.report()}") from error


def _kill(processes: SyncProcesses, synced: Synced, kills: int) -> int:
    killed = 0
    if synced.rng.random() < 1 / 2:
        synced.sync()
    for _ in range(kills):
        synced.pause()
        synced.history.changes(synced.rng.choice((0, 1, 5)))
        killed += _killed(processes, synced)
        if synced.path.exists():
            synced.check_invariants()
        if synced.rng.random() < 1 / 3:
            synced.sync()
    _check(synced)
    return killed


def _left(path: Path) -> set[str]:
    """Return the files that may lie beside a copy after a sync."""
    return {path.name, f"{path.name}.lock", f"{path.name}.checks"}


def _killed(processes: SyncProcesses, synced: Synced) -> bool:
    """Start a sync that is killed, unless it ends before; return whether it was."""
    rng, when = synced.rng, {}
    kind = rng.choice(("request", "publication", "line", "time"))
    if kind == "request":
        _kill_at_request(processes, synced, rng.randrange(14))
    elif kind == "time":
        when = {"seconds": rng.random()}
    else:
        modules = _PUBLICATION if kind == "publication" else _ANY
        when = {"modules": modules, "line": rng.randrange(1, 400 if kind == "publication" else 12_000)}
    try:
        status = processes.sync(synced.connection, synced.path, tables=TABLES, **when)
    finally:
        synced.sandbox.on_request = None
    synced.history.told.append(f"== killed by {kind} {when}: {status} ==")
    assert status <= 0, "a sync failed"
    return status < 0


def _kill_at_request(processes: SyncProcesses, synced: Synced, number: int) -> None:
    """Kill the sync that comes when its request of that number does; changes come with every fourth request."""
    seen = 0

    async def count(_: web.BaseRequest) -> None:
        nonlocal seen
        seen += 1
        if synced.rng.random() < 1 / 4:
            synced.history.change()
        if seen > number:
            processes.kill()

    synced.sandbox.on_request = count


def end_by_error(synced: Synced) -> None:
    """End syncs by an error out of `on_progress`, at several tables; raise AssertionError if a copy is wrong."""
    for number in (0, 2):
        left = number

        def end(_: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Ended

        _end(synced, Ended, on_progress=end)
    _check(synced)


def end_by_signal(synced: Synced) -> None:
    """End syncs by Ctrl-C, each at another request; raise AssertionError if a copy is wrong."""
    for number in (9, 3):
        left = number

        async def end(_: web.BaseRequest) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGINT)

        synced.sandbox.on_request = end
        _end(synced, KeyboardInterrupt)
        synced.sandbox.on_request = None
    _check(synced)


def _end(synced: Synced, error: type[BaseException], **options: Any) -> None:
    try:
        synced.sync(**options)
    except error:
        if synced.path.exists():
            synced.check_invariants()
    else:
        raise AssertionError("nothing ended the sync")
    synced.history.changes(2)


def _check(synced: Synced) -> None:
    synced.pause()
    assert synced.sync().proven
    synced.check_equal()
    synced.check_history()
    assert {each.name for each in synced.path.parent.iterdir()} <= _left(synced.path)


def main() -> None:
    """Kill so many syncs and print the seeds whose copies are wrong; exit status 1 if any is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=0, help="that of the first history")
    arguments = parser.parse_args()
    killed, seed, failed = 0, arguments.seed, []
    with SyncProcesses() as processes:
        while killed < arguments.number:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    killed += kill(processes, seed, Path(folder))
                except AssertionError:
                    failed.append(seed)
                    traceback.print_exc(limit=-3)
            seed += 1
    print(f"{killed} kills, {time.process_time():.0f} s of CPU, failed: {failed}")  # noqa: T201 - a program
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
