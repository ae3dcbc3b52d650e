"""Compare reading time entries by PostgreSQL's protocol with reading them from `harvest_duck.connect`, side by side.

The stand-in has no limits. "alone" reads all record batches of a query in a fresh process; "served" runs the same query
in a server that waits for it, and reads the rows as text with libpq, which every driver in C is made of. Both are run
in turn, and the medians are compared. The memory is the peak of a server's process after a query of all columns, of few
and of many rows. Fails if a promise is broken; `--short` allows half as much again, and leaves out the memory.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import json
import resource
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING

from measuring import Figures, measured_by, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

QUERIES = {
    "5 columns": "SELECT id, spent_date, hours, notes, is_billed FROM time_entries",
    "every column": "SELECT * FROM time_entries",
}
PROMISES = {"5 columns": 1.3, "every column": 2.2}
MEMORY = 1.2
LEEWAY = 1.5
PAGE = 2000
OFF = ";RateLimit=off;ReportsRateLimit=off"
#: The end of what a server sends for a query: ReadyForQuery, outside a transaction.
READY = b"Z\0\0\0\5I"


class Server:
    """A server in a process of its own, which tells what it has used."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def used(self) -> Figures:
        """Return its CPU seconds and the peak of its memory in MB."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        figures: Figures = json.loads(self._line())
        return figures

    def _line(self) -> str:
        assert self._process.stdout is not None
        return next(self._process.stdout)


@contextmanager
def running(connection: str) -> Iterator[Server]:
    """Serve the account of a connection string."""
    command = [sys.executable, __file__, "--serve", connection + OFF]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.terminate()


def serve(connection: str) -> None:
    """Serve until the process is terminated; for each line that is read one is written, with what was used."""
    from harvest_duck.servers.postgres.server import PostgresServer  # noqa: PLC0415 - as above
    from harvest_duck.servers.served import Served  # noqa: PLC0415 - only the server's process imports it

    with PostgresServer([Served("account", connection)], port=0) as server:
        print(server.port, flush=True)
        for _ in sys.stdin:
            used = resource.getrusage(resource.RUSAGE_SELF)
            cpu_s = used.ru_utime + used.ru_stime
            print(json.dumps({"cpu_s": cpu_s, "peak_mb": used.ru_maxrss / 1024}), flush=True)


def alone(connection: str, sql: str) -> Figures:
    """Read all record batches of a query."""
    import harvest_duck  # noqa: PLC0415 - only this process imports it

    con = harvest_duck.connect(connection + OFF, name="harvest")
    con.execute("USE harvest")
    began, cpu_s = time.perf_counter(), time.process_time()
    rows = sum(batch.num_rows for batch in con.sql(sql).to_arrow_reader(PAGE))
    return {"wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu_s, "rows": rows}


def served(port: str, sql: str) -> Figures:
    """Read all rows of a query with libpq, as texts."""
    pq = ctypes.CDLL(str(libpq()))
    pq.PQconnectdb.restype = pq.PQexec.restype = ctypes.c_void_p
    pq.PQexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    pq.PQntuples.argtypes = [ctypes.c_void_p]
    con = pq.PQconnectdb(f"host=127.0.0.1 port={port} user=reader dbname=account".encode())
    began = time.perf_counter()
    rows = pq.PQntuples(pq.PQexec(con, sql.encode()))
    return {"wall_s": time.perf_counter() - began, "rows": rows}


def libpq() -> str | None:
    """Return the library that PostgreSQL's clients of C use, if it is installed."""
    return ctypes.util.find_library("pq")


def read(port: int, sql: str) -> None:
    """Run a query and read its rows to their end, and keep none."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        body = b"\0\3\0\0user\0reader\0database\0account\0\0"
        client.sendall((len(body) + 4).to_bytes(4, "big") + body)
        _until_ready(client)
        client.sendall(b"Q" + (len(sql) + 5).to_bytes(4, "big") + sql.encode() + b"\0")
        _until_ready(client)


def _until_ready(client: socket.socket) -> None:
    tail, buffer = b"", bytearray(1 << 20)
    while tail != READY:
        count = client.recv_into(buffer)
        assert count, "the server closed the connection"
        tail = (tail + bytes(buffer[max(0, count - len(READY)) : count]))[-len(READY) :]


def compared(connection: str, runs: int, rows: int) -> dict[str, tuple[float, float, float]]:
    """Return for each query the median seconds alone and served, and the server's CPU against that alone."""
    found = {}
    with running(connection) as server:
        read(server.port, "SELECT count(*) FROM time_entries")  # the first opens the account
        for name, sql in QUERIES.items():
            sides = []
            for _ in range(runs):
                one = measured_by("postgres_wire.py", "--alone", connection, sql)
                before = server.used()["cpu_s"]
                other = measured_by("postgres_wire.py", "--served", str(server.port), sql)
                assert one["rows"] == other["rows"] == rows
                sides.append((one["wall_s"], other["wall_s"], (server.used()["cpu_s"] - before) / one["cpu_s"]))
            by_side = zip(*sides, strict=True)
            ours, wire, cpu = (median(side) for side in by_side)
            found[name] = ours, wire, cpu
    return found


def peak_mb(pages: int) -> float:
    """Return the peak of a server's memory when all columns of so many pages were read once."""
    with serving("static_server.py", "--pages", str(pages)) as connection, running(connection) as server:
        read(server.port, QUERIES["every column"])
        peak: float = server.used()["peak_mb"]
        return peak


def compare(runs: int, *, short: bool) -> bool:
    """Print the table, and return whether every promise is kept."""
    kept = True
    pages = 40 if short else 100
    print("| what | promised | measured | |\n|---|---|---|---|")
    with serving("static_server.py", "--pages", str(pages)) as connection:
        for name, (ours, wire, cpu) in compared(connection, runs, pages * PAGE).items():
            bound = PROMISES[name] * (LEEWAY if short else 1)
            kept &= wire / ours <= bound
            figures = f"{wire / ours:.2f} | {wire:.2f} s against {ours:.2f} s, CPU {cpu:.2f} |"
            print(f"| {pages * PAGE:,} rows, {name}: wall | ≤ {PROMISES[name]:g} | {figures}", flush=True)
    if not short:
        few, many = peak_mb(100), peak_mb(1000)
        kept &= many / few <= MEMORY
        figures = f"{many / few:.2f} | {many:.0f} MB against {few:.0f} MB |"
        print(f"| 2,000,000 rows, every column: the server's memory | ≤ {MEMORY:g} | {figures}", flush=True)
    return kept


def main() -> None:
    """Compare, or be one of the processes that are compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="fewer rows, with leeway, and no memory")
    parser.add_argument("--serve", metavar="CONNECTION", help=argparse.SUPPRESS)
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--served", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    elif options.alone:
        print(json.dumps(alone(*options.alone)))
    elif options.served:
        print(json.dumps(served(*options.served)))
    elif libpq() is None:
        print("libpq is not installed: nothing is measured")
    else:
        sys.exit(0 if compare(options.runs, short=options.short) else 1)


if __name__ == "__main__":
    main()
