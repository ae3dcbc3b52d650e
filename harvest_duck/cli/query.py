"""`harvest-duck query` and `harvest-duck export`: SQL in, a table on the terminal or a file out."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import duckdb

from harvest_duck.auth import sessions
from harvest_duck.catalog.tables import table as table_named
from harvest_duck.cli import output, progress
from harvest_duck.cli.output import Format
from harvest_duck.engine import export as files
from harvest_duck.engine import register
from harvest_duck.engine.export import FileFormat
from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The connection, for every command that sends requests.
connection_option = click.option(
    "--connection",
    "-c",
    metavar="STR",
    default="",
    help="A connection string such as 'DSN=acme'; by default what the environment and the DSN 'default' say.",
)
_target = click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write; for an export by default TABLE.parquet, or what --format says.",
)

#: The request and its figures first: the narrowest terminal has room for them.
_EXPLAINED = """
SELECT step, requests, records, earliest_s, request, pushed, rechecked, scan, table_name, rate_limit, account_id, hint
FROM explained
"""


@contextmanager
def opened(connection: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A context with a DuckDB connection that has Harvest in it and raises our errors; may ask a person to sign in."""
    sessions.prepare(connection)
    con = register.connect(connection)
    try:
        yield con
    except duckdb.Error as error:
        cause = register.last_error(con)
        if cause is not None and str(cause) in str(error):
            raise cause from error
        raise
    finally:
        con.close()


@click.command()
@click.argument("sql")
@connection_option
@output.format_option(Format, "How to write; a table, or what FILE ends with.")
@_target
@click.option("--explain", is_flag=True, help="Show the requests that SQL would send, instead of running it.")
@click.option("--no-probe", is_flag=True, help="Explain without a request, and so without the sizes of lists.")
def query(sql: str, connection: str, form: str | None, target: Path | None, *, explain: bool, no_probe: bool) -> None:
    """Run SQL; every table of Harvest is harvest.TABLE, or harvest_scan('TABLE')."""
    if no_probe and not explain:
        raise click.UsageError("--no-probe goes with --explain")
    chosen = output.chosen(form, target)
    with opened(connection) as con:
        hints: list[str] = []
        if explain:
            explained = register.explain(sql, con, probe=not no_probe)
            con.register("explained", explained)
            sql, hints = _EXPLAINED, explained["hint"].drop_null().unique().to_pylist()
        if target is not None or chosen is Format.PARQUET:
            _write(con, sql, target, chosen)
        else:
            output.show(con, sql.strip().rstrip(";"), chosen)
        # Below the table, where their column seldom has room.
        for hint in hints:
            click.echo(f"hint: {hint}", err=True)


@click.command()
@click.argument("table")
@connection_option
@click.option("--where", metavar="SQL", help="A condition such as \"spent_date >= '2026-01-01'\".")
@output.format_option(FileFormat, "By default what FILE ends with.")
@_target
def export(table: str, connection: str, where: str | None, form: str | None, target: Path | None) -> None:
    """Write a table of Harvest to a file."""
    entry = table_named(table)
    condition = f" WHERE {where}" if where else ""
    target = target or Path(f"{entry.name}.{form or FileFormat.PARQUET}")
    chosen = output.chosen(form, target)
    with opened(connection) as con:
        sql = f"SELECT * FROM harvest.{identifier(entry.name)}{condition}"
        _write(con, sql, target, chosen)


def _write(con: duckdb.DuckDBPyConnection, sql: str, target: Path | None, form: Format) -> None:
    if target is None:
        raise QueryError("Parquet is not for the terminal: name a file with -o FILE")
    if form in {Format.TABLE, Format.LINE}:
        raise QueryError(f"{target}: {form} is for the terminal: choose --format csv, json or parquet")
    with progress.shown(con):
        rows = files.export(con, sql.strip().rstrip(";"), target, FileFormat(form.value))
    click.echo(f"{rows:,} {'row' if rows == 1 else 'rows'} written to {target}", err=True)
