"""The page about the report names what the command has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.examples import check_examples
from support.paths import DOCS

from harvest_duck.cli import failures
from harvest_duck.cli.report import report

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (DOCS / "report.md").read_text("utf-8")


def test_it_tells_of_every_option() -> None:
    told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", TEXT))
    for parameter in report.params:
        assert told & {*parameter.opts, *parameter.secondary_opts}, parameter.name


def test_it_lists_the_exit_statuses() -> None:
    assert [int(number) for number in re.findall(r"^\| (\d) \|", TEXT, re.MULTILINE)] == [
        *(0, failures.FAILED, 2, failures.UNCHANGED)
    ]


@pytest.mark.thorough
def test_its_python_writes_the_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    check_examples(DOCS / "report.md", least=1)
    assert '<p class="story">' in (tmp_path / "report.html").read_text("utf-8")
