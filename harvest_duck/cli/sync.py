"""`harvest-duck sync`: bring a copy of an account up to date, and say what changed."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import harvest_duck
from harvest_duck.auth import sessions
from harvest_duck.cli import completion, failures, progress, sync_report
from harvest_duck.cli.connection_option import connection_option
from harvest_duck.cli.terminal import screen_of
from harvest_duck.mirror.model import CheckDeletes
from harvest_duck.runtime import interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from harvest_duck.mirror.model import SyncProgress, SyncResult

__all__ = ["sync", "synced"]

#: The width of a terminal that does not know its own, and that of what stands before the line of progress.
_USUAL, _SPINNER = 80, 2


@click.command(short_help="Keep a copy of an account in a file.")
@click.argument("tables", nargs=-1, metavar="[TABLE]...", shell_complete=completion.copied_tables)
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The copy, a file of DuckDB, which the first sync makes.",
)
@connection_option
@click.option("--whole", is_flag=True, help="Read every value again, not only what changed.")
@click.option(
    "--check-deletes",
    type=click.Choice([each.value for each in CheckDeletes]),
    default=CheckDeletes.RECENT.value,
    show_default=True,
    help="How to look for what was deleted: by the total, by that of each month too, or not at all.",
)
@click.option("--accept-deletes", is_flag=True, help="Go on where more than 5 % of a table are gone.")
@click.option(
    "--history/--no-history",
    default=None,
    help="Keep earlier versions of rows from now on, or no longer, and then none of those that were kept.",
)
@click.option("--explain", is_flag=True, help="Show how many requests it would send, and send none.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something is wrong.")
def sync(
    *,
    path: Path,
    connection: str,
    accept_deletes: bool,
    history: bool | None,
    explain: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,  # noqa: ANN401 - those that a plan takes as well
) -> None:
    """Bring a copy of an account up to date: its tables, or those named and what they follow from; a new one has all.

    The exit status is 0 if all of it is proven whole, 1 if the sync failed, 3 if a table is not proven, 4 if another
    sync is running, 5 if so much is gone that somebody has to agree.
    """
    options["tables"] = options["tables"] or None
    with _failure_as_json(path, wanted=as_json):
        if explain:
            plan = harvest_duck.explain_sync(connection, path, **options)
        else:
            options |= {"accept_deletes": accept_deletes, "history": history}
            result = synced(connection, path, options, quiet=quiet)
    screen = screen_of(sys.stdout)
    if explain:
        _write(sync_report.plan_lines(plan, screen), sync_report.plan_record(plan), as_json=as_json)
        return
    if as_json or not quiet:
        _write(sync_report.summary_lines(path, result, screen), sync_report.record(result), as_json=as_json)
    if not result.proven and options["check_deletes"] != CheckDeletes.NONE.value:
        for line in sync_report.unproven_lines(result):
            click.echo(f"harvest-duck: {line}", err=True)
        sys.exit(failures.UNPROVEN)


def synced(connection: str, path: Path, options: Mapping[str, Any], *, quiet: bool = False) -> SyncResult:
    """Bring a copy up to date, with a line of progress on a terminal, and return what changed."""
    sessions.prepare(connection)
    with _progress(wanted=not quiet) as tell:
        return harvest_duck.sync(connection, path, on_progress=tell, **options)


@contextmanager
def _progress(*, wanted: bool) -> Iterator[Callable[[SyncProgress], None] | None]:
    """A context that shows the progress which the function that it yields is told; None without a terminal."""
    if not wanted or not progress.on_terminal():
        yield None
        return
    width = (screen_of(sys.stderr).width or _USUAL) - _SPINNER
    told: list[tuple[SyncProgress, float]] = []

    def line() -> str:
        if not told or not told[0][0].tables_total:
            return "asking Harvest"
        latest, at = told[0]
        return sync_report.progress_line(latest, time.monotonic() - at, width)

    def tell(latest: SyncProgress) -> None:
        told[:] = [(latest, time.monotonic())]

    with progress.line_shown(line):
        yield tell


@contextmanager
def _failure_as_json(path: Path, *, wanted: bool) -> Iterator[None]:
    """A context whose errors are written as an object, before they are told as ever."""
    try:
        yield
    except failures.TOLD as error:
        if wanted and not interrupt.is_interrupt(error):
            click.echo(sync_report.json_text(sync_report.failure_record(path, failures.sentence(error))))
        raise


def _write(lines: Iterable[str], record: Mapping[str, object], *, as_json: bool) -> None:
    """Write lines for people, or the object that says the same."""
    for line in [sync_report.json_text(record)] if as_json else lines:
        click.echo(line)
