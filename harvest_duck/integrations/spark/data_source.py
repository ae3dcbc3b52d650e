"""The data source as Spark knows it; pyspark 4.1 or later has to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pyspark.sql.datasource import DataSource

from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.integrations.spark.columns import ddl
from harvest_duck.integrations.spark.options import read_options
from harvest_duck.integrations.spark.reader import HarvestReader, asked_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql.types import StructType

    from harvest_duck.integrations.spark.options import Options
    from harvest_duck.integrations.spark.stream import HarvestStreamReader

_READ_ONLY = "Harvest is only ever read: write the DataFrame elsewhere"


class HarvestDataSource(DataSource):  # type: ignore[misc]  # pyspark is not there where types are checked
    """`spark.read.format("harvest")`: a table of Harvest. It is made, and its methods called, beside the driver."""

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._read = checked(options)

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "harvest"

    def schema(self) -> str:
        """The columns of the table, without a request."""
        return ddl(self._read.table)

    def reader(self, schema: StructType) -> HarvestReader:
        """A reader of the columns of a schema, that of the table or the one that a user gave."""
        return HarvestReader(self._read, asked_names(self._read, schema))

    def streamReader(self, schema: StructType) -> HarvestStreamReader:  # noqa: N802 - Spark's name
        """A reader of what was updated since its last batch."""
        from harvest_duck.integrations.spark.stream import HarvestStreamReader  # noqa: PLC0415 - few need it

        return HarvestStreamReader(self._read, asked_names(self._read, schema))

    def writer(self, schema: StructType, overwrite: bool) -> NoReturn:  # noqa: ARG002, FBT001 - Spark's arguments
        """Raise `QueryError`."""
        raise QueryError(_READ_ONLY)

    def streamWriter(self, schema: StructType, overwrite: bool) -> NoReturn:  # noqa: ARG002, FBT001, N802 - as above
        """Raise `QueryError`."""
        raise QueryError(_READ_ONLY)


def checked(options: Mapping[str, str]) -> Options:
    """Return the options; raise what is wrong with them, as one line that Spark shows with few others."""
    try:
        found = read_options(options)
        if found.where is not None:
            from harvest_duck.integrations.spark.condition import refuse_no_condition  # noqa: PLC0415 - as above

            refuse_no_condition(found.where, found.table)
    except HarvestDuckError as error:
        raise error.with_traceback(None) from None
    return found
