"""Scans in other circumstances: after a fork, in threads, in event loops and notebooks, at the interpreter's end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.held import held

import harvest_duck
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from pathlib import Path

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


def test_what_asks_harvest_is_loaded_by_the_first_query(connection: str) -> None:
    ended = run(
        """
loaded = lambda: [name for name in ("aiohttp", "authlib", "msgspec", "harvest_duck.sandbox", "pyarrow.dataset")
                  if name in sys.modules]
con = duckdb.connect()
print(loaded())
harvest_duck.register(con, CONNECTION)
print(loaded())
con.execute("SELECT count(*) FROM harvest_scan('roles')").fetchall()
print(loaded())
""",
        connection,
    )
    assert ended.stdout.splitlines() == ["[]", "['pyarrow.dataset']", "['aiohttp', 'msgspec', 'pyarrow.dataset']"], (
        ended.stderr
    )


def test_the_first_query_may_come_when_the_main_thread_has_ended(connection: str) -> None:
    ended = run(
        """
con = harvest_duck.connect(CONNECTION)
def work():
    threading.main_thread().join()
    print(con.execute("SELECT count(*) > 0 FROM harvest.roles").fetchone())
threading.Thread(target=work).start()
""",
        connection,
    )
    assert (ended.stdout, ended.returncode) == ("(True,)\n", 0), ended.stderr


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


ENDINGS = {
    "an open reader": """
reader = harvest_duck.scan("time_entries", SMALL)
reader.read_next_batch()
reader.read_next_batch()
""",
    "an exit while iterating": """
for number, batch in enumerate(harvest_duck.scan("time_entries", SMALL)):
    if number == 1:
        sys.exit(3)
""",
    "a reader in a daemon thread": """
def work():
    harvest_duck.scan("time_entries", SMALL).read_all()
threading.Thread(target=work, daemon=True).start()
sys.stdin.readline()
""",
    "a query in a daemon thread": """
def work():
    try:
        harvest_duck.connect(SMALL).execute("SELECT sum(hours) FROM harvest.time_entries").fetchall()
    except Exception:
        pass
threading.Thread(target=work, daemon=True).start()
sys.stdin.readline()
""",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_process_ends_while_a_request_hangs(ending: str, connection: str, sandbox: Sandbox) -> None:
    code = f"import harvest_duck, sys, threading\nSMALL = {connection!r} + ';Pagesize=50'\n{ENDINGS[ending]}"
    with held(sandbox, page=3) as holding:
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            if "daemon" in ending:
                assert holding.arrived.wait(60)
            _, err = process.communicate("\n", timeout=60)
        # A daemon thread that comes back from DuckDB too late ends the process in its own way, which is Python's.
        assert process.returncode == (3 if "exit" in ending else 0) or "query in a daemon" in ending, err
        assert not holding.arrived.is_set() or holding.all_gone()


FORKED = """
import multiprocessing
SMALL = CONNECTION + ";Pagesize=50"
def count(_=None):
    return harvest_duck.scan("time_entries", SMALL, columns=["id"]).read_all().num_rows
if __name__ == "__main__":
    whole = count()
"""


def test_a_fork_while_a_scan_is_under_way_disturbs_neither(connection: str) -> None:
    ended = run(
        FORKED
        + """
    reader = harvest_duck.scan("time_entries", SMALL, columns=["id"])
    rows = reader.read_next_batch().num_rows + reader.read_next_batch().num_rows
    child = os.fork()
    if child == 0:
        same = count() == whole
        os._exit(0 if same else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, rows + sum(batch.num_rows for batch in reader) == whole)
""",
        connection,
    )
    assert ended.stdout == "0 True\n", ended.stderr


def test_a_reader_of_the_parent_is_let_go_in_a_child_without_a_stir(connection: str) -> None:
    ended = run(
        FORKED
        + """
    reader = harvest_duck.scan("time_entries", SMALL, columns=["id"])
    rows = reader.read_next_batch().num_rows
    child = os.fork()
    if child == 0:
        del reader
        gc.collect()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, rows + sum(batch.num_rows for batch in reader) == whole)
""",
        connection,
    )
    assert ended.stdout == "0 True\n", ended.stderr


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_a_pool_scan(method: str, connection: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    heading = f"import harvest_duck\nCONNECTION = {connection!r}\n"
    pool = f"""
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(pool.map(count, range(4)) == [whole] * 4)
"""
    program.write_text(heading + FORKED + pool, encoding="utf-8")
    ended = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.stdout, ended.returncode) == ("True\n", 0), ended.stderr


def test_a_signal_of_a_forked_child_is_not_heard_in_the_parent(connection: str) -> None:
    ended = run(
        """
import signal
from harvest_duck.runtime import interrupt
con = harvest_duck.connect(CONNECTION)
con.execute("SELECT count(*) FROM harvest.roles").fetchall()
before = signal.set_wakeup_fd(-1)
signal.set_wakeup_fd(before, warn_on_full_buffer=False)
child = os.fork()
mine = signal.set_wakeup_fd(-1)
if child == 0:
    os._exit(mine in (-1, before))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), mine == before != -1)
""",
        connection,
    )
    assert ended.stdout == "0 True\n", ended.stderr


def test_asyncio_reads_in_threads_of_its_own(connection: str, sandbox: Sandbox) -> None:
    def count() -> int:
        with harvest_duck.connect(connection) as con:
            return int(con.execute("SELECT count(*) FROM harvest.time_entries").fetchall()[0][0])

    async def several() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(count) for _ in range(3)))

    assert asyncio.run(several()) == [len(sandbox.records(MAIN_ID, "time_entries"))] * 3


def test_a_cancelled_task_of_asyncio_leaves_its_query_to_an_interrupt(connection: str, sandbox: Sandbox) -> None:
    async def cancelled() -> None:
        task = asyncio.create_task(asyncio.to_thread(query))
        await asyncio.to_thread(holding.arrived.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        harvest_duck.interrupt(con)

    def query() -> None:
        with pytest.raises(duckdb.Error, match=r"(?i)interrupted"):
            con.execute("SELECT sum(hours) FROM harvest.time_entries").fetchall()

    with harvest_duck.connect(connection) as con, held(sandbox) as holding:
        asyncio.run(cancelled())
        assert holding.all_gone()
        assert con.execute("SELECT count(*) > 0 FROM harvest.roles").fetchall() == [(True,)]


NOTEBOOK = """
from jupyter_client.manager import start_new_kernel
manager, kernel = start_new_kernel(kernel_name="python3")
def cell(code):
    def heard(message):
        print(message["content"].get("text", ""), end="", flush=True)
    print(kernel.execute_interactive(code, timeout=120, output_hook=heard)["content"]["status"], flush=True)
def interrupt():
    sys.stdin.readline()
    manager.interrupt_kernel()
try:
    cell(f"import harvest_duck; con = harvest_duck.connect({CONNECTION!r}); con.execute({SETTINGS!r})")
    threading.Thread(target=interrupt).start()
    cell("con.execute('SELECT sum(hours) FROM harvest.time_entries').fetchall()")
    cell("print(con.execute('SELECT count(*) FROM harvest.clients').fetchall())")
finally:
    kernel.stop_channels()
    manager.shutdown_kernel(now=True)
"""


@pytest.mark.parametrize("settings", ["", "SET threads = 8", "SET threads = 1; SET external_threads = 0"])
def test_the_cell_of_a_notebook_can_be_interrupted(settings: str, connection: str, sandbox: Sandbox) -> None:
    pytest.importorskip("ipykernel")
    program = f"import sys, threading\nCONNECTION, SETTINGS = {connection!r}, {settings!r}\n{NOTEBOOK}"
    with (
        held(sandbox) as holding,
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert holding.arrived.wait(120)
        out, err = process.communicate("\n", timeout=120)
        assert holding.all_gone()
    assert out == f"ok\nerror\n[({len(sandbox.records(MAIN_ID, 'clients'))},)]\nok\n", err
