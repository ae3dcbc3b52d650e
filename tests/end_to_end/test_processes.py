"""Scans after a fork, in threads, in event loops, in notebooks and at the end of the interpreter."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.program import run as ended
from support.program import start

import harvest_duck
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox


def run(program: str, connection: str) -> subprocess.CompletedProcess[str]:
    """Run a program with `harvest_duck` imported and the connection string in `CONNECTION`."""
    return ended(f"import harvest_duck, duckdb, gc, os, sys, threading\nCONNECTION = {connection!r}\n{program}")


@pytest.mark.thorough
def test_the_http_client_is_loaded_once_a_connection_is_registered(connection: str, sandbox: Sandbox) -> None:
    done = run(
        """
from harvest_duck.runtime import loop
LATER = ("aiohttp", "harvest_duck.scanner.scan")
con = duckdb.connect()
print([name for name in ("pyarrow.dataset", *LATER) if name in sys.modules])
harvest_duck.register(con, CONNECTION)
async def turn():
    pass
while not all(name in sys.modules for name in LATER):
    loop.run(turn())
print([name for name in ("authlib", "harvest_duck.sandbox") if name in sys.modules])
""",
        connection,
    )
    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")
    assert not sandbox.requests


@pytest.mark.thorough
@pytest.mark.skipif(
    (3, 12) <= sys.version_info < (3, 12, 3),
    reason="no thread can be started then, CPython issue 113964, mended in 3.12.3",
)
def test_the_first_query_may_run_after_the_main_thread_has_ended(connection: str) -> None:
    done = run(
        """
con = harvest_duck.connect(CONNECTION)
def work():
    threading.main_thread().join()
    print(con.execute("SELECT count(*) > 0 FROM harvest.roles WHERE id > 1").fetchone())
threading.Thread(target=work).start()
""",
        connection,
    )
    assert (done.stdout, done.returncode) == ("(True,)\n", 0), done.stderr


@pytest.mark.thorough
def test_a_thread_may_outlive_the_main_thread(connection: str) -> None:
    done = run(
        """
def work():
    threading.main_thread().join()
    print(harvest_duck.scan("clients", CONNECTION.replace("127.0.0.1", "localhost")).read_all().num_rows > 0)
harvest_duck.scan("roles", CONNECTION).read_all()
threading.Thread(target=work).start()
""",
        connection,
    )
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr


@pytest.mark.thorough
def test_an_open_reader_at_the_end_prints_nothing(connection: str) -> None:
    done = run(
        'reader = harvest_duck.scan("time_entries", CONNECTION + ";Pagesize=50")\nreader.read_next_batch()', connection
    )
    assert (done.returncode, done.stderr) == (0, "")


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
    harvest_duck.connect(SMALL).execute("SELECT sum(hours) FROM harvest.time_entries").fetchall()
threading.Thread(target=work, daemon=True).start()
sys.stdin.readline()
""",
    "queries in daemon threads by cursors that are not registered": """
con = harvest_duck.connect(SMALL)
def work(cursor):
    cursor.execute("SELECT c.name, sum(t.hours) FROM harvest.time_entries t "
                   "JOIN harvest.clients c ON c.id = t.client_id GROUP BY ALL").fetchall()
for _ in range(3):
    threading.Thread(target=work, args=(con.cursor(),), daemon=True).start()
sys.stdin.readline()
""",
    "a daemon thread that has just begun": """
def work():
    harvest_duck.connect(SMALL).execute("SELECT sum(hours) FROM harvest.time_entries").fetchall()
threading.Thread(target=work, daemon=True).start()
""",
    "a connection that was just registered": """
harvest_duck.register()
""",
}


#: Of an exit while a scan runs in each kind of thread; the others are much like these.
USUAL = {"an exit while iterating", "queries in daemon threads by cursors that are not registered"}


@pytest.mark.parametrize(
    "ending", [pytest.param(each, marks=[] if each in USUAL else pytest.mark.thorough) for each in ENDINGS]
)
def test_the_process_ends_in_silence(ending: str, connection: str, sandbox: Sandbox) -> None:
    code = f"import harvest_duck, sys, threading\nSMALL = {connection!r} + ';Pagesize=50'\n{ENDINGS[ending]}"
    with held(sandbox, page=3) as holding:
        with start(code, stdin=subprocess.PIPE) as process:
            if "readline" in ENDINGS[ending]:
                assert holding.arrived.wait(PATIENCE_S)
            out, err = process.communicate("\n", timeout=PATIENCE_S)
        assert (process.returncode, out, err) == (3 if "exit" in ending else 0, "", "")
        assert not holding.arrived.is_set() or holding.all_gone()


COUNTING = """
import multiprocessing
SMALL = CONNECTION + ";Pagesize=50"
def count(_=None):
    return harvest_duck.scan("time_entries", SMALL, columns=["id"]).read_all().num_rows
"""

#: Each prints whether its claim holds. All of them share a process, which has its connections already.
FORKS = {
    "a child scans and leaves the parent its connections": """
whole = count()
status = forked(lambda: count() == whole and gc.collect() is not None)
claim(status == 0 and count() == whole)
""",
    "a fork while a scan is under way disturbs neither": """
reader = harvest_duck.scan("time_entries", SMALL, columns=["id"])
rows = reader.read_next_batch().num_rows + reader.read_next_batch().num_rows
status = forked(lambda: count() == whole)
claim(status == 0 and rows + sum(batch.num_rows for batch in reader) == whole)
""",
    "a child can drop a reader of its parent": """
reader = harvest_duck.scan("time_entries", SMALL, columns=["id"])
rows = reader.read_next_batch().num_rows
def dropped():
    global reader
    del reader
    gc.collect()
    return True
status = forked(dropped)
claim(status == 0 and rows + sum(batch.num_rows for batch in reader) == whole)
""",
    "a child has a wakeup descriptor of its own": """
con = harvest_duck.connect(CONNECTION)
con.execute("SELECT count(*) FROM harvest.roles").fetchall()
before = signal.set_wakeup_fd(-1)
signal.set_wakeup_fd(before, warn_on_full_buffer=False)
status = forked(lambda: signal.set_wakeup_fd(-1) not in (-1, before))
mine = signal.set_wakeup_fd(-1)
claim(status == 0 and mine == before != -1)
""",
}
FORKED = """
import signal
def forked(work):
    child = os.fork()
    if child == 0:
        os._exit(0 if work() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
def claim(holds):
    print(holds, flush=True)
"""


@pytest.mark.thorough
def test_a_fork_disturbs_neither_parent_nor_child(connection: str) -> None:
    done = run(COUNTING + FORKED + "".join(FORKS.values()), f"{connection};Timeout=20")
    assert dict(zip(FORKS, done.stdout.splitlines(), strict=False)) == dict.fromkeys(FORKS, "True"), done.stderr


FORK_DURING_IMPORT = """
import importlib.abc, signal
importing, forking = threading.Event(), threading.Event()
class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == NAME and threading.get_ident() != threading.main_thread().ident:
            importing.set()
            forking.wait()
sys.meta_path.insert(0, Watch())
def count():
    return harvest_duck.connect(CONNECTION).execute("SELECT count(*) FROM harvest.clients").fetchall()
counts = []
thread = threading.Thread(target=lambda: counts.append(count()))
thread.start()
importing.wait()
# Called before what harvest_duck itself does before a fork.
os.register_at_fork(before=forking.set)
child = os.fork()
if child == 0:
    signal.alarm(PATIENCE_S)
    os._exit(count()[0][0])
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
thread.join()
print(counts == [[(status,)]])
"""


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", ["harvest_duck.engine.shared_catalog", "harvest_duck.scanner.executor"])
def test_a_child_can_query_that_was_forked_while_a_thread_imported(name: str, connection: str) -> None:
    done = run(f"NAME, PATIENCE_S = {name!r}, {int(PATIENCE_S)}\n{FORK_DURING_IMPORT}", connection)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_a_pool_scan(method: str, connection: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    heading = f"import harvest_duck\nCONNECTION = {connection!r}\n"
    pool = f"""
if __name__ == "__main__":
    whole = count()
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(pool.map(count, range(4)) == [whole] * 4)
"""
    program.write_text(heading + COUNTING + pool, encoding="utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr


def test_asyncio_reads_in_threads_of_its_own(connection: str, sandbox: Sandbox) -> None:
    def count() -> int:
        with harvest_duck.connect(connection) as con:
            return int(con.execute("SELECT count(*) FROM harvest.time_entries").fetchall()[0][0])

    async def several() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(count) for _ in range(2)))

    assert asyncio.run(several()) == [len(sandbox.records(MAIN_ID, "time_entries"))] * 2


def test_a_cancelled_task_of_asyncio_leaves_its_query_to_an_interrupt(connection: str, sandbox: Sandbox) -> None:
    async def cancelled() -> None:
        task = asyncio.create_task(asyncio.to_thread(query))
        await asyncio.to_thread(holding.arrived.wait, PATIENCE_S)
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
    def output(message):
        print(message["content"].get("text", ""), end="", flush=True)
    print(kernel.execute_interactive(code, timeout=PATIENCE_S, output_hook=output)["content"]["status"], flush=True)
def interrupt():
    sys.stdin.readline()
    manager.interrupt_kernel()
try:
    for settings in SETTINGS:
        sys.stdin.readline()
        cell(f"import harvest_duck; con = harvest_duck.connect({CONNECTION!r}); con.execute({settings!r})")
        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        cell("con.execute('SELECT sum(hours) FROM harvest.time_entries').fetchall()")
        interrupting.join()
        cell("print(con.execute('SELECT count(*) FROM harvest.clients').fetchall())")
finally:
    kernel.stop_channels()
    manager.shutdown_kernel(now=True)
"""


@pytest.mark.thorough
def test_the_cells_of_a_notebook_can_be_interrupted(connection: str, sandbox: Sandbox) -> None:
    """With the usual settings, with as many threads as a server has, and with one thread that is not the caller's."""
    pytest.importorskip("ipykernel")
    values = (connection, ["", "SET threads = 8", "SET threads = 1; SET external_threads = 0"], PATIENCE_S)
    code = f"import sys, threading\nCONNECTION, SETTINGS, PATIENCE_S = {values!r}\n{NOTEBOOK}"
    with start(code, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for _ in range(3):
            with held(sandbox) as holding:
                process.stdin.write("\n")
                process.stdin.flush()
                assert holding.arrived.wait(PATIENCE_S)
                process.stdin.write("\n")
                process.stdin.flush()
                assert holding.all_gone()
        out, err = process.communicate(timeout=PATIENCE_S)
    assert out == f"ok\nerror\n[({len(sandbox.records(MAIN_ID, 'clients'))},)]\nok\n" * 3, err
