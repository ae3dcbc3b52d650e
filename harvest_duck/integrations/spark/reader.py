"""The reader of a table, which Spark pickles: it plans partitions beside the driver, and reads each in an executor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSourceReader, InputPartition

from harvest_duck.errors import QueryError
from harvest_duck.integrations.spark.columns import Asked, names_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql.types import StructType

    from harvest_duck.integrations.spark.options import Options


class HarvestReader(DataSourceReader):  # type: ignore[misc]  # pyspark is not there where types are checked
    """A reader of some columns, which is pickled and sent to the executors.

    It has no `pushFilters`: Spark 4.1 to 4.3 applies the filters of one query to the next over the same DataFrame, and
    so loses rows without a word; tests/engines has a test that tells once that is over. `where` is what narrows.
    """

    def __init__(self, options: Options, names: Sequence[str]) -> None:
        self._options, self._names = options, list(names)

    def partitions(self) -> list[InputPartition]:
        """One partition for each account, token and range of days; there is always one."""
        from harvest_duck.integrations.spark.partitions import planned  # noqa: PLC0415 - it loads DuckDB

        return [InputPartition(share) for share in planned(self._options, self._names)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The rows of a partition, in an executor."""
        return read(self._options, self._names, partition)


def asked_names(options: Options, schema: StructType) -> list[str]:
    """Return the columns of a schema of Spark's; raises `QueryError` for those that the table does not have so."""
    fields = [Asked(each.name, each.dataType.simpleString(), each.nullable) for each in schema.fields]
    return names_of(options.table, fields)


def read(options: Options, names: Sequence[str], partition: InputPartition) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a partition; raises `QueryError` for the one that Spark makes up where it was given none."""
    from harvest_duck.integrations.spark.rows import batches  # noqa: PLC0415 - it loads DuckDB

    share = partition.value
    if share is None:
        raise QueryError(f"{options.table.name}: Spark asks for a partition that was not planned")
    return batches(options.table, names, share, options.where)
