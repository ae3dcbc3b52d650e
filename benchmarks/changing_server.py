"""Serve an agency whose records change on command, for the benchmarks of a copy.

The process prints a connection string, then reads a command a line and answers each with a line of JSON:

* `edit N` gives N time entries other notes, and this second as their `updated_at`.
* `delete N` removes N time entries.
* `requests` tells how many requests came since it was last asked, by the first part of their path.
* `records TABLE` tells how many records a table has.

Changed entries are drawn from all days by a seed, so they lie farther apart than those of a usual agency, whose changes
are of the last days.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.sandbox.wire import Record

ENTRIES = "time_entries"
#: What a copied invoice, its items, payments and messages have more in their ids than the invoice that was copied.
_APART = 100_000_000


class Agency:
    """The records of a sandbox, and the commands that change them."""

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self._sandbox = sandbox
        self._draw = random.Random(seed)  # noqa: S311 - no secret
        self._edits = 0

    def edit(self, count: str) -> int:
        """Return how many time entries got other notes."""
        self._edits += 1
        records = list(self._sandbox.records(MAIN_ID, ENTRIES))
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for place in self._draw.sample(range(len(records)), int(count)):
            records[place] = records[place] | {"notes": f"Edit {self._edits}", "updated_at": moment}
        self._sandbox.replace(MAIN_ID, ENTRIES, records)
        return int(count)

    def delete(self, count: str) -> int:
        """Return how many time entries were removed."""
        records = self._sandbox.records(MAIN_ID, ENTRIES)
        gone = set(self._draw.sample(range(len(records)), int(count)))
        kept = [record for place, record in enumerate(records) if place not in gone]
        self._sandbox.replace(MAIN_ID, ENTRIES, kept)
        return len(gone)

    def requests(self) -> dict[str, int]:
        """Return the requests since this was last asked, by the first part of their path."""
        found = Counter(each.path.removeprefix("/v2/").split("/")[0] for each in self._sandbox.requests)
        self._sandbox.clear_log()
        return dict(found)

    def records(self, table: str) -> int:
        """Return the number of records of a table."""
        return len(self._sandbox.records(MAIN_ID, table))


def multiply_invoices(sandbox: Sandbox, invoices: int) -> None:
    """Copy the invoices of an agency, with what belongs to them, until there are so many."""
    found = sandbox.records(MAIN_ID, "invoices")
    times = -(-invoices // len(found))
    kept = [_moved(record, turn) for turn in range(times) for record in found][:invoices]
    ids = {record["id"] for record in kept}
    for table in ("invoice_payments", "invoice_messages"):
        children = [_moved(record, turn) for turn in range(times) for record in sandbox.records(MAIN_ID, table)]
        sandbox.replace(MAIN_ID, table, [record for record in children if record["invoice_id"] in ids])
    sandbox.replace(MAIN_ID, "invoices", kept)


def _moved(record: Record, turn: int) -> Record:
    """Return a copy of an invoice, or of a part of one, under other ids."""
    ids = {key: record[key] + turn * _APART for key in ("id", "invoice_id") if key in record}
    items = {"line_items": [_moved(item, turn) for item in record["line_items"]]} if record.get("line_items") else {}
    return record | ids | items


def _commands(agency: Agency) -> dict[str, Callable[..., Any]]:
    return {"edit": agency.edit, "delete": agency.delete, "requests": agency.requests, "records": agency.records}


def main() -> None:
    """Serve according to the options until the commands end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time-entries", type=int, default=200_000)
    parser.add_argument("--scale", type=float, default=4, help="of the rest; 4 are 60 people and 160 projects")
    parser.add_argument("--invoices", type=int, default=0, help="copies them until there are so many")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with Sandbox(
        seed=options.seed,
        scale=options.scale,
        time_entries=options.time_entries,
        latency_ms=options.latency_ms,
        limits=False,
    ) as sandbox:
        if options.invoices:
            multiply_invoices(sandbox, options.invoices)
        commands = _commands(Agency(sandbox, options.seed))
        print(sandbox.connection_string(), flush=True)
        for line in sys.stdin:
            name, *arguments = line.split()
            print(json.dumps(commands[name](*arguments)), flush=True)


if __name__ == "__main__":
    main()
