"""The page about the report names what the command has."""

from __future__ import annotations

import re

from support.paths import DOCS

from harvest_duck.cli import failures
from harvest_duck.cli.report import report

TEXT = (DOCS / "report.md").read_text("utf-8")


def test_it_tells_of_every_option() -> None:
    told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", TEXT))
    for parameter in report.params:
        assert told & {*parameter.opts, *parameter.secondary_opts}, parameter.name


def test_it_lists_the_exit_statuses() -> None:
    assert [int(number) for number in re.findall(r"^\| (\d) \|", TEXT, re.MULTILINE)] == [
        *(0, failures.FAILED, 2, failures.UNCHANGED)
    ]
