"""`harvest-duck status`: how old and how large a copy is, table by table."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

import harvest_duck
from harvest_duck.cli import sync_report
from harvest_duck.cli.terminal import screen_of
from harvest_duck.display.layout import LISTING, footer
from harvest_duck.display.lines import folded
from harvest_duck.display.text_table import text_table
from harvest_duck.text import escaped, terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.cli.terminal import Screen
    from harvest_duck.mirror.run_records import SyncRun
    from harvest_duck.mirror.status import MirrorStatus, TableStatus

_COLUMNS = ("table", "rows", "deleted", "MiB", "proven", "values")
_MEANING = (
    "proven: the time since the ids were proven whole; values: the time since every value was read",
    "deleted: the rows of the schema deleted",
)
_MIB = 1 << 20
#: Units of an age, each with its seconds.
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


@click.command(short_help="Tell age and size of a copy.")
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
def status(path: Path, *, as_json: bool) -> None:
    """Tell how old and how large each table of a copy is, and what the last sync did; sends nothing."""
    found = harvest_duck.mirror_status(path)
    if as_json:
        click.echo(sync_report.json_text(found))
        return
    for line in lines(path, found, datetime.now(UTC), screen_of(sys.stdout)):
        click.echo(line)


def lines(path: Path, found: MirrorStatus, now: datetime, screen: Screen) -> Iterator[str]:
    """The lines that tell of the copy at `path` at a moment: whose it is, its last sync, and its tables."""
    for text in _head(path, found, now):
        yield from folded(terminal_safe(text), screen.width)
    yield ""
    look = replace(LISTING, styled=screen.styled)
    shown = text_table(_COLUMNS, [_row(each, now) for each in found.tables], screen.width, look)
    yield from shown.lines
    words = [*_MEANING, f"not shown without --json: {', '.join(shown.left_out)}"] if shown.left_out else _MEANING
    yield from footer(words, screen.width, look)


def _row(table: TableStatus, now: datetime) -> tuple[object, ...]:
    size = Decimal(f"{table.bytes / _MIB:.1f}")
    return table.table, table.rows, table.deleted, size, _age(table.proven_at, now), _age(table.values_whole_at, now)


def _head(path: Path, found: MirrorStatus, now: datetime) -> Iterator[str]:
    size = f"{found.size_bytes / _MIB:,.1f} MiB"
    yield f"{escaped(path)}: account {found.account_id} as user {found.user_id} sees it, {size}"
    if found.last_run is not None:
        yield f"last sync: {_run(found.last_run, now)}"
    began = [each.history_began_at for each in found.tables if each.history_began_at is not None]
    if began:
        kept = sum(each.earlier for each in found.tables)
        yield f"history: since {sync_report.moment(min(began))}; {sync_report.counted(kept, 'earlier version')}"
    if found.running is not None:
        by = found.running
        yield f"a sync is running for {_age(by.since, now)}: process {by.pid} on {by.host}"


def _run(run: SyncRun, now: datetime) -> str:
    """How a sync ended, and what it did: one that was killed tells no more than its begin."""
    told = [run.outcome or "not ended", run.depth, _ago(run.ended_at or run.started_at, now)]
    numbers = {"requests": run.requests, "inserted": run.inserted, "changed": run.changed, "deleted": run.deleted}
    did = [f"{number:,} {word}" for word, number in numbers.items() if number]
    return "; ".join(", ".join(filter(None, some)) for some in (told, did) if some)


def _ago(instant: datetime, now: datetime) -> str:
    age = _age(instant, now)
    return age if age == "now" else f"{age} ago"


def _age(instant: datetime | None, now: datetime) -> str:
    """The time that has passed since an instant, in the largest unit of which there are two; `never` for none."""
    if instant is None:
        return "never"
    seconds = max(0, round((now - instant).total_seconds()))
    return next((f"{seconds // size} {unit}" for unit, size in _UNITS if seconds >= 2 * size), "now")
