"""The stream of the records of a table that were updated since the last batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
from pyspark.sql.datasource import DataSourceStreamReader, InputPartition

from harvest_duck.catalog.tables import table as table_named
from harvest_duck.connection import resolve
from harvest_duck.errors import QueryError
from harvest_duck.integrations.spark import offsets
from harvest_duck.integrations.spark.plan import changed, refuse_twice, shares
from harvest_duck.integrations.spark.reader import read
from harvest_duck.integrations.spark.sources import sources
from harvest_duck.scanner.table_reader import TableReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from harvest_duck.catalog.model import Column
    from harvest_duck.integrations.spark.options import Options
    from harvest_duck.integrations.spark.plan import Share


class HarvestStreamReader(DataSourceStreamReader):  # type: ignore[misc]  # pyspark is not there where types are checked
    """A reader of what was updated since its last batch.

    A record that changes again comes again. Deleted records do not come, because Harvest does not tell of them.
    """

    def __init__(self, options: Options, names: Sequence[str]) -> None:
        if options.table.updates is None:
            raise QueryError(
                f"{options.table.name} does not tell when its rows change, so it is no stream: read it as a table"
            )
        if options.cuts:
            raise QueryError("a stream is read by accounts: leave numPartitions, lowerBound and upperBound out")
        for connection in options.connections:
            if resolve(connection).cache is not None:
                raise QueryError("a stream asks Harvest itself: leave CacheLocation, AutoCache, Offline and AsOf out")
        self._options, self._names, self._updates = options, list(names), options.table.updates

    def initialOffset(self) -> offsets.Offset:  # noqa: N802 - Spark's name
        """The offset before the first batch."""
        return offsets.initial(self._options.table.name)

    def latestOffset(self, start: Mapping[str, Any] | None = None, limit: object = None) -> offsets.Offset:  # noqa: ARG002, N802 - Spark's names
        """The offset up to which can be read now: of an account that has nothing new, that of the start.

        It takes one request for each account, and one for each further page of changes. Spark 4.1 gives no start.
        """
        name = self._options.table.name
        done = {} if start is None else offsets.moments(start, name)
        connections = {share.source: share.connection for share in self._shares()}
        return offsets.offset(name, {each: self._end(text, done.get(each)) for each, text in connections.items()})

    def partitions(self, start: Mapping[str, Any], end: Mapping[str, Any]) -> list[InputPartition]:
        """One partition for each account that has something new."""
        parts, name = self._shares(), self._options.table.name
        begins, ends = offsets.moments(start, name), offsets.moments(end, name)
        unread = offsets.unread([share.source for share in parts], begins, ends, self._options.since)
        return [InputPartition(changed(share, *unread[share.source])) for share in parts if share.source in unread]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The rows of a partition, in an executor."""
        return read(self._options, self._names, partition)

    def _shares(self) -> list[Share]:
        """What each partition reads, if all is new, with room in the limits for this process."""
        found = sources(self._options.connections, self._options.table)
        refuse_twice(found, unnamed=True)
        return shares(found, (), self._options.hosts, beside=1)

    def _end(self, connection: str, done: datetime | None) -> datetime:
        """Up to when an account can be read, by Harvest's clock; what is `done`, where nothing is new."""
        table, reader = self._options.table, TableReader(connection)
        if not _tells_changes(self._options, self._updates):
            return offsets.end_of(done, reader.count(table_named("company")).horizon, self._options.lag)
        keep = None if done is None else pc.field(self._updates.name) >= done
        counted = reader.count(table, keep)
        if done is not None and not counted.rows:
            return done
        return offsets.end_of(done, counted.horizon, self._options.lag)


def _tells_changes(options: Options, updates: Column) -> bool:
    """Whether one request tells how many records of a table were updated since a moment."""
    return options.table.parent is None and bool(options.table.params_of(updates.name))
