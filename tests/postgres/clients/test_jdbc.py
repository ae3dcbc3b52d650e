"""pgJDBC: one program in Java, which answers commands; what it prints of our server is what it prints of a real one."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.real_postgres import installed, program
from support.same_tables import select
from support.told_apart import grouped, hold
from support.written_differences import JDBC, JDBC_PARAMETERS, hold_but

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres_address import Address

    from harvest_duck.sandbox import Sandbox

_DRIVER = Path("/usr/share/java/postgresql.jar")


class Java:
    """The program while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._written, self._read = process.stdin, process.stdout

    def send(self, *words: str) -> None:
        """Send a line: a command and its arguments."""
        self._written.write("\t".join(words) + "\n")
        self._written.flush()

    def answer(self) -> list[str]:
        """Return the lines of the answer to a command, each with values that a tab divides."""
        lines = list(iter(self._line, "."))
        assert not any(line.startswith("ERROR\t\\N") for line in lines), lines
        return lines

    def _line(self) -> str:
        line = self._read.readline()
        assert line, "the program has ended"
        return line.rstrip("\n")

    def ask(self, *words: str) -> list[str]:
        """Return the answer to a command."""
        self.send(*words)
        return self.answer()


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Java]:
    """The program, compiled and started, far from UTC."""
    compiler, machine = program("javac"), program("java")
    installed("libpostgresql-jdbc-java", present=_DRIVER.exists())
    folder = tmp_path_factory.mktemp("java")
    source = Path(__file__).with_name("Jdbc.java")
    subprocess.run([compiler, "-d", folder, source], check=True, timeout=PATIENCE_S)
    path = os.pathsep.join(map(str, (folder, _DRIVER)))
    options = ["-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx256m", "-Duser.timezone=Europe/Berlin"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([machine, *options, "-cp", path, "Jdbc"], text=True, encoding="utf-8", **pipes) as process:
        yield Java(process)
        process.stdin.close()


def test_metadata_are_those_of_postgresql(java: Java, ours: Address, theirs: Address) -> None:
    java.ask("zone", "Europe/Berlin")
    # The specific name of a function ends with its number.
    found, expected = (
        grouped(re.sub(r"_\d+$", "", line) for line in java.ask("metadata", address.jdbc)) for address in (ours, theirs)
    )
    hold(found, expected)


def test_facts_are_those_of_postgresql(java: Java, ours: Address, theirs: Address) -> None:
    found, expected = (grouped(java.ask("facts", address.jdbc)) for address in (ours, theirs))
    assert found.pop("getURL") != expected.pop("getURL")
    hold_but(JDBC, found, expected)


@pytest.mark.parametrize(
    "option",
    [
        "preferQueryMode=simple",
        "binaryTransfer=false",
        "prepareThreshold=-1",
        "prepareThreshold=1&defaultRowFetchSize=7",
    ],
)
def test_every_table_has_the_same_rows(java: Java, ours: Address, theirs: Address, option: str) -> None:
    queries = [select(name) for name in TABLES]
    # A struct is a json, whose moments are told in the zone of the session; those of the real one are text by now.
    java.ask("zone", "UTC")
    found, expected = (java.ask("rows", f"{address.jdbc}&{option}", *queries) for address in (ours, theirs))
    hold(grouped(sorted(found)), grouped(sorted(expected)))


def test_two_cursors_are_read_in_turn(java: Java, ours: Address, theirs: Address) -> None:
    queries = ["SELECT id FROM harvest.clients ORDER BY id", "SELECT name FROM harvest.tasks ORDER BY name"]
    found, expected = (java.ask("cursors", address.jdbc, *queries) for address in (ours, theirs))
    assert found == expected


def test_parameters_of_every_type(java: Java, ours: Address, theirs: Address) -> None:
    found, expected = (grouped(java.ask("parameters", address.jdbc)) for address in (ours, theirs))
    hold_but(JDBC_PARAMETERS, found, expected)


def test_getters_and_scrolling(java: Java, ours: Address, theirs: Address) -> None:
    query = "SELECT * FROM harvest.time_entries ORDER BY id"
    found, expected = (java.ask("getters", address.jdbc, query) for address in (ours, theirs))
    assert found == expected


def test_settings_and_transactions(java: Java, ours: Address, theirs: Address) -> None:
    found, expected = (java.ask("settings", address.jdbc) for address in (ours, theirs))
    hold({"settings": found}, {"settings": expected})


def test_cancel_ends_the_requests(java: Java, ours: Address, account: Sandbox) -> None:
    with held(account) as waiting:
        java.send("cancel", ours.of("live").jdbc, "SELECT sum(hours) FROM harvest.time_entries")
        assert waiting.arrived.wait(PATIENCE_S)
        java.send("now")
        error, _, then = java.answer()
        assert waiting.all_gone()
    assert error.split("\t") == ["ERROR", "57014", "ERROR: canceling statement due to user request"]
    assert then.split("\t") == ["then", "row", "1"]


def test_a_query_timeout_ends_the_requests(java: Java, ours: Address, account: Sandbox) -> None:
    with held(account) as waiting:
        error, _, then = java.ask("timeout", ours.of("live").jdbc, "SELECT sum(hours) FROM harvest.time_entries")
        assert waiting.all_gone()
    assert error.split("\t")[1] == "57014"
    assert then.split("\t") == ["then", "row", "1"]
