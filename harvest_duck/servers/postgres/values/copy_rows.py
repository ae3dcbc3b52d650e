"""Record batches as the CopyData messages of COPY … TO STDOUT: CopyOneRowTo of PostgreSQL 15's commands/copyto.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.servers.postgres.values.columns import column_texts
from harvest_duck.servers.postgres.values.pieces import offsets
from harvest_duck.servers.postgres.values.rows import message_parts, named, parts_of, with_heads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harvest_duck.servers.postgres.values.copy_options import CopyOptions
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["CopyRows"]

#: What a file of COPY BINARY begins with: a signature, no flags and no extension.
SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
#: What stands after a backslash for a character in the text form. The first has to be the first to be written.
ESCAPES = {b"\\": b"\\", b"\b": b"b", b"\f": b"f", b"\n": b"n", b"\r": b"r", b"\t": b"t", b"\v": b"v"}


class CopyRows:
    """The messages of one COPY. Columns have to be handed over in `formats`."""

    def __init__(self, options: CopyOptions, types: Sequence[ColumnType], names: Sequence[str]) -> None:
        self._options = options
        self._types = types
        self._names = names
        self._begun = False
        self.binary = options.form == "binary"
        self.formats = (int(self.binary),) * len(types)

    def rows(self, batch: pa.RecordBatch) -> Iterator[memoryview | bytes]:
        """Yield the messages of a batch, in parts of some megabytes; raise Failure if PostgreSQL has no such value."""
        if self.binary:
            parts: Iterable[memoryview] = message_parts(b"d", batch, self._types, self.formats, self._names)
        else:
            parts = (self._lines(part) for part in parts_of(batch))
        for part in parts:
            yield from self._after_start(part)

    def end(self) -> bytes:
        """Return the last message, which has what comes after the rows, or nothing."""
        if self.binary:
            return _message((b"" if self._begun else SIGNATURE) + b"\xff\xff")
        return b"".join(bytes(part) for part in self._after_start(memoryview(b"")))

    def _after_start(self, part: memoryview) -> Iterator[memoryview | bytes]:
        """Yield what COPY begins with, once: the columns' names, or a signature in one message with the first row."""
        if self._begun:
            yield part
            return
        self._begun = True
        if self.binary:
            length = 1 + int.from_bytes(part[1:5], "big")
            yield _message(SIGNATURE + bytes(part[5:length]))
            part = part[length:]
        elif self._options.header:
            names = pa.record_batch(
                [pa.array([name]) for name in self._names], [str(n) for n, _ in enumerate(self._names)]
            )
            yield self._written([column.view(pa.binary()) for column in names.columns], force=frozenset())
        yield part

    def _lines(self, batch: pa.RecordBatch) -> memoryview:
        columns = [
            column_texts(batch.column(place), kind, named(place, self._names)) for place, kind in enumerate(self._types)
        ]
        return self._written(columns, force=self._options.force_quote)

    def _written(self, columns: list[pa.Array], *, force: frozenset[int]) -> memoryview:
        options = self._options
        if options.form == "csv":
            alone = len(columns) == 1
            columns = [_quoted(column, options, force=n in force, alone=alone) for n, column in enumerate(columns)]
        else:
            columns = [_escaped(column, options.delimiter.encode()) for column in columns]
        delimiter = pa.scalar(options.delimiter.encode(), pa.binary())
        null = options.null.encode()
        lines = pc.binary_join_element_wise(*columns, delimiter, null_handling="replace", null_replacement=null)
        return with_heads(b"d", [lines, pa.array([b"\n"]).take(pa.array(np.zeros(len(lines), np.int8)))])


def _escaped(column: pa.Array, delimiter: bytes) -> pa.Array:
    """Return values with a backslash before what has a meaning in the text form: CopyAttributeOutText."""
    for plain, letter in ({**ESCAPES, delimiter: delimiter} | ESCAPES).items():
        if _has(column, plain):
            column = pc.replace_substring(column, plain, b"\\" + letter)
    return column


def _quoted(column: pa.Array, options: CopyOptions, *, force: bool, alone: bool) -> pa.Array:
    """Return values in quotes where they have to be: CopyAttributeOutCSV."""
    quote, escape = options.quote.encode(), options.escape.encode()
    marks = {options.delimiter.encode(), quote, b"\n", b"\r"}
    chosen = pc.equal(column, pa.scalar(options.null.encode(), pa.binary()))
    for mark in marks:
        if _has(column, mark):
            chosen = pc.or_(chosen, pc.match_substring(column, mark))
    if alone:
        chosen = pc.or_(chosen, pc.equal(column, pa.scalar(b"\\.", pa.binary())))
    if not force and not pc.any(chosen).as_py():
        return column
    inner = column
    for mark in dict.fromkeys((escape, quote)):
        if _has(column, mark):
            inner = pc.replace_substring(inner, mark, escape + mark)
    bracket = pa.scalar(quote, pa.binary())
    whole = pc.binary_join_element_wise(bracket, inner, bracket, pa.scalar(b"", pa.binary()))
    return whole if force else pc.if_else(chosen, whole, column)


def _has(column: pa.Array, mark: bytes) -> bool:
    """Whether a character stands anywhere in a column, which is fast to see."""
    data = column.buffers()[2]
    if data is None:
        return False
    ends = offsets(column)
    return bool((np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] == mark[0]).any())


def _message(body: bytes) -> bytes:
    return b"d" + (len(body) + 4).to_bytes(4, "big") + body
