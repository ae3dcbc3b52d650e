"""The page about incremental loads prints what stands on it; `end_to_end/test_incremental_loads.py` runs its SQL."""

from __future__ import annotations

import pytest
from support.examples import check_examples
from support.paths import DOCS


@pytest.mark.thorough
def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(DOCS / "incremental.md", least=1)
