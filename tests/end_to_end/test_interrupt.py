"""Every way of stopping a query cancels its requests, and the next query works."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.clocks import PATIENCE_S
from support.command import COMMAND, environment
from support.held import held
from support.loop_tasks import others
from support.program import python, run, start
from support.run_size import usually

import harvest_duck
from harvest_duck.runtime import loop
from harvest_duck.runtime.interrupt import watch_sigint
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.held import Held

    from harvest_duck.sandbox import Sandbox

SUM = "SELECT sum(hours) FROM harvest.time_entries"
SORTED = "SELECT client_name, hours FROM harvest.time_entries ORDER BY hours DESC"
JOINED = (
    "SELECT c.name, sum(t.hours) FROM harvest.clients c JOIN harvest.time_entries t ON t.client_id = c.id GROUP BY ALL"
)
#: As ever; as many threads as a server has; one thread that is not the caller's.
THREADS = ("", "SET threads = 8", "SET threads = 1; SET external_threads = 0")

STOPPED = """
import asyncio, sys
import duckdb, harvest_duck
from harvest_duck.http.ratelimit.shared_window import LOOKING
from harvest_duck.runtime import loop

async def tasks():
    return sum(task.get_name() != LOOKING for task in asyncio.all_tasks()) - 1

con = harvest_duck.connect(CONNECTION)
for sql, settings in QUERIES:
    sys.stdin.readline()
    con.execute("RESET threads; RESET external_threads")
    con.execute(settings)
    try:
        try:
            con.execute(sql).fetchall()
        except (duckdb.Error, RuntimeError):
            print(end="")
    except KeyboardInterrupt:
        pass
    print(con.execute("SELECT count(*) FROM harvest.clients").fetchall(), loop.run(tasks()), flush=True)
"""


async def _tasks() -> int:
    return len(others())


def tasks() -> int:
    """The number of tasks on the loop that all requests run on."""
    gc.collect()
    return loop.run(_tasks())


@pytest.fixture
def small(connection: str) -> str:
    """A connection with small pages, so that lists have many."""
    return f"{connection};Pagesize=50"


@pytest.fixture(scope="module")
def opened(agency: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the agency in it, in pages of fifty."""
    with harvest_duck.connect(f"{agency.connection_string()};RateLimit=off;ReportsRateLimit=off;Pagesize=50") as con:
        yield con


@pytest.fixture
def fifty(opened: duckdb.DuckDBPyConnection, small: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of that DuckDB."""
    with opened.cursor() as cursor:
        harvest_duck.register(cursor, small)
        yield cursor
        cursor.execute("RESET threads; RESET external_threads")


def works(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> bool:
    """Whether the connection can be used, and right."""
    found = con.execute("SELECT count(*) FROM harvest.clients").fetchall()
    return found == [(len(sandbox.records(MAIN_ID, "clients")),)]


def interrupted(holding: Held, *command: str, connection: str = "") -> tuple[int, str, str]:
    """Return the exit status and the output of a command that gets SIGINT while it waits for Harvest."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(connection)
    ) as process:
        try:
            assert holding.arrived.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    return process.returncode, out, err


@pytest.mark.thorough
def test_ctrl_c_ends_a_query_whichever_thread_waits(small: str, sandbox: Sandbox) -> None:
    queries = [*((SUM, settings) for settings in THREADS), (SORTED, THREADS[2]), (JOINED, THREADS[1])]
    wanted = f"[({len(sandbox.records(MAIN_ID, 'clients'))},)] 0\n"
    with start(f"CONNECTION, QUERIES = {small!r}, {queries!r}\n{STOPPED}", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for query in queries:
                with held(sandbox) as holding:
                    process.stdin.write("\n")
                    process.stdin.flush()
                    assert holding.arrived.wait(PATIENCE_S)
                    process.send_signal(signal.SIGINT)
                    assert holding.all_gone()
                assert process.stdout.readline() == wanted, query
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, out) == (0, ""), err
    assert {entry.status for entry in sandbox.requests if entry.path.endswith("/clients")} == {200}


@pytest.mark.parametrize("sql", [SUM, pytest.param(JOINED, marks=pytest.mark.thorough)])
def test_the_command_that_ctrl_c_ends_has_status_130(sql: str, small: str, sandbox: Sandbox) -> None:
    with held(sandbox) as holding:
        status, out, err = interrupted(holding, *COMMAND, "query", sql, connection=small)
        assert holding.all_gone()
    assert (status, out, err.strip()) == (130, "", "interrupted")


@pytest.mark.thorough
def test_a_script_that_reads_batches_dies_of_ctrl_c_as_a_shell_expects(small: str, sandbox: Sandbox) -> None:
    """A shell shows 130 for a process that a SIGINT ended; Python 3.13 shows the lines of the script too."""
    program = "import harvest_duck\nfor batch in harvest_duck.scan('time_entries'): pass"
    with held(sandbox, page=2) as holding:
        status, _, err = interrupted(holding, *python(program), connection=small)
        assert holding.all_gone()
    assert (status, err.splitlines()[-1]) == (-signal.SIGINT, "KeyboardInterrupt")


@pytest.mark.thorough
def test_ctrl_c_leaves_a_scan_of_another_thread(small: str, sandbox: Sandbox) -> None:
    program = f"""
import threading, harvest_duck
con = harvest_duck.connect({small!r})
found = []
ended = threading.Event()
def read():
    try:
        found.append(harvest_duck.scan("time_entries", {small!r}).read_all().num_rows)
    finally:
        ended.set()
threading.Thread(target=read).start()
try:
    ended.wait()
except KeyboardInterrupt:
    print("heard", flush=True)
ended.wait()
print(*found)
"""
    with held(sandbox) as holding:
        with start(program) as process:
            assert process.stdout is not None
            assert holding.arrived.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "heard\n"
            holding.let_go()
            out, _ = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out) == (0, f"{len(sandbox.records(MAIN_ID, 'time_entries'))}\n")


@pytest.mark.thorough
def test_python_does_with_the_signal_what_it_did(fifty: duckdb.DuckDBPyConnection) -> None:
    before = signal.getsignal(signal.SIGINT)
    fifty.execute(SUM).fetchall()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_wakeup_descriptor_of_somebody_else_is_left_alone() -> None:
    ours = signal.set_wakeup_fd(-1)
    mine, theirs = socket.socketpair()
    with mine, theirs:
        mine.settimeout(0)
        signal.set_wakeup_fd(mine.fileno())
        try:
            watch_sigint()
        finally:
            left = signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
        assert left == mine.fileno()


def test_only_the_main_thread_installs_the_wakeup() -> None:
    ours = signal.set_wakeup_fd(-1)
    thread = threading.Thread(target=watch_sigint)
    thread.start()
    thread.join()
    assert signal.set_wakeup_fd(ours, warn_on_full_buffer=False) == -1


@pytest.mark.parametrize("settings", THREADS)
@pytest.mark.parametrize("sql", usually([SUM, SORTED, JOINED], every=3))
def test_an_interrupt_from_another_thread_ends_a_query(
    sql: str, settings: str, fifty: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    fifty.execute(settings)
    with held(sandbox) as holding:
        thread = threading.Thread(target=lambda: holding.arrived.wait(PATIENCE_S) and harvest_duck.interrupt(fifty))
        thread.start()
        with pytest.raises(duckdb.Error, match=r"(?i)interrupted"):
            fifty.execute(sql).fetchall()
        thread.join()
        assert holding.all_gone()
        assert works(fifty, sandbox)
    assert tasks() == 0


def test_one_interrupt_ends_the_scans_of_a_ready_view_that_have_not_begun(
    fifty: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    harvest_duck.clear_cache()
    with held(sandbox, "/users/me") as holding, ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: fifty.execute("FROM harvest.utilization()").fetchall())
        assert holding.arrived.wait(PATIENCE_S)
        harvest_duck.interrupt(fifty)
        with pytest.raises(duckdb.Error, match=r"(?i)interrupted"):
            running.result(PATIENCE_S)
        assert holding.all_gone()
    assert works(fifty, sandbox)


def test_an_interrupt_leaves_a_query_that_is_written_and_not_run(
    fifty: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    clients = [(len(sandbox.records(MAIN_ID, "clients")),)]
    relation = fifty.sql("SELECT count(*) FROM harvest.clients")
    fifty.execute("PREPARE counted AS SELECT count(*) FROM harvest.clients")
    harvest_duck.interrupt(fifty)
    assert fifty.execute("EXECUTE counted").fetchall() == clients
    assert relation.fetchall() == clients


def test_an_interrupt_of_duckdb_alone_is_heard_when_the_answer_comes(
    fifty: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    def interrupt() -> None:
        assert holding.arrived.wait(PATIENCE_S)
        fifty.interrupt()
        holding.let_go()

    with held(sandbox) as holding:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(duckdb.InterruptException):
            fifty.execute(SUM).fetchall()
        thread.join()
    assert works(fifty, sandbox)
    assert tasks() == 0


def test_an_interrupt_is_for_one_cursor(fifty: duckdb.DuckDBPyConnection, small: str, sandbox: Sandbox) -> None:
    cursor = fifty.cursor()
    harvest_duck.register(cursor, small)
    found: list[tuple[int, ...]] = []
    other = threading.Thread(
        target=lambda: found.extend(cursor.execute("SELECT count(*) FROM harvest_scan('time_entries')").fetchall())
    )
    with held(sandbox) as holding:
        other.start()
        assert holding.arrived.wait(PATIENCE_S)
        holding.arrived.clear()
        thread = threading.Thread(target=lambda: holding.arrived.wait(PATIENCE_S) and harvest_duck.interrupt(fifty))
        thread.start()
        with pytest.raises(duckdb.Error, match=r"(?i)interrupted"):
            fifty.execute(SUM).fetchall()
        thread.join()
        assert holding.under_way
        holding.let_go()
        other.join()
    assert found == [(len(sandbox.records(MAIN_ID, "time_entries")),)]


def test_an_interrupt_without_a_query_does_nothing(fifty: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    harvest_duck.interrupt(fifty)
    assert works(fifty, sandbox)
    with duckdb.connect() as stranger:
        harvest_duck.interrupt(stranger)
        assert stranger.execute("SELECT 1").fetchall() == [(1,)]


def test_a_query_that_asyncio_gives_up_is_ended_by_an_interrupt(
    fifty: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    async def query() -> None:
        running = asyncio.get_running_loop().run_in_executor(None, lambda: fifty.execute(SUM).fetchall())
        await asyncio.to_thread(holding.arrived.wait, PATIENCE_S)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), 0)
        harvest_duck.interrupt(fifty)
        with pytest.raises(duckdb.Error, match=r"(?i)interrupted"):
            await running

    with held(sandbox) as holding:
        asyncio.run(query())
        assert holding.all_gone()
        assert works(fifty, sandbox)
    assert tasks() == 0


def _limit(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    # With more threads DuckDB asks for batches beyond the limit, and waits for them (1.4).
    con.execute("SET threads = 1")
    assert len(con.execute("SELECT id FROM harvest.time_entries LIMIT 3").fetchall()) == 3


def _failing_cast(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    with pytest.raises(duckdb.ConversionException):
        con.execute("SELECT CAST(client_name AS INTEGER) FROM harvest.time_entries").fetchall()


def _failing_function(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    pytest.importorskip("numpy")

    def fail(number: int) -> int:
        raise LookupError(number)

    con.create_function("fail", fail, ["BIGINT"], "BIGINT")
    with pytest.raises(duckdb.Error, match="LookupError"):
        con.execute("SELECT fail(id) FROM harvest.time_entries").fetchall()


def _reader_let_go(_con: duckdb.DuckDBPyConnection, connection: str) -> None:
    reader = harvest_duck.scan("time_entries", connection)
    reader.read_next_batch()
    reader.read_next_batch()
    del reader


def _reader_closed(_con: duckdb.DuckDBPyConnection, connection: str) -> None:
    with harvest_duck.scan("time_entries", connection) as reader:
        reader.read_next_batch()
        reader.read_next_batch()
    del reader


def _raised_while_iterating(_con: duckdb.DuckDBPyConnection, connection: str) -> None:
    def iterate() -> None:
        for number, _ in enumerate(harvest_duck.scan("time_entries", connection)):
            if number == 1:
                raise LookupError

    with pytest.raises(LookupError):
        iterate()


def _dropped_on_another_thread(_con: duckdb.DuckDBPyConnection, connection: str) -> None:
    readers = [harvest_duck.scan("time_entries", connection)]
    readers[0].read_next_batch()
    readers[0].read_next_batch()
    thread = threading.Thread(target=readers.clear)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    "stop",
    [
        _limit,
        _failing_cast,
        _failing_function,
        _reader_let_go,
        _reader_closed,
        _raised_while_iterating,
        _dropped_on_another_thread,
    ],
)
def test_a_scan_that_ends_early_cancels_its_requests(
    stop: Callable[[duckdb.DuckDBPyConnection, str], None],
    fifty: duckdb.DuckDBPyConnection,
    small: str,
    sandbox: Sandbox,
) -> None:
    with held(sandbox, page=3) as holding:
        stop(fifty, small)
        gc.collect()
        assert tasks() == 0
        assert not holding.arrived.is_set() or holding.all_gone()
        assert works(fifty, sandbox)


def test_rows_that_are_not_fetched_are_not_requested(fifty: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    fifty.execute("SELECT id FROM harvest.time_entries").fetchmany(5)
    assert works(fifty, sandbox)
    assert tasks() == 0


def test_two_readers_take_turns(small: str, sandbox: Sandbox) -> None:
    ids = sorted(record["id"] for record in sandbox.records(MAIN_ID, "time_entries"))
    first, second = (harvest_duck.scan("time_entries", small, columns=["id"]) for _ in range(2))
    found: tuple[list[int], list[int]] = ([], [])
    for one, other in zip(first, second, strict=True):
        found[0].extend(one.column(0).to_pylist())
        found[1].extend(other.column(0).to_pylist())
    assert [sorted(part) for part in found] == [ids, ids]


def test_a_reader_can_be_handed_from_thread_to_thread(small: str, sandbox: Sandbox) -> None:
    reader = harvest_duck.scan("time_entries", small, columns=["id"])
    found: list[int] = []
    ended = False

    def read() -> None:
        nonlocal ended
        try:
            found.extend(reader.read_next_batch().column(0).to_pylist())
        except StopIteration:
            ended = True

    while not ended:
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    assert sorted(found) == sorted(record["id"] for record in sandbox.records(MAIN_ID, "time_entries"))


@pytest.mark.thorough
def test_the_signal_wakeup_is_removed_at_exit(small: str) -> None:
    """What is registered first is called last."""
    program = f"""
import atexit, signal
atexit.register(lambda: print(signal.set_wakeup_fd(-1)))
import harvest_duck
harvest_duck.connect({small!r}).execute("FROM harvest.clients").fetchall()
"""
    ended = run(program)
    assert (ended.stdout, ended.stderr) == ("-1\n", "")
