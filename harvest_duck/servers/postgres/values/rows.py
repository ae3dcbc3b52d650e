"""Record batches as DataRow messages, a column at a time: no loop of Python over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.values.columns import column_pieces
from harvest_duck.servers.postgres.values.pieces import bytes_of, joined, offsets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from harvest_duck.servers.postgres.values.pieces import Piece
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["data_rows", "message_parts", "named", "parts_of", "row_parts", "with_heads"]

#: How many bytes of rows are put together at once: Arrow's offsets end at 2 GiB.
PART_BYTES = 1 << 24
#: The length of a message is a signed number of 32 bits, and Arrow's offsets are.
LONGEST = (1 << 31) - 1


def data_rows(
    batch: pa.RecordBatch, types: Sequence[ColumnType], formats: Sequence[int], names: Sequence[str] = ()
) -> memoryview:
    """Return the DataRow messages of a batch that a projection of `projection.py` handed over.

    Raise Failure if PostgreSQL has no such value. It names the column by `names`, or else by its place.
    """
    parts = list(row_parts(batch, types, formats, names))
    return parts[0] if len(parts) == 1 else memoryview(b"".join(parts))


def row_parts(
    batch: pa.RecordBatch, types: Sequence[ColumnType], formats: Sequence[int], names: Sequence[str] = ()
) -> Iterator[memoryview]:
    """Yield the same messages in parts of some megabytes, for values that are long."""
    return message_parts(b"D", batch, types, formats, names)


def message_parts(
    letter: bytes, batch: pa.RecordBatch, types: Sequence[ColumnType], formats: Sequence[int], names: Sequence[str]
) -> Iterator[memoryview]:
    """Yield the rows of a batch as messages of one kind: the number of columns, and each with its length."""
    count = len(types).to_bytes(2, "big")
    for part in parts_of(batch):
        columns = [
            column_pieces(part.column(place), kind, formats[place], named(place, names))
            for place, kind in enumerate(types)
        ]
        sizes = np.full(part.num_rows, len(count), np.int64)
        for column in columns:
            sizes += column.sizes
        yield _with_heads(letter, count, sizes, [piece for column in columns for piece in column.pieces])


def parts_of(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a batch in parts of some megabytes."""
    step = max(1, batch.num_rows * PART_BYTES // max(batch.nbytes, 1))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def with_heads(letter: bytes, bodies: Sequence[pa.Array]) -> memoryview:
    """Return messages of one kind, whose bodies are binaries one after the other."""
    sizes = np.zeros(len(bodies[0]), np.int64)
    for body in bodies:
        sizes += np.diff(offsets(body))
    return _with_heads(letter, b"", sizes, bodies)


def named(place: int, names: Sequence[str]) -> str:
    """Return what an error calls a column."""
    return f'"{names[place]}"' if names else str(place + 1)


def _with_heads(letter: bytes, begin: bytes, sizes: NDArray[np.int64], bodies: Sequence[Piece]) -> memoryview:
    """Return messages of one kind, all of which begin alike; `sizes` are those of their bodies."""
    if sizes.max(initial=0) + 5 > LONGEST:
        raise Failure("54000", "a row is longer than the 2 GB that a message of PostgreSQL's protocol may have")
    head = np.empty((len(sizes), 5 + len(begin)), np.uint8)
    head[:, 0] = letter[0]
    head[:, 1:5] = bytes_of(sizes + 4, ">i4")
    head[:, 5:] = np.frombuffer(begin, np.uint8)
    messages = joined([head, *bodies])
    ends = offsets(messages)
    return memoryview(messages.buffers()[2])[ends[0] : ends[-1]]
