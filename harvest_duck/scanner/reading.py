"""Reading a table without SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import table as table_named
from harvest_duck.scanner.scan import open_scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    import pyarrow.compute as pc


def scan(
    table: str,
    connection: str = "",
    *,
    columns: Sequence[str] | None = None,
    filter: pc.Expression | None = None,  # noqa: A002 - the name that pyarrow gives it
) -> pa.RecordBatchReader:
    """A reader over the rows of `table`, in the named columns, or in all of them when `columns` is None.

    `filter` is an expression such as `pyarrow.compute.field("spent_date") >= date(2026, 1, 1)`; only rows of which it
    is true come, and what of it a parameter of the API answers narrows the requests. Requests go out as batches are
    read, and those under way are cancelled when the reader is let go. Raises the errors of `harvest_duck.errors`,
    while reading as well.
    """
    return open_scan(table_named(table), connection, columns, filter)
