"""Every block of code on a page runs in a test, or is marked as not to.

`support.page_blocks` knows which test runs which blocks. This one finds the others, and runs
some itself.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from typing import TYPE_CHECKING

from support.command import run
from support.page_blocks import COUNTED, PAGES, PATTERNS, Block, blocks, page_name
from support.paths import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


def compared(page: Path) -> set[int]:
    """Where the blocks begin that a test runs and compares, by their form."""
    text = page.read_text("utf-8")
    known = [form for form, tests in PATTERNS.items() if page_name(page) in tests]
    return {found.start() for form in known for found in form.finditer(text)}


def others(page: Path) -> list[Block]:
    """The blocks of code that are neither marked nor compared by their form."""
    started = compared(page)
    return [each for each in blocks(page) if each.code and not each.left_out and each.start not in started]


def test_every_block_of_code_runs_or_is_marked() -> None:
    # What is found gets the mark `<!-- not run: why -->`, or `support.page_blocks` learns what runs it.
    wrong = {}
    for page in PAGES:
        found = others(page)
        known = {language: count for language, (count, _) in COUNTED.get(page_name(page), {}).items()}
        if Counter(each.language for each in found) != known:
            wrong[page_name(page)] = [f"line {each.line}: {each.language}" for each in found]
    assert not wrong


def test_what_runs_them_is_there() -> None:
    for form, tests in PATTERNS.items():
        for page, test in tests.items():
            assert form.search((ROOT / page).read_text("utf-8")), page
            assert (ROOT / test).is_file(), test
    for page, kinds in COUNTED.items():
        assert (ROOT / page).is_file(), page
        assert all((ROOT / test).is_file() for _, test in kinds.values()), page


def test_the_commands_that_ask_nobody_work() -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", (DOCS / "tables.md").read_text("utf-8"), re.DOTALL)
    for line in block.splitlines():
        assert run(*shlex.split(line)[1:]).returncode == 0, line


def test_a_report_has_the_hours_of_its_period(attached: duckdb.DuckDBPyConnection) -> None:
    (query,) = re.findall(r"```sql\n(.*?)```", (DOCS / "reports.md").read_text("utf-8"), re.DOTALL)
    assert attached.execute(query).fetchall()
