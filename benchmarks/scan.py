"""Reads many time entries through SQL and prints rows per second and peak memory: see README.md beside this file."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

QUERIES = {
    "every column, to a table": "CREATE TABLE t AS SELECT * FROM harvest.time_entries",
    "every column, aggregated": "SELECT {every} FROM harvest.time_entries",
    "four columns, aggregated": (
        "SELECT client_name, spent_date, sum(hours), count(notes) FROM harvest.time_entries GROUP BY ALL"
    ),
    "count": "SELECT count(*) FROM harvest.time_entries",
}


def measure(connection: str, sql: str) -> None:
    """One run in this process; prints its figures as JSON."""
    import harvest_duck  # noqa: PLC0415 - only the measured process loads it
    from harvest_duck.endpoints import TABLES  # noqa: PLC0415

    every = ", ".join(f"max({column.name})" for column in TABLES["time_entries"].columns)
    con = harvest_duck.connect(connection)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    con.execute(sql.format(every=every)).fetchall()
    wall_s = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, "rss_mb": after.ru_maxrss / 1024}))


def run(connection: str, sql: str) -> dict[str, float]:
    """The figures of one run in a fresh process."""
    ended = subprocess.run(
        [sys.executable, __file__, "--measure", sql, "--connection", connection],
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def main() -> None:
    """Start the sandbox, warm it up, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--connection", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.connection, options.measure)
        return
    command = [sys.executable, "-m", "harvest_duck", "sandbox", "--port", "0", "--no-limits"]
    command += ["--time-entries", str(options.rows), "--latency-ms", str(options.latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        line = next(line for line in serving.stdout if "AccountId=" in line)
        connection = line.strip().split()[-1] + ";RateLimit=off"
        run(connection, QUERIES["count"])
        print(f"{options.rows:,} time entries, {options.latency_ms} ms latency, medians of {options.runs}\n")
        print("| query | seconds | rows/s | rows per CPU second | peak RSS MB |\n|---|---|---|---|---|")
        for name, sql in QUERIES.items():
            runs = [run(connection, sql) for _ in range(options.runs)]
            wall_s, cpu_s, rss_mb = (statistics.median(r[key] for r in runs) for key in ("wall_s", "cpu_s", "rss_mb"))
            print(
                f"| {name} | {wall_s:.2f} | {options.rows / wall_s:,.0f} | {options.rows / cpu_s:,.0f} | {rss_mb:.0f} |"
            )
        serving.terminate()


if __name__ == "__main__":
    main()
