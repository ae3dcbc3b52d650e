"""End processes, and fork them, while a thread runs its first query, and count what goes wrong.

`python exits.py [--runs 60] [PYTHON …]` does it with each interpreter, by default this one. The moments are spread over
the import, the registration, the requests and the work of DuckDB. An exit is right if its status is 0 and nothing is
printed; a fork if the child gets an answer by a connection of its own. Fails if anything went wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from harvest_duck.sandbox import Sandbox

_ROOT = Path(__file__).parent.parent
_LIMIT_S = 120
#: The latest moment, in seconds after the thread began.
_LATEST_S = 1.2
_HEADING = """
import os, sys, threading, time, warnings
__file__ = "program.py"
warnings.simplefilter("ignore")
import harvest_duck
CONNECTION, MOMENT_S = sys.argv[1], float(sys.argv[2])
"""
#: Each begins the work of other threads.
_SCANS = {
    "first query": """
def work():
    harvest_duck.connect(CONNECTION).execute("SELECT sum(hours) FROM harvest.time_entries").fetchall()
threading.Thread(target=work, daemon=True).start()
""",
    "errors caught": """
def work():
    con = harvest_duck.connect(CONNECTION)
    try:
        con.execute("SELECT user_id, sum(hours) FROM harvest.time_entries GROUP BY ALL ORDER BY 1").fetchall()
    except Exception:
        pass
threading.Thread(target=work, daemon=True).start()
""",
    "three cursors, joined": """
con = harvest_duck.connect(CONNECTION)
def work(cursor):
    cursor.execute("SELECT c.name, sum(t.hours) FROM harvest.time_entries t "
                   "JOIN harvest.clients c ON c.id = t.client_id GROUP BY ALL ORDER BY 1").fetchall()
for _ in range(3):
    threading.Thread(target=work, args=(con.cursor(),), daemon=True).start()
""",
    "one thread of DuckDB's, sorted": """
con = harvest_duck.connect(CONNECTION)
con.execute("SET threads = 1; SET external_threads = 0")
def work():
    con.execute("SELECT * FROM harvest.time_entries ORDER BY notes").fetchall()
threading.Thread(target=work, daemon=True).start()
""",
    "a loop": """
con = harvest_duck.connect(CONNECTION)
def work():
    while True:
        con.execute("FROM harvest.time_entries").fetchall()
threading.Thread(target=work, daemon=True).start()
""",
    "without DuckDB": """
def work():
    harvest_duck.scan("time_entries", CONNECTION).read_all()
threading.Thread(target=work, daemon=True).start()
""",
}
_EXIT = """
time.sleep(MOMENT_S)
sys.exit(0)
"""
_FORK = """
import signal
thread = threading.Thread(target=lambda: harvest_duck.connect(CONNECTION).execute(
    "SELECT client_name, sum(hours) FROM harvest.time_entries WHERE hours > 1.5 GROUP BY ALL").fetchall())
thread.start()
time.sleep(MOMENT_S)
child = os.fork()
if child == 0:
    signal.alarm(60)
    rows = harvest_duck.connect(CONNECTION).execute("SELECT count(*) FROM harvest.clients").fetchall()
    os._exit(0 if rows[0][0] else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
thread.join()
sys.exit(1 if status else 0)
"""


def wrong(python: str, runs: int, connection: str, programs: list[str]) -> Counter[str]:
    """Return how many of `runs` processes went wrong in each way; they take the programs in turn."""
    found: Counter[str] = Counter()
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    for run in range(runs):
        moment_s = random.Random(run).uniform(0, _LATEST_S)  # noqa: S311 - no secret
        command = [python, "-c", _HEADING + programs[run % len(programs)], connection, str(moment_s)]
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_LIMIT_S, check=False)
        if ended.returncode or ended.stderr:
            last = (ended.stderr.strip().splitlines() or [""])[-1]
            found[f"status {ended.returncode} after {moment_s:.2f} s: {last}"] += 1
    return found


def main() -> None:
    """Run the programs with each interpreter and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("pythons", nargs="*", default=[sys.executable], metavar="PYTHON")
    options = parser.parse_args()
    broken = 0
    with Sandbox(seed=7, scale=0.3, limits=False, latency_ms=20) as sandbox:
        connection = f"{sandbox.connection_string()};Pagesize=50;RateLimit=off"
        for python in options.pythons:
            for kind, programs in (("exits", [scan + _EXIT for scan in _SCANS.values()]), ("forks", [_FORK])):
                found = wrong(python, options.runs, connection, programs)
                broken += found.total()
                print(f"{python}: {options.runs - found.total()} of {options.runs} {kind} are right", flush=True)
                for what, number in found.items():
                    print(f"  {number} x {what}", flush=True)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
