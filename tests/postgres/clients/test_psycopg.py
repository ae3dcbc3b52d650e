"""psycopg 3."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.real_postgres import client
from support.same_tables import select
from support.told_apart import hold

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from support.postgres_address import Address

    from harvest_duck.sandbox import Sandbox


def rows(address: Address, *, binary: bool) -> dict[str, Any]:
    """Return the names, types and rows of every table."""
    found = {}
    with client("psycopg").connect(address.libpq, autocommit=True) as con:
        for name in TABLES:
            cursor = con.execute(select(name), binary=binary)
            columns = [(c.name, c.type_code, c.precision, c.scale, c.internal_size) for c in cursor.description]
            found[name] = columns, sorted(cursor.fetchall(), key=repr)
    return found


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_every_table_has_the_same_rows(ours: Address, theirs: Address, binary: bool) -> None:
    assert rows(ours, binary=binary) == rows(theirs, binary=binary)


def test_the_ready_views_have_the_rows_of_connect(ours: Address, account_connection: str) -> None:
    with (
        client("psycopg").connect(ours.of("live").libpq, autocommit=True) as served,
        harvest_duck.connect(account_connection) as con,
    ):
        for name in views():
            expected = sorted(map(repr, con.execute(f"FROM harvest.{name}()").fetchall()))
            for query in (f"SELECT * FROM harvest.{name}", f"SELECT * FROM {name}()"):
                assert sorted(map(repr, served.execute(query).fetchall())) == expected, query


def test_server_cursors_pipelines_and_copy(ours: Address, theirs: Address) -> None:
    def use(address: Address) -> dict[str, list[str]]:
        found = {}
        with client("psycopg").connect(address.libpq) as con:
            with con.cursor("named", scrollable=False) as cursor:
                cursor.itersize = 7
                cursor.execute("SELECT id, hours FROM harvest.time_entries WHERE hours > %s ORDER BY id", (2,))
                found["named"] = [repr(row) for row in cursor]
            con.rollback()
            with con.pipeline():
                one = con.execute("SELECT count(*) FROM harvest.clients")
                other = con.execute("SELECT name FROM harvest.tasks ORDER BY name LIMIT %s", (3,), prepare=True)
            found["pipeline"] = [repr(one.fetchall()), repr(other.fetchall())]
            with con.cursor().copy("COPY (SELECT * FROM harvest.clients ORDER BY id) TO STDOUT") as copied:
                found["copy"] = [repr(row) for row in copied.rows()]
            found["stream"] = [repr(row) for row in con.cursor().stream("SELECT id FROM harvest.users ORDER BY id")]
            rows = con.execute("SELECT %s, %s, %s, %s", ("é", 1.5, None, [1, 2])).fetchone()
            found["values"] = [repr(rows)]
            found["status"] = [con.info.encoding, str(con.info.timezone), str(con.info.server_version)]
        return found

    hold(use(ours), use(theirs))


def test_a_vanished_process_ends_the_requests(ours: Address, account: Sandbox) -> None:
    code = f"import psycopg; psycopg.connect({ours.of('live').libpq!r}).execute('SELECT sum(hours) FROM time_entries')"
    with held(account) as waiting, subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
        assert waiting.arrived.wait(PATIENCE_S)
        process.kill()
        assert waiting.all_gone()
