"""Compare a copy by our sync with one by dlt: both of one server in one run, each run in a process of its own.

The account is copied, copied again unchanged, then after edits of one time entry in a hundred, and after five were
deleted. Each time our sync runs first, then dlt on the same records. Prints what each sent and took. Fails if our copy
has another number of time entries than the account.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import changing, measured_by

if TYPE_CHECKING:
    from measuring import ChangingAccount, Figures

#: Harvest's limit: a hundred requests in 15 seconds.
_SECONDS_A_REQUEST = 15 / 100
TOOLS = ("ours", "dlt")


def steps(entries: int) -> dict[str, str]:
    """Return the steps by name: the command that comes before each, empty for none."""
    return {
        "first copy": "",
        "unchanged": "",
        f"{entries // 100:,} changed": f"edit {entries // 100}",
        "5 deleted": "delete 5",
    }


def copied(tool: str, account: ChangingAccount, folder: Path) -> Figures:
    """Return the figures of one run of a tool, with the requests that the server counted."""
    folder.mkdir(exist_ok=True)
    # Ours keeps the limit by itself; without it, so that all run as fast as they can.
    unlimited = ";RateLimit=off;ReportsRateLimit=off" if tool == "ours" else ""
    figures = measured_by("copies.py", tool, account.connection + unlimited, str(folder))
    return figures | {"requests": sum(account.ask("requests").values())}


def line(step: str, tool: str, figures: Figures, rows: int) -> str:
    """Return one row of the table."""
    sent = figures["requests"]
    least_s = sent * _SECONDS_A_REQUEST if sent > 100 else 0
    times = f"{figures['wall_s']:.1f} | {figures['cpu_s']:.1f} | {least_s:.0f}"
    return f"| {step} | {tool} | {sent:,} | {times} | {figures['rss_mb']:.0f} | {figures['rows'] - rows:+d} |"


def main() -> None:
    """Measure every step and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time-entries", type=int, default=200_000)
    parser.add_argument("--latency-ms", default="100")
    parser.add_argument("--without", default="", choices=TOOLS, help="leaves one of the tools out")
    options = parser.parse_args()
    server = ("--time-entries", str(options.time_entries), "--latency-ms", options.latency_ms)
    wrong = 0
    print("| step | by | requests | wall s | CPU s | least s at 100 requests in 15 s | MB | rows too many |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, changing(*server) as account:
        for step, command in steps(options.time_entries).items():
            if command:
                account.ask(command)
            rows = account.ask("records time_entries")
            for tool in TOOLS:
                if tool != options.without:
                    figures = copied(tool, account, Path(folder) / tool)
                    wrong += tool == "ours" and figures["rows"] != rows
                    print(line(step, tool, figures, rows), flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
