"""`export`: tables of Harvest as files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.errors import Forbidden, NotFound, QueryError
from harvest_duck.exports import source
from harvest_duck.exports.arguments import Arguments, order, tables_of
from harvest_duck.exports.duckdb_file import DuckdbFile, refuse_copy
from harvest_duck.exports.model import Exported, FileFormat, Layout, Order
from harvest_duck.exports.staged_files import finish_abandoned, staged
from harvest_duck.exports.table_files import write_file, write_folder
from harvest_duck.formats import targets

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    import duckdb

    from harvest_duck.catalog.model import Table

__all__ = ["export", "exported"]


def export(
    connection: str = "",
    target: str | os.PathLike[str] | None = None,
    *,
    tables: str | Iterable[str] | None = None,
    format: str | None = None,  # noqa: A002 - the option of the command is called so
    where: str | None = None,
    partition_by: str | Iterable[str] = (),
    append: bool = False,
    replace_partitions: bool = False,
    spreadsheet_safe: bool = False,
    time_as_text: bool = False,
) -> list[Exported]:
    """Write tables of Harvest to files, and return what was written of each.

    `tables` are all that the user may read unless some are named. `target` is a file for one table, and a folder for
    several. `format` is by default what the file ends with, and Parquet in a folder; `duckdb` is one file with all
    tables. `where` is a condition of SQL. `partition_by` are keys such as `month(spent_date)` or `client_id`: each
    table is a folder of Parquet files then. `append` adds files to it, and `replace_partitions` replaces those of the
    partitions that the rows are in; otherwise the new files take the place of all. `spreadsheet_safe` marks texts of
    CSV that a spreadsheet would run as formulas. `time_as_text` writes times of day as texts.

    Rows are written as they arrive, beside the target, and take its place at the end. Raises the errors of a scan,
    `QueryError` for arguments that do not go together, and OSError.
    """
    wanted = order(
        Arguments(
            target=target,
            tables=tables,
            format=format,
            where=where,
            partition_by=partition_by,
            append=append,
            replace_partitions=replace_partitions,
            spreadsheet_safe=spreadsheet_safe,
            time_as_text=time_as_text,
        )
    )
    with source.opened(connection) as con:
        return list(exported(con, wanted))


def exported(con: duckdb.DuckDBPyConnection, wanted: Order) -> list[Exported]:
    """Write each table by a connection that `source.opened` gave, and return what was written of it.

    Of all tables, those that the user may not read, or that the account does not have, are left out.
    """
    done = []
    with _writer(con, wanted) as write:
        for table in tables_of(wanted):
            try:
                with source.our_errors(con):
                    done.append(write(table))
            except (Forbidden, NotFound) as error:
                if wanted.tables is not None:
                    raise
                done.append(Exported(table.name, 0, wanted.place_of(table.name), files=0, left_out=str(error)))
    if wanted.form is FileFormat.DUCKDB:
        size = wanted.target.stat().st_size
        return [replace(each, bytes=size) for each in done]
    return done


@contextmanager
def _writer(con: duckdb.DuckDBPyConnection, wanted: Order) -> Iterator[Callable[[Table], Exported]]:
    """A context with the function that writes one table to its place."""
    if wanted.form is FileFormat.DUCKDB:
        with _database(con, wanted) as write:
            yield write
        return
    if wanted.layout is not Layout.FILE:
        wanted.target.mkdir(parents=True, exist_ok=True)
        finish_abandoned(wanted.target)
    elif not targets.is_streamed(wanted.target):
        finish_abandoned(targets.place(wanted.target).parent)
    yield partial(write_folder if wanted.layout is Layout.FOLDERS else write_file, con, order=wanted)


@contextmanager
def _database(con: duckdb.DuckDBPyConnection, wanted: Order) -> Iterator[Callable[[Table], Exported]]:
    if targets.is_streamed(wanted.target):
        raise QueryError(f"{wanted.target}: a database is a file: name one")
    place = targets.place(wanted.target)
    refuse_copy(place)
    with staged(place) as files:
        with DuckdbFile.made(files.add(place.name), str(wanted.target)) as file:

            def write(table: Table) -> Exported:
                with source.selected(con, table, wanted.where) as batches:
                    return Exported(table.name, file.write(table, batches), wanted.target)

            yield write
        files.publish(frozenset)
