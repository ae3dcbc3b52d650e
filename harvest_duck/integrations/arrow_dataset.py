"""Tables of Harvest as `pyarrow.dataset.Dataset`, which Polars, DataFusion and Python read without DuckDB.

An engine hands over the columns and the filter that it wants, and a scan sends the requests that they narrow.

C++ reads what a dataset of pyarrow points to, and a subclass that points to nothing ends the process there
(`Scanner.from_dataset`, `join`, pyarrow 18 to 26). So this one is a union of one file that nobody has, whose name says
what to do: C++ then raises that it cannot open it. A file that Python opens would do more, but pyarrow 26 waits for
itself there: `Scanner.to_reader` holds the GIL while the file is opened.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import table as table_named
from harvest_duck.connection import resolve
from harvest_duck.errors import QueryError
from harvest_duck.integrations.arrow_dataset_scanner import HarvestScanner, scanner_of
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_UNREADABLE = (
    "{table} of Harvest, which Arrow cannot read by itself: call scanner(), to_batches() or to_table() of the dataset, "
    "and use what they return"
)
_CONSTANTS = (pa.BooleanScalar, pa.NullScalar)
#: The most characters of an error of Arrow that are shown.
_LONGEST = 200


def dataset(table: str, connection: str = "") -> HarvestDataset:
    """Return `table` as a dataset of Arrow, for Polars, DataFusion and whatever else reads such datasets.

    Columns and filters that a reader hands over narrow the requests, and rows come as they are read. Nothing is sent
    before that. A pickle of it holds `connection` as it was given: name a secret by its DSN. Raises `UnknownTable`, and
    the errors of the connection string.
    """
    entry = table_named(table)
    resolve(connection)
    return HarvestDataset(entry.name, connection)


class HarvestDataset(ds.UnionDataset):  # type: ignore[misc]  # pyarrow has no annotations
    """The dataset of one table of Harvest, or of those of its rows that a filter keeps.

    `to_table`, `head`, `take` and `count_rows` are those of `pyarrow.dataset.Dataset`, which call `scanner` with their
    options (pyarrow 18 to 26).
    """

    def __init__(self, table: str, connection: str = "", filter: pc.Expression | None = None) -> None:  # noqa: A002
        schema = schema_of(table_named(table))
        super().__init__(schema, [_nowhere(table, schema)])
        self._table, self._connection, self._filter = table, connection, filter
        # Where pyarrow keeps the filter of a dataset, and combines it with that of a scan.
        self._scan_options = {} if filter is None else {"filter": filter}

    def __reduce__(self) -> tuple[object, ...]:
        return HarvestDataset, (self._table, self._connection, self._filter)

    def __repr__(self) -> str:
        kept = "" if self._filter is None else f", filter={shortened(one_line(str(self._filter)), _LONGEST)}"
        return f"<harvest_duck.dataset({self._table!r}){kept}>"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return all rows as a stream of Arrow in C."""
        return self.scanner().__arrow_c_stream__(requested_schema)

    def scanner(
        self,
        columns: Sequence[str] | Mapping[str, pc.Expression] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - the name that pyarrow gives it
        batch_size: int | None = None,
        **options: object,
    ) -> HarvestScanner:
        """Return a scan of `columns`, names or expressions by name, for the rows of which `filter` is true.

        No batch has more than `batch_size` rows. The other `options` of pyarrow say how it would read files, and change
        nothing here. Raises `QueryError` for a column that is not there, and for a filter that rows cannot be tested
        with.
        """
        _refuse_unknown(options)
        table, kept = table_named(self._table), self._combined(filter)
        return scanner_of(table, self._connection, columns, kept, batch_size=batch_size, fragment=HarvestFragment(self))

    def to_batches(
        self,
        columns: Sequence[str] | Mapping[str, pc.Expression] | None = None,
        **options: Any,  # noqa: ANN401 - as scanner() has them
    ) -> Iterator[pa.RecordBatch]:
        """Return the batches of a scan as they come.

        Raises `QueryError` for no column at all: Polars makes no row of a batch that has none (polars 2.1).
        """
        if columns is not None and not columns:
            raise QueryError(
                f"{self._table}: to_batches() was asked for no column, which Polars does for a row index alone and for "
                "one side of a cross join, and makes no row of that: use a column such as id as well"
            )
        return self.scanner(columns, **options).to_batches()

    def get_fragments(self, filter: pc.Expression | None = None) -> Iterator[HarvestFragment]:  # noqa: A002, ARG002
        """Return an iterator over the one fragment that a table has, which is in no part that `filter` leaves out."""
        return iter([HarvestFragment(self)])

    def filter(self, expression: pc.Expression) -> HarvestDataset:
        """Return the dataset of those rows of which `expression` is true as well."""
        if expression is None:
            raise QueryError(f"{self._table}: filter was given None: give an expression such as field('id') == 7")
        return HarvestDataset(self._table, self._connection, self._combined(expression))

    def replace_schema(self, schema: pa.Schema) -> HarvestDataset:
        """Return the dataset, whose schema is that of the table; raises `QueryError` for another one."""
        if not self.schema.equals(schema):
            raise QueryError(
                f"{self._table} has one schema, and no other can take its place: "
                "choose and convert columns by scanner(columns=…)"
            )
        return self

    def sort_by(self, sorting: str | Sequence[tuple[str, str]], **options: object) -> ds.InMemoryDataset:
        """Return all rows, read into memory, in an order as `pyarrow.dataset.Dataset.sort_by` takes it."""
        with self._in_memory() as rows:
            return rows.sort_by(sorting, **options)

    def join(self, right_dataset: ds.Dataset, *arguments: object, **options: object) -> ds.InMemoryDataset:
        """Return all rows, read into memory, joined as `pyarrow.dataset.Dataset.join` does it."""
        with self._in_memory() as rows:
            return rows.join(_in_memory(right_dataset), *arguments, **options)

    def join_asof(self, right_dataset: ds.Dataset, *arguments: object, **options: object) -> ds.InMemoryDataset:
        """Return all rows, read into memory, joined as `pyarrow.dataset.Dataset.join_asof` does it."""
        with self._in_memory() as rows:
            return rows.join_asof(_in_memory(right_dataset), *arguments, **options)

    def _combined(self, filter: object) -> pc.Expression | None:  # noqa: A002
        """The filter of the dataset and another one; `QueryError` for what is no filter."""
        # DataFusion 55 gives a condition that is never true as a scalar.
        given = pc.scalar(filter.cast(pa.bool_())) if isinstance(filter, _CONSTANTS) else filter
        try:
            both = self._scanner_options({"filter": given}).get("filter")
        except (TypeError, ValueError) as error:
            raise self._no_filter(filter) from error
        if both is not None and not isinstance(both, pc.Expression):
            raise self._no_filter(filter)
        return both

    def _no_filter(self, given: object) -> QueryError:
        kind = type(given).__name__
        return QueryError(f"{self._table}: a filter is an expression such as field('id') == 7, not a {kind}")

    @contextmanager
    def _in_memory(self) -> Iterator[ds.InMemoryDataset]:
        rows = _in_memory(self)
        try:
            yield rows
        except pa.ArrowException as error:
            told = shortened(one_line(str(error)), _LONGEST)
            raise QueryError(
                f"{self._table}: Arrow cannot do that with all of its columns ({told}): read some by "
                "to_table(columns=[…]), and sort or join that"
            ) from error


@dataclass(frozen=True)
class HarvestFragment:
    """The whole of a dataset as one fragment, with the methods of `pyarrow.dataset.Fragment`."""

    dataset: HarvestDataset

    @property
    def physical_schema(self) -> pa.Schema:
        """The schema of the table."""
        return self.dataset.schema

    @property
    def partition_expression(self) -> pc.Expression:
        """An expression that is true of all rows."""
        return self.dataset.partition_expression

    def scanner(self, schema: pa.Schema | None = None, **options: Any) -> HarvestScanner:  # noqa: ANN401 - as the dataset
        """Return a scan as the dataset does; `schema` can only be that of the table."""
        whole = self.dataset if schema is None else self.dataset.replace_schema(schema)
        return whole.scanner(**options)

    def to_batches(self, schema: pa.Schema | None = None, **options: Any) -> Iterator[pa.RecordBatch]:  # noqa: ANN401
        """Return the batches of a scan as they come."""
        return self.scanner(schema, **options).to_batches()

    def to_table(self, schema: pa.Schema | None = None, **options: Any) -> pa.Table:  # noqa: ANN401
        """Return the rows of a scan."""
        return self.scanner(schema, **options).to_table()

    def take(self, indices: Sequence[int] | pa.Array, **options: Any) -> pa.Table:  # noqa: ANN401
        """Return the rows with these numbers."""
        return self.scanner(**options).take(indices)

    def head(self, num_rows: int, **options: Any) -> pa.Table:  # noqa: ANN401
        """Return the first rows."""
        return self.scanner(**options).head(num_rows)

    def count_rows(self, **options: Any) -> int:  # noqa: ANN401
        """Return the number of rows."""
        return self.scanner(**options).count_rows()


def _nowhere(table: str, schema: pa.Schema) -> ds.FileSystemDataset:
    """The dataset of a file that nobody has."""
    form, disk = ds.IpcFileFormat(), fs.LocalFileSystem()
    return ds.FileSystemDataset([form.make_fragment(_UNREADABLE.format(table=table), disk)], schema, form, disk)


def _in_memory(rows: ds.Dataset) -> ds.Dataset:
    return ds.dataset(rows.to_table()) if isinstance(rows, HarvestDataset) else rows


#: The options of a scan that say how pyarrow reads files.
_OF_FILES = frozenset(
    {"batch_readahead", "fragment_readahead", "fragment_scan_options", "use_threads", "cache_metadata", "memory_pool"}
)


def _refuse_unknown(options: Mapping[str, object]) -> None:
    """Raise `TypeError`, as Python does, if an option is none of pyarrow's."""
    if unknown := options.keys() - _OF_FILES:
        raise TypeError(f"scanner() got an unexpected keyword argument {min(unknown)!r}")
