"""The pages on Python and on shared databases print what stands on them; `UPDATE_README=1 pytest …` writes it anew."""

from __future__ import annotations

import pytest
from support.examples import check_examples
from support.paths import DOCS


@pytest.mark.parametrize(("name", "least"), [("python.md", 7), ("shared-database.md", 1)])
def test_every_example_prints_what_stands_below_it(name: str, least: int) -> None:
    check_examples(DOCS / name, least=least)
