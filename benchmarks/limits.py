"""Scan with one token in many processes and print how they shared its rate limit: see README.md."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter

from harvest_duck.sandbox import MAIN_ID, Sandbox

REQUESTS, WINDOW_S = 100, 15
SCANNING = """
import sys, time
import harvest_duck

connection, until = sys.argv[1], float(sys.argv[2])
while time.time() < until:
    for _ in harvest_duck.scan("time_entries", connection, columns=["id"]):
        if time.time() > until:
            break
"""


def scanned(connection: str, processes: int, seconds: float) -> None:
    """Let so many processes scan repeatedly for so long."""
    until = str(time.time() + seconds)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"HARVEST_DUCK_CONFIG_DIR": folder}
        running = [
            subprocess.Popen(
                [sys.executable, "-c", SCANNING, f"{connection};UserAgent=process {number}", until], env=environment
            )
            for number in range(processes)
        ]
        for each in running:
            assert each.wait() == 0


def full_windows(times: list[float], until: float) -> list[int]:
    """Return how many of `times` lie in each of the consecutive windows, from the first time on."""
    starts = [times[0] + WINDOW_S * number for number in range(int((until - times[0]) // WINDOW_S))]
    return [bisect_left(times, at + WINDOW_S) - bisect_left(times, at) for at in starts]


def most_within(times: list[float]) -> int:
    """Return the largest number of `times` in one window, wherever it begins."""
    return max(bisect_left(times, at + WINDOW_S) - place for place, at in enumerate(times))


def main() -> None:
    """Start the sandbox, scan and print the figures; fail if the limit was exceeded or not used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--limits", action="store_true", help="let the sandbox answer 429 beyond Harvest's limits")
    options = parser.parse_args()
    with Sandbox(scale=0.3, limits=options.limits, latency_ms=options.latency_ms) as sandbox:
        sandbox.records(MAIN_ID, "time_entries")  # made before anything is counted
        scanned(f"{sandbox.connection_string()};Pagesize=20", options.processes, options.seconds)
        ended = time.monotonic()
        requests = list(sandbox.requests)
    times = [each.time for each in requests]
    full, most = full_windows(times, ended), most_within(times)
    refused = sum(each.status == 429 for each in requests)
    shares = Counter(each.user_agent for each in requests)
    print(
        f"{options.processes} processes, {len(times)} requests in {times[-1] - times[0]:.1f} s, {refused} answered 429"
    )
    print(f"most in any {WINDOW_S} s: {most} of {REQUESTS}; in each full window: {', '.join(map(str, full))}")
    print(f"each process: {min(shares.values())} to {max(shares.values())} requests")
    assert most <= REQUESTS
    assert min(full) >= 0.95 * REQUESTS
    assert refused == 0
    assert len(shares) == options.processes


if __name__ == "__main__":
    main()
