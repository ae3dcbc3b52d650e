"""Connection strings of attached accounts: as long as a connection of DuckDB needs them, and no longer."""

from __future__ import annotations

import gc
import re
import secrets
import types
from typing import TYPE_CHECKING

import duckdb
import pytest

import harvest_duck
from harvest_duck.connection.handles import Handle, connection_of, handle_named
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

COUNT = "SELECT count(*) > 0 FROM harvest.clients"


def handle_in(con: duckdb.DuckDBPyConnection, schema: str = "harvest") -> str:
    """The handle in the views of an attached account."""
    found = con.execute(
        "SELECT sql FROM duckdb_views() WHERE database_name = ? AND view_name = 'clients'", [schema]
    ).fetchone()
    assert found is not None
    return re.findall("@[0-9a-f]{32}", found[0])[0]


def held_by(text: str) -> list[str]:
    """The types of the objects of this process that refer to a string with `text` in it, running functions apart."""
    found = []
    for owner in gc.get_objects():
        for each in () if isinstance(owner, types.FrameType) else gc.get_referents(owner):
            if isinstance(each, str) and text in each:
                found.append(type(owner).__name__)  # noqa: PERF401 - a comprehension would hold `text` itself
    return found


def test_a_handle_stands_for_its_string_until_it_is_freed() -> None:
    handle = Handle("AccountId=1")
    other = Handle("AccountId=1")
    name = handle.name
    assert name != other.name
    assert (connection_of(name), connection_of("AccountId=2")) == ("AccountId=1", "AccountId=2")
    assert handle_named(name) is handle
    del handle
    assert handle_named(name) is None
    with pytest.raises(ConnectionStringError, match="attached this account is gone: attach it again"):
        connection_of(name)
    assert connection_of(other.name) == "AccountId=1"


def test_a_connection_string_is_freed_with_the_connection_that_attached_it(sandbox: Sandbox) -> None:
    mark = secrets.token_hex(8)
    con = harvest_duck.connect(f"{sandbox.connection_string()};RateLimit=off;DSN={mark}")
    harvest_duck.attach(con, f"APIKey={mark}", name="second")
    names = [handle_in(con), handle_in(con, "second")]
    assert connection_of(names[1]) == f"APIKey={mark}"
    assert "Handle" in held_by(mark)
    con.close()
    del con
    gc.collect()
    assert [handle_named(name) for name in names] == [None, None]
    assert held_by(mark) == []


def test_a_failed_query_does_not_keep_the_connection_string(sandbox: Sandbox) -> None:
    con = harvest_duck.connect(sandbox.connection_string(role="member") + ";RateLimit=off")
    name = handle_in(con)
    try:
        con.execute(COUNT)
    except duckdb.Error as error:
        assert "403" in str(error)  # noqa: PT017 - the test is about what stays afterwards
    assert harvest_duck.last_error(con) is not None
    con.close()
    del con
    gc.collect()
    assert handle_named(name) is None


def test_a_replaced_account_frees_its_string(connection: str) -> None:
    with harvest_duck.connect(connection) as con:
        before = handle_in(con)
        harvest_duck.attach(con, connection, name="HARVEST")
        assert (handle_named(before), handle_in(con) != before) == (None, True)
        assert con.execute(COUNT).fetchone() == (True,)


def test_a_cursor_outlives_the_connection_that_attached(connection: str) -> None:
    con = harvest_duck.connect(connection)
    name = handle_in(con)
    cursor = con.cursor()
    harvest_duck.register(cursor)
    del con
    gc.collect()
    assert cursor.execute(COUNT).fetchone() == (True,)
    cursor.close()
    del cursor
    gc.collect()
    assert handle_named(name) is None
