"""Record batches as DataRow messages, a column at a time: no loop of Python over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harvest_duck.servers.postgres.columns import column_pieces
from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.pieces import bytes_of, fixed, joined, offsets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from harvest_duck.servers.postgres.pieces import Pieces
    from harvest_duck.servers.postgres.types import ColumnType

__all__ = ["data_rows", "row_parts"]

#: How many bytes of rows are put together at once: Arrow's offsets end at 2 GiB.
PART_BYTES = 1 << 24
#: The length of a message is a signed number of 32 bits.
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
    step = max(1, batch.num_rows * PART_BYTES // max(batch.nbytes, 1))
    for start in range(0, batch.num_rows, step):
        part = batch.slice(start, step)
        yield _messages(
            part.num_rows,
            [
                column_pieces(part.column(place), kind, formats[place], _name(place, names))
                for place, kind in enumerate(types)
            ],
        )


def _messages(rows: int, columns: Sequence[Pieces]) -> memoryview:
    sizes = np.full(rows, 6, np.int64)
    for column in columns:
        sizes += column.sizes
    if sizes.max(initial=0) > LONGEST:
        raise Failure("54000", "a row is longer than the 2 GB that a message of PostgreSQL's protocol may have")
    head = np.empty((rows, 7), np.uint8)
    head[:, 0] = ord("D")
    head[:, 1:5] = bytes_of(sizes, ">i4")
    head[:, 5:] = np.frombuffer(len(columns).to_bytes(2, "big"), np.uint8)
    messages = joined([fixed(head), *(array for column in columns for array in column.arrays)])
    ends = offsets(messages)
    return memoryview(messages.buffers()[2])[ends[0] : ends[-1]]


def _name(place: int, names: Sequence[str]) -> str:
    return f'"{names[place]}"' if names else str(place + 1)
