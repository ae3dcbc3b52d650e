"""`harvest-duck export`: tables of Harvest as files."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvest_duck.auth import sessions
from harvest_duck.cli import completion, output, progress, statements
from harvest_duck.cli.connection_option import connection_option
from harvest_duck.cli.terminal import screen_of
from harvest_duck.display.file_size import file_size
from harvest_duck.display.layout import LISTING
from harvest_duck.display.lines import folded
from harvest_duck.display.text_table import text_table
from harvest_duck.exports import source
from harvest_duck.exports.arguments import Arguments, order
from harvest_duck.exports.export import exported
from harvest_duck.exports.model import FileFormat, Layout
from harvest_duck.formats import targets
from harvest_duck.text import escaped, terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.cli.terminal import Screen
    from harvest_duck.exports.model import Exported, Order

__all__ = ["export", "summary_lines"]


@click.command(short_help="Write tables of Harvest to files.")
@click.argument("tables", nargs=-1, metavar="[TABLE]...", shell_complete=completion.tables)
@click.option("--all", "every", is_flag=True, help="All tables that a copy has and you may read.")
@connection_option
@click.option("--where", metavar="SQL", help="A condition such as \"spent_date >= '2026-01-01'\".")
@output.format_option(FileFormat, "By default what FILE ends with, and parquet in a folder.")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=str),
    metavar="FILE|DIR",
    help="The file, or the folder of several, - for standard output; .gz or .zst at its end compresses text.",
)
@click.option(
    "--partition-by",
    multiple=True,
    metavar="KEY",
    help='Write folders of Parquet files by "month(spent_date)", year(…), day(…) or a column.',
)
@click.option("--append", is_flag=True, help="Add files to the folder of the table.")
@click.option("--replace-partitions", is_flag=True, help="Replace the partitions that the rows are in, and no other.")
@click.option("--spreadsheet-safe", is_flag=True, help="Mark texts of CSV that a spreadsheet would run as formulas.")
@click.option("--time-as-text", is_flag=True, help="Write times of day to Parquet as text, for Spark before 4.1.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something is wrong.")
def export(
    *,
    tables: tuple[str, ...],
    every: bool,
    connection: str,
    form: str | None,
    target: str | None,
    where: str | None,
    quiet: bool,
    **options: Any,  # noqa: ANN401 - those of `Arguments`
) -> None:
    """Write tables of Harvest to files: one table to FILE, by default TABLE.parquet, several to the folder DIR.

    A file takes its place when it is whole. With --partition-by or --append each table is a folder of Parquet files
    in DIR. The format duckdb is one file with all tables.
    """
    if every == bool(tables):
        raise click.UsageError("Name the tables, or give --all.")
    if target is not None and targets.is_standard_output(Path(target)) and form is None:
        raise click.UsageError("Choose --format for standard output.")
    where = statements.argument(where, "--where") if where else None
    named = None if every else tables
    wanted = order(Arguments(target=target, tables=named, format=form, where=where, **options))
    if wanted.layout is Layout.FILE and targets.is_streamed(wanted.target):
        output.chosen(form, wanted.target)
    sessions.prepare(connection)
    with source.opened(connection) as con, ExitStack() as shown:
        if not quiet and not targets.is_terminal(wanted.target):
            shown.enter_context(progress.shown(con))
        done = exported(con, wanted)
    if not quiet and not targets.is_standard_output(wanted.target):
        for line in summary_lines(wanted, done, screen_of(sys.stderr)):
            click.echo(line, err=True)


def summary_lines(wanted: Order, done: Sequence[Exported], screen: Screen) -> Iterator[str]:
    """The lines of a summary: the tables with their rows, files and sizes, and those that were left out."""
    written = [each for each in done if not each.left_out]
    if len(done) == 1 and written:
        (one,) = written
        yield f"{_count(one.rows, 'row')} written to {escaped(one.path)}{_size(one)}"
        return
    if written:
        look = replace(LISTING, styled=screen.styled)
        rows = [(each.table, each.rows, each.files, file_size(each.bytes)) for each in written]
        shown = wanted.form is not FileFormat.DUCKDB
        names = ("table", "rows", "files", "size") if shown else ("table", "rows")
        yield from text_table(names, [row[: len(names)] for row in rows], screen.width, look).lines
    total = written[0].bytes if written and wanted.form is FileFormat.DUCKDB else sum(each.bytes for each in written)
    what = f"{_count(sum(each.rows for each in written), 'row')} of {_count(len(written), 'table')}"
    yield f"{what} written to {escaped(wanted.target)}, {file_size(total)}"
    if left_out := [each.table for each in done if each.left_out]:
        yield from folded(f"{_count(len(left_out), 'table')} left out: {', '.join(left_out)}", screen.width)
        first = next(each.left_out for each in done if each.left_out)
        yield from folded(f"the first of them: {terminal_safe(first)}", screen.width)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(done: Exported) -> str:
    files = f", {_count(done.files, 'file')}" if done.files != 1 else ""
    return f"{files}, {file_size(done.bytes)}" if done.bytes else files
