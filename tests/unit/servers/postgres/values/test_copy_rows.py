"""COPY's messages of rows that are known; tests/postgres compares more with a real PostgreSQL."""

from __future__ import annotations

import duckdb
import pytest
from support.wire_values import copied

from harvest_duck.servers.postgres.failure import Failure

SQL = """SELECT * FROM (VALUES (1, 'a,"b' || chr(9) || '\\'), (2, NULL), (3, '')) AS t(n, "w,x") ORDER BY n"""


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({}, [b'1\ta,"b\\t\\\\\n', b"2\t\\N\n", b"3\t\n"]),
        ({"format": "csv", "header": "on"}, [b'n,"w,x"\n', b'1,"a,""b\t\\"\n', b"2,\n", b'3,""\n']),
        ({"format": "csv", "force_quote": ("n",), "null": "-"}, [b'"1","a,""b\t\\"\n', b'"2",-\n', b'"3",\n']),
    ],
)
def test_a_row_is_a_message(options: dict[str, str | tuple[str, ...]], messages: list[bytes]) -> None:
    with duckdb.connect() as con:
        assert copied(con, SQL, options) == messages


def test_the_signature_of_binary_is_in_one_message_with_the_first_row() -> None:
    signature = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    with duckdb.connect() as con:
        row = b"\0\1\0\0\0\1x"
        assert copied(con, "SELECT 'x' AS a FROM range(2)", {"format": "binary"}) == [signature + row, row, b"\xff\xff"]
        assert copied(con, "SELECT 'x' AS a FROM range(0)", {"format": "binary"}) == [signature + b"\xff\xff"]


@pytest.mark.parametrize(
    ("options", "sqlstate"),
    [({"format": "xml"}, "22023"), ({"quote": "'"}, "0A000"), ({"format": "csv", "force_quote": ("no",)}, "42703")],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, str | tuple[str, ...]], sqlstate: str) -> None:
    with duckdb.connect() as con, pytest.raises(Failure) as refused:
        copied(con, SQL, options)
    assert refused.value.sqlstate == sqlstate
