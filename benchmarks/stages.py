"""Measure where the CPU of a full read goes: 200,000 time entries, every column, by the threads that do the work.

    python benchmarks/stages.py             # plain HTTP, as from the sandbox, and TLS with gzip, as from Harvest

Each stage has threads of its own, whose CPU the system counts (Linux alone): the requests and their sockets, with TLS,
on the thread of the event loop; unpacking; decoding; and DuckDB with what hands the batches over, in its own threads.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from pathlib import Path
from statistics import median

from measuring import measured_by, serving

#: The stages, and how the names of their threads begin.
STAGES = {
    "requests": "harvest-duck requests",
    "unpack": "harvest-duck unpacking",
    "decode": "harvest-duck decoding",
    "DuckDB": "",
}


def _cpu_s() -> dict[str, float]:
    """Return the CPU seconds of each stage so far."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    found = dict.fromkeys(STAGES, 0.0)
    for task in Path("/proc/self/task").iterdir():
        name = names.get(int(task.name), "")
        stage = next(stage for stage, prefix in STAGES.items() if name.startswith(prefix))
        # Nanoseconds on a CPU: https://docs.kernel.org/scheduler/sched-stats.html
        found[stage] += int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    return found


def _read(connection: str) -> None:
    """Read every column, and print what each stage took as JSON."""
    from subjects import SUBJECTS  # noqa: PLC0415 - only the measured modules are imported

    run = SUBJECTS["every column"](connection, 1)
    before = _cpu_s()
    run()
    print(json.dumps({stage: cpu_s - before[stage] for stage, cpu_s in _cpu_s().items()}))


def main() -> None:
    """Print a table of the stages, in CPU seconds: medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--read", default="", metavar="CONNECTION", help="read once, in this process")
    options = parser.parse_args()
    if options.read:
        _read(options.read)
        sys.exit()
    print(f"| CPU s | {' | '.join(STAGES)} | together |\n|---|{'---|' * (len(STAGES) + 1)}")
    for name, server in (("plain HTTP", []), ("TLS and gzip", ["--tls"])):
        with serving("static_server.py", *server) as connection:
            asked = f"{connection};RateLimit=off;ReportsRateLimit=off"
            found = [measured_by("stages.py", "--read", asked) for _ in range(options.runs)]
        figures = [median(each[stage] for each in found) for stage in STAGES]
        together = median(sum(each.values()) for each in found)
        print(f"| {name} | {' | '.join(f'{figure:.2f}' for figure in (*figures, together))} |", flush=True)


if __name__ == "__main__":
    main()
