"""COPY … TO STDOUT writes what a real PostgreSQL 15 writes, message by message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from support.real_postgres import USER, real_postgres
from support.wire_client import WireClient, WireError
from support.wire_values import copied

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.statement_kinds import Copy
from harvest_duck.servers.postgres.sql.statements import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.real_postgres import RealPostgres

__all__ = ["real_postgres"]

TEXTS = [
    "",
    "a",
    "NULL",
    "\\N",
    "\\.",
    "a,b",
    'a"b',
    "a'b",
    "a|b",
    "a b",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\b\f\v\x01",
    "\\",
    "x;y",
    "ä€😀",
    "-",
    ":",
]
OPTIONS = [
    "",
    "(FORMAT text, HEADER)",
    "(DELIMITER '|', NULL '')",
    "(DELIMITER ':', NULL 'none')",
    "(DELIMITER E'\\b')",
    "(FORMAT csv)",
    "(FORMAT csv, HEADER, DELIMITER ';', NULL 'NULL')",
    "(FORMAT csv, QUOTE '''', ESCAPE E'\\\\')",
    "(FORMAT csv, FORCE_QUOTE *)",
    "(FORMAT csv, FORCE_QUOTE (word, number), HEADER true)",
    "(FORMAT csv, ESCAPE '|', DELIMITER E'\\t')",
    "(FORMAT binary)",
    "BINARY",
    "CSV HEADER FORCE QUOTE word",
]
REFUSED = [
    "(FORMAT xml)",
    "(DELIMITER 'a')",
    "(DELIMITER '||')",
    "(DELIMITER E'\\n')",
    "(NULL E'\\n')",
    "(QUOTE '\"')",
    "(ESCAPE '\"')",
    "(FORCE_QUOTE *)",
    "(FORMAT csv, QUOTE ',')",
    "(FORMAT csv, QUOTE 'ab')",
    "(FORMAT csv, ESCAPE '')",
    "(FORMAT csv, NULL 'a,b')",
    "(FORMAT csv, NULL '\"')",
    "(FORMAT binary, DELIMITER ',')",
    "(FORMAT binary, NULL '')",
    "(FORMAT binary, HEADER)",
    "(FORMAT csv, HEADER match)",
    "(FORMAT csv, HEADER perhaps)",
    "(FORMAT csv, FORCE_QUOTE (nothing))",
    "(FORMAT csv, FORCE_NULL (word))",
    "(sort true)",
]


@pytest.fixture(scope="module")
def real(real_postgres: RealPostgres) -> Iterator[WireClient]:
    """A connection to a real PostgreSQL."""
    with WireClient(real_postgres.port, USER, "postgres") as client:
        yield client


@pytest.mark.parametrize("options", OPTIONS)
def test_rows_are_copied_as_postgresql_copies_them(real: WireClient, options: str) -> None:
    values = ", ".join(f"({n}, {_literal(text)}, true, DATE '2026-01-02', NULL::text)" for n, text in enumerate(TEXTS))
    table = f'(VALUES {values}, (-1, NULL, NULL, NULL, NULL)) AS t(number, word, "t,f", day, nothing)'
    assert_same(real, f"SELECT * FROM {table}", options)
    assert_same(real, f"SELECT word FROM {table}", options.replace(", number", ""))
    assert_same(real, f"SELECT number, word FROM {table} WHERE number > 99", options)


def assert_same(real: WireClient, sql: str, options: str) -> None:
    """Raise AssertionError if our messages are not those of PostgreSQL."""
    with duckdb.connect() as con:
        assert copied(con, sql, _options(options)) == real.query(f"COPY ({sql}) TO STDOUT {options}").copied


@pytest.mark.parametrize("options", REFUSED)
def test_options_that_do_not_fit_are_refused_in_postgresql_s_words(real: WireClient, options: str) -> None:
    with pytest.raises(WireError) as theirs:
        real.query(f"COPY (SELECT 1 AS word) TO STDOUT {options}")
    with duckdb.connect() as con, pytest.raises(Failure) as ours:
        copied(con, "SELECT 1 AS word", _options(options))
    assert (ours.value.sqlstate, ours.value.message) == (theirs.value.sqlstate, theirs.value.message)


def _options(written: str) -> dict[str, str | tuple[str, ...]]:
    (statement,) = statements(f"COPY (SELECT 1) TO STDOUT {written}")
    assert isinstance(statement, Copy)
    return dict(statement.options)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
