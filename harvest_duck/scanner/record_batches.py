"""Rows of record batches chosen by a mask or an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import pyarrow.compute as pc


def filtered(batch: pa.RecordBatch, keep: pa.BooleanArray | pc.Expression) -> pa.RecordBatch:
    """Return the rows of `batch` for which `keep` is true."""
    # Not RecordBatch.filter, which fails in pyarrow 18 where no row is left.
    rows = pa.Table.from_batches([batch]).filter(keep).combine_chunks()
    return next(iter(rows.to_batches()), batch.slice(0, 0))
