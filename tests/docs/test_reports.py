"""The page about reports prints what stands on it; `end_to_end/test_report_periods.py` tries the forms of periods."""

from __future__ import annotations

from support.examples import check_examples
from support.paths import DOCS


def test_every_example_prints_what_stands_below_it() -> None:
    check_examples(DOCS / "reports.md", least=1)
