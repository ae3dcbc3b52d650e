"""Tables of Harvest as Arrow datasets, which DuckDB scans: columns and a filter in, record batches out."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.endpoint import endpoint
from harvest_duck.catalog.model import RECORD
from harvest_duck.engine.arrow_stream import BatchStream
from harvest_duck.engine.hidden_arguments import CONNECTION, PATH, SESSION, restored, separated
from harvest_duck.errors import QueryError
from harvest_duck.scanner.scan_request import scan_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow.compute as pc

    from harvest_duck.catalog.model import Table
    from harvest_duck.engine.binding import Binding
    from harvest_duck.engine.session import Session
    from harvest_duck.pushdown.arrow_filter import Filter


class ArgumentDataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no annotations
    """A dataset that is read with arguments, each the text of a hidden column.

    `arguments` maps each hidden column to the phrase by which an error names it where its text is missing. DuckDB does
    not apply a filter again that it has handed over, so `rows` has to apply the whole of it.
    """

    def __init__(self, name: str, schema: pa.Schema, arguments: Mapping[str, str], binding: Binding) -> None:
        # Dataset has no constructor to call: DuckDB asks a subclass only for `schema` and `scanner`.
        self.name = name
        self._visible = schema
        self._arguments = {**arguments, SESSION: "session reached the scan"}
        self._binding = binding
        # First, because DuckDB reads the first column where a query needs none, as `count(*)` does.
        self._schema = pa.schema([*(pa.field(column, pa.string()) for column in self._arguments), *schema])

    @property
    def schema(self) -> pa.Schema:
        """The hidden columns, then the visible ones."""
        return self._schema

    @abstractmethod
    def rows(
        self, session: Session, given: Mapping[str, str], names: Sequence[str], read: Filter
    ) -> Iterable[pa.RecordBatch]:
        """The columns `names` of the rows that a filter keeps, for the texts `given` of the hidden columns.

        Without `names`, batches of no column whose rows are as many.
        """

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - the name by which DuckDB passes it
        **_: object,
    ) -> _Scanner:
        """A scan of `columns` for the rows that `filter` keeps."""
        names = self._schema.names if columns is None else list(columns)
        schema = pa.schema([self._schema.field(name) for name in names])
        session, batches = self._opened(schema, filter)
        return _Scanner(BatchStream(schema, batches, session.failed))

    def _opened(self, schema: pa.Schema, expression: pc.Expression | None) -> tuple[Session, Iterable[pa.RecordBatch]]:
        """The session of a scan and its batches; an error of planning is raised where the batches are read.

        DuckDB shows an error that it meets there as it is, and one that it meets here with a traceback.
        """
        session = self._binding.shared
        try:
            given, read = separated(expression, self._visible, self._arguments)
            session = self._binding.session(given.get(SESSION, session.name))
            self._require(given)
            visible = [name for name in schema.names if name not in self._arguments]
            batches = session.readers.unless_ended(self.rows(session, given, visible, read))
        except Exception as error:  # noqa: BLE001 - those that are our fault leave by the stream as well
            session.refused(error)
            return session, _raised(error)
        whole = len(visible) == len(schema)
        return session, batches if whole else (restored(batch, schema, given) for batch in batches)

    def _require(self, given: Mapping[str, str]) -> None:
        """Raise `QueryError` if the text of a hidden column is missing."""
        missing = [phrase for column, phrase in self._arguments.items() if column not in given]
        if missing:
            raise QueryError(
                f"{self.name}: no {missing[0]}; write it as a constant or a parameter, "
                "and leave DuckDB's optimizer on (PRAGMA enable_optimizer)"
            )


@dataclass(frozen=True, slots=True)
class _Scanner:
    """The scanner of a dataset as DuckDB uses it."""

    reader: BatchStream

    def to_reader(self) -> BatchStream:
        """The batches."""
        return self.reader


class HarvestDataset(ArgumentDataset):
    """The dataset of one table of Harvest, with the text of each record in a column that most macros leave out."""

    def __init__(self, table: Table, binding: Binding) -> None:
        self._table, self._raw = table, replace(table, raw=True)
        super().__init__(table.name, schema_of(self._raw), {CONNECTION: "connection string reached the scan"}, binding)

    def rows(
        self, session: Session, given: Mapping[str, str], names: Sequence[str], read: Filter
    ) -> Iterator[pa.RecordBatch]:
        """A scan of the table, its requests not yet sent."""
        text, handles = given[CONNECTION], self._binding.handles
        connection = handles.connection_of(text)
        table = self._raw if RECORD.name in {*names, *(read.columns or ())} else self._table
        return session.read(scan_request(table, connection, names, read, written_in_sql=text not in handles))


class EndpointDataset(ArgumentDataset):
    """The dataset of `harvest_get`: the records at a path, which is an argument as the connection string is."""

    def __init__(self, binding: Binding) -> None:
        arguments = {CONNECTION: "connection string reached it", PATH: "path reached it"}
        super().__init__("harvest_get", schema_of(endpoint("/any")), arguments, binding)

    def rows(
        self, session: Session, given: Mapping[str, str], names: Sequence[str], read: Filter
    ) -> Iterator[pa.RecordBatch]:
        """A scan of the endpoint, its requests not yet sent."""
        table, text, handles = endpoint(given[PATH]), given[CONNECTION], self._binding.handles
        connection = handles.connection_of(text)
        return session.read(scan_request(table, connection, names, read, written_in_sql=text not in handles))


def _raised(error: Exception) -> Iterator[pa.RecordBatch]:
    """No batch: reading raises the error."""
    raise error
    yield
