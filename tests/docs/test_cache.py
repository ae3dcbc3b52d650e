"""The page about the cache prints what stands on it.

`UPDATE_README=1 pytest tests/docs/test_cache.py` writes its outputs anew.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.examples import check_examples
from support.paths import DOCS

import harvest_duck
from harvest_duck.errors import MirrorError

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "cache.md"


@pytest.mark.thorough
def test_its_python_prints_what_stands_below_it() -> None:
    check_examples(PAGE, least=1)


def test_a_table_that_the_file_lacks_is_the_error_on_the_page(
    connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    harvest_duck.sync(connection, "acme.duckdb", tables=["clients"])
    with pytest.raises(MirrorError) as caught:
        harvest_duck.scan("time_entries", "CacheLocation=acme.duckdb;Offline=true").read_all()
    told = re.sub(r"\d+ s old", "3 h old", str(caught.value))
    shown = PAGE.read_text("utf-8").partition("<!-- offline -->\n```text\n")[2].partition("\n```")[0]
    assert told == shown.replace("\n", " ")
