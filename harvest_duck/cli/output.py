"""Rows on standard output: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import click
import duckdb

from harvest_duck.cli.terminal import Form, result_text, screen_of
from harvest_duck.display.cells import plain
from harvest_duck.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

_Command = TypeVar("_Command", bound="Callable[..., Any] | click.Command")

_ROWS_AT_ONCE = 1000


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    LINE = "line"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def format_option(kinds: Iterable[str], text: str, default: str | None = None) -> Callable[[_Command], _Command]:
    """Return the option `--format`, whose value is one of `kinds`."""
    return click.option("--format", "form", type=click.Choice(list(map(str, kinds))), default=default, help=text)


#: How a listing is written.
form_option = format_option(["table", "line", "csv", "json"], "How to write.", "table")


def chosen(form: str | None, target: Path | None) -> Format:
    """Return the given format, else the one that the name of the file ends with, else a table.

    Raises `QueryError` for a file with another ending.
    """
    if form is not None:
        return Format(form)
    if target is None:
        return Format.TABLE
    try:
        return Format(target.suffix.removeprefix(".").lower())
    except ValueError:
        raise QueryError(f"{target}: choose --format csv, json or parquet, or end the name with one of them") from None


def show_listed(listed: pa.Table, form: str, *, sql: str = "FROM listed") -> None:
    """Write an Arrow table, or the rows that `sql` selects from it under the name `listed`."""
    with duckdb.connect() as con:
        con.register("listed", listed)
        show(con, sql, Format(form), whole=True)


def show(con: duckdb.DuckDBPyConnection, sql: str, form: Format, *, whole: bool = False) -> None:
    """Run `sql` and write its rows to standard output; nothing for a statement without rows.

    A table shortens long texts, unless `whole` is set.
    """
    # DuckDB writes the JSON, as in a file: numbers stay exact, and of two columns with one name each gets a name.
    con.execute(f"SELECT to_json(json_row)::VARCHAR FROM ({sql}\n) json_row" if form is Format.JSON else sql)
    if not con.description:
        return
    names = [column[0] for column in con.description]
    if form in {Format.TABLE, Format.LINE}:
        wanted = Form.LINE if form is Format.LINE else None
        click.echo(result_text(names, _rows(con), screen_of(sys.stdout), wanted, whole=whole))
    elif form is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([plain(value) for value in row] for row in _rows(con))
    else:
        _json(_rows(con))


def _rows(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := con.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _json(rows: Iterator[tuple[Any, ...]]) -> None:
    separator = "[\n"
    for (record,) in rows:
        sys.stdout.write(separator + record)
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")
