"""Tables of Harvest as Arrow datasets, which DuckDB scans: columns and a filter in, record batches out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.connection.handles import connection_of
from harvest_duck.engine.hidden_arguments import CONNECTION, restored, separated
from harvest_duck.errors import QueryError
from harvest_duck.scanner.scan_request import ScanRequest, scan_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow.compute as pc

    from harvest_duck.catalog.model import Table
    from harvest_duck.engine.session import Session
    from harvest_duck.pushdown.arrow_filter import Filter

Read = Callable[[ScanRequest], Iterator[pa.RecordBatch]]


class ArgumentDataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no annotations
    """A dataset that is read with arguments, each the text of a hidden column.

    `arguments` maps each hidden column to the phrase by which an error names it where its text is missing. DuckDB does
    not apply a filter again that it has handed over, so `rows` has to apply the whole of it.
    """

    def __init__(self, name: str, schema: pa.Schema, arguments: Mapping[str, str], session: Session) -> None:
        # Dataset has no constructor to call: DuckDB asks a subclass only for `schema` and `scanner`.
        self.name = name
        self._visible = schema
        self._arguments = arguments
        self._session = session
        self._schema = pa.schema([*schema, *(pa.field(column, pa.string()) for column in arguments)])

    @property
    def schema(self) -> pa.Schema:
        """The visible columns, then the hidden ones."""
        return self._schema

    @abstractmethod
    def rows(self, given: Mapping[str, str], names: Sequence[str], read: Filter) -> Iterable[pa.RecordBatch]:
        """The columns `names` of the rows that a filter keeps, for the texts `given` of the hidden columns."""

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - the name by which DuckDB passes it
        **_: object,
    ) -> _Scanner:
        """A scan of `columns` for the rows that `filter` keeps."""
        names = self._schema.names if columns is None else list(columns)
        schema = pa.schema([self._schema.field(name) for name in names])
        visible = [name for name in names if name not in self._arguments]
        with self._session.record_errors():
            given, read = separated(filter, self._visible, self._arguments)
            missing = [phrase for column, phrase in self._arguments.items() if column not in given]
            if missing:
                raise QueryError(
                    f"{self.name}: no {missing[0]}; write it as a constant or a parameter, "
                    "and leave DuckDB's optimizer on (PRAGMA enable_optimizer)"
                )
            batches = self.rows(given, visible, read)
        if visible != names:
            batches = (restored(batch, schema, given) for batch in batches)
        return _Scanner(pa.RecordBatchReader.from_batches(schema, self._session.recording_errors(batches)))


@dataclass(frozen=True, slots=True)
class _Scanner:
    """The scanner of a dataset as DuckDB uses it."""

    reader: pa.RecordBatchReader

    def to_reader(self) -> pa.RecordBatchReader:
        """The batches."""
        return self.reader


class HarvestDataset(ArgumentDataset):
    """The dataset of one table of Harvest; `read` carries out a scan."""

    def __init__(self, table: Table, session: Session, read: Read) -> None:
        super().__init__(table.name, schema_of(table), {CONNECTION: "connection string reached the scan"}, session)
        self._table = table
        self._read = read

    def rows(self, given: Mapping[str, str], names: Sequence[str], read: Filter) -> Iterator[pa.RecordBatch]:
        """A scan of the table, its requests not yet sent."""
        return self._read(scan_request(self._table, connection_of(given[CONNECTION]), names, read))
