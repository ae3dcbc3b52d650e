"""Measure the cost of a row from a hundred rows to four million, and draw it: see README.md.

Fails if the cost of a further row is not constant.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from statistics import median

from measuring import measured, serving
from static_server import PAGE

ROWS = (100, 1_000, 10_000, 100_000, 1_000_000, 4_000_000)
SUBJECTS = ("every column", "four columns")
#: The cost of a further row is compared from here on; below, the start of a query dominates.
_FROM = 10_000
#: The largest cost of a further row may be so many times the smallest. Load on a shared machine alone makes 1.4; a cost
#: that grows with the rows before would make ten and more.
_STRAIGHT = 1.6


def seconds(rows: int, runs: int) -> dict[str, float]:
    """Return the median CPU seconds of each subject for so many rows."""
    pages, records = max(1, rows // PAGE), min(rows, PAGE)
    with serving("static_server.py", "--pages", str(pages), "--records", str(records)) as connection:
        return {
            name: median(measured(name, f"{connection};RateLimit=off")["cpu_s"] for _ in range(runs))
            for name in SUBJECTS
        }


def further(found: dict[int, float]) -> list[float]:
    """Return the microseconds of each further row, from one number of rows to the next."""
    sizes = [rows for rows in found if rows >= _FROM]
    return [(found[more] - found[fewer]) / (more - fewer) * 1e6 for fewer, more in pairwise(sizes)]


def draw(found: dict[str, dict[int, float]], target: Path) -> None:
    """Draw CPU seconds over rows, both axes logarithmic, with a line of constant cost beside each subject."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - an extra, and for the picture alone

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name, series in found.items():
        rows = list(series)
        (line,) = axes.loglog(rows, list(series.values()), marker="o", label=name)
        each = series[rows[-1]] / rows[-1]
        axes.loglog(rows, [each * number for number in rows], linestyle=":", color=line.get_color())
    axes.set_xlabel("rows")
    axes.set_ylabel("CPU seconds of the query")
    axes.set_title("The cost of a scan; dotted: the cost of a row in the longest one")
    axes.legend()
    axes.grid(visible=True, which="major", alpha=0.3)
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})


def main() -> None:
    """Measure, print a table and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=ROWS[-1], help="the most")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).with_name("growth.svg"))
    options = parser.parse_args()
    found: dict[str, dict[int, float]] = {name: {} for name in SUBJECTS}
    print("| rows | " + " | ".join(f"{name}, CPU s | µs a row" for name in SUBJECTS) + " |")
    print("|---" * (1 + 2 * len(SUBJECTS)) + "|")
    for rows in (number for number in ROWS if number <= options.rows):
        for name, cpu_s in seconds(rows, options.runs).items():
            found[name][rows] = cpu_s
        cells = " | ".join(f"{found[name][rows]:.3f} | {found[name][rows] / rows * 1e6:.2f}" for name in SUBJECTS)
        print(f"| {rows:,} | {cells} |", flush=True)
    draw(found, options.output)
    for name, series in found.items():
        each = further(series)
        print(f"{name}: a further row costs {', '.join(f'{cost:.2f}' for cost in each)} µs")
        assert max(each) <= _STRAIGHT * min(each), name


if __name__ == "__main__":
    main()
