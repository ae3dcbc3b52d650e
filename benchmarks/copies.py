"""Make or renew one copy of an account in this process, with our sync or with dlt, and print the figures as JSON.

`python copies.py NAME CONNECTION FOLDER`: `ours` or `dlt`. The folder keeps the copy and all that the next run needs.
Imports are not timed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import TYPE_CHECKING, Any

import dlt_copy

if TYPE_CHECKING:
    from collections.abc import Callable

    Figures = dict[str, Any]


def ours(connection: str, folder: str) -> Callable[[], Figures]:
    """Return what syncs the tables that dlt copies."""
    import duckdb  # noqa: PLC0415 - only the measured modules are imported

    import harvest_duck.mirror.sync  # noqa: PLC0415 - as above

    file = f"{folder}/copied.duckdb"

    def run() -> Figures:
        result = harvest_duck.sync(connection, file, tables=dlt_copy.TABLES)
        with duckdb.connect(file, read_only=True) as con:
            rows = con.sql("FROM time_entries").count("*").fetchall()[0][0]
        return {"rows": rows, "sent": result.requests, "deleted": result.deleted, "proven": result.proven}

    return run


def main() -> None:
    """Run the copy that the arguments name."""
    name, connection, folder = sys.argv[1:]
    run = {"ours": ours, "dlt": dlt_copy.prepared}[name](connection, folder)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    figures = run()
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, "rss_mb": after.ru_maxrss / 1024, **figures}))


if __name__ == "__main__":
    main()
