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
from harvest_duck.connection.handles import Handles
from harvest_duck.engine.shared_catalog import binding_of
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

COUNT = "SELECT count(*) > 0 FROM harvest.clients"
#: Objects whose referents are looked through together, which takes a fifth of the time of one after the other.
_AT_ONCE = 5000
FIRST = "FROM harvest.clients LIMIT 1"


@pytest.fixture(autouse=True, scope="module")
def _everything_in_sight() -> Iterator[None]:
    """Let `held_by` see what `conftest` keeps from the search for garbage: it may hold a string too."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


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
    # Looking into the module _asyncio may never end (Python 3.12.1).
    owners = [each for each in gc.get_objects() if not isinstance(each, types.FrameType | types.ModuleType)]
    for some in (owners[place : place + _AT_ONCE] for place in range(0, len(owners), _AT_ONCE)):
        for owner in some if _refer_to(some, text) else ():
            for each in gc.get_referents(owner):
                if isinstance(each, str) and text in each:
                    found.append(type(owner).__name__)  # noqa: PERF401 - a comprehension would hold `text` itself
    return found


def _refer_to(owners: list[object], text: str) -> bool:
    """Whether one of the objects refers to a string with `text` in it."""
    return any(text in each for each in gc.get_referents(*owners) if isinstance(each, str))


def second(mark: str) -> str:
    """A connection string with a mark in it that is no secret."""
    return f"AccountId=1;APIKey=token;UserAgent={mark}"


def test_a_handle_stands_for_its_string_until_it_is_freed() -> None:
    handles = Handles()
    handle, other = handles.add("AccountId=1"), handles.add("AccountId=1")
    name = handle.name
    assert name != other.name
    assert (handles.connection_of(name), handles.connection_of("AccountId=2")) == ("AccountId=1", "AccountId=2")
    del handle
    with pytest.raises(
        ConnectionStringError, match="was detached, or its connection of DuckDB closed: attach it again"
    ):
        handles.connection_of(name)
    assert handles.connection_of(other.name) == "AccountId=1"


def test_a_moment_may_stand_after_a_handle_and_nothing_else() -> None:
    handles = Handles(only_attached=True)
    handle, moment = handles.add("DSN=acme"), ";AsOf=2026-03-31T12:00:00.000000Z"
    assert f"{handle.name}{moment}" in handles
    assert handles.connection_of(f"{handle.name}{moment}") == f"DSN=acme{moment}"
    other = handles.add("as of=2020-01-01T00:00:00Z; APIKey={a;'b}")
    assert handles.connection_of(f"{other.name}{moment}") == f'APIKey="a;\'b"{moment}'
    assert handles.connection_of(other.name) == other.connection
    for text in (
        f"{moment}",
        f"{handle.name};Offline=true",
        f"{handle.name}{moment};AccountId=1",
        f"{handle.name};AsOf=",
    ):
        assert text not in handles
        with pytest.raises(ConnectionStringError, match="only_attached=True"):
            handles.connection_of(text)
    name = handle.name
    del handle
    with pytest.raises(ConnectionStringError, match="was detached"):
        handles.connection_of(f"{name}{moment}")


def test_nothing_but_a_handle_of_the_same_database_passes_a_closed_door() -> None:
    handles, others = Handles(only_attached=True), Handles()
    attached, stranger = handles.add("AccountId=1"), others.add("AccountId=2")
    assert handles.connection_of(attached.name) == "AccountId=1"
    for text in ("", "AccountId=3", "DSN=sandbox", attached.name.upper(), f" {attached.name}"):
        with pytest.raises(ConnectionStringError, match="only_attached=True") as refused:
            handles.connection_of(text)
        assert text.strip() not in str(refused.value) or not text.strip()
    with pytest.raises(ConnectionStringError, match="was detached"):
        handles.connection_of(stranger.name)


@pytest.mark.thorough
def test_a_connection_string_is_freed_with_the_database_that_it_was_attached_to(sandbox: Sandbox) -> None:
    mark = secrets.token_hex(8)
    con = harvest_duck.connect(f"{sandbox.connection_string()};RateLimit=off;UserAgent={mark}")
    harvest_duck.attach(con, second(mark), name="second")
    handles = binding_of(con).handles
    name = handle_in(con, "second")
    assert handles.connection_of(name) == second(mark)
    assert "Handle" in held_by(mark)
    con.close()
    del con
    gc.collect()
    assert held_by(mark) == []


@pytest.mark.thorough
def test_a_connection_string_is_freed_when_its_catalog_is_detached(connection: str) -> None:
    mark = secrets.token_hex(8)
    with harvest_duck.connect(connection) as con:
        harvest_duck.attach(con, second(mark), name="second")
        con.execute("DETACH second")
        gc.collect()
        assert held_by(mark) == []
        harvest_duck.attach(con, connection, name="second")
        assert con.execute(COUNT.replace("harvest.", "second.")).fetchone() == (True,)


@pytest.mark.thorough
def test_a_failed_query_does_not_keep_the_connection_string(sandbox: Sandbox) -> None:
    mark = secrets.token_hex(8)
    con = harvest_duck.connect(f"{sandbox.connection_string(role='member')};RateLimit=off;UserAgent={mark}")
    try:
        con.execute(FIRST).fetchall()
    except duckdb.Error as error:
        assert "403" in str(error)  # noqa: PT017 - the test is about what stays afterwards
    assert harvest_duck.last_error(con) is not None
    con.close()
    del con
    gc.collect()
    assert "Handle" not in held_by(mark)


@pytest.mark.thorough
def test_a_replaced_account_frees_its_string(connection: str) -> None:
    mark = secrets.token_hex(8)
    with harvest_duck.connect(connection) as con:
        harvest_duck.attach(con, second(mark), name="second")
        before = handle_in(con, "second")
        harvest_duck.attach(con, connection, name="SECOND")
        assert held_by(mark) == []
        # What was prepared with the views reads the new account by it.
        assert handle_in(con, "second") == before
        assert con.execute(COUNT.replace("harvest.", "second.")).fetchone() == (True,)


@pytest.mark.thorough
def test_a_cursor_outlives_the_connection_that_attached(sandbox: Sandbox) -> None:
    mark = secrets.token_hex(8)
    con = harvest_duck.connect(f"{sandbox.connection_string()};RateLimit=off;UserAgent={mark}")
    cursor = con.cursor()
    del con
    gc.collect()
    assert cursor.execute(COUNT).fetchone() == (True,)
    cursor.close()
    del cursor
    # DuckDB 1 does not tell that a cursor closes which was not registered: the next registration looks.
    harvest_duck.register(duckdb.connect())
    gc.collect()
    assert "Handle" not in held_by(mark)
