"""The page about the command line says what the commands do."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.clocks import PATIENCE_S
from support.command import COMMAND, environment, run
from support.examples import check_commands
from support.paths import DOCS

from harvest_duck.catalog.tables import TABLES
from harvest_duck.cli import failures
from harvest_duck.formats import FOR_PEOPLE, Format, format_of

PAGE = DOCS / "command-line.md"
TEXT = PAGE.read_text("utf-8")


@pytest.mark.thorough
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
    told = {failures.FAILED, failures.UNPROVEN, failures.UNCHANGED, *failures.STATUSES.values()}
    assert statuses == [0, *sorted({2, *told}), *(128 + number for number in signals)]


def test_the_parameter_of_the_page_reaches_harvest() -> None:
    (command,) = re.findall(r"query '(SELECT count.*)' -p (\S+)", TEXT)
    explained = run("query", command[0], "-p", command[1], "--explain", "--no-probe", "-c", "DSN=sandbox")
    assert "from=2026-11-01" in explained.stdout


@pytest.mark.thorough
def test_bash_completes_as_the_page_says(tmp_path: Path) -> None:
    (line,) = re.findall(r"`(eval .*bash_source.*)` \|", TEXT)
    program = tmp_path / "harvest-duck"
    program.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    program.chmod(0o700)
    script = f"""
        compopt() {{ :; }}
        {line}
        tried() {{
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            _harvest_duck_completion harvest-duck
            echo "${{COMPREPLY[*]}}"
        }}
        tried harvest-duck export expense
        tried harvest-duck sync clients invoice_me
        tried harvest-duck query -c ''
        tried harvest-duck query --format m
        tried harvest-duck connections test s
    """
    shell = subprocess.run(["bash", "--version"], capture_output=True, text=True, check=False)  # noqa: S607 - the user's
    version = re.search(r"version (\d+)\.(\d+)", shell.stdout)
    if version is None or (int(version[1]), int(version[2])) < (4, 4):
        pytest.skip("bash is older than 4.4")
    ended = subprocess.run(
        ["bash", "-c", script],  # noqa: S607 - as above
        capture_output=True,
        text=True,
        env=environment(PATH=f"{tmp_path}:{environment()['PATH']}"),
        timeout=PATIENCE_S,
        check=False,
    )
    tables = [name for name in TABLES if name.startswith("expense")]
    completed = [" ".join(tables), "invoice_messages", "DSN=sandbox", "markdown", "sandbox"]
    assert ended.stdout.splitlines() == completed, ended.stderr
