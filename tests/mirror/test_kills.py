"""Syncs that are ended at any moment: the file opens, the next sync goes on, and the copy is right.

`python tests/mirror/kills.py 200 --seed 0` tries more of them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from mirror.kills import end_by_error, end_by_signal, kill
from support.killed_syncs import SyncProcesses
from support.run_size import share
from support.synced import Synced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


# Windows has neither forks nor Ctrl-C of this kind.
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals differ")


@pytest.fixture(scope="module")
def processes() -> Iterator[SyncProcesses]:
    """A process that forks syncs."""
    with SyncProcesses() as running:
        yield running


@pytest.mark.thorough
@pytest.mark.takes_a_share
@pytest.mark.parametrize("seed", range(share(2)))
def test_a_copy_outlives_the_kill_of_its_syncs(processes: SyncProcesses, seed: int, tmp_path: Path) -> None:
    kill(processes, seed, tmp_path, share(4))


@pytest.mark.thorough
@pytest.mark.parametrize("end", [end_by_error, end_by_signal])
def test_a_copy_outlives_what_ends_its_syncs(end: Callable[[Synced], None], tmp_path: Path) -> None:
    with Synced(5, tmp_path, ("time_entries", "invoice_payments")) as synced:
        end(synced)
