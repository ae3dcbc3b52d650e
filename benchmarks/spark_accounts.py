"""Read ten accounts, each with a token and a limit of its own, in one process and in a Spark cluster of this machine.

The stand-ins keep Harvest's limit, 100 requests in 15 seconds, and each account has more pages than that. "One after
the other" is `harvest_duck.scan` in one process; "at once" is the same in ten threads; Spark has two executors on
`local-cluster`, with five tasks each. Prints rows, seconds, and the requests that were refused.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import serving

import harvest_duck
from harvest_duck.connection import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACCOUNTS = 10
RECORDS = 100
COLUMNS = ["id", "spent_date", "hours", "account_id"]
SCHEMA = "id bigint, spent_date date, hours decimal(18,4), account_id bigint"
ROOT = Path(__file__).parents[1]


def one_after_the_other(connections: Sequence[str]) -> int:
    """Return the rows of all accounts, read one after the other."""
    return sum(map(_rows, connections))


def at_once(connections: Sequence[str]) -> int:
    """Return the rows of all accounts, read by a thread each."""
    with ThreadPoolExecutor(len(connections)) as threads:
        return sum(threads.map(_rows, connections))


def _rows(connection: str) -> int:
    return sum(batch.num_rows for batch in harvest_duck.scan("time_entries", connection, columns=COLUMNS))


def in_spark(master: str) -> Callable[[Sequence[str]], int]:
    """Return a function that reads all accounts in a cluster, which is started and has read once before."""
    import pyspark  # noqa: PLC0415 - the others need no Spark
    from pyspark.sql import SparkSession  # noqa: PLC0415 - as above

    from harvest_duck.integrations.spark.data_source import HarvestDataSource  # noqa: PLC0415 - as above

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    settings = {"spark.ui.enabled": "false", "spark.executor.memory": "512m", "spark.ui.showConsoleProgress": "false"}
    spark = SparkSession.builder.master(master).config(map=settings).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark.dataSource.register(HarvestDataSource)

    def read(connections: Sequence[str]) -> int:
        # A reader keeps the options of those before.
        reader = spark.read.format("harvest").schema(SCHEMA).option("table", "time_entries")
        return int(reader.option("connections", "\n".join(connections)).load().count())

    # Starts the executors and their Python.
    read(["DSN=sandbox"])
    return read


def refused(connections: Sequence[str]) -> int:
    """Return how many requests the stand-ins have refused by 429."""
    addresses = [parse(each)["BaseURL"].removesuffix("/v2") for each in connections]
    return sum(int(urllib.request.urlopen(f"{each}/refused").read()) for each in addresses)  # noqa: S310 - this machine


def main() -> None:
    """Print a line for each way to read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=120, help="of each account")
    parser.add_argument("--master", default="local-cluster[2,5,1024]")
    options = parser.parse_args()
    server = [str(ROOT / "benchmarks/static_server.py"), f"--pages={options.pages}", f"--records={RECORDS}"]
    ways: dict[str, Callable[[Sequence[str]], int]] = {
        "one process, one after the other": one_after_the_other,
        "one process, at once": at_once,
        options.master: in_spark(options.master),
    }
    for name, read in ways.items():
        # New ones each time, so that no limit is used up when they are read.
        with ExitStack() as stack:
            started = [stack.enter_context(serving(*server, "--requests=100")) for _ in range(ACCOUNTS)]
            connections = [
                each.replace("AccountId=1;", f"AccountId={number};").replace("made-up", f"made-up-{number}")
                for number, each in enumerate(started, 1)
            ]
            began = time.perf_counter()
            rows = read(connections)
            took = time.perf_counter() - began
            print(f"{name:36} {rows:9,} rows  {took:6.1f} s  {refused(connections)} refused", flush=True)
            assert rows == ACCOUNTS * options.pages * RECORDS


if __name__ == "__main__":
    main()
