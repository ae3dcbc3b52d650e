"""Scans in other circumstances: after a fork, in threads, in a running event loop, at the end of the interpreter."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import harvest_duck
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.sandbox import Sandbox


def run(program: str, connection: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, with `harvest_duck` imported and the connection string in `CONNECTION`."""
    code = f"import harvest_duck, duckdb, gc, os, sys, threading\nCONNECTION = {connection!r}\n{program}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_a_forked_child_scans_and_leaves_the_parent_its_connections(connection: str) -> None:
    ended = run(
        """
small = CONNECTION + ";Pagesize=200;Timeout=20"
read = lambda: harvest_duck.scan("time_entries", small, columns=["id"]).read_all().num_rows
first = read()
child = os.fork()
if child == 0:
    same = read() == first
    gc.collect()
    os._exit(0 if same else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), read() == first)
""",
        connection,
    )
    assert ended.stdout == "0 True\n", ended.stderr


def test_a_thread_may_outlive_the_main_thread(connection: str) -> None:
    ended = run(
        """
def work():
    threading.main_thread().join()
    print(harvest_duck.scan("clients", CONNECTION).read_all().num_rows > 0)
harvest_duck.scan("roles", CONNECTION).read_all()
threading.Thread(target=work).start()
""",
        connection,
    )
    assert (ended.stdout, ended.returncode) == ("True\n", 0), ended.stderr


def test_an_open_reader_at_the_end_is_no_fuss(connection: str) -> None:
    ended = run(
        'reader = harvest_duck.scan("time_entries", CONNECTION + ";Pagesize=50")\nreader.read_next_batch()', connection
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_scan_works_inside_a_running_event_loop(connection: str) -> None:
    async def inside() -> int:
        return harvest_duck.scan("clients", connection, columns=["id"]).read_all().num_rows

    assert asyncio.run(inside()) > 0


def test_threads_with_cursors_of_their_own_read_the_same(
    con: duckdb.DuckDBPyConnection, connection: str, sandbox: Sandbox
) -> None:
    found: list[tuple[int, ...]] = []

    def read() -> None:
        cursor = con.cursor()
        harvest_duck.register(cursor, connection)
        found.extend(cursor.execute("SELECT count(*) FROM harvest_scan('time_entries')").fetchall())

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(len(sandbox.records(MAIN_ID, "time_entries")),)] * 6


def test_many_connections_at_once_keep_their_clients(connection: str) -> None:
    counts: list[int] = []

    def read(number: int) -> None:
        text = f"{connection};UserAgent=tests {number} (me@example.com)"
        counts.extend(harvest_duck.scan("roles", text, columns=["id"]).read_all().num_rows for _ in range(3))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 72
    assert len(set(counts)) == 1
