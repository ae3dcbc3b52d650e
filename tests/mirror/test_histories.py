"""Syncs of accounts that change: before, between and while they run.

A failure prints the history; `python tests/mirror/histories.py 1 --seed 17` repeats it, and tries more of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mirror.histories import follow
from support.run_size import share

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.thorough
@pytest.mark.takes_a_share
@pytest.mark.parametrize("seed", range(1, 4 * share(2), 4))
def test_a_copy_follows_the_history_of_an_account(seed: int, tmp_path: Path) -> None:
    follow(seed, tmp_path, share(3))
