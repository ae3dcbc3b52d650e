"""The sums of the pieces of a report: Harvest reports on a year at most, so a longer period is asked for in pieces.

https://help.getharvest.com/api-v2/reports-api/reports/time-reports/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.catalog.model import DECIMAL, Table
from harvest_duck.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A value that the user may not see is unknown, and so is a sum with it.
_NULL_IF_ANY = pc.ScalarAggregateOptions(skip_nulls=False)
#: The column of row numbers, which no table has.
_ROW = "_row"
_MOST_DIGITS = 38


def summed(table: Table, schema: pa.Schema, batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Return one row for each subject of a report, in the order in which the subjects first appear in `batches`.

    `batches` are the pieces in the order of their days, and `schema` is theirs: columns of `table`, with all of its
    `subject`, in which NULL equals NULL: several rows without a currency, which those get who may not see money, are
    one row, because nothing tells which of them go on in the next piece. Hours and money are added up exactly, and a
    sum is NULL where one of its summands is; any other column has the value of the subject's last row. Raises
    `DecodeError` for a sum that does not fit its column, and for amounts that may be of several currencies.
    """
    for batch in batches:
        _refuse_mixed(table, batch)
    rows = pa.Table.from_batches(batches, schema)
    added = [name for name in schema.names if table.column(name).type == DECIMAL]
    grouped = _grouped(rows, table.subject, added)
    last = rows.take(grouped[f"{_ROW}_max"])
    columns = [
        _fitted(grouped[f"{field.name}_sum"], field, table) if field.name in added else last[field.name]
        for field in schema
    ]
    return pa.RecordBatch.from_arrays([column.combine_chunks() for column in columns], schema=schema)


def _refuse_mixed(table: Table, piece: pa.RecordBatch) -> None:
    """Raise `DecodeError` if rows of one subject without a currency have amounts: they are of several currencies."""
    rows = pa.Table.from_batches([piece])
    for name in rows.column_names:
        if table.column(name).unit == "money":
            unnamed = rows.filter(pc.and_(pc.is_null(rows["currency"]), pc.is_valid(rows[name])))
            if unnamed.group_by(list(table.subject)).aggregate([]).num_rows < unnamed.num_rows:
                raise DecodeError(
                    f"{table.name}: a subject has several rows with {name} and without a currency, which cannot be "
                    "added up over years; ask for a year at most",
                    table=table.name,
                    column=name,
                    record_id=None,
                    page="all pieces",
                )


def _grouped(rows: pa.Table, subject: Sequence[str], added: Sequence[str]) -> pa.Table:
    """Return the sums of each subject with room for all digits, and the numbers of its first and last row."""
    # pyarrow 18 adds up in the type of the summands, and lets a sum have more digits than that type.
    wide = {name: rows[name].cast(pa.decimal128(_MOST_DIGITS, rows[name].type.scale)) for name in added}
    numbers = pa.array(range(rows.num_rows), pa.int64())
    numbered = pa.table({name: rows[name] for name in subject} | wide | {_ROW: numbers})
    sums = [(name, "sum", _NULL_IF_ANY) for name in added]
    grouped = numbered.group_by(list(subject), use_threads=False).aggregate([*sums, (_ROW, "min"), (_ROW, "max")])
    return grouped.sort_by(f"{_ROW}_min")


def _fitted(sums: pa.ChunkedArray, field: pa.Field, table: Table) -> pa.ChunkedArray:
    try:
        return sums.cast(field.type)
    except pa.ArrowInvalid as error:
        raise DecodeError(
            f"{table.name}: a sum of {field.name} has more digits than {DECIMAL.sql}; ask for a shorter period",
            table=table.name,
            column=field.name,
            record_id=None,
            page="all pieces",
        ) from error
