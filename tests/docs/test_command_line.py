"""The page about the command line says what the commands do."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest
from support.command import run
from support.examples import check_commands
from support.paths import DOCS

from harvest_duck.cli.formats import FOR_PEOPLE, Format, format_of

PAGE = DOCS / "command-line.md"
TEXT = PAGE.read_text("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_shows_what_the_page_says() -> None:
    check_commands(PAGE, least=1)


def test_the_page_lists_every_format_and_ending() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", TEXT, re.MULTILINE)
    listed = {Format(name): re.findall(r"`\.(\w+)`", endings) for name, endings in rows if name in list(Format)}
    assert list(listed) == list(Format)
    for form, endings in listed.items():
        assert {format_of(Path(f"rows.{ending}")) for ending in endings} == ({form} - FOR_PEOPLE)


def test_the_page_lists_the_exit_statuses() -> None:
    statuses = [int(number) for number in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)]
    signals = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    assert statuses == [0, 1, 2, *(128 + number for number in signals)]


def test_the_parameter_of_the_page_reaches_harvest() -> None:
    (command,) = re.findall(r"query '(SELECT count.*)' -p (\S+)", TEXT)
    explained = run("query", command[0], "-p", command[1], "--explain", "--no-probe", "-c", "DSN=sandbox")
    assert "from=2026-11-01" in explained.stdout
