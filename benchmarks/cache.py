"""Compare queries of a copy through views and `harvest_scan` with the same SELECT on the file, side by side in one run.

A copy of the sandbox's account is made, and its time entries are repeated until they are as many as wanted. Each round
runs every query in each way: by views of an account that is offline, by views of one that would be asked if the copy
were too old, and by `harvest_scan`. CPU time counts, of all threads, and the best of the rounds: whatever else runs on
the machine only ever adds time. Fails where the views take more than 1.3 times as much in all (1.5 of the account that
would be asked), or `harvest_scan` more than 3 times for all columns.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import duckdb

import harvest_duck
from harvest_duck.sandbox import Sandbox

#: What a dashboard asks, with all columns last.
QUERIES = (
    "SELECT count(*) FROM {}",
    "SELECT sum(hours) FROM {}",
    "SELECT client_name, project_name, sum(hours) FROM {} GROUP BY ALL ORDER BY ALL",
    "SELECT date_trunc('month', spent_date) AS month, user_name, sum(hours) FROM {} GROUP BY ALL ORDER BY ALL",
    "SELECT count(DISTINCT notes) FROM {} WHERE spent_date >= '2026-01-01'",
    "SELECT * FROM {} ORDER BY spent_date DESC, id LIMIT 100",
    "SELECT id, spent_date, hours, notes FROM {}",
    "SELECT * FROM {}",
)
#: A view of an account that would be asked is planned with both of its ways, which costs a few milliseconds.
VIEWS, FRESH, ALL_COLUMNS = 1.3, 1.5, 3.0


def copied(connection: str, path: Path, entries: int) -> None:
    """Make a copy with so many time entries at least."""
    harvest_duck.sync(connection, path, tables=["time_entries"])
    with duckdb.connect(str(path)) as con:
        ((rows,),) = con.execute("SELECT count(*) FROM time_entries").fetchall()
        con.execute(
            "INSERT INTO time_entries SELECT t.* REPLACE (t.id + 1_000_000_000 * n AS id) "
            f"FROM time_entries t, range(1, {-(-entries // rows)}) r(n)"
        )


def taken_s(con: duckdb.DuckDBPyConnection, query: str) -> float:
    """Return the CPU seconds that a query takes, with its rows as a table of Arrow."""
    began = time.process_time()
    found: Any = con.sql(query)
    (found.to_arrow_table if hasattr(found, "to_arrow_table") else found.fetch_arrow_table)()
    return time.process_time() - began


def measured(connection: str, path: Path, rounds: int) -> dict[tuple[str, str], float]:
    """Return the best time of each query in each way."""
    offline, asked_too = (
        f"CacheLocation={path};Offline=true",
        f"{connection};CacheLocation={path};CacheTolerance=100000",
    )
    with duckdb.connect() as plain, harvest_duck.connect(offline) as con, harvest_duck.connect(asked_too) as fresh:
        plain.execute(f"ATTACH '{path}' AS copy (READ_ONLY)")
        # Asks whose the token is, as the first query of a process does.
        fresh.execute("SELECT count(*) FROM harvest.time_entries").fetchall()
        ways = {
            "file": (plain, "copy.main.time_entries"),
            "view": (con, "harvest.time_entries"),
            "fresh": (fresh, "harvest.time_entries"),
            "scan": (con, "harvest_scan('time_entries')"),
        }
        best: dict[tuple[str, str], float] = {}
        for _, query, (way, (asked, source)) in product(range(rounds), QUERIES, ways.items()):
            best[query, way] = min(best.get((query, way), float("inf")), taken_s(asked, query.format(source)))
    return best


def main() -> None:
    """Measure, print a table, and fail where a ratio is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time-entries", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Sandbox(seed=7, scale=0.3, limits=False) as sandbox:
        path = Path(folder, "acme.duckdb")
        connection = sandbox.connection_string() + ";RateLimit=off;ReportsRateLimit=off"
        copied(connection, path, options.time_entries)
        best = measured(connection, path, options.rounds)
    print("| query | file, ms | view, offline | view, fresh | `harvest_scan` |\n|---|---|---|---|---|")
    for query in QUERIES:
        file_s = best[query, "file"]
        shown = query.format("time_entries")
        view, fresh, scan = (best[query, way] / file_s for way in ("view", "fresh", "scan"))
        print(f"| `{shown}` | {file_s * 1000:.1f} | {view:.2f} | {fresh:.2f} | {scan:.2f} |")
    in_all = {way: sum(best[query, way] for query in QUERIES) for way in ("file", "view", "fresh")}
    views, fresh_views = in_all["view"] / in_all["file"], in_all["fresh"] / in_all["file"]
    all_columns = best[QUERIES[-1], "scan"] / best[QUERIES[-1], "file"]
    print(
        f"DuckDB {duckdb.__version__}: views {views:.2f} in all, of an account that would be asked {fresh_views:.2f}; "
        f"all columns by harvest_scan {all_columns:.2f}"
    )
    if views > VIEWS or fresh_views > FRESH or all_columns > ALL_COLUMNS:
        sys.exit("a ratio is not kept")


if __name__ == "__main__":
    main()
