"""The README is true and short: its Python prints what stands below it, and it is a page to read in a minute.

`UPDATE_README=1 pytest tests/docs/test_readme.py` writes the outputs anew.
"""

from __future__ import annotations

import re

from support.examples import check_examples
from support.paths import ROOT

README = ROOT / "README.md"
TEXT = README.read_text("utf-8")


def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(README, least=1)


def test_it_is_a_screen_of_promise_a_screen_of_use_and_links() -> None:
    promise, _, rest = TEXT.partition("\n## Your own account\n")
    use, _, links = rest.partition("\n## More\n")
    assert promise.count("\n") <= 50
    assert use.count("\n") <= 45
    assert re.search(
        r"^\*\*A query returns exactly what Harvest has, or it fails and says why\.\*\*$", promise, re.MULTILINE
    )
    assert links
