"""Partitions: the part of a table that the rows of one folder are, named as Hive names it: `month=2026-01`.

The folders of a table are what `--partition-by` says: of a column its year, month or day, or its values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, TIMESTAMP, VARCHAR
from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harvest_duck.catalog.model import Column, Table

__all__ = ["PERIODS", "Partition", "partitions_of", "split"]

#: So many characters of a date, as ISO 8601 writes it, say the period.
PERIODS = {"year": 4, "month": 7, "day": 10}
_WRITTEN = re.compile(r"\s*(?:(?P<period>\w+)\s*\(\s*(?P<of>\w+)\s*\)|(?P<column>\w+))\s*")
#: The value of NULL, as Hive, Spark, DuckDB, Polars and Arrow know it.
_NULL = "__HIVE_DEFAULT_PARTITION__"
#: The most characters that the name of a folder has: 255 with ext4, XFS, APFS and NTFS.
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Partition:
    """A key of the folders: the values of a column, or the periods of one with dates; `name` stands in the folders."""

    name: str
    column: str
    period: str | None = None

    def folders(self, batch: pa.RecordBatch) -> pa.StringArray:
        """Return the name of the folder of each row; raises `QueryError` for a value that no folder can be named by."""
        values = batch.column(self.column)
        if self.period:
            values = pc.utf8_slice_codeunits(_dates(values).cast(pa.string()), 0, PERIODS[self.period])
        coded = values.cast(pa.string()).dictionary_encode()
        named = pa.array(list(map(self._folder, coded.dictionary.to_pylist())), pa.string())
        return pc.fill_null(pa.DictionaryArray.from_arrays(coded.indices, named).cast(pa.string()), self._null)

    def _folder(self, value: str) -> str:
        folder = f"{self.name}={quote(value, safe=' ')}"
        if len(folder) > _LONGEST:
            raise QueryError(
                f"{self.column}: {shown(value)} is too long for the name of a folder: choose another key, such as an id"
            )
        return folder

    @property
    def _null(self) -> str:
        return f"{self.name}={_NULL}"


def partitions_of(table: Table, written: Iterable[str]) -> tuple[Partition, ...]:
    """Return the keys that texts such as `month(spent_date)`, `client_id` or `year(spent_date), client_id` name.

    Raises `QueryError` for what is none, for a column that the table lacks or that has no names of folders, and for two
    keys of one name.
    """
    keys = tuple(_partition(table, text) for each in written for text in each.split(","))
    names = [key.name for key in keys]
    for position, key in enumerate(keys):
        if key.name in names[:position] or (key.period and key.name in table):
            raise QueryError(
                f"{table.name}: the partitions would have the name {key.name} of another column: choose another key"
            )
    return keys


def _partition(table: Table, written: str) -> Partition:
    found = _WRITTEN.fullmatch(written)
    name = found and (found["column"] or found["of"]).lower()
    period = found["period"].lower() if found and found["period"] else None
    if not name or (period and period not in PERIODS):
        raise QueryError(
            f"{written.strip() or 'the empty text'}: no partition: "
            "write year(COLUMN), month(COLUMN), day(COLUMN) or a column"
        )
    if name not in table:
        raise QueryError(f"{table.name} has no column {name} for partitions: see harvest-duck describe {table.name}")
    _require_kind(table, table.column(name), period)
    return Partition(period or name, name, period)


def _require_kind(table: Table, column: Column, period: str | None) -> None:
    kinds = (DATE, TIMESTAMP) if period else (BIGINT, BOOLEAN, DATE, VARCHAR)
    if column.type not in kinds:
        *most, last = (kind.sql for kind in kinds)
        raise QueryError(
            f"{table.name}.{column.name}: {period or 'a partition'} takes {', '.join(most)} or {last}, and it is "
            f"{column.type.sql}"
        )


def split(batch: pa.RecordBatch, keys: Sequence[Partition]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the rows of each partition in a batch, in their order, with its folders, separated by slashes.

    Without keys they are all rows. A column whose values are those of a key is left out: readers take it from the name
    of the folder.
    """
    if not keys and batch.num_rows:
        yield "", batch
    if not keys or not batch.num_rows:
        return
    kept = [name for name in batch.schema.names if name not in {key.column for key in keys if not key.period}]
    folders = pc.binary_join_element_wise(*(key.folders(batch) for key in keys), "/").dictionary_encode()
    rows = batch.select(kept)
    for code, folder in enumerate(folders.dictionary.to_pylist()):
        own = rows if len(folders.dictionary) == 1 else rows.filter(pc.equal(folders.indices, code))
        yield folder, own


def _dates(values: pa.Array) -> pa.Array:
    """Return the days of dates, or of instants in UTC."""
    if not pa.types.is_timestamp(values.type):
        return values
    # By way of the number, because Arrow asks the database of time zones for the days of an instant, also in UTC.
    return (
        values.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    )
