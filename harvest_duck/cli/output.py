"""The rows of statements, written: as text for people, as lines for programs, as a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from itertools import tee
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click
import duckdb

from harvest_duck.cli import progress
from harvest_duck.cli.terminal import Form, chart_text, result_text, screen_of
from harvest_duck.display.result import OPTIONS, Advice
from harvest_duck.errors import QueryError
from harvest_duck.formats import (
    BINARY,
    FOR_PEOPLE,
    Format,
    compression_of,
    format_of,
    parquet,
    results,
    targets,
    text_output,
    workbook,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

_Command = TypeVar("_Command", bound="Callable[..., Any] | click.Command")

#: Formats of which one result after the other is told apart without an empty line between them.
SELF_DELIMITING = {Format.JSON, Format.NDJSON}


def format_option(kinds: Iterable[str], text: str) -> Callable[[_Command], _Command]:
    """Return the option `--format`, whose value is one of `kinds`; without it, the screen decides, or a file's name."""
    return click.option("--format", "form", type=click.Choice(list(map(str, kinds))), help=text)


#: How a listing is written.
form_option = format_option([form for form in Format if form not in BINARY], "How to write; a table by default.")


def chosen(form: str | None, target: Path) -> Format | None:
    """Return the given format, else the one that the name of a file ends with, else None on standard output.

    Raises `QueryError` where there is none, where rows for people would go into a file, where a file that is compressed
    inside would be compressed again, and where what writes the format is not installed.
    """
    if form is None and targets.is_standard_output(target):
        return None
    found = format_of(target) if form is None else Format(form)
    if found in FOR_PEOPLE and not targets.is_streamed(target):
        raise QueryError(f"{target}: {found} is for the terminal: choose --format csv, json or another one for files")
    if found in BINARY and targets.is_terminal(target):
        raise QueryError(f"{found} is not for the terminal: name a file with -o FILE, or pipe it")
    if found in BINARY and compression_of(target):
        raise QueryError(f"{target}: {found} is compressed inside: leave out {target.suffix}")
    if found is Format.XLSX:
        workbook.require()
    return found


def show_listed(listed: pa.Table, form: str | None, *, sql: str = "FROM listed", advice: Advice = OPTIONS) -> None:
    """Write an Arrow table, or the rows that `sql` selects from it under the name `listed`."""
    chosen = Format(form) if form else None
    with duckdb.connect() as con, writing(targets.STANDARD_OUTPUT, chosen, whole=True, advice=advice) as writer:
        results.prepare(con)
        con.register("listed", listed)
        writer.write(con, con.extract_statements(sql)[0], {})


class Writer(ABC):
    """Writes the rows of statements to one place; counts the statements that have rows, and all their rows."""

    #: Whether the rows of one statement fill the place.
    takes_one = False

    def __init__(self) -> None:
        self.results = 0
        self.rows = 0

    @abstractmethod
    def write(
        self, con: duckdb.DuckDBPyConnection, statement: duckdb.Statement, values: Mapping[str, str | None]
    ) -> None:
        """Run a statement with the values of its parameters, and write its rows if it is one with rows."""


@contextmanager
def writing(
    target: Path,
    form: Format | None,
    *,
    whole: bool = False,
    as_chart: bool = False,
    or_table: bool = False,
    advice: Advice = OPTIONS,
) -> Iterator[Writer]:
    """A context with a writer to a place, in a format that `chosen` returned.

    For people long texts are shortened, unless `whole` is set, and rows are drawn where `as_chart` is. Rows that cannot
    be drawn are an error, or with `or_table` a table.
    """
    if form in BINARY:
        with targets.path_for(target) as path:
            yield _FileWriter(path, form)
        return
    with targets.opened(target) as stream:
        writer = _TextWriter(stream, form, whole=whole, takes_one=not targets.is_streamed(target))
        writer.as_chart, writer.or_table, writer.advice = as_chart, or_table, advice
        yield writer


class _TextWriter(Writer):
    """Writes text to an open stream, as soon as there is some."""

    #: Whether rows are drawn, and whether those that cannot be are a table.
    as_chart = or_table = False
    advice = OPTIONS

    def __init__(self, stream: BinaryIO, form: Format | None, *, whole: bool, takes_one: bool) -> None:
        super().__init__()
        self.takes_one = takes_one
        self._stream = stream
        self._form = form
        self._whole = whole
        self._on_terminal = stream.isatty()

    def write(
        self, con: duckdb.DuckDBPyConnection, statement: duckdb.Statement, values: Mapping[str, str | None]
    ) -> None:
        with progress.shown(con) as end_progress:
            for count, text in self._pieces(con, statement, values):
                if self._on_terminal:
                    end_progress()
                self._stream.write(text.encode())
                self._stream.flush()
                self.rows += count

    def _pieces(
        self, con: duckdb.DuckDBPyConnection, statement: duckdb.Statement, values: Mapping[str, str | None]
    ) -> Iterator[tuple[int, str]]:
        """Yield the text of a result piece by piece, with the number of rows in each piece."""
        before = "" if self._form in SELF_DELIMITING or not self.results else "\n"
        if self._form is None or self._form in FOR_PEOPLE:
            found = results.rows(con, statement, values)
            if found is not None:
                self.results += 1
                yield 0, f"{before}{self._shown(found)}\n"
            return
        zone = results.time_zone(con)
        batches = results.batches(con, statement, values)
        if batches is not None:
            self.results += 1
            for count, text in text_output.pieces(batches, self._form, zone, on_terminal=self._on_terminal):
                yield count, before + text
                before = ""

    def _shown(self, found: results.Rows) -> str:
        """Return rows as people read them."""
        screen = screen_of(self._stream)
        values, again = tee(found.values) if self.as_chart else (found.values, found.values)
        if self.as_chart:
            try:
                return chart_text(found.names, values, screen)
            except QueryError:
                if not self.or_table:
                    raise
        form = None if self._form is None else Form(self._form)
        return result_text(found.names, again, screen, form, whole=self._whole, advice=self.advice)


class _FileWriter(Writer):
    """Writes a file that is no text."""

    takes_one = True

    def __init__(self, path: Path, form: Format) -> None:
        super().__init__()
        self._path = path
        self._form = form

    def write(
        self, con: duckdb.DuckDBPyConnection, statement: duckdb.Statement, values: Mapping[str, str | None]
    ) -> None:
        with progress.shown(con):
            if self._form is Format.XLSX:
                found = results.rows(con, statement, values)
                if found is not None:
                    self.results += 1
                    self.rows += workbook.write(found.names, found.values, self._path)
            else:
                batches = results.batches(con, statement, values)
                if batches is not None:
                    self.results += 1
                    self.rows += parquet.write(batches, self._path)
