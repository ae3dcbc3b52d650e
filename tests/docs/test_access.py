"""The page about access shows what the sandbox answers."""

from __future__ import annotations

import pytest
from support.examples import check_examples
from support.paths import DOCS


@pytest.mark.thorough
def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(DOCS / "access.md", least=1)
