"""The page about exports prints what stands on it; `UPDATE_README=1 pytest …` writes it anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.examples import check_examples
from support.paths import DOCS

from harvest_duck.cli.export import export
from harvest_duck.exports.partitions import PERIODS
from harvest_duck.formats.parquet_file import ROW_GROUP

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "export.md"
TEXT = PAGE.read_text("utf-8")


@pytest.mark.thorough
def test_every_example_prints_what_stands_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_examples(PAGE, least=3)


def test_the_page_names_every_option_of_exports_alone() -> None:
    options = {name for parameter in export.params for name in parameter.opts if name.startswith("--")}
    others = {"--connection", "--token-file", "--output", "--quiet"}
    assert options - others <= set(re.findall(r"--[a-z-]+", TEXT))


def test_the_page_has_the_figures_of_the_code() -> None:
    assert f"{ROW_GROUP:,} rows" in TEXT
    assert all(f"`{period}(COLUMN)`" in TEXT for period in PERIODS)
