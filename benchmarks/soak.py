"""Read four million entries and run a thousand queries, and print what the process still holds: see README.md.

The measured code runs in fresh processes, the servers in others.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

READ = "SELECT count(*), sum(hours), max(id), count(DISTINCT client_name) FROM harvest.time_entries"
ROUNDED_MB = 1024.0

#: One thread for all interrupts: the system lists a thread for a moment after it was joined.
_interrupting = ThreadPoolExecutor(1)


def read(connection: str, sql: str) -> None:
    """Run `sql` in this process; print rows, seconds and memory over time as JSON."""
    import harvest_duck  # noqa: PLC0415 - only the measured process loads it

    con = harvest_duck.connect(connection)
    curve: list[float] = []
    over = threading.Event()

    def sample() -> None:
        while not over.wait(0.25):
            curve.append(_rss_mb())

    sampling = threading.Thread(target=sample)
    sampling.start()
    began = time.perf_counter()
    rows = con.execute(sql).fetchall()[0][0]
    wall_s = time.perf_counter() - began
    over.set()
    sampling.join()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / ROUNDED_MB
    print(json.dumps({"rows": rows, "wall_s": wall_s, "peak_mb": peak_mb, "curve_mb": curve}))


def queries(connection: str, count: int, warm_up: int) -> None:
    """Run `count` queries of every kind here; print what the process holds after `warm_up` and at the end as JSON."""
    import harvest_duck  # noqa: PLC0415 - only the measured process loads it

    con = harvest_duck.connect(f"{connection};Pagesize=50")
    # Smaller than a page, so that a result that is not fetched leaves most of its requests unsent.
    con.execute("SET streaming_buffer_size = '1KB'")
    before, errors = {}, 0
    for number in range(count):
        if number == warm_up:
            before = held()
        kind = KINDS[number % len(KINDS)]
        try:
            kind(con, connection)
        except Exception:  # noqa: BLE001 - some fail on purpose
            errors += 1
    print(json.dumps({"before": before, "after": held(), "queries": count - warm_up, "errors": errors}))


def held() -> dict[str, float]:
    """Return what the process holds: its threads, open files, the tasks of the event loop, and memory in MB."""
    from harvest_duck.runtime import loop  # noqa: PLC0415 - only the measured process loads it

    gc.collect()
    _start_threads(loop.own("decoding", lambda: _interrupting))
    # Connections kept for the next query are no leak; their number varies.
    loop.run(_idle())
    return {
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "python_threads": threading.active_count(),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "tasks": loop.run(_tasks()),
        "rss_mb": _rss_mb(),
    }


def _start_threads(pool: ThreadPoolExecutor) -> None:
    """Start all threads of a pool: it starts another one whenever there is work and none is idle, however late."""
    threads = pool._max_workers  # noqa: SLF001 - there is no public one
    together = threading.Barrier(threads)
    wait([pool.submit(together.wait) for _ in range(threads)])


async def _idle() -> None:
    from harvest_duck.runtime import loop  # noqa: PLC0415 - as above

    clients: Any = loop.own("clients", dict)
    await clients.close()
    for _ in range(10):
        await asyncio.sleep(0)


async def _tasks() -> int:
    return len(asyncio.all_tasks()) - 1


def _whole(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    con.execute("SELECT count(*), max(name) FROM harvest.clients").fetchall()


def _joined(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    con.execute("SELECT t.name, count(*) FROM harvest.tasks t, harvest.clients GROUP BY ALL").fetchall()


def _limited(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    con.execute("SELECT id, notes FROM harvest.time_entries LIMIT 3").fetchall()


def _dropped(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    con.execute("SELECT id, notes FROM harvest.time_entries").fetchmany(5)


def _failing(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    con.execute("SELECT CAST(name AS INTEGER) FROM harvest.clients").fetchall()


def _refused(con: duckdb.DuckDBPyConnection, connection: str) -> None:
    con.execute("FROM harvest_scan('clients', ?)", [f"{connection};APIKey=wrong"]).fetchall()


def _interrupted(con: duckdb.DuckDBPyConnection, _connection: str) -> None:
    import harvest_duck  # noqa: PLC0415 - as above

    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(0.002):
            if harvest_duck.progress(con):
                harvest_duck.interrupt(con)

    interrupting = _interrupting.submit(interrupt)
    try:
        con.execute("SELECT sum(hours) FROM harvest.time_entries").fetchall()
    finally:
        over.set()
        interrupting.result()


def _half_read(_con: duckdb.DuckDBPyConnection, connection: str) -> None:
    import harvest_duck  # noqa: PLC0415 - as above

    harvest_duck.scan("time_entries", f"{connection};Pagesize=50").read_next_batch()


def _closed(_con: duckdb.DuckDBPyConnection, connection: str) -> None:
    import harvest_duck  # noqa: PLC0415 - as above

    with harvest_duck.scan("time_entries", f"{connection};Pagesize=50") as reader:
        reader.read_next_batch()


def _cursor(con: duckdb.DuckDBPyConnection, connection: str) -> None:
    import harvest_duck  # noqa: PLC0415 - as above

    with con.cursor() as cursor:
        harvest_duck.register(cursor, connection)
        cursor.execute("SELECT count(*) FROM harvest_scan('roles')").fetchall()


KINDS: tuple[Callable[[duckdb.DuckDBPyConnection, str], None], ...] = (
    _whole,
    _limited,
    _dropped,
    _failing,
    _refused,
    _interrupted,
    _half_read,
    _closed,
    _cursor,
    _joined,
)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1024 * 1024)


def measured(*options: str) -> dict[str, Any]:
    """Return the figures that a fresh process prints."""
    ended = subprocess.run([sys.executable, __file__, *options], check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(ended.stdout)
    return figures


def long_reads(pages: int) -> None:
    """Print the memory over time of a query over all pages, and of a Parquet file made from them."""
    with serving("static_server.py", "--pages", str(pages)) as connection, tempfile.TemporaryDirectory() as folder:
        copy = f"COPY (FROM harvest.time_entries) TO '{folder}/entries.parquet'"
        print("| query | rows | seconds | MB at 10 % | 25 % | 50 % | 75 % | 100 % | peak |")
        print("|---" * 9 + "|")
        for name, sql in (("aggregated", READ), ("to Parquet", copy)):
            figures = measured("--read", sql, "--connection", f"{connection};RateLimit=off")
            curve = figures["curve_mb"] or [figures["peak_mb"]]
            at = [curve[min(len(curve) - 1, len(curve) * share // 100)] for share in (10, 25, 50, 75, 100)]
            cells = " | ".join(f"{mb:.0f}" for mb in [*at, figures["peak_mb"]])
            print(f"| {name} | {figures['rows']:,} | {figures['wall_s']:.1f} | {cells} |", flush=True)


def many_queries(count: int) -> None:
    """Print what a process holds before and after many queries."""
    with serving("-m", "harvest_duck", "sandbox", "--port", "0", "--no-limits", "--scale", "0.1") as connection:
        figures = measured("--queries", str(count), "--connection", f"{connection};RateLimit=off")
    before, after = figures["before"], figures["after"]
    print("\n| held | before | after |\n|---|---|---|")
    for name in before:
        print(f"| {name} | {before[name]:,.0f} | {after[name]:,.0f} |")
    slope_kb = (after["rss_mb"] - before["rss_mb"]) * 1024 / figures["queries"]
    print(f"\n{figures['queries']:,} queries, {figures['errors']} of all failed as meant, {slope_kb:.1f} kB for each")


def main() -> None:
    """Measure everything and print it, or do in this process what one of the options says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2000, help="of 2,000 entries")
    parser.add_argument("--count", type=int, default=1000, help="of queries, and 200 before to warm up")
    for hidden in ("--read", "--queries", "--connection"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--warm-up", type=int, default=200, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read(options.connection, options.read)
    elif options.queries:
        queries(options.connection, int(options.queries) + options.warm_up, options.warm_up)
    else:
        long_reads(options.pages)
        many_queries(options.count)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
