"""One table of Harvest as an Arrow dataset, which DuckDB scans: columns and filter in, record batches out.

The connection string travels to the scan as a filter on the hidden column `_connection`: see `engine`. DuckDB applies a
filter that it has handed over nowhere else, so every batch is filtered here by the whole of it; requests are narrowed
by as much of it as `pushdown` can read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from harvest_duck.catalog.arrow_types import CONNECTION, schema_of
from harvest_duck.errors import HarvestDuckError
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.scanner.scan_request import Query, connection_in, query

if TYPE_CHECKING:
    import pyarrow.compute as pc

    from harvest_duck.catalog.model import Table

Failed = Callable[[HarvestDuckError], None]
#: What a scan gives: of what is asked, over a connection, the rows that an expression keeps.
Read = Callable[[Query, str, "pc.Expression | None"], pa.RecordBatchReader]


class HarvestDataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no annotations
    """The dataset of one table; `read` answers a scan, and `failed` is told every error that it does not begin for."""

    def __init__(self, table: Table, failed: Failed, read: Read) -> None:
        # Dataset has no constructor to call: DuckDB asks a subclass only for `schema` and `scanner`.
        self._table = table
        self._failed = failed
        self._read = read
        self._schema = schema_of(table).append(pa.field(CONNECTION, pa.string()))

    @property
    def schema(self) -> pa.Schema:
        """The columns of the table, and the hidden one that carries the connection string."""
        return self._schema

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - the name by which DuckDB passes it
        **_: object,
    ) -> _Scanner:
        """A scan of `columns` for the rows that `filter` keeps, its requests not yet sent."""
        try:
            names = self._schema.names if columns is None else list(columns)
            read = read_filter(filter, self._schema)
            connection = connection_in(read.predicate, self._table.name)
            asked = query(self._table, connection, names, read)
            return _Scanner(self._read(asked, connection, read.keep))
        except HarvestDuckError as error:
            self._failed(error)
            raise


@dataclass(frozen=True, slots=True)
class _Scanner:
    """What DuckDB asks a dataset's scanner for."""

    reader: pa.RecordBatchReader

    def to_reader(self) -> pa.RecordBatchReader:
        """The batches."""
        return self.reader
