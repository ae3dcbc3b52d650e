"""Follow the histories of made-up accounts: `python tests/mirror/histories.py 200 --seed 0` follows so many of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.synced import USUAL, Synced

_FEW = ("time_entries", "clients", "projects")
#: The tables that are copied of five histories in a row, None for all.
_TABLES = (USUAL, _FEW, _FEW, _FEW, None)


def follow(seed: int, folder: Path, rounds: int | None = None) -> None:
    """Sync the account of a history so many times between its changes, without a number two to four times.

    Raise AssertionError if its copy is ever wrong.
    """
    with Synced(seed, folder, _TABLES[seed % len(_TABLES)], history=bool(seed % 2)) as synced:
        try:
            _follow(synced, rounds)
        except Exception as error:
            raise AssertionError(f"{error}\n{synced.report()}") from error


def _follow(synced: Synced, rounds: int | None) -> None:
    history, rng = synced.history, synced.rng
    with synced.changing(rng.choice((0, 0.05, 0.3)), most=15):
        synced.sync()
    for _ in range(rounds or rng.randrange(2, 5)):
        synced.pause()
        history.changes(rng.choice((0, 1, 4, 8)))
        with synced.changing(rng.choice((0, 0, 0.1, 0.5)), most=10):
            synced.sync(check_deletes=rng.choice(("recent", "recent", "recent", "all", "none")))
    synced.pause()
    assert synced.sync().proven
    synced.check_equal()
    history.changes(3)
    synced.pause()
    synced.sync(whole=True)
    synced.check_whole()
    again = synced.sync()
    assert (again.inserted, again.changed, again.deleted, again.published) == (0, 0, 0, False)
    synced.check_whole()
    synced.check_history()


def main() -> None:
    """Follow so many histories and print those that fail; exit status 1 if any does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=0, help="the first of them")
    arguments = parser.parse_args()
    failed = []
    for seed in range(arguments.seed, arguments.seed + arguments.number):
        with tempfile.TemporaryDirectory() as folder:
            try:
                follow(seed, Path(folder))
            except AssertionError:
                failed.append(seed)
                traceback.print_exc(limit=-3)
    print(f"{arguments.number} histories, {time.process_time():.0f} s of CPU, failed: {failed}")  # noqa: T201 - a program
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
