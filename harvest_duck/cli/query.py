"""`harvest-duck query`: SQL in, rows on the terminal, in a pipe or in a file out."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import duckdb

from harvest_duck.auth import sessions
from harvest_duck.cli import output, statements
from harvest_duck.cli.connection_option import connection_option
from harvest_duck.engine import register
from harvest_duck.engine.arrow_stream import sentence_in
from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.exports import source
from harvest_duck.formats import Format, targets
from harvest_duck.runtime import interrupt
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from harvest_duck.cli.statements import Script, Step

__all__ = ["EXPLAINED", "opened", "query", "tell_hints"]

_target = click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to write, - for standard output; .gz or .zst at its end compresses text.",
)

#: The request and its figures first: the narrowest terminal has room for them.
EXPLAINED = """
SELECT step, requests, records, earliest_s, request, pushed, rechecked, source, age_s, scan, table_name, rate_limit,
    account_id, hint
FROM listed
"""


@contextmanager
def opened(connection: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A context with a DuckDB connection that has Harvest in it and raises our errors; may ask a person to sign in."""
    sessions.prepare(connection)
    with source.opened(connection) as con:
        yield con


@contextmanager
def _placed(con: duckdb.DuckDBPyConnection, step: Step) -> Iterator[None]:
    """A context whose errors say which of several statements they are of."""
    try:
        with source.our_errors(con):
            yield
    except (duckdb.Error, HarvestDuckError, OSError) as error:
        if not step.place or interrupt.is_interrupt(error) or isinstance(error, BrokenPipeError):
            raise
        raise QueryError(f"{step.place}: {sentence_in(str(error)).strip()}") from error


@click.command(short_help="Run SQL over the tables of Harvest.")
@click.argument("sql", required=False)
@click.option("-f", "--file", type=click.Path(path_type=Path), metavar="FILE", help="Read the SQL from a file.")
@click.option(
    "-p",
    "--parameter",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="The value of $NAME, as if it stood there in quotes; NAME alone is NULL.",
)
@connection_option
@output.format_option(Format, "How to write; what FILE ends with, or a table or lines, as fits the terminal.")
@_target
@click.option("--chart", "as_chart", is_flag=True, help="Draw a result of two columns: bars, or a line over time.")
@click.option("--explain", is_flag=True, help="Show the requests that SQL would send, instead of running it.")
@click.option("--no-probe", is_flag=True, help="Explain without a request, and so without the sizes of lists.")
def query(
    *,
    sql: str | None,
    file: Path | None,
    given: tuple[str, ...],
    connection: str,
    form: str | None,
    target: Path | None,
    as_chart: bool,
    explain: bool,
    no_probe: bool,
) -> None:
    """Run SQL; every table of Harvest is harvest.TABLE, or harvest_scan('TABLE').

    SQL may be several statements, each with its result. Without SQL, or as -, it is read from standard input.
    """
    if no_probe and not explain:
        raise click.UsageError("--no-probe goes with --explain")
    if as_chart:
        _refuse_with_chart(form, target, explain=explain)
    values = statements.parameters(given)
    written = statements.read(sql, file)
    place = target or targets.STANDARD_OUTPUT
    chosen = output.chosen(form, place)
    with opened(connection) as con:
        script = statements.script(con, written, values, str(file) if file else "")
        if not explain:
            _write(con, script, place, chosen, as_chart=as_chart)
            return
        explained = register.explain(statements.with_values(written, values), con, probe=not no_probe)
        con.register("listed", explained)
        _write(con, statements.script(con, EXPLAINED, {}), place, chosen)
        tell_hints(explained)


def tell_hints(explained: pa.Table) -> None:
    """Write the hints of an explanation below its table, where their column seldom has room."""
    for hint in explained["hint"].drop_null().unique().to_pylist():
        click.echo(f"hint: {hint}", err=True)


def _refuse_with_chart(form: str | None, target: Path | None, *, explain: bool) -> None:
    """Raise `click.UsageError` where something else is asked for than a picture on standard output."""
    other = "--explain" if explain else "--format" if form else "-o FILE"
    if explain or form or (target and not targets.is_standard_output(target)):
        raise click.UsageError(f"--chart draws on standard output: leave out {other}.")


def _write(
    con: duckdb.DuckDBPyConnection, script: Script, target: Path, form: Format | None, *, as_chart: bool = False
) -> None:
    """Run the statements one after the other, and write their rows to one place."""
    with output.writing(target, form, as_chart=as_chart) as writer:
        if writer.takes_one and sum(step.has_rows for step in script.steps) > 1:
            raise _too_many(target, form)
        for step in script.steps:
            with _placed(con, step):
                writer.write(con, step.statement, script.values_of(step))
            if writer.takes_one and writer.results > 1:
                raise _too_many(target, form)
        if writer.takes_one and not writer.results:
            raise QueryError(f"{target}: nothing is written, because no statement has rows: end with a query")
    if not targets.is_standard_output(target):
        click.echo(f"{writer.rows:,} {'row' if writer.rows == 1 else 'rows'} written to {escaped(target)}", err=True)


def _too_many(target: Path, form: Format | None) -> QueryError:
    return QueryError(
        f"{target}: {form} in a file is for one result, and several statements have rows: run one at a time"
    )
