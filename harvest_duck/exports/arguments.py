"""The arguments of an export, checked: which tables, in which format, and what lies at the target afterwards."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import table as table_named
from harvest_duck.errors import QueryError
from harvest_duck.exports.model import FileFormat, Layout, Mode, Order
from harvest_duck.exports.partitions import partitions_of
from harvest_duck.formats import compression_of, format_of, workbook
from harvest_duck.formats.targets import STANDARD_OUTPUT
from harvest_duck.mirror.tables import MIRRORED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.catalog.model import Table

__all__ = ["Arguments", "order", "tables_of"]

_DATABASE = ".duckdb"
#: What text alone is: of the others each is compressed inside.
_BINARY = {FileFormat.PARQUET, FileFormat.XLSX, FileFormat.DUCKDB}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a person or a program asks for: see `harvest_duck.export`."""

    target: str | os.PathLike[str] | None
    tables: str | Iterable[str] | None = None
    format: str | None = None
    where: str | None = None
    partition_by: str | Iterable[str] = ()
    append: bool = False
    replace_partitions: bool = False
    spreadsheet_safe: bool = False
    time_as_text: bool = False


def order(given: Arguments) -> Order:
    """Return what the arguments ask for; without a target, the file of the one table in the current folder.

    Raises `UnknownTable`, and `QueryError` for arguments that do not go together.
    """
    tables = _listed(given.tables)
    names = None if tables is None else tuple(dict.fromkeys(table_named(each).name for each in tables))
    keys = tuple(_listed(given.partition_by) or ())
    if given.append and given.replace_partitions:
        raise QueryError("append adds to partitions and replace-partitions takes their place: choose one")
    mode = Mode.APPEND if given.append else Mode.PARTITIONS if given.replace_partitions else Mode.WHOLE
    if mode is Mode.PARTITIONS and not keys:
        raise QueryError("replace-partitions needs to know the partitions: add partition-by, as in month(spent_date)")
    target = _target(given, names)
    folders = bool(keys) or mode is not Mode.WHOLE
    layout = Layout.FOLDERS if folders else _layout(given, names)
    form = _format(target, given.format, layout)
    found = Order(
        tables=names,
        target=target,
        form=form,
        layout=Layout.FILE if form is FileFormat.DUCKDB else layout,
        where=given.where,
        partition_by=keys,
        mode=mode,
        spreadsheet_safe=given.spreadsheet_safe,
        time_as_text=given.time_as_text,
    )
    _require_consistent(found, folders=folders)
    return found


def tables_of(wanted: Order) -> list[Table]:
    """Return the tables to export: those named, or all that a copy of an account has."""
    return [each.table for each in MIRRORED] if wanted.tables is None else [table_named(each) for each in wanted.tables]


def _listed(given: str | Iterable[str] | None) -> list[str] | None:
    return None if given is None else [given] if isinstance(given, str) else list(given)


def _target(given: Arguments, names: tuple[str, ...] | None) -> Path:
    if given.target is not None:
        return Path(given.target)
    if names is None or len(names) != 1 or given.partition_by or given.append:
        raise QueryError("an export needs a place: name a folder, or a file that ends with .duckdb")
    return Path(f"{names[0]}.{given.format or FileFormat.PARQUET}")


def _layout(given: Arguments, names: tuple[str, ...] | None) -> Layout:
    """Return whether the target is the file of one table, or a folder: one that is there, or ends with a slash."""
    written = "" if given.target is None else os.fspath(given.target)
    is_folder = written.endswith(("/", os.sep)) or (written not in {"", "-"} and Path(written).is_dir())
    return Layout.FILE if names is not None and len(names) == 1 and not is_folder else Layout.FILES


def _format(target: Path, form: str | None, layout: Layout) -> FileFormat:
    """Return the format that is given, or that the name of a file ends with; in folders it is Parquet by default."""
    if form is not None:
        if form not in list(FileFormat):
            raise QueryError(f"{form} is no format of files: choose {', '.join(FileFormat)}")
        return FileFormat(form)
    if target.suffix.lower() == _DATABASE:
        return FileFormat.DUCKDB
    return FileFormat.PARQUET if layout is not Layout.FILE else FileFormat(format_of(target))


def _require_consistent(found: Order, *, folders: bool) -> None:
    """Raise `QueryError` for a format that cannot hold what is asked for, and for keys that a table does not have."""
    form, target = found.form, found.target
    if found.layout is not Layout.FILE and (target == STANDARD_OUTPUT or (target.exists() and not target.is_dir())):
        raise QueryError(f"{target} is no folder, as several tables, partitions and added files need: name one")
    if folders and form is not FileFormat.PARQUET:
        raise QueryError(f"{target}: partitions and added files are of Parquet, and not of {form}")
    if found.layout is Layout.FILE and form in _BINARY and compression_of(target):
        raise QueryError(f"{target}: {form} is compressed inside: leave out {target.suffix}")
    if found.spreadsheet_safe and form not in {FileFormat.CSV, FileFormat.TSV, FileFormat.XLSX}:
        raise QueryError(f"{target}: spreadsheet-safe is for csv and tsv: no spreadsheet runs texts of {form}")
    if found.time_as_text and form is not FileFormat.PARQUET:
        raise QueryError(f"{target}: time-as-text is for parquet: {form} has times of day, or they are text already")
    if form is FileFormat.XLSX:
        workbook.require()
    for each in tables_of(found):
        partitions_of(each, found.partition_by)
