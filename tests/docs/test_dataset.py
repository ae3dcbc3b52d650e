"""The page about datasets prints what stands on it."""

from __future__ import annotations

from support.examples import check_examples
from support.paths import DOCS


def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(DOCS / "dataset.md", least=3)
