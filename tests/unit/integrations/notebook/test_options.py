"""The line of a cell: its options, and the SQL after them."""

from __future__ import annotations

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.integrations.notebook.options import Options, connection_string, read


@pytest.mark.parametrize(
    ("line", "cell", "wanted"),
    [
        ("", "SELECT 1\n", Options("SELECT 1")),
        ("SELECT '-o x'", "", Options("SELECT '-o x'")),
        ("-- a comment", "SELECT 1", Options("-- a comment\nSELECT 1")),
        ("-o hours", "FROM x", Options("FROM x", name="hours")),
        ("--output=hours -c DSN=acme;Pagesize=9 FROM x", "", Options("FROM x", "DSN=acme;Pagesize=9", "hours")),
        ("-c 'DSN=acme; MaxRows=1' --explain", "FROM x", Options("FROM x", "DSN=acme; MaxRows=1", explain=True)),
        ('--explain --no-probe --connection "a b"', "FROM x", Options("FROM x", "a b", explain=True, probe=False)),
        ("-c $own", "", Options("", "$own")),
    ],
)
def test_options_come_first_and_the_rest_is_sql(line: str, cell: str, wanted: Options) -> None:
    assert read(line, cell) == wanted


@pytest.mark.parametrize(
    "line", ["-c", "-c -o x", "-o 'x", "-o 1x", "-o class", "--explian", "-v FROM x", "--no-probe FROM x"]
)
def test_an_option_that_cannot_be_read_is_an_error(line: str) -> None:
    with pytest.raises(QueryError):
        read(line)


def test_a_connection_is_a_dsn_a_connection_string_or_what_a_variable_holds() -> None:
    names = {"own": "DSN=other"}
    assert connection_string("acme", {}) == "DSN=acme"
    assert connection_string("acme;MaxRows=1", {}) == "DSN=acme;MaxRows=1"
    assert connection_string("DSN=acme;MaxRows=1", {}) == "DSN=acme;MaxRows=1"
    assert connection_string("", {}) == ""
    assert connection_string("$own", names) == connection_string("{own}", names) == "DSN=other"
    with pytest.raises(QueryError, match="the notebook has no variable nothing"):
        connection_string("$nothing", names)
