"""Count the requests of a sync where nothing, an edit, or deletes came between, and compare them with their bounds.

The bounds are those of an agency of 200,000 time entries and 3,000 invoices, see `docs/mirror.md`; a smaller one has to
keep them as well. Each sync comes an hour after the one before, so that it reads some children in turn. It is also
compared with what `explain_sync` says before it: exactly that many requests where nothing was deleted, and never more
than it says elsewhere. Fails if a bound is broken.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from measuring import changing

if TYPE_CHECKING:
    from measuring import ChangingAccount

#: The most requests of a sync of the whole account where nothing changed.
UNCHANGED = 45
ENTRIES = "time_entries"


@dataclass(frozen=True, slots=True)
class Sync:
    """The requests of one sync: those sent, those said before if nothing changed, and those said at most.

    `entries` and `entries_said` are those of the time entries alone, which are so many `pages`.
    """

    sent: int
    said: int
    said_most: int
    entries: int
    entries_said: int
    pages: int
    deleted: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Case:
    """What happens before a sync, and the requests that it may send more than one of an unchanged account.

    With None the time entries may take the requests of their pages and a quarter more, of few pages 25 more.
    """

    name: str
    command: str
    more: int | None = 0

    def most(self, sync: Sync) -> int:
        """Return the most requests that the sync may send."""
        if not self.command:
            return UNCHANGED
        if self.more is None:
            return sync.said - sync.entries_said + sync.pages + max(sync.pages // 4, 25)
        return sync.said + self.more

    def kept(self, sync: Sync) -> bool:
        """Return whether the sync sent no more than that, and what was said before."""
        said = sync.sent <= sync.said_most if self.more != 0 else sync.sent == sync.said
        return said and sync.sent <= self.most(sync)

    def line(self, sync: Sync) -> str:
        """Return a row of the table."""
        said = f"≤ {sync.said_most}" if self.more != 0 else f"{sync.said}"
        counts = f"{sync.sent} | {sync.entries} | ≤ {self.most(sync)} | {said} | {sync.deleted}"
        return f"| {self.name} | {counts} | {sync.seconds:.1f} | {'' if self.kept(sync) else '**broken**'} |"


CASES = (
    Case("unchanged", ""),
    Case("one changed", "edit 1"),
    Case("one deleted", "delete 1", 25),
    Case("five deleted", "delete 5", 45),
    Case("fifty deleted", "delete 50", None),
)


def let_an_hour_pass(file: str) -> None:
    """Let the runs that a copy knows of be an hour older."""
    for each in filter(Path.exists, (Path(file), Path(f"{file}.checks"))):
        with duckdb.connect(each) as con:
            earlier = ", ".join(f"{name} = {name} - INTERVAL 1 HOUR" for name in ("started_at", "ended_at"))
            con.execute(f"UPDATE mirror.sync_runs SET {earlier}")


def synced(account: ChangingAccount, connection: str, file: str, page_size: int) -> Sync:
    """Return what one sync sent, as the server counted it, and what was said before."""
    import harvest_duck  # noqa: PLC0415 - after the folder of its settings is known

    let_an_hour_pass(file)
    planned = {each.table: each for each in harvest_duck.explain_sync(connection, file)}
    account.ask("requests")
    result = harvest_duck.sync(connection, file)
    sent = sum(account.ask("requests").values())
    assert sent == result.requests, f"{sent} requests came, and {result.requests} are told"
    assert result.proven, [each for each in result.tables if each.proven_at is None]
    return Sync(
        sent,
        said=sum(each.requests or 0 for each in planned.values()),
        said_most=sum(each.most or 0 for each in planned.values()),
        entries=next(each.requests for each in result.tables if each.table == ENTRIES),
        entries_said=planned[ENTRIES].requests or 0,
        pages=-(-account.ask(f"records {ENTRIES}") // page_size),
        deleted=result.deleted,
        seconds=result.seconds,
    )


def measure(account: ChangingAccount, connection: str, file: str, page_size: int, times: int) -> bool:
    """Print the requests of every case, and return whether all bounds are kept."""
    first = synced(account, connection, file, page_size)
    print(f"| first copy | {first.sent} | {first.entries} | | | | {first.seconds:.1f} | |", flush=True)
    kept = True
    for case in (each for each in CASES for _ in range(times)):
        if case.command:
            account.ask(case.command)
        found = synced(account, connection, file, page_size)
        print(case.line(found), flush=True)
        kept &= case.kept(found)
    return kept


def main() -> None:
    """Measure according to the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time-entries", type=int, default=200_000)
    parser.add_argument("--invoices", type=int, default=3000)
    parser.add_argument("--scale", type=float, default=4)
    parser.add_argument("--page-size", type=int, default=2000)
    parser.add_argument("--times", type=int, default=4, help="each case is measured so often, of other entries")
    parser.add_argument("--short", action="store_true", help="a small agency with small pages, each case once")
    options = parser.parse_args()
    if options.short:
        options.time_entries, options.invoices, options.scale, options.page_size, options.times = 4000, 0, 0.2, 100, 1
    server = ("--time-entries", options.time_entries, "--invoices", options.invoices, "--scale", options.scale)
    print("| before the sync | requests | of time entries | bound | said before | deleted | s | |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, changing(*map(str, server)) as account:
        os.environ["HARVEST_DUCK_CONFIG_DIR"] = folder
        connection = f"{account.connection};RateLimit=off;ReportsRateLimit=off;PageSize={options.page_size}"
        kept = measure(account, connection, f"{folder}/copied.duckdb", options.page_size, options.times)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
