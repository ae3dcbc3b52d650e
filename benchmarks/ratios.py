"""Measure every ratio that the project promises and print it beside its bound: see README.md.

Both sides of a ratio are measured in turn, in fresh processes; the median of the ratios counts. Fails if a promise is
broken.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import TYPE_CHECKING

from measuring import measured, medians, serving
from subjects import MAX_IN_FLIGHT, SCALE

if TYPE_CHECKING:
    from collections.abc import Callable

PAGES = "100"
LATENCY_MS = "300"
OFF = ";RateLimit=off;ReportsRateLimit=off"


@dataclass(frozen=True, slots=True)
class Promise:
    """A ratio to measure, and its bound: at most, or at least if it is `faster`.

    With `short` the ratio needs only this project and a few seconds. `--short` allows it to be so many times worse, as
    a busy machine measures worse and the regressions that matter are larger.
    """

    name: str
    bound: float
    measure: Callable[[int], float]
    faster: bool = False
    short: float | None = None

    def kept(self, found: float, leeway: float = 1.0) -> bool:
        """Return whether the measured ratio is within the bound."""
        return found >= self.bound / leeway if self.faster else found <= self.bound * leeway


def _against_floors(runs: int) -> float:
    with serving("static_server.py", "--pages", PAGES) as connection:

        def ratio() -> float:
            http, *decoders = (
                measured(each, connection, PAGES)["wall_s"] for each in ("http", "arro3", "pyarrow.json")
            )
            found: float = measured("every column", connection + OFF)["wall_s"] / (http + min(decoders))
            return found

        return medians(runs, ratio)


def _against_latency(runs: int) -> float:
    with serving("static_server.py", "--pages", PAGES, "--latency-ms", LATENCY_MS) as connection:
        floor_s = int(LATENCY_MS) / 1000 * (1 + -(-(int(PAGES) - 1) // MAX_IN_FLIGHT))
        return medians(runs, lambda: measured("every column", connection)["wall_s"] / floor_s)


def _against(peer: str, ours: str) -> Callable[[int], float]:
    def measure(runs: int) -> float:
        with serving("static_server.py", "--pages", PAGES, "--latency-ms", LATENCY_MS) as connection:

            def ratio() -> float:
                found: float = measured(peer, connection)["wall_s"] / measured(ours, connection)["wall_s"]
                return found

            return medians(runs, ratio)

    return measure


def _cpu(subject: str, other: str) -> Callable[[int], float]:
    def measure(runs: int) -> float:
        with serving("static_server.py", "--pages", PAGES) as connection:

            def cpu_s(name: str) -> float:
                alone = name == "pyarrow.json"
                found: float = measured(name, connection if alone else connection + OFF, PAGES)["cpu_s"]
                return found

            return medians(runs, lambda: cpu_s(subject) / cpu_s(other))

    return measure


def _encrypted(runs: int) -> float:
    """Return the ratio of CPU with TLS and gzip, as Harvest has them, to that without."""
    pages = ("static_server.py", "--pages", PAGES)
    with serving(*pages, "--tls") as harvest, serving(*pages) as plain:

        def ratio() -> float:
            encrypted, open_ = (measured("every column", each + OFF)["cpu_s"] for each in (harvest, plain))
            found: float = encrypted / open_
            return found

        return medians(runs, ratio)


def _count(figure: str, latency_ms: str) -> Callable[[int], float]:
    """Return the ratio of a figure of counting to that of reading the ids."""

    def measure(runs: int) -> float:
        with serving("static_server.py", "--pages", PAGES, "--latency-ms", latency_ms) as connection:

            def ratio() -> float:
                counted, read = (measured(name, connection + OFF)[figure] for name in ("count", "count ids"))
                found: float = counted / read
                return found

            return medians(runs, ratio)

    return measure


def _limit_requests(runs: int) -> float:
    with serving("static_server.py", "--pages", PAGES, "--latency-ms", LATENCY_MS) as connection:
        return max(measured("limit", connection)["requests"] for _ in range(runs))


def _round_trips(subject: str) -> Callable[[int], float]:
    def measure(runs: int) -> float:
        with serving("static_server.py", "--pages", PAGES, "--latency-ms", LATENCY_MS) as connection:
            return medians(runs, lambda: measured(subject, connection)["wall_s"] / (int(LATENCY_MS) / 1000))

    return measure


@cache
def _peaks(runs: int) -> tuple[float, float, float]:
    """Return the peaks of memory for few and many pages, and that of the imports, in MB."""

    def figures(pages: str) -> tuple[float, float]:
        with serving("static_server.py", "--pages", pages) as connection:
            found = [measured("every column", connection + OFF) for _ in range(runs)]
        return median(each["rss_mb"] for each in found), median(each["imports_mb"] for each in found)

    (few, _), (many, imports) = figures(PAGES), figures("2000")
    return few, many, imports


def _growth_of_memory(runs: int) -> float:
    few, many, _ = _peaks(runs)
    return many / few


def _own_memory(runs: int) -> float:
    _, many, imports = _peaks(runs)
    return many - imports


@cache
def _scheduled(runs: int) -> tuple[float, float]:
    """Return the wall time of 600 pages under the rate limit against its schedule, and the most 429 of a run."""
    latency_ms, pages, window_s = 20, 600, 15 / SCALE
    limits = ("--requests", "100", "--window-s", str(window_s), "--latency-ms", str(latency_ms))
    floor_s = (pages // 100 - 1) * window_s + latency_ms / 1000
    found = []
    for _ in range(runs):
        with serving("static_server.py", "--pages", str(pages), "--records", "200", *limits) as connection:
            found.append(measured("scheduled", connection))
    return median(each["wall_s"] for each in found) / floor_s, max(each["refused"] for each in found)


def _together(runs: int) -> float:
    command = ("-m", "harvest_duck", "sandbox", "--port", "0", "--no-limits", "--latency-ms", LATENCY_MS)
    with serving(*command) as connection:
        wide = f"{connection}{OFF};MaxConnections=64"
        measured("tables together", wide)

        def ratio() -> float:
            together, alone = (measured(name, wide)["wall_s"] for name in ("tables together", "tables one by one"))
            found: float = together / alone
            return found

        return medians(runs, ratio)


def _import_ms(subject: str) -> Callable[[int], float]:
    return lambda runs: medians(runs, lambda: measured(subject, "")["wall_s"] * 1000)


def _import_ratio(subject: str) -> Callable[[int], float]:
    return lambda runs: medians(runs, lambda: measured(subject, "")["cpu_s"] / measured("engines", "")["cpu_s"])


PROMISES = [
    Promise("200,000 entries, every column, 0 ms: wall, against HTTP alone and a decoder alone", 1.0, _against_floors),
    Promise("the same at 300 ms: wall, against latency and requests in flight", 1.15, _against_latency),
    Promise(
        "requests and pandas, 300 ms: wall, against ours", 15, _against("requests and pandas", "to Arrow"), faster=True
    ),
    Promise("dlt, 300 ms: wall, against ours to a table", 22, _against("dlt", "to a table"), faster=True),
    Promise("4 of 55 columns: CPU, against every column", 0.45, _cpu("four columns", "every column"), short=1.2),
    Promise("every column: CPU, against its decoder alone", 1.9, _cpu("every column", "pyarrow.json"), short=1.2),
    Promise("every column, TLS and gzip: CPU, against plain HTTP", 1.25, _encrypted, short=1.2),
    Promise("count(*) of 200,000 entries: requests, against reading ids", 0.01, _count("requests", "0"), short=1),
    Promise("count(*) of 200,000 entries, 0 ms: CPU, against reading ids", 0.06, _count("cpu_s", "0"), short=1.5),
    Promise("count(*) of 200,000 entries, 300 ms: wall, against reading ids", 0.15, _count("wall_s", LATENCY_MS)),
    Promise("LIMIT 10 on 100 pages: requests", 2, _limit_requests, short=1),
    Promise("LIMIT 10 on 100 pages: wall, against one round trip", 1.2, _round_trips("limit"), short=1.5),
    Promise("the first LIMIT 10 of a process: wall, against one round trip", 1.3, _round_trips("first query"), short=2),
    Promise("2,000 pages: peak of memory, against 100 pages", 1.15, _growth_of_memory),
    Promise("2,000 pages: MB beyond the imports", 300, _own_memory),
    Promise("600 pages under Harvest's limit: wall, against the schedule", 1.02, lambda runs: _scheduled(runs)[0]),
    Promise("600 pages under Harvest's limit: answers 429", 0, lambda runs: _scheduled(runs)[1]),
    Promise("every table together, 64 connections, 300 ms: wall, against one after the other", 0.4, _together),
    Promise("import beyond DuckDB and Arrow, ms", 120, _import_ms("import")),
    Promise("import and register: CPU, against importing DuckDB and Arrow", 1.6, _import_ratio("register"), short=1.2),
]


def main() -> None:
    """Measure the chosen ratios and print them as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--short", action="store_true", help="only ratios that need nothing but this project, with leeway"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="only ratios whose name begins with this")
    options = parser.parse_args()
    print("| what | promised | measured | |\n|---|---|---|---|")
    broken = 0
    for promise in PROMISES:
        if not promise.name.startswith(options.only) or (options.short and promise.short is None):
            continue
        found = promise.measure(options.runs)
        kept = promise.kept(found, (promise.short or 1.0) if options.short else 1.0)
        broken += not kept
        bound = f"{'≥' if promise.faster else '≤'} {promise.bound:g}"
        print(f"| {promise.name} | {bound} | {found:.2f} | {'' if kept else '**broken**'} |", flush=True)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
