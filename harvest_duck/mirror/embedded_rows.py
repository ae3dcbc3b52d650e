"""The rows of embedded tables, such as line items, out of the records around them, without a request of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.model import RECORD, Origin
from harvest_duck.decoder.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.catalog.model import Table

#: The records that are decoded at once.
_RECORDS = 2000


def embedded_rows(table: Table, around: pa.Table) -> pa.Table:
    """Return the rows of the embedded `table` in the records of `around`, which has the text of each record.

    Raises `DecodeError` as a scan of `table` does.
    """
    decoder = Decoder(table, schema_of(table).names)
    paths = [column.name for column in table.columns if column.origin in (Origin.PATH, Origin.ACCOUNT)]
    found = [
        decoder.decode(body, values=values, where=f"{table.name} in the records of {table.path}").batch
        for values, records in _by_request(around, paths)
        for body in _bodies(table, records)
    ]
    return pa.Table.from_batches(found, decoder.schema)


def _by_request(around: pa.Table, paths: list[str]) -> Iterator[tuple[dict[str, int], pa.Table]]:
    """Yield the records that the requests gave the same values, such as the id of a user in the path."""
    values = around.select(paths).group_by(paths).aggregate([]).to_pylist()
    for each in values:
        rows = around
        for name, value in each.items():
            rows = rows.filter(pa.compute.equal(rows[name], value))
        yield each, rows


def _bodies(table: Table, records: pa.Table) -> Iterator[bytes]:
    """Yield bodies of pages that have the records, as Harvest would send them."""
    texts = records[RECORD.name].to_pylist()
    for start in range(0, len(texts), _RECORDS):
        yield f'{{"{table.body_key}":[{",".join(texts[start : start + _RECORDS])}]}}'.encode()
