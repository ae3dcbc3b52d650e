"""The page about notebooks: each of its cells runs in a kernel, one after the other, and shows what stands below it."""

from __future__ import annotations

import os
import re

import duckdb
import pytest
from support.clients import client
from support.kernel import kernel
from support.paths import DOCS

PAGE = DOCS / "notebooks.md"
UPDATE = bool(os.environ.get("UPDATE_README"))
_CELL = re.compile(r"(?<!-->\n)(?P<cell>```(?:python|sql)\n(?P<code>[^`]*)\n```)(?P<output>\n\n```text\n[^`]*```)?")


@pytest.mark.skipif(
    duckdb.__version__.startswith("1."), reason="one DuckDB is enough for the page; a kernel takes long"
)
def test_the_cells_of_the_page_show_what_it_says() -> None:
    # A kernel is where the code is checked too; this runs where the other clients are.
    client("nbclient")
    text = PAGE.read_text("utf-8")
    with kernel() as notebook:

        def ran(block: re.Match[str]) -> str:
            shown = notebook.run(block["code"])
            told = "\n".join(line.rstrip() for line in (shown["stdout"] + shown.get("text/plain", "")).splitlines())
            assert bool(block["output"]) == bool(told), block["code"]
            return f"{block['cell']}\n\n```text\n{told}\n```" if told else block["cell"]

        wanted, count = _CELL.subn(ran, text)
    assert count >= 11
    if UPDATE:
        PAGE.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted
