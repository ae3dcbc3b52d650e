"""Export time entries to Parquet: its memory, what readers find in it, and what kills leave of it: see README.md.

The measured commands run in fresh processes, the server in another.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measuring import serving

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OFF = ";RateLimit=off;ReportsRateLimit=off"
ROUNDED_MB = 1024.0
#: A server of so many pages is exported again and again while it is killed.
FEW_PAGES = 10


def command(connection: str, *arguments: str) -> list[str]:
    """Return the command that exports time entries."""
    return [sys.executable, "-m", "harvest_duck", "export", "time_entries", "-q", "-c", connection + OFF, *arguments]


def measured(arguments: list[str]) -> tuple[float, float, float]:
    """Run a command; return its seconds, those of its CPU, and its peak of memory in MB."""
    began = time.perf_counter()
    process = subprocess.Popen(arguments)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / ROUNDED_MB


def read_back(path: Path) -> Iterator[tuple[str, int, Any]]:
    """Yield the number of rows and the sum of hours that each reader finds, one column at a time in memory."""
    yield "DuckDB", *duckdb.sql(f"SELECT count(*), sum(hours) FROM '{path}'").fetchall()[0]
    hours = pq.read_table(path, columns=["hours"])["hours"]
    yield "pyarrow", len(hours), pc.sum(hours).as_py()
    try:
        import pandas as pd  # noqa: PLC0415 - may not be installed

        found = pd.read_parquet(path, columns=["hours"])
        yield "pandas", len(found), found["hours"].sum()
    except ImportError:
        print("pandas is not installed")
    try:
        import polars as pl  # noqa: PLC0415 - as above

        yield "Polars", *pl.scan_parquet(path).select(pl.len(), pl.col("hours").sum()).collect().row(0)
    except ImportError:
        print("Polars is not installed")


def check(connection: str, path: Path) -> None:
    """Compare what readers find with what a query of Harvest finds, and the types with those of the catalog."""
    sql = "SELECT count(id), sum(hours) FROM harvest.time_entries"
    asked = [sys.executable, "-m", "harvest_duck", "query", sql, "--format", "csv", "-c", connection + OFF]
    live = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()[1]
    for reader, rows, total in read_back(path):
        assert f"{rows},{total}" == live, (reader, rows, total, live)
        print(f"{reader}: {rows:,} rows, {total:,} hours, as Harvest")
    assert pq.read_schema(path).remove_metadata() == schema_of(table("time_entries"))
    kinds = {name: kind for name, kind, *_ in duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()}
    assert kinds == {column.name: column.type.sql for column in table("time_entries").columns}


def killed(connection: str, folder: Path, number: signal.Signals, arguments: list[str], seed: int) -> None:
    """Kill an export at a random moment; the next one has to find the old files, and to leave nothing else."""

    def state() -> dict[str, bytes]:
        return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}

    def ids() -> int:
        return len({row for (row,) in duckdb.sql(f"SELECT id FROM read_parquet('{folder}/**/*.parquet')").fetchall()})

    before, rows = state(), ids()
    process = subprocess.Popen(command(connection, *arguments), stderr=subprocess.DEVNULL)
    time.sleep(random.Random(seed).uniform(0.2, 2.0))  # noqa: S311 - no secret
    process.send_signal(number)
    process.wait()
    seen = {name: content for name, content in state().items() if not name.startswith(".")}
    assert set(seen) == set(before), (seed, sorted(seen))
    assert ids() == rows
    subprocess.run(command(connection, *arguments), check=True)
    assert set(state()) == set(before), (seed, sorted(state()))
    assert ids() == rows


def _kills(count: int) -> None:
    layouts: list[Callable[[Path], list[str]]] = [
        lambda folder: ["-o", str(folder / "entries.parquet")],
        lambda folder: ["-o", str(folder), "--partition-by", "month(spent_date)"],
    ]
    with serving("static_server.py", "--pages", str(FEW_PAGES)) as connection:
        for number in (signal.SIGKILL, signal.SIGTERM):
            for seed in range(count):
                with tempfile.TemporaryDirectory() as folder:
                    arguments = layouts[seed % 2](Path(folder))
                    subprocess.run(command(connection, *arguments), check=True)
                    killed(connection, Path(folder), number, arguments, seed)
            print(f"{count} kills by {number.name}: the old files, then the new ones, and nothing else")


def main() -> None:
    """Measure exports of two sizes, read the larger one back, and kill others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, nargs="+", default=[200, 2000], help="of 2,000 entries each")
    parser.add_argument("--kills", type=int, default=0, help="kills by each of two signals instead")
    options = parser.parse_args()
    if options.kills:
        _kills(options.kills)
        return
    print("| rows | layout | wall s | CPU s | peak MB | file MB |\n|---|---|---|---|---|---|")
    for pages in options.pages:
        with serving("static_server.py", "--pages", str(pages)) as connection, tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "entries.parquet")
            for layout, arguments in {
                "one file": ["-o", str(path)],
                "by month": ["-o", folder, "--partition-by", "month(spent_date)"],
            }.items():
                wall_s, cpu_s, peak_mb = measured(command(connection, *arguments))
                written = [path] if layout == "one file" else [*Path(folder, "time_entries").rglob("*.parquet")]
                size_mb = sum(each.stat().st_size for each in written) / 1e6
                print(f"| {pages * 2000:,} | {layout} | {wall_s:.0f} | {cpu_s:.0f} | {peak_mb:.0f} | {size_mb:.0f} |")
                if path in written and pages == options.pages[-1]:
                    check(connection, path)


if __name__ == "__main__":
    main()
